package dataplatform.local.shell;

import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Program;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.postgresql.PGConnection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sun.misc.Signal;

/** SQL on the demo's warehouse: a prompt, or the answer to the query in the environment variable {@code QUERY} as CSV. */
@Command(name = "warehouse", mixinStandardHelpOptions = true, description = "Queries the demo's warehouse.")
public final class WarehouseShell implements Callable<Integer> {
    private static final String SEARCH_PATH = "marts, staging, data_lake_silver";

    @Option(names = "--state", required = true, description = "Folder that the demo keeps everything in.")
    private Path state;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new WarehouseShell(), args);
    }

    @Override
    public Integer call() throws Exception {
        Path folder = state.toAbsolutePath().resolve("postgres");
        if (!Files.exists(folder)) {
            throw new IllegalStateException("there is no warehouse yet: run `make demo` first");
        }
        OptionalInt running = PostgresServer.runningOn(folder);
        if (running.isPresent()) {
            return use(running.getAsInt());
        }
        try (PostgresServer postgres = PostgresServer.start(folder)) {
            return use(postgres.port());
        }
    }

    private int use(int port) throws SQLException, IOException, InterruptedException {
        String query = System.getenv().getOrDefault("QUERY", "").strip().replaceAll(";+$", "");
        return query.isEmpty() ? prompt(port) : answer(port, query);
    }

    private static int answer(int port, String query) throws SQLException, IOException {
        try (Connection connection =
                DriverManager.getConnection(PostgresServer.jdbcUrl(port, PostgresServer.WAREHOUSE))) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("set search_path to " + SEARCH_PATH);
            }
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyOut("copy (" + query + "\n) to stdout with (format csv, header)", System.out);
        }
        return 0;
    }

    private static int prompt(int port) throws IOException, InterruptedException {
        boolean installed = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "psql")));
        if (!installed) {
            throw new IllegalStateException(
                    "psql is not on the path; install PostgreSQL's client, or ask with Q=\"select …\"");
        }
        ProcessBuilder psql = new ProcessBuilder(
                        "psql",
                        "--host=127.0.0.1",
                        "--port=" + port,
                        "--username=" + PostgresServer.USER,
                        PostgresServer.WAREHOUSE)
                .inheritIO();
        psql.environment().put("PGOPTIONS", "-c search_path=" + SEARCH_PATH.replace(" ", ""));
        // Ctrl-C is for the prompt
        Signal.handle(new Signal("INT"), signal -> {});
        return psql.start().waitFor();
    }
}
