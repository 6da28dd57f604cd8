package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.lambdas.loaddemodata.LoadDemoData;
import dataplatform.lambdas.sourcedatabase.SourceKeys;
import dataplatform.lambdas.sourcedatabase.SourceTables;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.CloudFormation;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.LambdaRuntime.Answer;
import dataplatform.local.lambda.LambdaServer;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.s3.S3Server;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The packed function, under Lambda's client, between S3 and PostgreSQL, and the command that calls it. */
class LoadDemoTest {
    private static final String LANDING = "landing";
    private static final String FUNCTION = "dataplatform-dev-load-demo-data";
    private static final String LOGIN = "{\"username\":\"postgres\",\"password\":\"pass\\\"word: #1\"}";
    private static final String ORDERS = "select count(*) from ecommerce.orders";

    @TempDir
    static Path folder;

    private static Moto moto;
    private static S3Server s3;
    private static S3Client objects;
    private static PostgresServer postgres;
    private static LambdaRuntime function;
    private static LambdaServer lambda;
    private static final Map<String, String> environment = new HashMap<>();
    private static SecretsManagerClient secrets;
    private static String secret;
    private static Path shop;
    private static Path scratch;

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        s3 = S3Server.start(folder.resolve("s3"), 0);
        objects = s3.client();
        postgres = PostgresServer.start(folder.resolve("postgres"));
        shop = folder.resolve("shop");
        new Generator(1, 0.01, Progress.none()).write(shop);

