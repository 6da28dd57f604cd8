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
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/**
 * The demo as a user runs it, in a copy of the checkout to which a data set was added by the first recipe of CONTRIBUTING.md: on the
 * real rows where they stand beside the checkout, on made-up ones otherwise.
 */
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

    private static final Set<String> NOT_COPIED = Set.of(".git", ".venv", "__pycache__", "node_modules", "target");

    @TempDir
    static Path folder;

    private static Path checkout;
    private static Path data;

    @BeforeAll
    static void addADataSet() throws Exception {
        checkout = folder.resolve("checkout");
        copy(Project.root(), checkout);
        for (String tools : List.of(".venv", "airflow/.venv")) {
            Files.createSymbolicLink(checkout.resolve(tools), Project.root().resolve(tools));
        }
        add("refunds.odcs.yaml", "contracts/ecommerce");
        add("fct_refunds.sql", "dbt_project/models/marts/ecommerce");
        add("fct_refunds.yml", "dbt_project/models/marts/ecommerce");
        make("generate");
    }

    @BeforeAll
    static void prepareTheFiles() throws IOException {
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
        List<String> orders = Files.readAllLines(data.resolve("olist_orders_dataset.csv"));
        String order = orders.get(1).split(",")[0];
        Files.writeString(
                data.resolve("refunds.csv"),
                "refund_id,order_id,refund_value\nr1,%1$s,3.50\nr2,%1$s,0.70\n".formatted(order));
        Files.writeString(data.resolve("user_purchase.csv"), """
                invoice_number,stock_code,detail,quantity,invoice_date,unit_price,customer_id,country
                536365,22752,SET 7 BABUSHKA NESTING BOXES,2,2010-12-01 08:26:00,7.65,17850,United Kingdom
                C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,United Kingdom
                """);
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
    void theAddedDataSetIsThere() throws Exception {
        assertThat(summary().get("data_sets").get("ecommerce.refunds"))
                .hasToString("{\"source\":2,\"silver\":2,\"quarantined\":0}");
        assertThat(warehouse("select refund_id, amount from marts.fct_refunds order by 1"))
                .isEqualTo("refund_id,amount\nr1,3.50\nr2,0.70\n");
    }

    @Test
    @Order(2)
    void theDataSetOfAnotherDomainIsThere() throws Exception {
        assertThat(warehouse(
                        "select invoice_number, quantity, unit_price, customer_id from staging.stg_retail__user_purchase"
                                + " order by 1"))
                .isEqualTo(
                        "invoice_number,quantity,unit_price,customer_id\n536365,2,7.650,17850\nC536379,-1,27.500,\n");
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

    private static JsonNode demo() throws Exception {
        make("demo", "DATA=" + data);
        return summary();
    }

    private static void make(String... arguments) throws Exception {
        Path output = folder.resolve("make.log");
        List<String> command = new ArrayList<>(List.of("make"));
        command.addAll(List.of(arguments));
        Process make = new ProcessBuilder(command)
                .directory(checkout.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(make.waitFor())
                .as(() -> command + " in a copy of the checkout:\n" + text(output))
                .isZero();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void add(String file, String folder) throws IOException {
        try (InputStream content = DemoTest.class.getResourceAsStream(file)) {
            Files.copy(content, checkout.resolve(folder).resolve(file));
        }
    }

    /** Copies what is not built or installed. */
    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(from)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (!Files.isDirectory(entry)) {
                    Files.copy(entry, to.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
                } else if (!NOT_COPIED.contains(name)) {
                    copy(entry, to.resolve(name));
                }
            }
        }
    }

    private static JsonNode summary() throws IOException {
        return new ObjectMapper()
                .readTree(checkout.resolve("target/demo/summary.json").toFile());
    }

    private static List<String> edit(String file) throws IOException {
        return new ArrayList<>(Files.readAllLines(data.resolve(file)));
    }

    private static String warehouse(String query) throws Exception {
        try (PostgresServer postgres = PostgresServer.start(checkout.resolve("target/demo/postgres"));
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
