package dataplatform.local.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.local.athena.Trino;
import dataplatform.local.aws.Moto;
import dataplatform.local.glue.GlueCatalog;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import dataplatform.parquet.ParquetFile.Field;
import dataplatform.platform.Names;
import dataplatform.platform.SparkJob;
import dataplatform.source.SourceDdl;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.s3.S3Client;

/** From rows in PostgreSQL to what Trino, and Redshift Spectrum through the same catalog, see of them. */
class AthenaTest {
    private static final String SPECTRUM = GlueTable.database(new Names("dev"), Format.SYMLINK);

    /** What the queries that analysts find in Athena answer here; their Athena side is declared in {@code cdk-app}. */
    private static final Map<String, String> SAVED = Map.of(
            "revenue_by_month.sql", "order_purchase_month,orders,revenue,freight\n2018-01,1,0.30,2.00\n",
            "late_deliveries.sql", "order_purchase_month,delivered,late,days_late\n2018-01,1,1,2.0+\n",
            "largest_orders.sql", "order_id,items,total\no1,2,2.30\n",
            "silver_against_the_source.sql", "data_set,started_at,source_rows,missing_rows,extra_rows\n",
            "quality_of_the_last_runs.sql",
                    "data_set,started_at,rows_in,inserted,updated,deleted,withdrawn,quarantined\n"
                            + "ecommerce.order_items,[^,]+ UTC,3,2,0,0,0,1\necommerce.orders,[^,]+ UTC,2,2,0,0,0,0\n");

    /** The same of web events as they came. */
    private static final Map<String, String> SAVED_OF_BRONZE = Map.of(
            "web/bronze/web_events_of_the_last_hour.sql",
                    "type,event_name,messages,people\ntrack,Clicked,2,2\npage,,1,1\n",
            "web/bronze/web_messages_by_minute.sql",
                    "received_in,kind,messages\n[^,]+,events,4\n[^,]+,quarantined_messages,2\n",
            "web/bronze/quarantined_messages_by_reason.sql",
                    "reason,times,received_at,source,object_key,byte_offset,raw_message\nno id,2,[^,]+,web,raw,20,\\[\\]\n");

    private static final String ACTIVE_USERS = "web/silver/daily_active_users.sql";

    private static final Map<String, Contract> CONTRACTS =
            Contracts.bundled().stream().collect(Collectors.toMap(Contract::table, contract -> contract));

    @TempDir
    static Path folder;

    private static Trino trino;
    private static LocalPlatform engines;
    private static Moto moto;
    private static Connection connection;