        secrets = moto.client(SecretsManagerClient.builder());
        secret = secrets.createSecret(request -> request.name("source").secretString(LOGIN))
                .arn();
        try (SsmClient parameters = moto.client(SsmClient.builder())) {
            Map.of("landing-bucket", LANDING, "load-demo-data-function", FUNCTION)
                    .forEach((name, value) ->
                            parameters.putParameter(request -> request.name("/dataplatform/dev/" + name)
                                    .value(value)
                                    .type("String")));
        }
        scratch = Files.createDirectory(folder.resolve("scratch"));
        environment.putAll(moto.environment());
        environment.putAll(s3.environment());
        environment.put("DATABASE_HOST", "127.0.0.1");
        environment.put("DATABASE_PORT", Integer.toString(postgres.port()));
        environment.put("DATABASE_NAME", PostgresServer.SHOP);
        environment.put("DATABASE_SECRET_ARN", secret);
        environment.put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + scratch);
        Map<String, String> withoutSsl = new HashMap<>(environment);
        withoutSsl.put("DATABASE_SSLMODE", "disable");
        function = LambdaRuntime.start(jar(), LoadDemoData.class.getName(), withoutSsl, folder);
        lambda = LambdaServer.start(Map.of(FUNCTION, function));
        environment.putAll(lambda.environment());
    }

    private static Path jar() {
        return Path.of("..", "lambdas", "load-demo-data", "target", "load-demo-data.jar");
    }

    @AfterAll
    static void stop() {
        secrets.close();
        lambda.close();
        function.close();
        postgres.close();
        objects.close();
        s3.close();
        moto.close();
    }

    @Test
    void theCommandMakesTheDatabaseEqualToAFolder() throws Exception {
        execute("drop schema if exists ecommerce, retail cascade");
        objects.putObject(
                request -> request.bucket(LANDING).key("demo/olist_sellers_dataset.csv"),
                RequestBody.fromString("left over"));
        assertThat(command("--data", shop.toString()))
                .contains("uploaded olist_orders_dataset.csv", "ecommerce.orders ")
                .containsPattern("ecommerce.orders +100 +100 +0 +0");
        assertThat(command("--data", shop.toString())).containsPattern("ecommerce.orders +100 +0 +0 +0");
        assertThat(query(ORDERS)).isEqualTo("100");

        assertThat(command("--scale", "0.02")).containsPattern("ecommerce.orders +200 +\\d+ +\\d+ +\\d+");
        assertThat(query(ORDERS)).isEqualTo("200");

        assertThat(function.log())
                .contains("\"AWSRequestId\":", "table=ecommerce.orders")
                .doesNotContain("pass\\\"word", "pass\"word");
        assertNoFileIsLeft();
    }

    @Test
    void aBadFileIsNamedWithItsLineAndChangesNothing() throws Exception {
        upload("bad/");
        assertThat(function.invoke("{\"bucket\":\"landing\",\"prefix\":\"bad/\"}")
                        .failed())
                .isFalse();
        String orders = Files.readString(shop.resolve("olist_orders_dataset.csv"), StandardCharsets.UTF_8);
        objects.putObject(
                request -> request.bucket(LANDING).key("bad/olist_orders_dataset.csv"),
                RequestBody.fromString(orders.replaceFirst("\\d{4}-\\d\\d-\\d\\d ", "2018-13-01 ")));
        Answer answer = function.invoke("{\"bucket\":\"landing\",\"prefix\":\"bad/\"}");
        assertThat(answer.failed()).isTrue();
        assertThat(answer.body())
                .contains("olist_orders_dataset.csv, line 2: column order_purchase_timestamp: expected timestamp");
        assertThat(query(ORDERS)).isEqualTo("100");

        objects.copyObject(request -> request.sourceBucket(LANDING)
                .sourceKey("bad/olist_orders_dataset.csv")
                .destinationBucket(LANDING)
                .destinationKey("bad/orders_of_today.csv"));
        objects.deleteObject(request -> request.bucket(LANDING).key("bad/olist_orders_dataset.csv"));
        assertThat(function.invoke("{\"bucket\":\"landing\",\"prefix\":\"bad/\"}")
                        .body())
                .contains("orders_of_today.csv is the file of no table");
        assertNoFileIsLeft();
    }

    @Test
    void saysThatThereIsNothing() throws Exception {
        assertThat(function.invoke("{\"bucket\":\"landing\",\"prefix\":\"nothing/\"}")
                        .body())
                .contains("s3://landing/nothing/ holds no .csv file");
        assertThat(function.invoke("{\"bucket\":\"landing\"}").body())
                .contains("give the event a bucket, and a prefix");
        assertNoFileIsLeft();
    }

    @Test
    void aBrokenSecretIsNotTold() throws Exception {
        upload("good/");
        for (String broken :
                List.of("{\"username\":\"postgres\", pass\"word: #1", "{\"username\":\"postgres\"}", "word: #1")) {
            secrets.putSecretValue(request -> request.secretId(secret).secretString(broken));
            Answer answer = function.invoke("{\"bucket\":\"landing\",\"prefix\":\"good/\"}");
            assertThat(answer.body()).contains(secret + " is no JSON with username and password");
        }
        secrets.putSecretValue(request -> request.secretId(secret).secretString(LOGIN));
        assertThat(function.log()).contains("is no JSON").doesNotContain("word: #1");
    }

    @Test
    void sourceKeysRefusesTablesWhoseChangesTellTooLittle() throws Exception {
        upload("good/");
        assertThat(function.invoke("{\"bucket\":\"landing\",\"prefix\":\"good/\"}")
                        .failed())
                .isFalse();
        Map<String, String> variables = new HashMap<>(environment);
        variables.putAll(Map.of("DATABASE_SSLMODE", "disable", "SILVER_BUCKET", S3Server.SILVER));
        Path jar = Path.of("..", "lambdas", "source-database", "target", "source-database.jar");
        try (LambdaRuntime sourceKeys =
                LambdaRuntime.start(jar, SourceKeys.class.getName(), variables, folder.resolve("keys"))) {
            assertThat(sourceKeys.invoke("{}").body())
                    .contains("\"ecommerce.orders\":100", "\"retail.user_purchase\":0");
            assertThat(sourceKeys.invoke("{\"domain\":\"retail\"}").body()).isEqualTo("{\"retail.user_purchase\":0}");
            assertThat(sourceKeys.invoke("{\"domain\":\"finance\"}").body())
                    .contains("no data set of the domain finance comes from the database");
            execute("alter table ecommerce.sellers replica identity default");
            Answer answer = sourceKeys.invoke("{}");
            execute("alter table ecommerce.sellers replica identity full");
            assertThat(answer.failed()).isTrue();
            assertThat(answer.body()).contains("Run: alter table ecommerce.sellers replica identity full");
        }
    }

    @Test
    void theTablesAreThereBeforeTheirRows() throws Exception {
        execute("drop schema if exists ecommerce, retail cascade");
        Map<String, String> variables = new HashMap<>(environment);
        variables.put("DATABASE_SSLMODE", "disable");
        Path jar = Path.of("..", "lambdas", "source-database", "target", "source-database.jar");
        try (CloudFormation deployment = CloudFormation.start(
                LambdaRuntime.start(jar, SourceTables.class.getName(), variables, folder.resolve("tables")))) {
            assertThat(deployment.create(Map.of("Version", "1")).status()).isEqualTo("SUCCESS");
            assertThat(query(ORDERS)).isEqualTo("0");
            upload("good/");
            function.invoke("{\"bucket\":\"landing\",\"prefix\":\"good/\"}");
            execute("drop table ecommerce.order_reviews");
            assertThat(deployment
                            .update("source-tables", Map.of("Version", "2"))
                            .status())
                    .isEqualTo("SUCCESS");
            assertThat(query("select count(*) from ecommerce.order_reviews")).isEqualTo("0");
            assertThat(deployment
                            .delete("source-tables", Map.of("Version", "2"))
                            .status())
                    .isEqualTo("SUCCESS");
            assertThat(query(ORDERS)).isEqualTo("100");
        }
    }

    @Test
    void theConnectionIsEncryptedUnlessToldOtherwise() throws Exception {
        upload("good/");
        try (LambdaRuntime encrypting =
                LambdaRuntime.start(jar(), LoadDemoData.class.getName(), environment, folder.resolve("encrypting"))) {
            assertThat(encrypting
                            .invoke("{\"bucket\":\"landing\",\"prefix\":\"good/\"}")
                            .body())
                    .contains("The server does not support SSL");
        }
    }

    @Test
    void theCommandSaysWhatIsNotDeployed() throws Exception {
        assertThat(run("--environment", "nowhere"))
                .contains("There is no parameter /dataplatform/nowhere/landing-bucket; deploy nowhere first")
                .endsWith("exit code 1");
    }

    private static void upload(String prefix) throws Exception {
        for (Path file : files(shop)) {
            objects.putObject(
                    request -> request.bucket(LANDING).key(prefix + file.getFileName()), RequestBody.fromFile(file));
        }
    }

    private static String command(String... arguments) throws Exception {
        String output = run(Stream.concat(Stream.of("--environment", "dev"), Stream.of(arguments))
                .toArray(String[]::new));
        assertThat(output).endsWith("exit code 0");
        return output;
    }

    private static String run(String... arguments) throws Exception {
        return Shell.run(environment, LoadDemo.class, arguments);
    }

    private static void assertNoFileIsLeft() throws Exception {
        assertThat(files(scratch))
                .noneMatch(file -> file.getFileName().toString().matches("(demo|shop)\\d+"));
    }

    private static List<Path> files(Path directory) throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static void execute(String sql) throws Exception {
        try (Connection connection = postgres.connect(PostgresServer.SHOP);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(String sql) throws Exception {
        try (Connection connection = postgres.connect(PostgresServer.SHOP);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
