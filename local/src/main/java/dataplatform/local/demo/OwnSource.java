package dataplatform.local.demo;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Program;
import dataplatform.local.process.StateLock;
import dataplatform.local.redshift.Spectrum;
import dataplatform.platform.SparkJob;
import dataplatform.source.ContractDrafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Somebody's own PostgreSQL on the platform of one machine: a contract is drafted for each table that has none yet, and the tables as
 * they are now come to bronze, to silver and into the warehouse. The database is only read, in one transaction.
 */
@Command(
        name = "own-source",
        mixinStandardHelpOptions = true,
        description =
                "Drafts contracts for the tables of a PostgreSQL, and takes their rows to silver on this machine.")
public final class OwnSource implements Callable<Integer> {
    private static final String SUFFIX = ".odcs.yaml";

    @Option(
            names = "--source",
            required = true,
            description = "JDBC URL with a user who may read, such as jdbc:postgresql://host/db?user=me;"
                    + " the password is best in ~/.pgpass.")
    private String source;

    @Option(names = "--schema", defaultValue = "public", description = "Of the tables; default: ${DEFAULT-VALUE}.")
    private String schema;

    @Option(names = "--domain", description = "Of the data sets; default: the schema's name, or the database's.")
    private String domain;

    @Option(names = "--state", required = true, description = "Folder that everything is kept in.")
    private Path state;

    @Option(names = "--only-contracts", description = "Draft contracts and do nothing else.")
    private boolean onlyContracts;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new OwnSource(), args);
    }

    @Override
    public Integer call() throws Exception {
        if (!source.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException(
                    "the source is no JDBC URL of a PostgreSQL; give one such as jdbc:postgresql://host/db?user=me");
        }
        state = state.toAbsolutePath();
        try (StateLock lock = StateLock.take(state)) {
            Path contracts = draft();
            if (!onlyContracts) {
                run(contracts);
            }
        }
        return 0;
    }

    /** Drafts what is missing; a contract that is there may have been mended, and stays. */
    private Path draft() throws SQLException, IOException {
        ContractDrafts drafts;
        try (Connection connection = DriverManager.getConnection(source)) {
            String name = domain != null ? domain : schema.equals("public") ? connection.getCatalog() : schema;
            domain = name.toLowerCase(Locale.ROOT);
            drafts = ContractDrafts.of(connection, schema, domain);
        }
        Path folder = Files.createDirectories(state.resolve("contracts").resolve(domain));
        int written = 0;
        for (Map.Entry<String, String> draft : drafts.contracts().entrySet()) {
            Path file = folder.resolve(draft.getKey() + SUFFIX);
            if (!Files.exists(file)) {
                Files.writeString(file, draft.getValue());
                written++;
            }
        }
        System.err.printf(
                Locale.ROOT,
                "contracts: %d drafted, %d as they were, in %s%n",
                written,
                drafts.contracts().size() - written,
                relative(folder));
        drafts.leftOut().forEach((name, why) -> System.err.println("  left out: " + name + ": " + why));
        if (drafts.contracts().isEmpty()) {
            throw new IllegalStateException("no table of the schema " + schema + " can have a contract; see above why");
        }
        return folder;
    }

    private void run(Path folder) throws Exception {
        List<Contract> contracts = Contracts.read(folder);
        try (LocalPlatform engines = LocalPlatform.start(state)) {
            System.err.println("bronze: the tables as they are now");
            try (ChildProcess replicator = engines.snapshot(source, folder)) {
                replicator.await(line -> Demo.say(line, " - "));
            }
            System.err.println("silver: each row against its contract");
            List<String> job = List.of("--contracts", folder.toString());
            try (ChildProcess spark = engines.start(SparkJob.BRONZE_TO_SILVER, job)) {
                spark.await(line -> Demo.say(line, " BronzeToSilver: "));
            }
            engines.refreshSpectrum(contracts);
            try (Connection shop = DriverManager.getConnection(source);
                    Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
                report(contracts, shop, warehouse);
            }
        }
        System.out.printf("""

                next: make warehouse STATE=%1$s Q="select * from %2$s limit 3"
                      make warehouse STATE=%1$s Q="select * from %2$s_quarantine limit 3"
                      mend the contracts in %3$s, and do this again; move them to contracts/ when they are right
                """, relative(state), contracts.get(0).table(), relative(folder));
    }

    private static void report(List<Contract> contracts, Connection shop, Connection warehouse) throws SQLException {
        System.out.printf("%n%-46s %12s %12s %12s%n", "data set", "source now", "silver", "quarantined");
        try (Statement source = shop.createStatement();
                Statement silver = warehouse.createStatement()) {
            for (Contract contract : contracts) {
                String table = Spectrum.SCHEMA + "." + contract.table();
                System.out.printf(
                        Locale.ROOT,
                        "%-46s %,12d %,12d %,12d%n",
                        contract.id(),
                        DemoSummary.count(source, contract.sourceTable()),
                        DemoSummary.count(silver, table),
                        DemoSummary.count(silver, table + "_quarantine"));
            }
        }
    }

    private static Path relative(Path path) {
        return Path.of("").toAbsolutePath().relativize(path);
    }
}
