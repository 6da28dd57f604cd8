package dataplatform.local.platform;

import dataplatform.contracts.Contract;
import dataplatform.local.aws.Moto;
import dataplatform.local.dms.DmsServer;
import dataplatform.local.dms.Replicator;
import dataplatform.local.emr.SparkSubmit;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Project;
import dataplatform.local.redshift.Spectrum;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import dataplatform.platform.SparkJob;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** The engines of one machine that data flows through: the shop's database, S3, and what moves data between them. */
public final class LocalPlatform implements AutoCloseable {
    /** What replication writes under. */
    public static final String BRONZE = address(LakeBucket.BRONZE) + "/" + Names.REPLICATED;

    private final Path state;
    private final PostgresServer postgres;
    private final S3Server s3;
    private final S3Client s3Client;
    private S3Server s3OfPrograms;
    private ChildProcess replicator;

    private LocalPlatform(Path state, PostgresServer postgres, S3Server s3) {
        this.state = state;
        this.postgres = postgres;
        this.s3 = s3;
        this.s3Client = s3.client();
        this.s3OfPrograms = s3;
    }

    /** @param state folder that keeps everything from one start to the next */
    public static LocalPlatform start(Path state) throws IOException, SQLException {
        PostgresServer postgres = PostgresServer.start(state.resolve("postgres"));
        try {
            return new LocalPlatform(state, postgres, S3Server.start(state.resolve("s3"), 0));
        } catch (IOException | RuntimeException e) {
            Closing.after(e, postgres);
            throw e;
        }
    }

    /** Source database and warehouse. */
    public PostgresServer postgres() {
        return postgres;
    }

    /** The buckets. */
    public S3Server s3() {
        return s3;
    }

    /** A client of the buckets, closed with the platform. */
    public S3Client s3Client() {
        return s3Client;
    }

    /** Lets replication and Spark, when they are started, reach S3 at another address. */
    public void reachS3At(URI other) {
        s3OfPrograms = s3.at(other);
    }

    /** Starts the replication from the shop's database to bronze. */
    public ChildProcess replicator(List<String> arguments) throws IOException {
        return replicator(BRONZE, arguments);
    }

    /** @param bronze where files go */
    public ChildProcess replicator(String bronze, List<String> arguments) throws IOException {
        return replicator(postgres.jdbcUrl(PostgresServer.SHOP), bronze, arguments);
    }

    /**
     * Starts to bring the tables of a database to bronze, as they are now.
     *
     * @param source JDBC URL of any PostgreSQL
     * @param contracts folder of the tables' contracts
     */
    public ChildProcess snapshot(String source, Path contracts) throws IOException {
        return replicator(source, BRONZE, List.of("--snapshot", "--contracts", contracts.toString()));
    }

    private ChildProcess replicator(String source, String bronze, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Project.java(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Replicator.class.getName(),
                "--source",
                source,
                "--bronze",
                bronze,
                "--state",
                state.resolve("replication").toString()));
        command.addAll(arguments);
        replicator = ChildProcess.start("replication", command, s3OfPrograms.environment(), log("replicator"));
        return replicator;
    }

    /** How replication is: what its process is, or how it ended. */
    DmsServer.Status replication() {
        if (replicator == null) {
            return new DmsServer.Status("ready", "");
        }
        if (replicator.process().isAlive()) {
            return new DmsServer.Status("running", "");
        }
        int code = replicator.process().exitValue();
        return code == 0
                ? new DmsServer.Status("stopped", "")
                : new DmsServer.Status("failed", "it ended with exit code " + code + "; see " + log("replicator"));
    }

    /** The address of a bucket. */
    static String address(LakeBucket bucket) {
        return "s3://" + bucket.folder();
    }

    /** Starts a Spark job, with arguments beside those that it always has. */
    public ChildProcess start(SparkJob job, List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(job.options());
        all.add(SparkSubmit.jar());
        all.addAll(job.arguments(LocalPlatform::address));
        all.addAll(arguments);
        return spark().start(all, log(job.id()));
    }

    /**
     * Starts the function that looks which rows the shop's database has.
     *
     * @param moto keeps the database's secret
     */
    public LambdaRuntime sourceKeys(Moto moto) throws IOException {
        Map<String, String> variables = new HashMap<>(moto.environment());
        variables.putAll(s3.environment());
        try (SecretsManagerClient secrets = moto.client(SecretsManagerClient.builder())) {
            // as of a database that was there before; this PostgreSQL asks nobody for a password
            String login = String.format(
                    "{\"host\":\"127.0.0.1\",\"port\":%d,\"username\":\"%s\",\"password\":\"none\"}",
                    postgres.port(), PostgresServer.USER);
            variables.put(
                    "DATABASE_SECRET_ARN",
                    secrets.createSecret(
                                    request -> request.name("source-database").secretString(login))
                            .arn());
        }
        variables.put("DATABASE_NAME", PostgresServer.SHOP);
        variables.put("DATABASE_SSLMODE", "disable");
        variables.put("SILVER_BUCKET", S3Server.SILVER);
        return LambdaRuntime.start(
                Project.file("lambdas/source-database/target/source-database.jar"),
                "dataplatform.lambdas.sourcedatabase.SourceKeys",
                variables,
                state.resolve("functions"));
    }

    SparkSubmit spark() {
        return new SparkSubmit(s3OfPrograms, state.resolve("tmp"));
    }

    /** Copies what has changed in silver to the warehouse's external schema. */
    public void refreshSpectrum(List<Contract> contracts) throws SQLException, IOException {
        List<Spectrum.ExternalTable> tables = contracts.stream()
                .flatMap(contract ->
                        Stream.of(Spectrum.ExternalTable.of(contract), Spectrum.ExternalTable.quarantineOf(contract)))
                .collect(Collectors.toCollection(ArrayList::new));
        tables.add(Spectrum.ExternalTable.QUALITY);
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE)) {
            new Spectrum(s3Client, state.resolve("tmp")).refresh(warehouse, tables);
        }
    }

    private Path log(String name) {
        return state.resolve("logs").resolve(name + ".log");
    }

    @Override
    public void close() {
        Closing.all(s3Client, s3, postgres);
    }
}
