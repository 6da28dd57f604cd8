package dataplatform.local.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dataplatform.contracts.Contracts;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import dataplatform.source.SourceDdl;
import dataplatform.source.SourceTables;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

class ReplicationTest {
    private static final String SELLERS = "ecommerce_rds/ecommerce/sellers/";

    @TempDir
    Path folder;

    private PostgresServer postgres;
    private S3Server s3;
    private S3Client client;
    private ReplicationSettings settings;

    @BeforeEach
    void start() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        s3 = S3Server.start(folder.resolve("s3"), 0);
        client = s3.client();
        settings = settings(64 << 20);
        for (String statement : SourceDdl.statements(Contracts.replicated())) {
            execute(statement);
        }
        execute("insert into ecommerce.sellers values ('s1', '1037', 'são paulo', 'SP'), ('s2', '20231', 'rio', 'RJ')");
    }

    @AfterEach
    void stop() {
        client.close();
        s3.close();
        postgres.close();
    }

    @Test
    void writesWhatDmsWrites() throws Exception {
        replicate();
        execute("update ecommerce.sellers set seller_city = 'niterói' where seller_id = 's2'");
        execute("delete from ecommerce.sellers where seller_id = 's1'");
        execute("update ecommerce.sellers set seller_id = 's3' where seller_id = 's2'");
        execute("insert into ecommerce.sellers values ('s4', '1', 'santos', 'SP')");
        replicate();

        List<String> keys = keys();
        assertThat(keys).hasSize(2);
        assertThat(keys.get(0)).matches(SELLERS + "\\d{8}-\\d{9}\\.parquet");
        assertThat(keys.get(1)).isEqualTo(SELLERS + "LOAD00000001.parquet");
        assertThat(rows(keys.get(1)))
                .extracting(
                        row -> row.get("Op"),
                        row -> row.get("seller_id"),
                        row -> row.get("change_seq"),
                        row -> row.get("BI_seller_id"))
                .containsExactlyInAnyOrder(tuple("I", "s1", null, null), tuple("I", "s2", null, null));
        List<Map<String, String>> changes = rows(keys.get(0));
        assertThat(changes)
                .extracting(row -> row.get("Op") + " " + row.get("seller_id") + " " + row.get("seller_city") + " "
                        + row.get("BI_seller_id"))
                .containsExactly("U s2 niterói s2", "D s1 são paulo null", "U s3 niterói s2", "I s4 santos null");
        assertThat(changes)
                .extracting(row -> row.get("change_seq"))
                .isSorted()
                .doesNotHaveDuplicates()
                .allMatch(seq -> seq.matches("\\d{35}"));
        assertThat(changes.get(0).get("extracted_at")).matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6}");
    }

    @Test
    void aTableThatGetsItsContractLaterIsReplicatedFromThenOn() throws Exception {
        ReplicationSettings all = settings;
        only("ecommerce.sellers", "seller_id");
        replicate();
        execute(
                "insert into retail.user_purchase (invoice_number, stock_code, quantity, invoice_date, unit_price, country)"
                        + " values ('1', '1', 1, '2010-12-01 08:26', 2.55, 'France')");
        settings = all;
        replicate();
        execute("update retail.user_purchase set quantity = -2, unit_price = -11062.06");
        execute("delete from retail.user_purchase");
        replicate();

        List<String> keys = keys().stream()
                .filter(key -> key.startsWith("ecommerce_rds/retail/user_purchase/"))
                .toList();
        assertThat(keys).hasSize(2);
        assertThat(rows(keys.get(1))).extracting(row -> row.get("quantity")).containsExactly("1");
        assertThat(rows(keys.get(0)))
                .extracting(row -> row.get("Op") + " " + row.get("quantity") + " " + row.get("BI_id"))
                .containsExactly("U -2 1", "D -2 null");
    }

    @Test
    void startsAnotherFileWhenOneIsFull() throws Exception {
        execute(
                "insert into ecommerce.sellers select 'seller ' || n, n::text, md5(n::text), 'SP' from generate_series(1, 20000) n");
        settings = settings(100_000);
        replicate();

        assertThat(keys()).contains(SELLERS + "LOAD00000002.parquet", SELLERS + "LOAD00000003.parquet");
        long rows = 0;
        for (String key : keys()) {
            rows += rows(key).size();
        }
        assertThat(rows).isEqualTo(20_002);
    }

    @Test
    void readsOnFromWhereBronzeRefusedAFile() throws Exception {
        replicate();
        execute("update ecommerce.sellers set seller_city = 'niterói' where seller_id = 's2'");
        s3.close();
        assertThatThrownBy(this::replicate)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("could not write s3://bronze/" + SELLERS)
                .hasMessageContaining("Nothing is lost");

        client.close();
        s3 = S3Server.start(folder.resolve("s3"), 0);
        client = s3.client();
        replicate();
        assertThat(rows(keys().get(0)))
                .extracting(row -> row.get("seller_city"))
                .containsExactly("niterói");
    }

    @Test
    void aFullLoadThatWasKilledLeavesNothingBehind() throws Exception {
        // as if killed between the extraction and its end: files and slot are there, the note that it is done is not
        new FullLoad(settings, bronze()).run();
        Files.delete(settings.state().resolve("full-load.done"));
        Path stale = settings.state().resolve("full-load/ecommerce/sellers/LOAD00000001.parquet");
        Files.createDirectories(stale.getParent());
        Files.writeString(stale, "half a file");
        execute("delete from ecommerce.sellers where seller_id = 's1'");
        replicate();

        assertThat(rows(SELLERS + "LOAD00000001.parquet"))
                .extracting(row -> row.get("seller_id"))
                .containsExactly("s2");
    }

    @Test
    void aTableThatIsRewrittenDuringAFullLoadIsLoadedWhole() throws Exception {
        // what is loaded first takes a while
        execute(
                "insert into ecommerce.customers (customer_id, customer_unique_id, customer_zip_code_prefix, customer_city,"
                        + " customer_state) select n::text, n::text, '1', md5(n::text), 'SP' from generate_series(1, 100000) n");
        FutureTask<Void> change = new FutureTask<>(() -> {
            try (Connection connection = postgres.connect(PostgresServer.SHOP);
                    Statement statement = connection.createStatement()) {
                while (!statement
                        .executeQuery("select from pg_replication_slots where confirmed_flush_lsn is not null")
                        .next()) {
                    Thread.sleep(1);
                }
                // a default that is another for each row
                statement.execute("alter table ecommerce.sellers add column rating double precision default random()");
            }
            return null;
        });
        new Thread(change).start();
        replicate();
        change.get();

        assertThat(rows(SELLERS + "LOAD00000001.parquet"))
                .extracting(row -> row.get("seller_id"))
                .containsExactlyInAnyOrder("s1", "s2");
    }

    @Test
    void aNewColumnComesIntoBronze() throws Exception {
        replicate();
        execute("alter table ecommerce.sellers add rating numeric(3, 1)");
        execute("update ecommerce.sellers set rating = 4.5 where seller_id = 's1'");
        replicate();

        assertThat(rows(keys().get(0))).extracting(row -> row.get("rating")).containsExactly("4.5");
    }

    /** In full loads and in changes alike, and nothing stops at them. */
    @Test
    void valuesAtTheEndsOfTheirTypesComeThrough() throws Exception {
        List<String> rows = List.of(
                "'1899-12-31', '1899-12-31 23:59:59.999999', '1899-12-31 23:59:59.999999+00', 'NaN', 'NaN', 'NaN', 'NaN'",
                "'1582-10-15', '1582-10-15', '1582-10-15 00:00+00', 'Infinity', 'Infinity', '1.5', 'Infinity'",
                "'1582-10-14', '1582-10-14', '1582-10-14 00:00+00', '-Infinity', '-Infinity', '-1.5', '-Infinity'",
                "'1582-10-04', '1582-10-04', '1582-10-04 00:00+00', 1e308, 1e38, 9999999999.99, 1e40",
                "'0018-03-04', '0018-03-04 05:06:07.000008', '0018-03-04 05:06:07.000008+00', 0, 0, 0, 0",
                "'0001-01-01', '0001-01-01', '0001-01-01 00:00+00', 0, 0, 0, 0",
                "'4713-01-01 BC', '4713-01-01 BC', '4713-01-01 00:00+00 BC', 0, 0, 0, 0",
                "'0005-02-29 BC', '0005-02-29 BC', '0005-02-29 00:00+00 BC', 0, 0, 0, 0",
                "'9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', 0, 0, 0, 0",
                "'5874897-12-31', '294276-12-31', '294276-12-31 00:00+00', 0, 0, 0, 0",
                "'infinity', 'infinity', 'infinity', 0, 0, 0, 0",
                "'-infinity', '-infinity', '-infinity', 0, 0, 0, 0",
                "null, null, null, null, null, 0, null");
        execute("create table ecommerce.extremes (id int primary key, day date default '2001-02-03',"
                + " local timestamp default 'infinity', zoned timestamptz default now(), wide double precision default 1,"
                + " narrow real, amount numeric(12, 2) not null, free numeric default 0)");
        execute("alter table ecommerce.extremes replica identity full");
        only("ecommerce.extremes", "id");
        for (int i = 0; i < rows.size(); i++) {
            execute("insert into ecommerce.extremes values (" + i + ", " + rows.get(i) + ")");
        }
        replicate();
        for (int i = 0; i < rows.size(); i++) {
            execute("insert into ecommerce.extremes values (" + (100 + i) + ", " + rows.get(i) + ")");
        }
        replicate();

        List<Map<String, String>> loaded = rows("ecommerce_rds/ecommerce/extremes/LOAD00000001.parquet");
        List<Map<String, String>> changed = rows(keys().get(0));
        for (List<Map<String, String>> each : List.of(loaded, changed)) {
            each.forEach(row -> row.keySet().removeAll(List.of("id", "extracted_at", "change_seq", "BI_id")));
        }
        assertThat(changed).isEqualTo(loaded);
        assertThat(loaded)
                .extracting(row -> row.get("day"), row -> row.get("local"), row -> row.get("zoned"))
                .containsExactly(
                        times(LocalDateTime.of(1899, 12, 31, 23, 59, 59, 999_999_000)),
                        times(LocalDateTime.of(1582, 10, 15, 0, 0)),
                        times(LocalDateTime.of(1582, 10, 14, 0, 0)),
                        times(LocalDateTime.of(1582, 10, 4, 0, 0)),
                        times(LocalDateTime.of(18, 3, 4, 5, 6, 7, 8_000)),
                        times(LocalDateTime.of(1, 1, 1, 0, 0)),
                        times(LocalDateTime.of(-4712, 1, 1, 0, 0)),
                        times(LocalDateTime.of(-4, 2, 29, 0, 0)),
                        times(LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000)),
                        tuple(
                                Long.toString(LocalDate.of(5874897, 12, 31).toEpochDay()),
                                Long.toString(Long.MAX_VALUE),
                                Long.toString(Long.MAX_VALUE)),
                        tuple("2147483647", Long.toString(Long.MAX_VALUE), Long.toString(Long.MAX_VALUE)),
                        tuple("-2147483648", Long.toString(Long.MIN_VALUE), Long.toString(Long.MIN_VALUE)),
                        tuple(null, null, null));
        assertThat(loaded.subList(0, 4))
                .extracting(row -> row.get("wide"), row -> row.get("amount") != null, row -> row.get("free"))
                .containsExactly(
                        tuple("NaN", false, "NaN"),
                        tuple("Infinity", true, "Infinity"),
                        tuple("-Infinity", true, "-Infinity"),
                        tuple("1.0E308", true, "1" + "0".repeat(40)));
    }

    private static Tuple times(LocalDateTime time) {
        String micros = Long.toString(time.toEpochSecond(ZoneOffset.UTC) * 1_000_000 + time.getNano() / 1000);
        return tuple(Long.toString(time.toLocalDate().toEpochDay()), micros, micros);
    }

    @Test
    void refusesTablesWhoseChangesWouldTellTooLittle() throws Exception {
        execute("alter table ecommerce.sellers replica identity default");
        execute("alter table ecommerce.geolocation replica identity default");
        execute("alter table ecommerce.geolocation drop constraint geolocation_pkey");
        execute("alter table ecommerce.order_payments drop constraint order_payments_pkey,"
                + " add primary key (order_id, payment_sequential) deferrable");
        execute("alter table ecommerce.order_reviews drop constraint order_reviews_pkey, add primary key (review_id)");

        assertThatThrownBy(this::replicate)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("alter table ecommerce.sellers replica identity full")
                .hasMessageContaining("alter table ecommerce.geolocation replica identity full")
                .hasMessageContaining("ecommerce.geolocation has no primary key")
                .hasMessageContaining("ecommerce.order_payments has a deferrable primary key")
                .hasMessageContaining("alter table ecommerce.order_payments drop constraint \"order_payments_pkey\","
                        + " add primary key (order_id, payment_sequential) not deferrable")
                .hasMessageContaining("ecommerce.order_reviews has the primary key (review_id), and its contract says"
                        + " (review_id, order_id)");
        assertThat(keys()).isEmpty();
    }

    @Test
    void failsAtALongTextThatAChangeDoesNotBring() throws Exception {
        execute("update ecommerce.sellers set seller_city ="
                + " (select string_agg(md5(n::text), '') from generate_series(1, 1000) n) where seller_id = 's1'");
        replicate();
        execute("alter table ecommerce.sellers replica identity default");
        execute("update ecommerce.sellers set seller_state = 'RJ' where seller_id = 's1'");

        assertThatThrownBy(() -> new ChangeCapture(settings, bronze(), true).run())
                .hasMessageContaining("ecommerce.sellers.seller_city did not come with an update")
                .hasMessageContaining("replica identity full");
        assertThat(keys()).containsExactly(SELLERS + "LOAD00000001.parquet");
    }

    @Test
    void namesATableThatIsTruncated() throws Exception {
        replicate();
        execute("truncate ecommerce.sellers cascade");
        execute("insert into ecommerce.sellers values ('s5', '1', 'santos', 'SP')");
        PrintStream console = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            replicate();
        } finally {
            System.setErr(console);
        }

        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("ERROR")
                .contains("ecommerce.sellers was truncated: AWS DMS writes no such change to S3,"
                        + " and silver keeps the rows; load the table again");
        assertThat(rows(keys().get(0))).extracting(row -> row.get("seller_id")).containsExactly("s5");
    }

    @Test
    void aNullIsNotTheDefaultOfItsColumn() throws Exception {
        execute("alter table ecommerce.sellers alter seller_city set default 'rio', alter seller_city drop not null");
        replicate();
        execute("update ecommerce.sellers set seller_city = null where seller_id = 's1'");
        replicate();

        assertThat(rows(keys().get(0)))
                .extracting(row -> row.get("seller_city"))
                .containsExactly((String) null);
    }

    @Test
    void aReloadReplacesTheFullLoadAndIsNewerThanAllChanges() throws Exception {
        execute(
                "insert into ecommerce.sellers select 'n' || n, n::text, md5(n::text), 'SP' from generate_series(1, 20000) n");
        try (ChildProcess replicator = replicator("--max-file-mb", "1")) {
            replicator.await(line -> {});
        }
        execute("update ecommerce.sellers set seller_city = 'niterói' where seller_id = 's2'");
        replicate();
        String change = keys().get(0);
        assertThat(keys()).contains(SELLERS + "LOAD00000002.parquet");
        // a gap
        execute("select pg_drop_replication_slot('dataplatform')");
        execute("delete from ecommerce.sellers where seller_id <> 's2'");
        assertThatThrownBy(this::replicate)
                .hasMessageContaining("the replication slot dataplatform is gone")
                .hasMessageContaining("--reload");

        // killed in the middle
        for (String reached : List.of("full-load", "full-load.done")) {
            Path mark = settings.state().resolve(reached);
            try (ChildProcess reload = replicator("--reload")) {
                await(() -> reached.equals("full-load") ? Files.exists(mark) : isNewer(mark, reload));
                reload.process().destroyForcibly().waitFor();
            }
        }
        try (ChildProcess replicator = replicator()) {
            replicator.await(line -> {});
        }

        execute("insert into ecommerce.sellers values ('s6', '1', 'santos', 'SP')");
        replicate();
        assertThat(keys()).hasSize(3).contains(change, SELLERS + "LOAD00000001.parquet");
        List<Map<String, String>> load = rows(SELLERS + "LOAD00000001.parquet");
        assertThat(load).extracting(row -> row.get("seller_id")).containsExactly("s2");
        assertThat(time(load.get(0))).isAfter(time(rows(change).get(0)).plusSeconds(5));
        assertThat(rows(keys().get(1))).extracting(row -> row.get("seller_id")).containsExactly("s6");
    }

    private static LocalDateTime time(Map<String, String> row) {
        return LocalDateTime.parse(row.get("extracted_at").replace(' ', 'T'));
    }

    private static boolean isNewer(Path file, ChildProcess than) throws IOException {
        return Files.exists(file)
                && Files.getLastModifiedTime(file)
                        .toInstant()
                        .isAfter(than.process().info().startInstant().orElseThrow());
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("what was waited for has not come").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** In a process of its own. */
    private ChildProcess replicator(String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Project.java(),
                "-cp",
                System.getProperty("java.class.path"),
                Replicator.class.getName(),
                "--source",
                settings.jdbcUrl(),
                "--bronze",
                LocalPlatform.BRONZE,
                "--state",
                settings.state().toString(),
                "--stop-when-caught-up"));
        command.addAll(List.of(more));
        return ChildProcess.start("replication", command, s3.environment(), folder.resolve("replicator.log"));
    }

    private void only(String table, String key) {
        settings = new ReplicationSettings(
                settings.jdbcUrl(),
                settings.state(),
                Map.of(table, List.of(key)),
                settings.batchInterval(),
                settings.maxFileBytes());
    }

    private ReplicationSettings settings(long maxFileBytes) {
        return new ReplicationSettings(
                postgres.jdbcUrl(PostgresServer.SHOP),
                folder.resolve("replication"),
                SourceTables.keys(Contracts.replicated()),
                Duration.ofSeconds(1),
                maxFileBytes);
    }

    private BronzeFolder bronze() throws IOException {
        Files.createDirectories(settings.state());
        return new BronzeFolder(client, URI.create("s3://bronze/ecommerce_rds"), Clock.systemUTC());
    }

    private void replicate() throws Exception {
        BronzeFolder bronze = bronze();
        new FullLoad(settings, bronze).run();
        new ChangeCapture(settings, bronze, true).run();
    }

    private List<String> keys() {
        return client.listObjectsV2Paginator(request -> request.bucket(S3Server.BRONZE)).contents().stream()
                .map(S3Object::key)
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    private List<Map<String, String>> rows(String key) throws IOException {
        Path file = Files.createTempDirectory(folder, "rows").resolve("file.parquet");
        client.getObject(request -> request.bucket(S3Server.BRONZE).key(key), file);
        List<Map<String, String>> rows = new ArrayList<>();
        try (ParquetReader<Group> reader = ParquetFile.read(file)) {
            for (Group group = reader.read(); group != null; group = reader.read()) {
                Map<String, String> row = new LinkedHashMap<>();
                for (int i = 0; i < group.getType().getFieldCount(); i++) {
                    String name = group.getType().getFieldName(i);
                    if (name.equals("rating") && group.getFieldRepetitionCount(i) > 0) {
                        row.put(
                                name,
                                new java.math.BigDecimal(
                                                new java.math.BigInteger(
                                                        group.getBinary(i, 0).getBytes()),
                                                1)
                                        .toString());
                    } else {
                        row.put(name, group.getFieldRepetitionCount(i) == 0 ? null : group.getValueToString(i, 0));
                    }
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = postgres.connect(PostgresServer.SHOP);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
