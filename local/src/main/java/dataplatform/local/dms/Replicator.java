package dataplatform.local.dms;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.SourceTables;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * AWS DMS on one machine: a replication task from PostgreSQL to S3, full load and ongoing changes, in a process of its own.
 * Where S3 is and who asks, it takes from the environment as every AWS SDK does.
 */
@Command(
        name = "Replicator",
        mixinStandardHelpOptions = true,
        description = "Replicates PostgreSQL tables to S3 as AWS DMS does: a full load, then the changes.")
public final class Replicator implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Replicator.class);

    @Option(names = "--source", required = true, description = "JDBC URL of the source database.")
    private String source;

    @Option(names = "--bronze", required = true, description = "Where the files go, such as s3://bronze/ecommerce_rds.")
    private URI bronze;

    @Option(names = "--state", required = true, description = "Folder for what has to outlive this process.")
    private Path state;

    @Option(
            names = "--batch-interval",
            defaultValue = "PT1S",
            description = "Longest time that a change waits for others to share its file (default: ${DEFAULT-VALUE}).")
    private Duration batchInterval;

    @Option(
            names = "--max-file-mb",
            defaultValue = "64",
            description = "Size after which another file is started (default: ${DEFAULT-VALUE}).")
    private long maxFileMb;

    @Option(
            names = "--stop-when-caught-up",
            description = "Stop when all that was committed before the start is in bronze.")
    private boolean stopWhenCaughtUp;

    @Option(
            names = "--reload",
            description =
                    "Load all tables anew first, as when the replication slot is gone, and then go on with changes.")
    private boolean reload;

    @Option(
            names = "--snapshot",
            description = "Load all tables as they are now and end; needs nothing but the right to read them.")
    private boolean snapshot;

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private Path contracts;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Replicator())
                .setExecutionExceptionHandler((e, command, result) -> {
                    LOG.error("{}", e.getMessage(), e);
                    return 1;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Files.createDirectories(state);
        List<Contract> replicated = contracts == null ? Contracts.replicated() : Contracts.read(contracts);
        ReplicationSettings settings = new ReplicationSettings(
                source, state.toAbsolutePath(), SourceTables.keys(replicated), batchInterval, maxFileMb << 20);
        warnOfTablesWithoutContract(settings);
        try (S3Client s3 = S3Client.builder().forcePathStyle(true).build()) {
            BronzeFolder folder = new BronzeFolder(s3, bronze, Clock.systemUTC());
            FullLoad load = new FullLoad(settings, folder);
            if (snapshot) {
                load.snapshot();
                return 0;
            }
            if (reload) {
                load.forget();
            }
            load.run();
            ChangeCapture capture = new ChangeCapture(settings, folder, stopWhenCaughtUp);
            Runtime.getRuntime().addShutdownHook(new Thread(capture::stop));
            capture.run();
        }
        return 0;
    }

    private static void warnOfTablesWithoutContract(ReplicationSettings settings) throws SQLException {
        List<String> schemas = settings.tables().stream()
                .map(table -> table.replaceAll("\\..*", ""))
                .distinct()
                .toList();
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet tables = statement.executeQuery(
                        "select schemaname || '.' || tablename from pg_tables where schemaname in ('"
                                + String.join("', '", schemas) + "') order by 1")) {
            while (tables.next()) {
                if (!settings.tables().contains(tables.getString(1))) {
                    LOG.warn(
                            "{} has no contract and is not replicated; to have it, add contracts/{}.odcs.yaml",
                            tables.getString(1),
                            tables.getString(1).replace('.', '/'));
                }
            }
        }
    }
}
