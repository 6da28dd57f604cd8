package dataplatform.local.postgres;

import dataplatform.local.process.Closing;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** A PostgreSQL 16 over a folder: RDS with the shop's database, and Redshift's stand-in with the warehouse. */
public final class PostgresServer implements AutoCloseable {
    /** The shop's database. */
    public static final String SHOP = "shop";
    /** The warehouse. */
    public static final String WAREHOUSE = "dw";

    public static final String USER = "postgres";

    private static final String PID_FILE = "postmaster.pid";

    private final EmbeddedPostgres server;

    private PostgresServer(EmbeddedPostgres server) {
        this.server = server;
    }

    /**
     * Starts it, with both databases, on a free port of the loopback interface.
     *
     * @param folder of the data; made if it is not there. A server that an earlier, killed run left on it is stopped first
     */
    public static PostgresServer start(Path folder) throws IOException, SQLException {
        stopLeftOver(folder);
        Files.createDirectories(folder);
        PostgresServer postgres = new PostgresServer(EmbeddedPostgres.builder()
                .setDataDirectory(folder)
                .setCleanDataDirectory(false)
                .setServerConfig("wal_level", "logical")
                .setServerConfig("synchronous_commit", "off")
                .setServerConfig("max_wal_size", "2GB")
                .setServerConfig("jit", "off")
                .setServerConfig("log_min_messages", "warning")
                .setPGStartupWait(Duration.ofSeconds(60))
                .start());
        try (Connection connection = postgres.connect("postgres");
                Statement statement = connection.createStatement()) {
            for (String database : List.of(SHOP, WAREHOUSE)) {
                try (ResultSet found =
                        statement.executeQuery("select from pg_database where datname = '" + database + "'")) {
                    if (found.next()) {
                        continue;
                    }
                }
                statement.execute("create database " + database);
            }
        } catch (SQLException e) {
            Closing.after(e, postgres);
            throw e;
        }
        return postgres;
    }

    private static void stopLeftOver(Path folder) throws IOException {
        Optional<ProcessHandle> left = serverOf(folder);
        if (left.isPresent()) {
            left.get().destroy();
            try {
                left.get().onExit().get(30, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new IOException(
                        "PostgreSQL with process id " + left.get().pid() + " still runs on " + folder + "; stop it", e);
            }
        }
        Files.deleteIfExists(folder.resolve(PID_FILE));
    }

    private static Optional<ProcessHandle> serverOf(Path folder) throws IOException {
        Path pidFile = folder.resolve(PID_FILE);
        if (!Files.exists(pidFile)) {
            return Optional.empty();
        }
        return ProcessHandle.of(
                        Long.parseLong(Files.readAllLines(pidFile).get(0).trim()))
                .filter(process -> process.info().command().orElse("").endsWith("postgres"));
    }

    /** The port of the server that runs on a folder now, whoever started it. */
    public static OptionalInt runningOn(Path folder) throws IOException {
        return serverOf(folder).isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(Integer.parseInt(
                        Files.readAllLines(folder.resolve(PID_FILE)).get(3).trim()));
    }

    /** The port of the loopback interface that it listens on. */
    public int port() {
        return server.getPort();
    }

    /** The address of a database for JDBC. */
    public String jdbcUrl(String database) {
        return jdbcUrl(port(), database);
    }

    /** The address of a database for JDBC. */
    public static String jdbcUrl(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + USER;
    }

    /** A new connection to a database, as its owner; the caller's to close. */
    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(database));
    }

    @Override
    public void close() {
        // it is waited for, also when this thread is interrupted
        boolean interrupted = Thread.interrupted();
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("PostgreSQL did not stop", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
