package dataplatform.local.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.airflow.Airflow;
import dataplatform.local.airflow.Lineage;
import dataplatform.local.athena.Trino;
import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import dataplatform.local.shell.Athena;
import dataplatform.parquet.ParquetFile;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import dataplatform.platform.SilverState;
import dataplatform.source.CsvLoader;
import dataplatform.source.CustomerEventGenerator;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import dataplatform.source.SourceDdl;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.emr.EmrClient;
import software.amazon.awssdk.services.emr.model.ClusterState;
import software.amazon.awssdk.services.emr.model.ClusterSummary;
import software.amazon.awssdk.services.emr.model.StepState;
import software.amazon.awssdk.services.s3.model.S3Object;

/** DAGs whole, over a small shop and a few web events: each test goes on where the one before has left it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AirflowTest {
    private static final String DATE = "2026-03-01";
    private static final String PRODUCTS = "ecommerce_rds/ecommerce/products/";
    private static final String BAD_FILE = PRODUCTS + "20260101-000000000.parquet";

    private static final Path DAGS = Project.file("airflow/target/bundle/dags");
    private static final Path RECORDER = Project.file("local/src/test/resources/dataplatform/local/platform/calls");
    /** What DAGs call of AWS; a test of the templates compares it with what their role may. */
    private static final String CALLS = "aws-calls.txt";

    @TempDir
    static Path folder;

    private static LocalPlatform engines;
    private static AwsApis aws;
    private static Trino trino;

    @BeforeAll
    static void start() throws Exception {
        trino = Trino.start(folder.resolve("athena"));
        engines = LocalPlatform.start(folder);
        aws = AwsApis.start(engines, folder, line -> {});
        Future<Void> migration = airflow().migrateInBackground();
        Path csv = folder.resolve("csv");
        new Generator(1, 0.02, Progress.none()).write(csv);
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Statement statement = shop.createStatement()) {
            for (String ddl : SourceDdl.statements(Contracts.replicated())) {
                statement.execute(ddl);
            }
            new CsvLoader(Contracts.replicated(), Progress.none()).load(shop, csv);
        }
        replicate();
        migration.get();
        trino.attach(aws.moto().endpoint(), engines.s3().endpoint());
    }

    @AfterAll
    static void stop() {
        trino.close();
        aws.close();
        engines.close();
    }

    @Test
    @Order(1)
    void aSparkJobThatFailsIsNamedAndStopsTheRest() throws Exception {
        engines.s3Client()
                .putObject(
                        request -> request.bucket(S3Server.BRONZE).key(BAD_FILE),
                        RequestBody.fromString("PAR1 this is no Parquet"));
        List<String> tasks = new ArrayList<>();

        assertThatThrownBy(() -> airflow().run("ecommerce", DATE, "{}", tasks::add))
                .hasMessageContaining("Serverless Job failed")
                .hasMessageContaining("20260101-000000000.parquet is not a Parquet file");

        assertThat(tasks).contains("bronze_to_silver.run").doesNotContain("quality_gate", "dbt_build", "gold.plan");
        assertThat(keys(S3Server.LOGS))
                .anyMatch(key -> key.matches("spark/applications/00local/jobs/\\w+/SPARK_DRIVER/stderr.gz"));
        // a file that can be read, in its place
        change("update ecommerce.products set product_weight_g = product_weight_g");
        String changes = keys(S3Server.BRONZE).stream()
                .filter(key -> key.startsWith(PRODUCTS + "2") && !key.equals(BAD_FILE))
                .findFirst()
                .orElseThrow();
        engines.s3Client().copyObject(request -> request.sourceBucket(S3Server.BRONZE)
                .sourceKey(changes)
                .destinationBucket(S3Server.BRONZE)
                .destinationKey(BAD_FILE));
    }

    @Test
    @Order(2)
    void aClusterThatIsTerminatedUnderneathFailsTheRun() throws Exception {
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread run = new Thread(() -> {
            try {
                onClusters().run("ecommerce", DATE, "{}", task -> {});
                ended.complete(null);
            } catch (Exception e) {
                ended.complete(e);
            }
        });
        run.start();
        try (EmrClient emr = emr()) {
            String cluster = await(() -> emr.listClusters().clusters().stream()
                    .map(ClusterSummary::id)
                    .filter(id -> emr.listSteps(request -> request.clusterId(id)).steps().stream()
                            .anyMatch(step -> step.status().state() == StepState.RUNNING))
                    .findFirst());
            emr.terminateJobFlows(request -> request.jobFlowIds(cluster));
            assertThat(emr.describeCluster(request -> request.clusterId(cluster))
                            .cluster()
                            .status()
                            .state())
                    .isEqualTo(ClusterState.TERMINATED);
        }

        // a cluster that was terminated counts as one that ended well: it is the step that tells
        assertThat(ended.get()).isNotNull().hasMessageContaining("EMR job failed");
    }

    @Test
    @Order(3)
    void aQualityGateThatTripsStopsWhatDependsOnItUntilItIsAccepted() throws Exception {
        change("update ecommerce.geolocation set geolocation_lat = 999 where id % 3 = 0");
        execute("create table reviews_before as select * from ecommerce.order_reviews");
        execute("truncate ecommerce.order_reviews");
        List<String> tasks = new ArrayList<>();

        // that silver is up to date meanwhile, and later runs bring nothing new, does not open it
        for (String date : List.of(DATE, "2026-03-02")) {
            assertThatThrownBy(() -> onClusters().run("ecommerce", date, "{}", tasks::add))
                    .hasMessageContaining("quality gate has tripped")
                    .hasMessageContaining("ecommerce.geolocation: ")
                    .hasMessageContaining("in quarantine: geolocation_lat")
                    .hasMessageContaining("ecommerce.order_reviews: it differs from the source, which had 0 rows at ");
        }

        assertThat(tasks).contains("spectrum_partitions").doesNotContain("dbt_build", "gold.plan");
    }

    @Test
    @Order(4)
    void aDbtTestThatFailsIsNamedAndGoldStaysAsItWas() throws Exception {
        change("update ecommerce.order_payments set payment_value = payment_value + 1000000");
        List<String> tasks = new ArrayList<>();
        String parameters = "{\"accept\": [\"ecommerce.geolocation\"], \"follow\": [\"ecommerce.order_reviews\"]}";

        assertThatThrownBy(() -> airflow().run("ecommerce", DATE, parameters, tasks::add))
                .hasMessageContaining("dbt build failed")
                .hasMessageContaining("assert_gmv_reconciles_with_payments");

        assertThat(tasks).contains("dbt_build").doesNotContain("gold.plan");
        assertThat(count("data_lake_silver.order_reviews")).isZero();
        change("insert into ecommerce.order_reviews select * from reviews_before");
        change("update ecommerce.order_payments set payment_value = payment_value - 1000000");
    }

    /** The runs before were of a later date too: their order does not matter. */
    @Test
    @Order(5)
    void aRunThatSucceedsEndsInGoldAndTheNextDoesWhatIsNew() throws Exception {
        // as of a mart that an earlier deployment had
        engines.s3Client()
                .putObject(
                        request -> request.bucket(S3Server.SILVER).key(SilverState.DONE + "ecommerce/marts.json"),
                        RequestBody.fromString("{\"fct_carts\": \"an earlier run\"}"));
        airflow().run("ecommerce", DATE, "{}", task -> {});
        Map<String, String> tables = tables();
        assertThat(tables).containsKeys("marts.fct_orders", "data_lake_silver.orders", "s3.ecommerce/orders");
        goldEqualsTheMarts();

        List<String> tasks = new ArrayList<>();
        try (ChildProcess replicator = engines.replicator(List.of())) {
            airflow().run("ecommerce", DATE, "{}", tasks::add);
        }

        assertThat(tasks)
                .as("how old silver is gets known all the same")
                .contains("quality_gate", "freshness")
                .doesNotContain("bronze_to_silver.run", "gold.unload");
        assertThat(tables()).isEqualTo(tables);

        List<String> gold = keys(S3Server.GOLD);
        change("update ecommerce.order_reviews set review_score = 1 where review_score = 5");
        airflow().run("ecommerce", DATE, "{}", task -> {});

        goldEqualsTheMarts();
        assertThat(keys(S3Server.GOLD).stream()
                        .filter(key -> !gold.contains(key))
                        .map(key -> key.split("/")[1])
                        .distinct())
                .as("the marts that read reviews")
                .containsExactly("fct_reviews", "orders_obt");
    }

    @Test
    @Order(6)
    void anotherDomainOfTheDatabaseHasARunOfItsOwn() throws Exception {
        String purchases = "select string_agg(concat_ws(' ', invoice_number, quantity, unit_price, invoice_month), ', '"
                + " order by invoice_number) from staging.stg_retail__user_purchase";
        List<String> tasks = new ArrayList<>();
        airflow().run("retail", DATE, "{}", tasks::add);
        assertThat(tasks).as("of an empty table").contains("bronze_to_silver.run", "quality_gate");
        Map<String, String> tables = tables();

        change("insert into retail.user_purchase"
                + " (invoice_number, stock_code, quantity, invoice_date, unit_price, customer_id, country) values"
                + " ('536365', '85123A', 6, '2010-12-01 08:26', 2.55, 17850, 'United Kingdom'),"
                + " ('536366', '22633', 6, '2010-12-01 08:28', 1.85, null, 'United Kingdom'),"
                + " ('C536379', 'D', -1, '2010-12-01 09:41', 27.5, 14527, 'United Kingdom')");
        airflow().run("retail", DATE, "{}", task -> {});
        assertThat(value(purchases))
                .isEqualTo("536365 6 2.550 2010-12, 536366 6 1.850 2010-12, C536379 -1 27.500 2010-12");

        change("update retail.user_purchase set quantity = 7, invoice_date = '2011-01-04 10:00'"
                + " where invoice_number = '536365'");
        change("delete from retail.user_purchase where customer_id is null");
        tasks.clear();
        try (ChildProcess replicator = engines.replicator(List.of())) {
            airflow().run("retail", DATE, "{}", task -> {});
            airflow().run("ecommerce", DATE, "{}", tasks::add);
        }

        assertThat(value(purchases)).isEqualTo("536365 7 2.550 2011-01, C536379 -1 27.500 2010-12");
        tables.keySet().removeIf(name -> name.contains("user_purchase") || name.endsWith(".data_quality"));
        assertThat(tables()).as("the other domain's").containsAllEntriesOf(tables);
        assertThat(tasks).contains("quality_gate").doesNotContain("bronze_to_silver.run", "gold.unload");
    }

    @Test
    @Order(7)
    void maintenanceChangesNoRowAndEmitsItsLineage() throws Exception {
        Map<String, String> tables = tables();
        Lineage lineage = new Lineage(folder.resolve("lineage.json"));
        Airflow airflow = lineage.emitFrom(airflow());
        aws.runSpark(false, Optional.of(lineage));
        airflow.run("maintenance", DATE, "{}", task -> {});

        tables.keySet().removeIf(name -> name.startsWith("s3."));
        assertThat(tables()).containsAllEntriesOf(tables);
        assertThat(Files.readAllLines(lineage.file()))
                .as("what Airflow and Spark emit")
                .anyMatch(event -> event.contains("\"maintenance.maintenance.request\"") && event.contains("COMPLETE"))
                .anyMatch(event -> event.contains("\"maintenance.execute_optimize_table_command\""));
    }

    @Test
    @Order(8)
    void aDataSetThatSparkDidNotTakeGetsOldAlone() throws Exception {
        String state = "_state/freshness/ecommerce.products.json";
        String bad = PRODUCTS
                + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").format(LocalDateTime.now(ZoneOffset.UTC))
                + ".parquet";
        List<String> tasks = new ArrayList<>();
        try (ChildProcess replicator = engines.replicator(List.of())) {
            airflow().run("freshness", DATE, "{}", task -> {});
            assertThat(keys(S3Server.SILVER).stream().filter(key -> key.startsWith("_state/freshness/")))
                    .hasSize(Contracts.replicated().size());

            Instant yesterday = Instant.now().minus(Duration.ofHours(25));
            engines.s3Client()
                    .putObject(
                            request -> request.bucket(S3Server.SILVER).key(state),
                            RequestBody.fromString("{\"complete_until\": \"" + yesterday + "\"}"));
            engines.s3Client()
                    .putObject(
                            request -> request.bucket(S3Server.BRONZE).key(bad),
                            RequestBody.fromString("PAR1 this is no Parquet"));
            assertThatThrownBy(() -> airflow().run("ecommerce", DATE, "{}", tasks::add))
                    .hasMessageContaining("is not a Parquet file");
            assertThat(tasks).contains("bronze_to_silver.run").doesNotContain("freshness");

            assertThatThrownBy(() -> airflow().run("freshness", DATE, "{}", task -> {}))
                    .hasMessageContaining("staler than promised: ecommerce.products is 1 day, 1:0")
                    .hasMessageNotContaining("ecommerce.sellers");
        }
        engines.s3Client()
                .deleteObject(request -> request.bucket(S3Server.BRONZE).key(bad));
    }

    @Test
    @Order(9)
    void replicationThatHasFailedStopsTheRunBeforeAnythingElse() throws Exception {
        try (ChildProcess replicator = engines.replicator(List.of())) {
            replicator.process().destroyForcibly().waitFor();
        }
        List<String> tasks = new ArrayList<>();

        assertThatThrownBy(() -> airflow().run("ecommerce", DATE, "{}", tasks::add))
                .hasMessageContaining("replication is failed: it ended with exit code 137")
                .hasMessageContaining("docs/runbooks/replication-lag.md");

        assertThat(tasks).containsExactly("replication_is_healthy");
    }

    @Test
    @Order(10)
    void webEventsComeFromTransformedFilesToGold() throws Exception {
        Map<String, Object> post = Map.of("message_id", "2", "user_id", "u1", "post_id", "p1");
        transformed("users", "a", Map.of("message_id", "1", "user_id", "u1", "name", "Ada"));
        transformed("posts", "a", post);
        transformed("posts", "b", post);
        transformed("events", "b", Map.of("message_id", "3", "anonymous_id", "a1", "type", "page"));
        transformed(
                "quarantined_messages",
                "a",
                Map.of("object_key", "a", "byte_offset", 7L, "bytes", 8L, "reason", "it is no JSON"));
        List<String> tasks = new ArrayList<>();

        airflow().run("web_events", DATE, "{}", tasks::add);

        assertThat(tasks).contains("events_to_silver.run", "quality_gate", "dbt_build", "gold.register");
        assertThat(count("data_lake_silver.quarantined_messages")).isEqualTo(1);
        try (Connection athena = trino.connect(LocalEnvironment.NAMES.catalog(LakeBucket.GOLD))) {
            assertThat(csv(athena, "select post_id, author_id from fct_posts")).isEqualTo("post_id,author_id\np1,u1\n");
            assertThat(csv(athena, "select user_id, name from dim_users")).isEqualTo("user_id,name\nu1,Ada\n");
            assertThat(csv(athena, "select active_users, active_visitors, events from daily_active_users"))
                    .isEqualTo("active_users,active_visitors,events\n1,2,3\n");
        }

        List<String> idle = new ArrayList<>();
        airflow().run("web_events", DATE, "{}", idle::add);
        assertThat(idle).contains("new_in_stream", "age").doesNotContain("events_to_silver.run", "gold.unload");
    }

    /** Puts a file with a row, as the function {@code event-transformer} makes it of a raw object. */
    private static void transformed(String table, String object, Map<String, Object> values) throws IOException {
        Map<String, Object> row = new HashMap<>(values);
        long at = Instant.parse("2026-03-01T05:00:00Z").getEpochSecond() * 1_000_000;
        row.put("occurred_at", at);
        row.put("received_at", at + 1_000_000);
        Contract contract = Contracts.bundled().stream()
                .filter(each -> each.id().equals("web." + table))
                .findFirst()
                .orElseThrow();
        ParquetFile file = new ParquetFile(
                folder.resolve("row.parquet"),
                contract.columns().stream()
                        .map(column -> new ParquetFile.Field(column.name(), column.type()))
                        .toList(),
                CompressionCodecName.ZSTD);
        try (file) {
            file.add(contract.columns().stream()
                    .map(column -> row.get(column.name()))
                    .map(value -> value instanceof String text ? Binary.fromString(text) : value)
                    .toList());
        }
        String key = Names.TRANSFORMED + "/" + table + "/2026/03/01/05/" + object + ".gz.parquet";
        engines.s3Client()
                .putObject(request -> request.bucket(S3Server.BRONZE).key(key), RequestBody.fromFile(file.path()));
    }

    @Test
    @Order(11)
    void whatCustomersDoComesFromTheFilesOfADayToGold() throws Exception {
        Path events = folder.resolve("events");
        new CustomerEventGenerator(events, LocalDate.parse("2026-02-27"), 2, 120, 1).write();
        land(events);
        String bad = "events_input/2026-02-28/events_9.csv";
        // of a file every other row breaks the contract
        StringBuilder rows = new StringBuilder(Files.readString(events.resolve("events_input/2026-02-28/events_1.csv"))
                .lines()
                .findFirst()
                .orElseThrow());
        for (int i = 0; i < 40; i++) {
            rows.append("\n" + i + ",,1,s" + i + ",2026-02-28 10:00:00,,,,,Chrome," + (i % 2 == 0 ? "Bing" : "Email")
                    + ",/home,home");
        }
        land(bad, rows + "\n");
        assertThatThrownBy(() -> airflow().run("customer_events", DATE, "{}", task -> {}))
                .hasMessageContaining("The quality gate has tripped")
                .hasMessageContaining("traffic_source is not an allowed value (20)");
        airflow().run("customer_events", DATE, "{\"accept\": [\"customers.events\"]}", task -> {});

        assertThat(count("data_lake_silver.customer_events"))
                .isEqualTo(linesBelow(events) + 20)
                .isEqualTo(Long.parseLong(value("select sum(events) from marts.customer_sessions")));
        assertThat(count("data_lake_silver.customer_events where user_id is null"))
                .isZero();
        try (Connection athena = trino.connect(LocalEnvironment.NAMES.catalog(LakeBucket.GOLD));
                Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            String query =
                    "select traffic_source, sum(sessions) as n, sum(purchases) as bought from funnel_daily group by 1 order by 1";
            assertThat(csv(athena, query))
                    .isEqualTo(csv(warehouse, query.replace(" from ", " from marts.")))
                    .contains("Email");
        }
    }

    @Test
    @Order(12)
    void purchasesMeetTheReviewsOfTheirDay() throws Exception {
        change("insert into retail.user_purchase"
                + " (invoice_number, stock_code, quantity, invoice_date, unit_price, customer_id, country)"
                + " select '9', 'x', n % 5 + 1, timestamp '2026-02-27' + n * interval '1 hour', n + 0.125, n % 7, 'France'"
                + " from generate_series(0, 47) as n");
        List<String> days = List.of("2026-02-28", "2026-02-27");
        for (String day : days) {
            StringBuilder reviews = new StringBuilder("cid,review_str\n");
            for (int i = 0; i < 30; i++) {
                reviews.append(i % 9).append(i % 4 == 0 ? ",\"so Good , it is\"\n" : ",no goodness\n");
            }
            land("raw/movie_review/" + day + "/movie_review.csv", reviews.toString());
        }
        try (ChildProcess replicator = engines.replicator(List.of())) {
            airflow().run("retail", DATE, "{}", task -> {});
            // the later day first
            for (String day : days) {
                airflow().run("user_behaviour", day, "{}", task -> {});
            }
        }
        String metric = "select string_agg(metric::text, ' ' order by insert_date, customerid)"
                + " from marts.user_behavior_metric as metric";
        assertThat(value(metric)).isEqualTo(expectedMetric());

        land("raw/movie_review/2026-02-28/movie_review.csv", "review_str\ngood\n");
        assertThatThrownBy(() -> airflow().run("user_behaviour", "2026-02-28", "{}", task -> {}))
                .hasMessageContaining("movie_review.csv lacks the columns [cid]");
        assertThat(value(metric)).isEqualTo(expectedMetric());
    }

    /** The metric of two days, from the shop's own table and the reviews above. */
    private static String expectedMetric() throws SQLException {
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Statement statement = shop.createStatement();
                ResultSet found = statement.executeQuery("with spent as ("
                        + "select customer_id, invoice_date::date as day, sum(quantity * unit_price)::numeric(18, 5) as amount"
                        + " from retail.user_purchase where invoice_number = '9' and quantity > 2 group by 1, 2),"
                        + " reviews as (select i % 9 as cid, count(*) as reviews, count(*) filter (where i % 4 = 0) as good"
                        + " from generate_series(0, 29) as i group by 1)"
                        + " select string_agg(format('(%s,%s,%s,%s,%s)', cid, amount, good, reviews, day), ' ' order by day, cid)"
                        + " from spent join reviews on cid = customer_id")) {
            found.next();
            return found.getString(1);
        }
    }

    private static void land(Path files) throws IOException {
        try (Stream<Path> all = Files.walk(files)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                land(files.relativize(file).toString(), Files.readString(file));
            }
        }
    }

    private static void land(String key, String content) {
        engines.s3Client()
                .putObject(request -> request.bucket(S3Server.LANDING).key(key), RequestBody.fromString(content));
    }

    private static long linesBelow(Path files) throws IOException {
        long rows = 0;
        try (Stream<Path> all = Files.walk(files)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                rows += Files.readAllLines(file).size() - 1;
            }
        }
        return rows;
    }

    @Test
    @Order(13)
    void whatDagsCallIsWrittenDown() throws Exception {
        Path list = Project.file("airflow/" + CALLS);
        Set<String> called = new TreeSet<>(Files.readAllLines(folder.resolve(CALLS)));
        if (Boolean.getBoolean("calls.write")) {
            Files.write(list, called);
        }
        assertThat(Files.readAllLines(list))
                .as("write it with -Dcalls.write=true")
                .containsExactlyElementsOf(called);
    }

    private static Airflow airflow() {
        aws.runSpark(false, Optional.empty());
        return new Airflow(folder, aws.environment())
                // all changes are in bronze before a run begins
                .with("AIRFLOW__DATAPLATFORM__PATIENCE_SECONDS", "1")
                .with("AIRFLOW__DATAPLATFORM__WEB_EVENTS", "True")
                .with("PYTHONPATH", DAGS + ":" + RECORDER)
                .with("AWS_CALLS", folder.resolve(CALLS).toString());
    }

    private static Airflow onClusters() {
        Airflow airflow = airflow();
        aws.runSpark(true, Optional.empty());
        return airflow.with("AIRFLOW__DATAPLATFORM__SPARK", "cluster");
    }

    private static EmrClient emr() {
        return EmrClient.builder()
                .endpointOverride(URI.create(aws.environment().get("AWS_ENDPOINT_URL_EMR")))
                .region(Region.of(S3Server.REGION))
                .credentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(S3Server.ACCESS_KEY, S3Server.SECRET_KEY)))
                .build();
    }

    private static <T> T await(Supplier<Optional<T>> condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (System.nanoTime() < deadline) {
            Optional<T> met = condition.get();
            if (met.isPresent()) {
                return met.get();
            }
            Thread.sleep(50);
        }
        throw new AssertionError("what was waited for has not come");
    }

    private static void change(String sql) throws Exception {
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Statement statement = shop.createStatement()) {
            assertThat(statement.executeUpdate(sql)).isPositive();
        }
        replicate();
    }

    /** What replication brings nothing of. */
    private static void execute(String sql) throws SQLException {
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Statement statement = shop.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long count(String table) throws SQLException {
        try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static String value(String query) throws SQLException {
        try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static void replicate() throws IOException, InterruptedException {
        try (ChildProcess replicator = engines.replicator(List.of("--stop-when-caught-up"))) {
            replicator.await(line -> {});
        }
    }

    private static List<String> keys(String bucket) {
        return engines.s3Client().listObjectsV2Paginator(request -> request.bucket(bucket)).contents().stream()
                .map(S3Object::key)
                .toList();
    }

    /** What the warehouse's tables hold, and the commits of silver's but those of the quality table. */
    private static Map<String, String> tables() throws SQLException {
        Map<String, String> tables = new TreeMap<>();
        try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement()) {
            List<String> names = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("select table_schema || '.' || table_name"
                    + " from information_schema.tables where table_schema in ('marts', 'data_lake_silver')")) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            for (String name : names) {
                // a run may add how silver compares with the source, which is no batch
                String rows = name.endsWith(".data_quality") ? " where batch is not null" : "";
                try (ResultSet row =
                        statement.executeQuery("select count(*) || md5(string_agg(t::text, '|' order by t::text)) from "
                                + name + " t" + rows)) {
                    row.next();
                    tables.put(name, row.getString(1));
                }
            }
        }
        keys(S3Server.SILVER).stream()
                .filter(key -> key.contains("/_delta_log/") && !key.startsWith("platform/"))
                .forEach(key -> tables.merge("s3." + key.replaceFirst("/_delta_log.*", ""), key, String::concat));
        return tables;
    }

    /** As an analyst reads it: through the catalog, with the engine that Athena is. */
    private static void goldEqualsTheMarts() throws Exception {
        try (Connection athena = trino.connect(LocalEnvironment.NAMES.catalog(LakeBucket.GOLD));
                Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            for (String query : List.of(
                    "select count(*) as n from fct_orders",
                    "select order_date, orders, items, gmv from gmv_daily order by 1",
                    "select review_score, count(*) as n from fct_reviews group by 1 order by 1",
                    "select segment, count(*) as n, sum(monetary) as monetary from customer_segments group by 1 order by 1")) {
                assertThat(csv(athena, query))
                        .as(query)
                        .isEqualTo(csv(warehouse, query.replace(" from ", " from marts.")))
                        .contains("\n");
            }
        }
        assertThat(keys(S3Server.GOLD).stream()
                        .filter(key -> key.startsWith("ecommerce/gmv_daily/"))
                        .filter(key -> key.endsWith(".parquet")))
                .as("this run's, and the one's before that may still be read")
                .hasSizeBetween(1, 2);
    }

    private static String csv(Connection connection, String query) throws SQLException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, UTF_8)) {
            Athena.answer(connection, query, out);
        }
        return bytes.toString(UTF_8);
    }
}
