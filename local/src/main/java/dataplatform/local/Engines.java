package dataplatform.local;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.s3.S3Client;

/** The engines behind the AWS services that data flows through, over the state of one demo, and the programs that use them. */
final class Engines implements AutoCloseable {
    private static final String BRONZE = "s3://" + S3Server.BRONZE + "/ecommerce_rds";
    private static final String LANDING = "s3://" + S3Server.LANDING;
    private static final String SILVER = "s3://" + S3Server.SILVER;

    private final Path state;
    private final PostgresServer postgres;
    private final S3Server s3;
    private final S3Client s3Client;

    private Engines(Path state, PostgresServer postgres, S3Server s3) {
        this.state = state;
        this.postgres = postgres;
        this.s3 = s3;
        this.s3Client = s3.client();
    }

    /** @param state folder that keeps everything from one start to the next */
    static Engines start(Path state) throws IOException, SQLException {
        PostgresServer postgres = PostgresServer.start(state.resolve("postgres"));
        try {
            return new Engines(state, postgres, S3Server.start(state.resolve("s3"), 0));
        } catch (IOException | RuntimeException e) {
            postgres.close();
            throw e;
        }
    }

    PostgresServer postgres() {
        return postgres;
    }

    S3Server s3() {
        return s3;
    }

    S3Client s3Client() {
        return s3Client;
    }

    /** Starts the replication from the shop's database to bronze. */
    ChildProcess replicator(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Project.java(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Replicator.class.getName(),
                "--source",
                postgres.jdbcUrl(PostgresServer.SHOP),
                "--bronze",
                BRONZE,
                "--state",
                state.resolve("replication").toString()));
        command.addAll(arguments);
        return ChildProcess.start("replication", command, s3.environment(), log("replicator"));
    }

    /** Starts the Spark job from bronze to silver. */
    ChildProcess bronzeToSilver(List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("--bronze", BRONZE, "--silver", SILVER));
        all.addAll(arguments);
        return new SparkSubmit(s3, state.resolve("tmp"))
                .start("dataplatform.spark.BronzeToSilver", all, log("bronze-to-silver"));
    }

    /** Starts the Spark job from landing to silver. */
    ChildProcess landingToSilver(List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("--landing", LANDING, "--silver", SILVER));
        all.addAll(arguments);
        return new SparkSubmit(s3, state.resolve("tmp"))
                .start("dataplatform.spark.LandingToSilver", all, log("landing-to-silver"));
    }

    /** Starts dbt on the warehouse. */
    ChildProcess dbt(List<String> arguments) throws IOException {
        Path project = Project.file("dbt_project");
        List<String> command =
                new ArrayList<>(List.of(Project.file(".venv/bin/dbt").toString()));
        command.addAll(arguments);
        command.addAll(List.of(
                "--target", "local", "--project-dir", project.toString(), "--profiles-dir", project.toString()));
        Map<String, String> environment = new HashMap<>();
        environment.put("DW_HOST", "127.0.0.1");
        environment.put("DW_PORT", Integer.toString(postgres.port()));
        environment.put("DW_USER", PostgresServer.USER);
        environment.put("DW_PASSWORD", "");
        environment.put("DW_DATABASE", PostgresServer.WAREHOUSE);
        environment.put("DBT_TARGET_PATH", state.resolve("dbt").toString());
        environment.put("DBT_LOG_PATH", state.resolve("logs").toString());
        environment.put("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
        return ChildProcess.start("dbt", command, environment, log("dbt-output"));
    }

    private Path log(String name) {
        return state.resolve("logs").resolve(name + ".log");
    }

    @Override
    public void close() {
        s3Client.close();
        s3.close();
        postgres.close();
    }
}
