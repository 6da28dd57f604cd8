package dataplatform.local;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.SourceDdl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The proof that silver equals the source: random transactions on all tables while the replication and the Spark job run,
 * each killed with SIGKILL at random and started again. The seed fixes the transactions and where among them the kills fall.
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
                Connection shop = engines.postgres().connect(PostgresServer.SHOP);
                Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            try (Statement statement = shop.createStatement()) {
                for (String ddl : SourceDdl.statements(contracts)) {
                    statement.execute(ddl);
                }
            }
            RandomChanges changes = new RandomChanges(contracts, shop, random.split());
            for (int i = 0; i < TRANSACTIONS_PER_ROUND; i++) {
                changes.transaction();
            }
            try (Victim replication =
                            new Victim("replication", () -> engines.replicator(List.of("--batch-interval", "PT0.3S")));
                    Victim spark = new Victim("Spark", () -> engines.bronzeToSilver(List.of("--continuous", "PT1S")))) {
                for (int round = 1; round <= rounds; round++) {
                    int killAt = random.nextInt(TRANSACTIONS_PER_ROUND);
                    int who = random.nextInt(3);
                    for (int i = 0; i < TRANSACTIONS_PER_ROUND; i++) {
                        changes.transaction();
                        replication.live(MILLIS_PER_TRANSACTION);
                        if (i == killAt && who != 0) {
                            replication.kill();
                        }
                        if (i == killAt && who != 1) {
                            spark.kill();
                        }
                    }
                    LOG.info("round {} of {}: {} transactions so far", round, rounds, changes.transactions());
                }
            }
            try (ChildProcess last = engines.replicator(List.of("--stop-when-caught-up"))) {
                last.await(line -> {});
            }
            try (ChildProcess last = engines.bronzeToSilver(List.of())) {
                last.await(line -> {});
            }
            engines.refreshSpectrum(contracts);
            List<String> differences = new ArrayList<>();
            SourceComparison comparison = new SourceComparison(shop, warehouse);
            for (Contract contract : contracts) {
                differences.addAll(comparison.differences(contract, changes.invalidVersions(contract)));
            }
            LOG.info("{} changes in {} transactions", changes.statements(), changes.transactions());
            return differences;
        }
    }

    /** A process that is killed and started again. */
    private static final class Victim implements AutoCloseable {
        private final String name;
        private final Callable<ChildProcess> start;
        private ChildProcess child;

        Victim(String name, Callable<ChildProcess> start) throws Exception {
            this.name = name;
            this.start = start;
            this.child = start.call();
        }

        /** Lets it work for a while; it must not end by itself. */
        void live(long millis) throws InterruptedException {
            if (child.process().waitFor(millis, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        name + " ended with exit code " + child.process().exitValue() + " though nobody killed it");
            }
        }

        void kill() throws Exception {
            LOG.info("killing {}", name);
            child.process().destroyForcibly().waitFor();
            child.close();
            child = start.call();
        }

        @Override
        public void close() {
            child.close();
        }
    }
}
