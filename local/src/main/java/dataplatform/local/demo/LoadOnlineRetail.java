package dataplatform.local.demo;

import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Program;
import dataplatform.local.process.StateLock;
import dataplatform.source.OnlineRetailLoader;
import dataplatform.source.Progress;
import dataplatform.source.TableLoad;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Purchases into the demo's source database, whether or not something runs over it: see {@link OnlineRetailLoader}. */
@Command(
        name = "online-retail-load",
        mixinStandardHelpOptions = true,
        description =
                "Makes the demo's table retail.user_purchase equal to files of Online Retail: all of them together.")
public final class LoadOnlineRetail implements Callable<Integer> {
    @Option(names = "--state", required = true, description = "Folder that the demo keeps everything in.")
    private Path state;

    @Option(names = "--dates", description = "day-first or month-first, where the files don't tell it.")
    private String dates;

    @Option(names = "--replace", description = "Go on where that deletes more than half of the table's rows.")
    private boolean replace;

    @Parameters(arity = "1..*", paramLabel = "<file>", description = "CSV files, or folders of such.")
    private List<Path> files;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new LoadOnlineRetail(), args);
    }

    @Override
    public Integer call() throws Exception {
        OnlineRetailLoader loader = new OnlineRetailLoader(files, Optional.ofNullable(dates), replace);
        Path folder = state.toAbsolutePath().resolve("postgres");
        OptionalInt running = PostgresServer.runningOn(folder);
        if (running.isPresent()) {
            load(loader, running.getAsInt());
            return 0;
        }
        try (StateLock lock = StateLock.take(state.toAbsolutePath());
                PostgresServer postgres = PostgresServer.start(folder)) {
            load(loader, postgres.port());
        }
        return 0;
    }

    private static void load(OnlineRetailLoader loader, int port) throws SQLException {
        try (Connection shop = DriverManager.getConnection(PostgresServer.jdbcUrl(port, PostgresServer.SHOP))) {
            TableLoad.print(List.of(loader.load(shop, Progress.toStandardError())), System.out);
        }
        System.out.println("\nnext: make demo, which brings it to silver, or the DAG retail while make airflow runs");
    }
}