    @BeforeAll
    static void start() throws Exception {
        trino = Trino.start(folder.resolve("athena"));
        engines = LocalPlatform.start(folder.resolve("state"));
        moto = Moto.start(folder.resolve("athena"));
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Statement statement = shop.createStatement()) {
            for (String ddl : SourceDdl.statements(Contracts.replicated())) {
                statement.execute(ddl);
            }
            statement.execute("""
                    insert into ecommerce.sellers values ('s1', '1037', 'são paulo', 'SP');
                    insert into ecommerce.products (product_id) values ('p1');
                    insert into ecommerce.customers values ('c1', 'u1', '1037', 'são paulo', 'SP');
                    insert into ecommerce.orders (order_id, customer_id, order_status, order_purchase_timestamp,
                      order_estimated_delivery_date, order_delivered_customer_date) values
                      ('o1', 'c1', 'shipped', '2018-01-31 23:59:59.123', '2018-02-20', '2018-02-22'),
                      ('o2', 'c1', 'created', '2018-02-01 00:00:00', '2018-02-21', null);
                    insert into ecommerce.order_items values
                      ('o1', 1, 'p1', 's1', '2018-02-05 10:00:00', 0.10, 1.00),
                      ('o1', 2, 'p1', 's1', '2018-02-05 10:00:00', 0.20, 1.00),
                      ('o2', 1, 'p1', 's1', '2018-03-05 10:00:00', 99999999.99, -1);
                    """);
        }
        try (ChildProcess replicator = engines.replicator(List.of("--stop-when-caught-up"))) {
            replicator.await(line -> {});
        }
        try (ChildProcess job = engines.start(
                SparkJob.BRONZE_TO_SILVER, List.of("--data-sets", "ecommerce.orders,ecommerce.order_items"))) {
            job.await(line -> {});
        }
        Athena.register(engines.s3(), moto);
        try (GlueClient glue = moto.glue()) {
            GlueCatalog.declare(
                    glue, SPECTRUM, GlueTable.silver(Contracts.bundled(), "s3://" + S3Server.SILVER, Format.SYMLINK));
        }
        addPartitions();
        transform();
        trino.attach(moto.endpoint(), engines.s3().endpoint());
        connection = trino.connect(Athena.DATABASE);
    }

    /** By the DAGs' own code. */
    private static void addPartitions() throws Exception {
        String code = """
                import boto3
                from dataplatform import partitions
                partitions.keep_in_step(boto3.client("glue"), boto3.client("s3"), "%s", ["orders", "order_items"])
                """.formatted(SPECTRUM);
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.putAll(engines.s3().environment());
        environment.put("PYTHONPATH", Project.file("airflow/dags").toString());
        environment.put("PYTHONDONTWRITEBYTECODE", "1");
        environment.put("AWS_DEFAULT_REGION", environment.get("AWS_REGION"));
        try (ChildProcess python = ChildProcess.start(
                "partitions",
                List.of(Project.file(".venv/bin/python").toString(), "-c", code),
                environment,
                folder.resolve("partitions.log"))) {
            python.await(line -> {});
        }
    }

    /** Leaves web events as the function {@code event-transformer} does. */
    private static void transform() throws Exception {
        Instant now = Instant.now();
        // a client has sent the first again
        transformed("events", now, event("m1", "track", "Clicked", "u1"), event("m2", "track", "Clicked", "u2"));
        transformed("events", now, event("m1", "track", "Clicked", "u1"), event("m3", "page", null, "u1"));
        transformed("events", now.minus(3, ChronoUnit.HOURS), event("m4", "track", "Clicked", "u3"));
        transformed("quarantined_messages", now, quarantined(10, "{}"), quarantined(20, "[]"));
    }

    private static Map<String, Object> event(String id, String type, String name, String user) {
        Map<String, Object> event = new HashMap<>(Map.of("message_id", id, "type", type, "user_id", user));
        event.put("event_name", name);
        return event;
    }

    private static Map<String, Object> quarantined(long offset, String message) {
        return Map.of(
                "object_key", "raw", "byte_offset", offset, "source", "web", "reason", "no id", "raw_message", message);
    }

    /** An object of the rows, by column and received in that moment; what they leave out is null. */
    @SafeVarargs
    private static void transformed(String table, Instant received, Map<String, Object>... rows) throws Exception {
        List<Field> fields = CONTRACTS.get(table).columns().stream()
                .map(column -> new Field(column.name(), column.type()))
                .toList();
        Path file = Files.createTempFile(folder, table, ".parquet");
        try (ParquetFile parquet = new ParquetFile(file, fields, CompressionCodecName.ZSTD)) {
            for (Map<String, Object> row : rows) {
                Map<String, Object> whole = new HashMap<>(row);
                whole.put("received_at", ParquetFile.micros(received));
                parquet.add(
                        fields.stream().map(field -> whole.get(field.name())).toList());
            }
        }
        String hour = DateTimeFormatter.ofPattern("yyyy/MM/dd/HH")
                .withZone(ZoneOffset.UTC)
                .format(received);
        try (S3Client s3 = engines.s3().client()) {
            s3.putObject(
                    request -> request.bucket(S3Server.BRONZE)
                            .key(Names.TRANSFORMED + "/" + table + "/" + hour + "/" + file.getFileName()),
                    file);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        connection.close();
        moto.close();
        engines.close();
        trino.close();
    }

    @Test
    void countsJoinsAndSumsToTheCent() throws SQLException {
        assertThat(answer("""
                        select count(*) as items, count(distinct order_id) as orders, sum(price) as price
                        from orders join order_items using (order_id)
                        """)).isEqualTo("items,orders,price\n2,1,0.30\n");
    }

    @Test
    void timesKeepTheirTimeOfDayInUtc() throws SQLException {
        assertThat(answer("""
                                select order_id, order_purchase_timestamp, order_approved_at, order_purchase_month from orders order by 1
                                """)).isEqualTo("""
                        order_id,order_purchase_timestamp,order_approved_at,order_purchase_month
                        o1,2018-01-31 23:59:59.123 UTC,,2018-01
                        o2,2018-02-01 00:00:00.000 UTC,,2018-02
                        """);
    }

    @Test
    void readsOnlyThePartitionsThatAreAskedFor() throws SQLException {
        assertThat(answer("explain analyze select * from orders where order_purchase_month = '2018-02'"))
                .contains("Input: 1 row")
                .contains("[[2018-02]]");
    }

    @Test
    void showsWhatIsInQuarantineAndWhatEachRunDid() throws SQLException {
        assertThat(answer("select op, reason from order_items_quarantine"))
                .isEqualTo("op,reason\nI,freight_value is below 0\n");
        assertThat(answer("select data_set, rows_in, inserted, quarantined from data_quality order by 1"))
                .isEqualTo("""
                        data_set,rows_in,inserted,quarantined
                        ecommerce.order_items,3,2,1
                        ecommerce.orders,2,2,0
                        """);
    }

    @Test
    void spectrumSeesTheSameRowsThroughManifests() throws SQLException {
        for (String table : List.of("orders", "order_items", "order_items_quarantine", "data_quality")) {
            assertThat(answer("select count(*) from " + SPECTRUM + "." + table))
                    .as(table)
                    .isEqualTo(answer("select count(*) from " + table));
        }
        assertThat(answer("select order_purchase_month, order_id from " + SPECTRUM
                        + ".orders where order_purchase_month = '2018-01'"))
                .isEqualTo("order_purchase_month,order_id\n2018-01,o1\n");
    }

    @Test
    void csvTellsNullFromEmptyTextAndQuotesWhatNeedsIt() throws SQLException {
        assertThat(answer("select null as nothing, '' as empty, 'a,\"b\"' as quoted, U&'line\\000aline' as lines"))
                .isEqualTo("nothing,empty,quoted,lines\n,\"\",\"a,\"\"b\"\"\",\"line\nline\"\n");
    }

    @Test
    void savedQueriesAnswer() throws Exception {
        Path home = Project.file("queries");
        try (Stream<Path> queries = Files.walk(home)) {
            assertThat(queries.filter(Files::isRegularFile)
                            .map(file -> home.relativize(file).toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            Stream.of(SAVED.keySet(), SAVED_OF_BRONZE.keySet(), Set.of(ACTIVE_USERS))
                                    .flatMap(Set::stream)
                                    .toList());
        }
        for (Map.Entry<String, String> saved : SAVED.entrySet()) {
            assertThat(answer(saved(saved.getKey()))).as(saved.getKey()).matches(saved.getValue());
        }
        try (Connection bronze = trino.connect(Athena.BRONZE)) {
            for (Map.Entry<String, String> saved : SAVED_OF_BRONZE.entrySet()) {
                assertThat(answer(bronze, saved(saved.getKey())))
                        .as(saved.getKey())
                        .matches(saved.getValue());
            }
        }
    }

    @Test
    void activeUsersAreCountedOnceADay() throws Exception {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        String nobody = "(occurred_on, user_id) as (select '', '' where false)";
        assertThat(answer("""
                        with events (occurred_on, user_id) as (values ('%1$s', 'u1'), ('%1$s', null), ('%2$s', 'u1')),
                          posts (occurred_on, user_id) as (values ('%1$s', 'u1'), ('%1$s', 'u2')),
                          follows %3$s, unfollows %3$s, users %3$s
                        select * from (%4$s)
                        """.formatted(today, today.minusDays(31), nobody, saved(ACTIVE_USERS))))
                .isEqualTo("occurred_on,users\n" + today + ",2\n");
    }

    @Test
    void readsOnlyTheHoursThatAreAskedFor() throws Exception {
        String lastHour = saved("web/bronze/web_events_of_the_last_hour.sql");
        try (Connection bronze = trino.connect(Athena.BRONZE)) {
            assertThat(answer(bronze, "select count(*) as events from events")).isEqualTo("events\n5\n");
            assertThat(answer(bronze, "explain analyze " + lastHour)).contains("Input: 4 rows");
        }
    }

    private static String saved(String query) throws IOException {
        return Files.readString(Project.file("queries/" + query));
    }

    @Test
    void changesNothing() {
        assertThatThrownBy(() -> answer("delete from orders")).hasMessageContaining("Access Denied");
    }

    @Test
    void withoutADemoItSaysWhatToDo() {
        Athena athena = new Athena();
        new CommandLine(athena).parseArgs("--state", folder.resolve("nothing").toString());
        assertThatThrownBy(athena::call).hasMessage("there is no lake yet: run `make demo` first");
    }

    private static String answer(String query) throws SQLException {
        return answer(connection, query);
    }

    private static String answer(Connection connection, String query) throws SQLException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, UTF_8)) {
            Athena.answer(connection, query, out);
        }
        return bytes.toString(UTF_8);
    }
}
