package dataplatform.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.redshiftdata.RedshiftDataClient;
import software.amazon.awssdk.services.redshiftdata.model.DescribeStatementResponse;
import software.amazon.awssdk.services.redshiftdata.model.Field;
import software.amazon.awssdk.services.redshiftdata.model.SqlParameter;
import software.amazon.awssdk.services.redshiftdata.model.StatusString;
import software.amazon.awssdk.services.redshiftdata.model.ValidationException;

/** The server as AWS's own client sees it. */
class RedshiftDataServerTest {
    @TempDir
    static Path folder;

    private static PostgresServer postgres;
    private static RedshiftDataServer server;
    private static RedshiftDataClient client;

    @BeforeAll
    static void start() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        server = RedshiftDataServer.start(postgres);
        client = RedshiftDataClient.builder()
                .endpointOverride(URI.create(server.environment().get("AWS_ENDPOINT_URL_REDSHIFT_DATA")))
                .region(Region.of(S3Server.REGION))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        postgres.close();
    }

    @Test
    void givesTypedRows() throws Exception {
        DescribeStatementResponse statement = await(client.executeStatement(request -> request.workgroupName("dev")
                        .database("dw")
                        .sql("select :id::int as id, 1.5::float as share, true as yes, null as none, ':id' as text")
                        .parameters(SqlParameter.builder().name("id").value("7").build()))
                .id());
        assertThat(statement.status()).isEqualTo(StatusString.FINISHED);
        assertThat(statement.hasResultSet()).isTrue();
        assertThat(statement.resultRows()).isEqualTo(1);
        assertThat(client.getStatementResult(request -> request.id(statement.id()))
                        .records())
                .containsExactly(List.of(
                        Field.fromLongValue(7L),
                        Field.fromDoubleValue(1.5),
                        Field.fromBooleanValue(true),
                        Field.fromIsNull(true),
                        Field.fromStringValue(":id")));
    }

    @Test
    void aBatchIsOneTransaction() throws Exception {
        DescribeStatementResponse batch = await(client.batchExecuteStatement(request -> request.clusterIdentifier("dev")
                        .database("dw")
                        .sqls("create table half (id int)", "select * from nowhere"))
                .id());
        assertThat(batch.status()).isEqualTo(StatusString.FAILED);
        assertThat(batch.error()).contains("relation \"nowhere\" does not exist");
        assertThat(batch.subStatements()).hasSize(2);
        assertThat(batch.subStatements().get(1).error()).contains("nowhere");
        DescribeStatementResponse half = await(client.executeStatement(request ->
                        request.clusterIdentifier("dev").database("dw").sql("select * from half"))
                .id());
        assertThat(half.error()).contains("relation \"half\" does not exist");
    }

    @Test
    void whatOnlyRedshiftKnowsFailsLoudly() throws Exception {
        DescribeStatementResponse unload = await(client.executeStatement(request -> request.workgroupName("dev")
                        .database("dw")
                        .sql("unload ('select 1') to 's3://gold/' iam_role default"))
                .id());
        assertThat(unload.error()).contains("syntax error at or near \"unload\"");
        assertThatThrownBy(() -> client.listDatabases(
                        request -> request.workgroupName("dev").database("dw")))
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining("ListDatabases is not answered");
    }

    private static DescribeStatementResponse await(String id) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() < deadline) {
            DescribeStatementResponse statement = client.describeStatement(request -> request.id(id));
            if (List.of(StatusString.FINISHED, StatusString.FAILED).contains(statement.status())) {
                return statement;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("the statement does not end");
    }
}
