package dataplatform.local.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.s3.FaultyProxy;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.SilverState;
import dataplatform.platform.SparkJob;
import dataplatform.source.SourceDdl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * The proof that silver equals the source: random transactions on all tables while the replication and the Spark job run, each
 * killed with SIGKILL at random and started again, and all the {@link Trouble} that there is. The seed fixes the transactions and
 * where among them the kills fall.
 */
@Command(
        name = "torture",
        mixinStandardHelpOptions = true,
        description = "Changes the source at random, kills replication and Spark, and compares silver with the source.")
public final class Torture implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Torture.class);
    static final int TRANSACTIONS_PER_ROUND = 900;
    private static final int MILLIS_PER_TRANSACTION = 20;
    /** A file that can't be read is tried three times. */
    private static final int RUNS = 4;

    @Option(names = "--seed", description = "Replays the run of that seed; default: another each time.")
    private Long seed;

    @Option(
            names = "--rounds",
            defaultValue = "10",
            description = "Two kills of the replication each, and mostly one of Spark (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--state", required = true, description = "Folder to work in; must not be there yet.")
    private Path state;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Torture()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        List<String> differences = run(seed == null ? System.nanoTime() : seed, rounds, state.toAbsolutePath());
        differences.forEach(System.out::println);
        System.out.println(differences.isEmpty() ? "silver equals the source" : "silver differs from the source");
        return differences.isEmpty() ? 0 : 1;
    }

    /**
     * One run.
     *
     * @param state folder to work in, without an earlier run's state
     * @return what differs between source and silver in the end, a sentence each
     */
    static List<String> run(long seed, int rounds, Path state) throws Exception {
        if (Files.exists(state.resolve("postgres"))) {
            throw new IllegalArgumentException(state + " holds the state of another run; name a new folder");
        }
        LOG.info("seed {}: to replay, make torture SEED={}", seed, seed);
        SplittableRandom random = new SplittableRandom(seed);
        List<Contract> contracts = Contracts.replicated();
        try (LocalPlatform engines = LocalPlatform.start(state);
                FaultyProxy store = FaultyProxy.start(engines.s3().endpoint(), random.split());
                Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            try (Statement statement = shop.createStatement()) {
                for (String ddl : SourceDdl.statements(contracts)) {
                    statement.execute(ddl);
                }
            }
            engines.reachS3At(store.endpoint());
            RandomChanges changes = new RandomChanges(contracts, shop, random.split());
            for (int i = 0; i < TRANSACTIONS_PER_ROUND; i++) {
                changes.transaction();
            }
            boolean loadsAnew;
            int kills = 0;
            try (Victim replication = new Victim("replication", () -> Trouble.replicator(engines));
                    Victim spark = new Victim(
                            "Spark", () -> engines.start(SparkJob.BRONZE_TO_SILVER, List.of("--continuous", "PT1S")));
                    Trouble trouble = new Trouble(engines, store, changes, replication, spark, random.split(), seed)) {
                for (int round = 1; round <= rounds; round++) {
                    Set<Integer> replicationDies = Set.of(
                            random.nextInt(TRANSACTIONS_PER_ROUND / 2),
                            random.nextInt(TRANSACTIONS_PER_ROUND / 2, TRANSACTIONS_PER_ROUND));
                    int sparkDies = random.nextInt(TRANSACTIONS_PER_ROUND * 3 / 2);
                    int transactions = trouble.begin(round);
                    for (int i = 0; i < transactions; i++) {
                        changes.transaction();
                        replication.live(MILLIS_PER_TRANSACTION);
                        spark.live(0);
                        if (replicationDies.contains(i)) {
                            replication.kill();
                            kills++;
                        }
                        if (i == sparkDies) {
                            spark.kill();
                            kills++;
                        }
                    }
                    trouble.end();
                    LOG.info(
                            "round {} of {}: {} kills, {} transactions so far",
                            round,
                            rounds,
                            kills,
                            changes.transactions());
                }
                loadsAnew = trouble.lacksALoad();
            }
            if (loadsAnew) {
                changes.alter(Trouble.DROP_SLOT);
            }
            List<String> differences = new ArrayList<>();
            try (Moto moto = Moto.start(state.resolve("logs"));
                    LambdaRuntime sourceKeys = engines.sourceKeys(moto)) {
                Map<String, JsonNode> reports = reports(engines, sourceKeys, loadsAnew);
                drifts(reports).forEach((dataSet, drift) -> differences.add(dataSet + ": " + drift));
                engines.refreshSpectrum(contracts);
                SourceComparison comparison = new SourceComparison(shop, warehouse);
                for (Contract contract : contracts) {
                    JsonNode report = reports.get(contract.id());
                    differences.addAll(comparison.differences(
                            contract, report == null ? 0 : report.get("rows").asLong()));
                }
                // replication does not bring it, so the comparison with the source has to tell
                changes.alter("truncate ecommerce.order_reviews", "delete from ecommerce.order_payments");
                Set<String> differing =
                        drifts(reports(engines, sourceKeys, false)).keySet();
                if (!differing.equals(Set.of("ecommerce.order_reviews"))) {
                    differences.add(
                            "order_reviews was truncated, and what differs from the source is said to be " + differing);
                }
            }
            LOG.info("{} changes in {} transactions, {} kills", changes.statements(), changes.transactions(), kills);
            return differences;
        }
    }

    /** Brings silver up to date, and then what the platform itself says of each data set, by its id. */
    private static Map<String, JsonNode> reports(LocalPlatform engines, LambdaRuntime sourceKeys, boolean loadsAnew)
            throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--stop-when-caught-up"));
        if (loadsAnew) {
            arguments.add("--reload");
        }
        try (ChildProcess last = engines.replicator(arguments)) {
            last.await(line -> {});
        }
        LambdaRuntime.Answer answer = sourceKeys.invoke("{}");
        if (answer.failed()) {
            throw new IllegalStateException(answer.body());
        }
        run(() -> engines.start(SparkJob.BRONZE_TO_SILVER, List.of("--reconcile", "--patience", "PT0S")));
        Map<String, JsonNode> reports = new TreeMap<>();
        for (S3Object report : engines.s3Client()
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.SILVER).prefix(SilverState.REPORTS))
                .contents()) {
            String text = engines.s3Client()
                    .getObjectAsBytes(request -> request.bucket(S3Server.SILVER).key(report.key()))
                    .asUtf8String();
            String dataSet =
                    report.key().substring(SilverState.REPORTS.length()).replace(".json", "");
            reports.put(dataSet.replace('/', '.'), AwsJson.JSON.readTree(text));
        }
        return reports;
    }

    /** Runs a Spark job until it ends well: files that can't be read fail it until they are set aside. */
    static void run(Callable<ChildProcess> job) throws Exception {
        for (int run = 1; ; run++) {
            try (ChildProcess child = job.call()) {
                child.await(line -> {});
                return;
            } catch (IllegalStateException e) {
                if (run == RUNS) {
                    throw e;
                }
                LOG.info("once more: {}", e.getMessage().lines().findFirst().orElseThrow());
            }
        }
    }

    /** What differs from the source, by the data set's id. */
    private static Map<String, String> drifts(Map<String, JsonNode> reports) {
        Map<String, String> drifts = new TreeMap<>();
        reports.forEach((dataSet, report) -> {
            if (!report.get("drift").asText().isEmpty()) {
                drifts.put(dataSet, report.get("drift").asText());
            }
        });
        return drifts;
    }
}
