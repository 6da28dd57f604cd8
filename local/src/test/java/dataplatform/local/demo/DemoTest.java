package dataplatform.local.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Project;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import picocli.CommandLine;

/** The demo as a user runs it: on the real rows where they stand beside the checkout, on made-up ones otherwise. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DemoTest {
    private static final Path SHARED = Project.root().resolve("../shared/data");
    /** Each gives one of the golden files from the marts. */
    private static final Map<String, String> GOLDEN = Map.of(
            "olist_totals",
            """
            select (select count(*) from marts.fct_orders) as orders, count(*) as items, sum(price) as price,
              sum(freight_value) as freight, sum(gmv) as gmv,
              (select sum(payment_value) from marts.fct_payments) as payments,
              (select count(*) from marts.fct_reviews) as reviews,
              (select count(*) from marts.dim_customers) as customers
            from marts.fct_order_items
            """,
            "olist_gmv_by_month",
            """
            select to_char(order_date, 'YYYY-MM') as month, sum(orders) as orders, sum(items) as items, sum(gmv) as gmv
            from marts.gmv_daily group by 1 order by 1
            """,
            "olist_gmv_by_category",
            """
            select category, count(*) as items, sum(gmv) as gmv
            from marts.orders_obt group by 1 order by gmv desc, category
            """,
            "olist_gmv_by_seller_top50",
            """
            select seller_id, count(distinct order_id) as orders, count(*) as items, sum(gmv) as gmv
            from marts.fct_order_items group by 1 order by gmv desc, seller_id limit 50
            """,
            "olist_payments_by_type",
            """
            select payment_type, count(*) as payments, sum(payment_value) as payment_value
            from marts.fct_payments group by 1 order by 1
            """);

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void prepare() throws IOException {
        data = folder.resolve("csv");
        if (Files.exists(SHARED)) {
            Files.createDirectories(data);
            try (Stream<Path> files = Files.list(SHARED.resolve("olist"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, data.resolve(file.getFileName().toString()));
                }
            }
        } else {
            new Generator(1, 0.2, Progress.none()).write(data);
        }
    }

    @Test
    @Order(1)
    void takesAShopToMarts() throws Exception {
        JsonNode summary = demo();

        summary.get("data_sets").fields().forEachRemaining(each -> {
            JsonNode rows = each.getValue();
            assertThat(rows.get("silver").asLong() + rows.get("quarantined").asLong())
                    .as(each.getKey())
                    .isPositive()
                    .isEqualTo(rows.get("source").asLong());
        });
        BigDecimal gmv = summary.get("gmv").decimalValue();
        assertThat(summary.get("difference").decimalValue().abs()).isLessThan(gmv.movePointLeft(3));
    }

    @Test
    @Order(2)
    void theMartsEqualTheGoldenFiles() throws Exception {
        assumeTrue(Files.exists(SHARED), "the real rows are not beside the checkout");
        for (Map.Entry<String, String> each : GOLDEN.entrySet()) {
            assertThat(warehouse(each.getValue()))
                    .as(each.getKey())
                    .isEqualTo(Files.readString(SHARED.resolve("golden").resolve(each.getKey() + ".csv")));
        }
    }

    @Test
    @Order(3)
    void aSecondRunTakesOverWhatChanged() throws Exception {
        JsonNode before = summary();
        List<String> items = edit("olist_order_items_dataset.csv");
        String[] first = items.get(1).split(",");
        first[5] = new BigDecimal(first[5]).add(new BigDecimal("100.00")).toString();
        items.set(1, String.join(",", first));
        Files.write(data.resolve("olist_order_items_dataset.csv"), items);
        List<String> payments = edit("olist_order_payments_dataset.csv");
        String[] gone = payments.remove(payments.size() - 1).split(",");
        Files.write(data.resolve("olist_order_payments_dataset.csv"), payments);

        JsonNode after = demo();

        assertThat(after.get("gmv").decimalValue())
                .isEqualByComparingTo(before.get("gmv").decimalValue().add(new BigDecimal("100.00")));
        assertThat(after.get("payments").decimalValue())
                .isEqualByComparingTo(before.get("payments").decimalValue().subtract(new BigDecimal(gone[4])));
        assertThat(after.get("data_sets").get("ecommerce.orders"))
                .isEqualTo(before.get("data_sets").get("ecommerce.orders"));
    }

    @Test
    @Order(4)
    void aRunOfWhatHasNotChangedStartsNoSparkJob() throws Exception {
        JsonNode before = summary();

        JsonNode after = demo();

        assertThat(before.get("seconds").has("bronze_to_silver")).isTrue();
        assertThat(after.get("seconds").has("bronze_to_silver")).isFalse();
        for (String same : List.of("data_sets", "marts", "gmv", "payments")) {
            assertThat(after.get(same)).as(same).isEqualTo(before.get(same));
        }
    }

    private static JsonNode demo() throws IOException {
        int code = new CommandLine(new Demo())
                .execute("--state", folder.resolve("state").toString(), "--data", data.toString());
        assertThat(code).isZero();
        return summary();
    }

    private static JsonNode summary() throws IOException {
        return new ObjectMapper().readTree(folder.resolve("state/summary.json").toFile());
    }

    private static List<String> edit(String file) throws IOException {
        return new ArrayList<>(Files.readAllLines(data.resolve(file)));
    }

    private static String warehouse(String query) throws Exception {
        try (PostgresServer postgres = PostgresServer.start(folder.resolve("state/postgres"));
                Connection connection = postgres.connect(PostgresServer.WAREHOUSE)) {
            StringWriter answer = new StringWriter();
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyOut("copy (" + query + ") to stdout with (format csv, header)", answer);
            return answer.toString();
        }
    }
}
