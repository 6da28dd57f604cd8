package dataplatform.local.demo;

import com.fasterxml.jackson.annotation.JsonProperty;
import dataplatform.contracts.Contract;
import dataplatform.local.redshift.Spectrum;
import dataplatform.source.TableLoad;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a demo came to.
 *
 * @param dataSets rows by data set: in the source if that is the database, in silver and in quarantine
 * @param marts rows by mart
 * @param gmv price and freight of all order items, in Brazilian real
 * @param payments of all orders, those without items too
 * @param paymentsOfOrdersWithItems what GMV is to be compared with
 * @param seconds by stage
 */
public record DemoSummary(
        @JsonProperty("data_sets") Map<String, Rows> dataSets,
        @JsonProperty("marts") Map<String, Long> marts,
        @JsonProperty("gmv") BigDecimal gmv,
        @JsonProperty("payments") BigDecimal payments,
        @JsonProperty("payments_of_orders_with_items") BigDecimal paymentsOfOrdersWithItems,
        @JsonProperty("difference") BigDecimal difference,
        @JsonProperty("seconds") Map<String, Double> seconds) {

    record Rows(
            @JsonProperty("source") Long source,
            @JsonProperty("silver") long silver,
            @JsonProperty("quarantined") long quarantined) {}

    static DemoSummary of(
            Connection warehouse, List<Contract> contracts, List<TableLoad> loads, Map<String, Double> seconds)
            throws SQLException {
        Map<String, Rows> dataSets = new LinkedHashMap<>();
        Map<String, Long> marts = new LinkedHashMap<>();
        try (Statement statement = warehouse.createStatement()) {
            for (Contract contract : contracts) {
                String table = Spectrum.SCHEMA + "." + contract.table();
                Long source = contract.isReplicated()
                        ? (Long) loads.stream()
                                .filter(load -> load.table().equals(contract.sourceTable()))
                                .mapToLong(TableLoad::rows)
                                .sum()
                        : null;
                dataSets.put(
                        contract.id(),
                        new Rows(source, count(statement, table), count(statement, table + "_quarantine")));
            }
            List<String> names = new ArrayList<>();
            try (ResultSet tables = statement.executeQuery(
                    "select table_name from information_schema.tables where table_schema = 'marts' order by 1")) {
                while (tables.next()) {
                    names.add(tables.getString(1));
                }
            }
            for (String name : names) {
                marts.put(name, count(statement, "marts." + name));
            }
            BigDecimal gmv = sum(statement, "select sum(gmv) from marts.fct_order_items");
            BigDecimal paid = sum(
                    statement,
                    "select sum(payment_value) from marts.fct_payments where order_id in (select order_id from marts.fct_order_items)");
            return new DemoSummary(
                    dataSets,
                    marts,
                    gmv,
                    sum(statement, "select sum(payment_value) from marts.fct_payments"),
                    paid,
                    paid.subtract(gmv),
                    seconds);
        }
    }

    static long count(Statement statement, String table) throws SQLException {
        try (ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static BigDecimal sum(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            BigDecimal sum = rows.getBigDecimal(1);
            return sum == null ? BigDecimal.ZERO : sum;
        }
    }

    /** For people. */
    String table() {
        StringBuilder text = new StringBuilder();
        line(text, "%n%-46s %10s %10s %12s", "data set", "source", "silver", "quarantined");
        dataSets.forEach((name, rows) -> line(
                text,
                "%-46s %10s %,10d %,12d",
                name,
                rows.source() == null ? "files" : String.format(Locale.ROOT, "%,d", rows.source()),
                rows.silver(),
                rows.quarantined()));
        line(text, "%n%-46s %10s", "mart", "rows");
        marts.forEach((name, rows) -> line(text, "%-46s %,10d", name, rows));
        line(text, "%n%-46s %14s", "", "BRL");
        line(text, "%-46s %,14.2f", "GMV (price + freight of all items)", gmv);
        line(text, "%-46s %,14.2f", "payments of the orders with items", paymentsOfOrdersWithItems);
        line(text, "%-46s %,14.2f", "difference", difference);
        line(text, "%-46s %,14.2f", "payments of all orders", payments);
        line(text, "%n%-46s %10s", "stage", "seconds");
        seconds.forEach((name, took) -> line(text, "%-46s %10.1f", name, took));
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
    }
}
