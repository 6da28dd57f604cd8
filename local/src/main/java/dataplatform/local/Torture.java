package dataplatform.local;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.SourceDdl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * The proof that silver equals the source: random transactions on all tables while the replication and the Spark job run,
 * each killed with SIGKILL at random and started again; and tables that are truncated, columns that change, replication that
 * breaks and loads anew, a store that fails now and then, two drivers, and maintenance beside merges. The seed fixes the transactions and where among them the
 * kills fall.
 */
@Command(
        name = "torture",
        mixinStandardHelpOptions = true,
        description = "Changes the source at random, kills replication and Spark, and compares silver with the source.")
public final class Torture implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Torture.class);
    private static final int TRANSACTIONS_PER_ROUND = 600;
    private static final int MILLIS_PER_TRANSACTION = 15;

    @Option(names = "--seed", description = "Replays the run of that seed; default: another each time.")
    private Long seed;

    @Option(names = "--rounds", defaultValue = "10", description = "A kill each (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--state", required = true, description = "Folder to work in; must not be there yet.")
    private Path state;

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
        try (Engines engines = Engines.start(state);
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
            try (Victim replication = new Victim("replication", () -> replicator(engines));
                    Victim spark = new Victim("Spark", () -> engines.bronzeToSilver(List.of("--continuous", "PT1S")))) {
                Trouble trouble = new Trouble(engines, store, changes, contracts, List.of(replication, spark), seed);
                for (int round = 1; round <= rounds; round++) {
                    int killAt = random.nextInt(TRANSACTIONS_PER_ROUND);
                    int who = random.nextInt(3);
                    int transactions = trouble.begin(round);
                    for (int i = 0; i < transactions; i++) {
                        changes.transaction();
                        replication.live(MILLIS_PER_TRANSACTION);
                        spark.live(0);
                        if (i == killAt && who != 0) {
                            replication.kill();
                        }
                        if (i == killAt && who != 1) {
                            spark.kill();
                        }
                    }
                    trouble.end();
                    LOG.info("round {} of {}: {} transactions so far", round, rounds, changes.transactions());
                }
            }
            List<String> differences = new ArrayList<>();
            try (Moto moto = Moto.start(state.resolve("logs"));
                    LambdaRuntime sourceKeys = engines.sourceKeys(moto)) {
                drifts(engines, sourceKeys).forEach((table, drift) -> differences.add(table + ": " + drift));
                engines.refreshSpectrum(contracts);
                SourceComparison comparison = new SourceComparison(shop, warehouse);
                for (Contract contract : contracts) {
                    differences.addAll(comparison.differences(contract));
                }
                // replication does not bring it, so the comparison with the source has to tell
                changes.alter("truncate ecommerce.order_reviews", "delete from ecommerce.order_payments");
                Set<String> told = drifts(engines, sourceKeys).keySet();
                if (!told.equals(Set.of("order_reviews"))) {
                    differences.add(
                            "order_reviews was truncated, and what differs from the source is said to be " + told);
                }
            }
            LOG.info("{} changes in {} transactions", changes.statements(), changes.transactions());
            return differences;
        }
    }

    /** Brings silver up to date, and then what the platform itself says of each table that differs, by the table's name. */
    private static Map<String, String> drifts(Engines engines, LambdaRuntime sourceKeys) throws Exception {
        try (ChildProcess last = engines.replicator(List.of("--stop-when-caught-up"))) {
            last.await(line -> {});
        }
        LambdaRuntime.Answer answer = sourceKeys.invoke("{}");
        if (answer.failed()) {
            throw new IllegalStateException(answer.body());
        }
        try (ChildProcess last = engines.bronzeToSilver(List.of("--reconcile", "--patience", "PT0S"))) {
            last.await(line -> {});
        }
        Map<String, String> drifts = new TreeMap<>();
        String reports = "_state/reports/ecommerce/";
        for (S3Object report : engines.s3Client()
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.SILVER).prefix(reports))
                .contents()) {
            String text = engines.s3Client()
                    .getObjectAsBytes(request -> request.bucket(S3Server.SILVER).key(report.key()))
                    .asUtf8String();
            String drift = AwsJson.JSON.readTree(text).get("drift").asText();
            if (!drift.isEmpty()) {
                drifts.put(report.key().substring(reports.length()).replace(".json", ""), drift);
            }
        }
        return drifts;
    }

    private static ChildProcess replicator(Engines engines, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--batch-interval", "PT0.3S"));
        arguments.addAll(List.of(more));
        return engines.replicator(arguments);
    }

    /** What happens in a round besides changes and kills: each kind in turn, from one that the seed chooses. */
    private static final class Trouble {
        private static final int KINDS = 5;

        private final Engines engines;
        private final FaultyProxy store;
        private final RandomChanges changes;
        private final Map<String, Contract> contracts = new HashMap<>();
        private final List<Victim> programs;
        private final Victim replication;
        private final int first;
        private ChildProcess beside;

        Trouble(
                Engines engines,
                FaultyProxy store,
                RandomChanges changes,
                List<Contract> contracts,
                List<Victim> programs,
                long seed) {
            this.engines = engines;
            this.store = store;
            this.changes = changes;
            this.programs = programs;
            this.replication = programs.get(0);
            this.first = (int) Math.floorMod(seed, (long) KINDS);
            contracts.forEach(contract -> this.contracts.put(contract.name(), contract));
        }

        /** Lets the round's trouble begin, and says how many transactions the round has. */
        int begin(int round) throws Exception {
            int transactions = TRANSACTIONS_PER_ROUND;
            programs.forEach(program -> program.mayEnd(false));
            switch ((first + round) % KINDS) {
                case 0 -> {
                    LOG.info("truncating a table, losing changes and loading everything anew");
                    replication.stop();
                    changes.truncate(contracts.get("order_reviews"));
                    for (int i = 0; i < TRANSACTIONS_PER_ROUND / 10; i++) {
                        changes.transaction();
                    }
                    changes.alter("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
                    replication.start(() -> replicator(engines, "--reload"));
                }
                case 1 -> {
                    LOG.info("changing columns");
                    Contract products = contracts.get("products");
                    String column = "surprise_" + round;
                    changes.alter("alter table ecommerce.sellers add column " + column + " integer default 7");
                    changes.transaction();
                    changes.alter("alter table ecommerce.sellers drop column " + column);
                    changes.widen(products, products.column("product_weight_g"));
                }
                case 2 -> {
                    LOG.info("breaking connections to the store");
                    store.setFaulty(true);
                    // what Spark begins is to end while there are faults
                    transactions *= 3;
                    programs.forEach(program -> program.mayEnd(true));
                }
                case 3 -> {
                    LOG.info("running a second driver on the same tables");
                    beside = engines.bronzeToSilver(List.of());
                }
                default -> {
                    LOG.info("running maintenance beside the merges");
                    beside = engines.maintenance();
                }
            }
            return transactions;
        }

        void end() throws Exception {
            store.setFaulty(false);
            replication.startLater(() -> replicator(engines));
            if (beside != null) {
                try (ChildProcess last = beside) {
                    last.await(line -> {});
                } finally {
                    beside = null;
                }
            }
        }
    }

    /** A process that is killed and started again. */
    private static final class Victim implements AutoCloseable {
        private final String name;
        private Callable<ChildProcess> start;
        private ChildProcess child;
        private boolean mayEnd;

        Victim(String name, Callable<ChildProcess> start) throws Exception {
            this.name = name;
            this.start = start;
            this.child = start.call();
        }

        /** Whether it may give up, and is to be started again; if not, that it ends is a fault. */
        void mayEnd(boolean may) {
            mayEnd = may;
        }

        /** Lets it work for a while. */
        void live(long millis) throws Exception {
            if (!child.process().waitFor(millis, TimeUnit.MILLISECONDS)) {
                return;
            }
            if (mayEnd) {
                LOG.info("starting {} again, which has given up", name);
                child.close();
                child = start.call();
            } else {
                throw new IllegalStateException(
                        name + " ended with exit code " + child.process().exitValue() + " though nobody killed it");
            }
        }

        void kill() throws Exception {
            LOG.info("killing {}", name);
            stop();
            child = start.call();
        }

        void stop() throws InterruptedException {
            child.process().destroyForcibly().waitFor();
            child.close();
        }

        /** Starts it, now and after each kill, until it is told to start otherwise. */
        void start(Callable<ChildProcess> how) throws Exception {
            start = how;
            child = start.call();
        }

        /** Starts it otherwise after the next kill. */
        void startLater(Callable<ChildProcess> how) {
            start = how;
        }

        @Override
        public void close() {
            child.close();
        }
    }
}
