package dataplatform.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dataplatform.contracts.Contracts;
import dataplatform.source.SourceDdl;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.io.LocalInputFile;
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
    void aNewColumnComesIntoBronze() throws Exception {
        replicate();
        execute("alter table ecommerce.sellers add rating numeric(3, 1)");
        execute("update ecommerce.sellers set rating = 4.5 where seller_id = 's1'");
        replicate();

        assertThat(rows(keys().get(0))).extracting(row -> row.get("rating")).containsExactly("4.5");
    }

    private ReplicationSettings settings(long maxFileBytes) {
        return new ReplicationSettings(
                postgres.jdbcUrl(PostgresServer.SHOP),
                folder.resolve("replication"),
                ReplicationSettings.tables(Contracts.replicated()),
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
        ParquetReader.Builder<Group> builder =
                new ParquetReader.Builder<>(new LocalInputFile(file), new PlainParquetConfiguration()) {
                    @Override
                    protected ReadSupport<Group> getReadSupport() {
                        return new GroupReadSupport();
                    }
                };
        try (ParquetReader<Group> reader = builder.build()) {
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
