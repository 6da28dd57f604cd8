package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.lambdas.setupwarehouse.SetUpWarehouse;
import dataplatform.local.lambda.CloudFormation;
import dataplatform.local.lambda.CloudFormation.Answer;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.redshift.RedshiftDataServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packed function, under Lambda's client, on a warehouse in PostgreSQL behind the Data API. */
class SetUpWarehouseTest {
    private static final String LOADER = "IAMR:dataplatform-dev-airflow";
    private static final Map<String, String> PROPERTIES = Map.of(
            "WorkgroupName", "dataplatform-dev",
            "Database", PostgresServer.WAREHOUSE,
            "SecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:warehouse",
            "ExternalDatabase", "glue_ecommerce_dev_data_lake_silver",
            "SpectrumRoleArn", "arn:aws:iam::123456789012:role/dataplatform-dev-spectrum",
            "LoaderUser", LOADER,
            "SqlVersion", "1");

    @TempDir
    static Path folder;

    private static PostgresServer postgres;
    private static RedshiftDataServer data;
    private static CloudFormation cloudFormation;

    @BeforeAll
    static void start() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        data = RedshiftDataServer.start(postgres);
        cloudFormation = CloudFormation.start(LambdaRuntime.start(
                Path.of("..", "lambdas", "set-up-warehouse", "target", "set-up-warehouse.jar"),
                SetUpWarehouse.class.getName(),
                data.environment(),
                folder));
    }

    @AfterAll
    static void stop() {
        cloudFormation.close();
        data.close();
        postgres.close();
    }

    @BeforeEach
    void setUp() throws Exception {
        assertThat(cloudFormation.create(PROPERTIES)).isEqualTo(new Answer("SUCCESS", "dataplatform-dev/dw", ""));
    }

    @Test
    void whoMakesMartsLetsTheOthersReadThem() throws Exception {
        as("postgres", "create table data_lake_silver.orders as select 1 as id");
        as("postgres", "create user ana; grant analyst to ana");
        as(LOADER, "create view staging.stg_orders as select * from data_lake_silver.orders");
        as(LOADER, "create table marts.fct_orders as select * from staging.stg_orders");

        for (String reader : List.of("ana", "metabase")) {
            assertThat(as(reader, "select id from marts.fct_orders")).containsExactly("1");
            for (String forbidden : List.of(
                    "insert into marts.fct_orders values (2)",
                    "drop table marts.fct_orders",
                    "create table marts.mine (id int)",
                    "create table public.mine (id int)",
                    "select * from staging.stg_orders",
                    "select * from data_lake_silver.orders")) {
                assertThatThrownBy(() -> as(reader, forbidden))
                        .hasMessageMatching("(?s).*(permission denied|must be owner).*");
            }
        }
        as("postgres", "drop schema data_lake_silver cascade");
    }

    @Test
    void aSecondRunChangesNothing() throws Exception {
        List<String> before = catalog();
        assertThat(cloudFormation.update("dataplatform-dev/dw", PROPERTIES).status())
                .isEqualTo("SUCCESS");
        assertThat(catalog()).isEqualTo(before).hasSizeGreaterThan(10);
        assertThat(cloudFormation.delete("dataplatform-dev/dw", PROPERTIES).status())
                .isEqualTo("SUCCESS");
        assertThat(catalog()).isEqualTo(before);
    }

    @Test
    void aRunThatBrokeOffIsFinished() throws Exception {
        List<String> before = catalog();
        as(
                "postgres",
                "revoke loader from \"" + LOADER
                        + "\"; drop owned by dashboard; drop role dashboard; drop schema staging");
        assertThat(catalog()).isNotEqualTo(before);
        setUp();
        assertThat(catalog()).isEqualTo(before);
    }

    @Test
    void theSilverSchemaFollowsItsProperties() throws Exception {
        Map<String, String> changed = new HashMap<>(PROPERTIES);
        changed.put("ExternalDatabase", "glue_ecommerce_test_data_lake_silver");
        assertThat(cloudFormation.update("dataplatform-dev/dw", changed).status())
                .isEqualTo("SUCCESS");
        assertThat(as("postgres", "select databasename from svv_external_schemas"))
                .containsExactly("glue_ecommerce_test_data_lake_silver");
        assertThat(as("postgres", "select has_schema_privilege('" + LOADER + "', 'data_lake_silver', 'usage')"))
                .containsExactly("t");
    }

    @Test
    void saysWhichStatementFailed() throws Exception {
        // is in the way, as it is no role
        as("postgres", "alter role analyst login");
        Answer answer = cloudFormation.update("dataplatform-dev/dw", PROPERTIES);
        as("postgres", "alter role analyst nologin");
        assertThat(answer.status()).isEqualTo("FAILED");
        assertThat(answer.reason())
                .startsWith("dataplatform-dev/dw: 2-roles.sql, statement 2 (create role analyst): ")
                .contains("role \"analyst\" already exists");
        assertThat(cloudFormation.log()).contains("\"AWSRequestId\":", "statement 2 (create role analyst)");
    }

    @Test
    void refusesNamesThatAreNone() throws Exception {
        Map<String, String> wrong = new HashMap<>(PROPERTIES);
        wrong.put("ExternalDatabase", "silver'; drop schema marts; --");
        assertThat(cloudFormation.create(wrong).reason()).contains("ExternalDatabase is 'silver'; drop");
        wrong.putAll(PROPERTIES);
        wrong.put("ClusterIdentifier", "dataplatform-dev");
        assertThat(cloudFormation.create(wrong).reason()).contains("give WorkgroupName or ClusterIdentifier");
    }

    /** Schemas, roles and what is granted to whom. */
    private static List<String> catalog() throws SQLException {
        List<String> rows = new ArrayList<>();
        rows.addAll(as("postgres", "select nspname || ' ' || nspacl::text from pg_namespace where nspacl is not null"));
        rows.addAll(as("postgres", "select rolname || ' ' || rolcanlogin from pg_roles"));
        rows.addAll(as("postgres", "select user_name || ' ' || role_name from svv_user_grants"));
        rows.addAll(
                as("postgres", "select defaclnamespace::regnamespace || ' ' || defaclacl::text from pg_default_acl"));
        rows.addAll(as("postgres", "select schemaname || databasename || esoptions from svv_external_schemas"));
        rows.sort(null);
        return rows;
    }

    /** Logs in and runs a statement; the first column of its rows. */
    private static List<String> as(String user, String sql) throws SQLException {
        String url = postgres.jdbcUrl(PostgresServer.WAREHOUSE).replace("user=" + PostgresServer.USER, "user=" + user);
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            List<String> rows = new ArrayList<>();
            if (statement.execute(sql)) {
                try (ResultSet result = statement.getResultSet()) {
                    while (result.next()) {
                        rows.add(result.getString(1));
                    }
                }
            }
            return rows;
        }
    }
}
