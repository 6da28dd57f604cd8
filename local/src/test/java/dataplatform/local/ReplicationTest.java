package dataplatform.local;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contracts;
import dataplatform.source.SourceDdl;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

class ReplicationTest {
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
        settings = new ReplicationSettings(
                postgres.jdbcUrl(PostgresServer.SHOP),
                folder.resolve("replication"),
                ReplicationSettings.tables(Contracts.bundled()),
                Duration.ofSeconds(1),
                64 << 20);
        for (String statement : SourceDdl.statements(Contracts.bundled())) {
            execute(statement);
        }
    }

    @AfterEach
    void stop() {
        client.close();
        s3.close();
        postgres.close();
    }

    @Test
    void writesTheFullLoadAndThenChanges() throws Exception {
        execute("insert into ecommerce.sellers values ('s1', '1037', 'são paulo', 'SP'), ('s2', '20231', 'rio', 'RJ')");
        replicate();
        execute("update ecommerce.sellers set seller_city = 'niteroi' where seller_id = 's2'");
        execute("delete from ecommerce.sellers where seller_id = 's1'");
        execute("update ecommerce.sellers set seller_id = 's3' where seller_id = 's2'");
        replicate();
        System.out.println(keys());
        assertThat(keys()).hasSize(2);
    }

    private void replicate() throws Exception {
        BronzeFolder bronze = new BronzeFolder(client, URI.create("s3://bronze/ecommerce_rds"), Clock.systemUTC());
        java.nio.file.Files.createDirectories(settings.state());
        new FullLoad(settings, bronze).run();
        new ChangeCapture(settings, bronze, true).run();
    }

    private List<String> keys() {
        return client.listObjectsV2Paginator(request -> request.bucket("bronze")).contents().stream()
                .map(S3Object::key)
                .toList();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = postgres.connect(PostgresServer.SHOP);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
