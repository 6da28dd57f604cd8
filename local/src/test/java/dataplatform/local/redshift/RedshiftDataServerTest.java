package dataplatform.local.redshift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
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
import software.amazon.awssdk.services.s3.S3Client;

/** The server as AWS's own client sees it. */
class RedshiftDataServerTest {
    private static final String USER = "IAMR:dataplatform-dev-airflow";
    private static final String SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:warehouse";

    @TempDir
    static Path folder;

    private static PostgresServer postgres;
    private static S3Server s3;
    private static S3Client s3Client;
    private static RedshiftDataServer server;
    private static RedshiftDataClient client;

    @BeforeAll
    static void start() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        s3 = S3Server.start(folder.resolve("s3"), 0);
        s3Client = s3.client();
        server = RedshiftDataServer.start(postgres, new Unload(s3Client, folder.resolve("tmp")), USER);
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
        s3Client.close();
        s3.close();
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
                        .secretArn(SECRET)
                        .database("dw")
                        .sqls("create table half (id int)", "select * from nowhere"))
                .id());
        assertThat(batch.status()).isEqualTo(StatusString.FAILED);
        assertThat(batch.error()).contains("relation \"nowhere\" does not exist");
        assertThat(batch.subStatements()).hasSize(2);
        assertThat(batch.subStatements())
                .extracting(part -> part.statusAsString())
                .containsExactly("FAILED", "FAILED");
        assertThat(batch.subStatements().get(0).error()).contains("rolled back: ", "nowhere");
        assertThat(batch.subStatements().get(1).error()).contains("nowhere").doesNotContain("rolled back");
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

    @Test
    void isFinishedWhenItIsCommittedAndNotBefore() throws Exception {
        DescribeStatementResponse table = run("""
                create table slow (id int unique deferrable initially deferred);
                create function slowly() returns trigger language plpgsql
                  as $$ begin perform pg_sleep(0.5); return new; end $$;
                create constraint trigger slow after insert on slow deferrable initially deferred
                  for each row execute function slowly()
                """);
        assertThat(table.error()).isNull();

        assertThat(run("insert into slow values (1)").status()).isEqualTo(StatusString.FINISHED);
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery("select id from slow")) {
            assertThat(rows.next()).isTrue();
        }
        DescribeStatementResponse refused = run("insert into slow values (2), (2)");
        assertThat(refused.status()).isEqualTo(StatusString.FAILED);
        assertThat(refused.error()).contains("duplicate key value");
    }

    @Test
    void unloadsDaysAndTimesFarAway() throws Exception {
        String values = "select ''9999-12-31''::date as a, ''0001-01-01''::date as b, ''0018-03-04''::date as c,"
                + " ''9999-12-31 23:59:59.999999''::timestamp as d, ''0018-03-04 05:06:07''::timestamp as e";
        assertThat(run(unload(values, "gold/far/")).error()).isNull();

        Path file = folder.resolve("far.parquet");
        s3Client.getObject(request -> request.bucket("gold").key("far/0000_part_00.parquet"), file);
        Group row = first(file);
        assertThat(List.of(row.getInteger("a", 0), row.getInteger("b", 0), row.getInteger("c", 0)))
                .extracting(LocalDate::ofEpochDay)
                .containsExactly(LocalDate.of(9999, 12, 31), LocalDate.of(1, 1, 1), LocalDate.of(18, 3, 4));
        assertThat(row.getLong("d", 0)).isEqualTo(253_402_300_799_999_999L);
        assertThat(row.getLong("e", 0) / 1_000_000)
                .isEqualTo(LocalDateTime.of(18, 3, 4, 5, 6, 7).toEpochSecond(ZoneOffset.UTC));
    }

    @Test
    void anUnloadEndsWhateverItFailsOf() throws Exception {
        assertThat(run(unload("select ''infinity''::date as closed_on", "gold/t/"))
                        .error())
                .isEqualTo("column closed_on holds infinity, which a date of Parquet can't be");
        assertThat(run(unload("select ''-infinity''::timestamp as at", "gold/t/"))
                        .error())
                .isEqualTo("column at holds -infinity, which a timestamp of Parquet can't be");
        assertThat(run(unload("select ''NaN''::numeric(5, 2) as price", "gold/t/"))
                        .error())
                .isEqualTo("column price holds NaN, which a decimal(5,2) of Parquet can't be");
        assertThat(run(unload("select 1 as a", "nowhere/t/")).error())
                .contains("could not write to s3://nowhere/t/: ", "bucket does not exist");
        // no SQLException, nor one of S3's
        assertThat(run(unload("select from generate_series(1, 2)", "gold/t/")).error())
                .contains("empty group");
    }

    @Test
    void aRoleHasTheRightsOfItsUserAndNoOthers() throws Exception {
        assertThat(run("create schema kept; create table kept.orders as select 1 as id")
                        .error())
                .isNull();
        for (String forbidden :
                List.of("select * from kept.orders", unload("select * from kept.orders", "gold/kept/"))) {
            assertThat(runAsRole(forbidden).error()).contains("permission denied for schema kept");
        }
        assertThat(run("grant usage on schema kept to \"" + USER + "\"; grant select on kept.orders to \"" + USER
                                + "\"")
                        .error())
                .isNull();
        assertThat(runAsRole("select current_user from kept.orders").error()).isNull();
        assertThat(runAsRole(unload("select * from kept.orders", "gold/kept/")).error())
                .isNull();
    }

    private static DescribeStatementResponse runAsRole(String sql) throws InterruptedException {
        return await(client.executeStatement(
                        request -> request.workgroupName("dev").database("dw").sql(sql))
                .id());
    }

    private static String unload(String query, String to) {
        return "unload ('" + query + "') to 's3://" + to + "' iam_role 'role' format as parquet cleanpath";
    }

    /** As the superuser. */
    private static DescribeStatementResponse run(String sql) throws InterruptedException {
        return await(client.executeStatement(request -> request.workgroupName("dev")
                        .database("dw")
                        .secretArn(SECRET)
                        .sql(sql))
                .id());
    }

    private static Group first(Path file) throws IOException {
        try (ParquetReader<Group> reader = ParquetFile.read(file)) {
            return reader.read();
        }
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
