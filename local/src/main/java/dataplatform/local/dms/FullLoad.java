package dataplatform.local.dms;

import dataplatform.local.parquet.QueryRows;
import dataplatform.parquet.ParquetFile;
import dataplatform.source.SourceTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.ReplicationSlotInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first part of a replication: every table as it was at the moment that its slot starts from, so that not a change is
 * missed between the two. It comes into bronze whole or not at all: files are made on disk first, and a killed load starts
 * afresh with a new slot before anything of it has been put anywhere.
 *
 * <p>Silver takes a load for newer than all changes that were committed up to five seconds before its
 * {@code extracted_at}, which is the time just before the slot is made, in all tables. So the changes of the new slot
 * count as newer, however long the load takes, and {@link #forget} waits until those of the slot before count as older.
 */
public final class FullLoad {
    private static final Logger LOG = LoggerFactory.getLogger(FullLoad.class);

    /** The five seconds, and one to spare. */
    private static final Duration QUIET = Duration.ofSeconds(6);

    private final ReplicationSettings settings;
    private final BronzeFolder bronze;
    private final Path files;
    private final Path uploaded;
    private final Path done;

    FullLoad(ReplicationSettings settings, BronzeFolder bronze) {
        this.settings = settings;
        this.bronze = bronze;
        this.files = settings.state().resolve("full-load");
        this.uploaded = settings.state().resolve("full-load.uploaded");
        this.done = settings.state().resolve("full-load.done");
    }

    /**
     * Makes {@link #run} load everything anew. Killed anywhere within or after it, the next run does so too, or goes on
     * as if nothing had been forgotten.
     *
     * @throws IllegalStateException if a replication is running
     */
    void forget() throws SQLException, IOException, InterruptedException {
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl())) {
            awaitEndOfOthers(connection);
        }
        awaitQuiet();
        Files.deleteIfExists(done);
        Files.deleteIfExists(settings.offsets());
    }

    /** Waits until the last change that may be in bronze was committed more than five seconds ago. */
    private void awaitQuiet() throws IOException, InterruptedException {
        Instant last = Instant.EPOCH;
        // killed between the two, there is a file of changes that the offsets don't know
        for (Path written : List.of(settings.offsets(), settings.changes())) {
            if (Files.exists(written)) {
                try (Stream<Path> files = Files.walk(written)) {
                    for (Path file : files.toList()) {
                        Instant changed = Files.getLastModifiedTime(file).toInstant();
                        last = changed.isAfter(last) ? changed : last;
                    }
                }
            }
        }
        Instant quiet = last.plus(QUIET);
        if (Instant.now().isBefore(quiet)) {
            LOG.info("waiting until the last changes are older than what is loaded");
        }
        for (Instant now = Instant.now(); now.isBefore(quiet); now = Instant.now()) {
            Thread.sleep(Duration.between(now, quiet).toMillis() + 1);
        }
    }

    /**
     * Loads all tables anew as they are in one transaction, which only reads: there is no slot, and no changes come afterwards.
     *
     * @throws IllegalStateException if the bronze folder is that of a replication
     */
    void snapshot() throws SQLException, IOException {
        if (Files.exists(settings.offsets())) {
            throw new IllegalStateException(settings.state() + " is a replication's; give a snapshot another folder");
        }
        delete(uploaded);
        delete(files);
        Files.createDirectories(files);
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl())) {
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            lock(connection);
            String now = DmsColumns.timestamp(Instant.now());
            for (String table : settings.tables()) {
                extract(connection, table, now);
            }
            connection.rollback();
        }
        upload();
    }

    /** Does what is left of the load; nothing if it has been done. */
    void run() throws SQLException, IOException, InterruptedException {
        boolean loaded = Files.exists(done);
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl())) {
            SourceTables.check(connection, settings.keysByTable());
            if (loaded && !slotIs(connection, "wal_status is distinct from 'lost'")) {
                throw new IllegalStateException(
                        "the replication slot " + settings.slot()
                                + " is gone, and with it the changes since the last start. Load everything anew: start once with --reload");
            }
        }
        if (loaded && !replicatesAll()) {
            forget();
            loaded = false;
        }
        delete(uploaded);
        if (!loaded) {
            delete(files);
            Files.deleteIfExists(settings.offsets());
            Files.createDirectories(files);
            extract();
            Files.createFile(done);
        }
        upload();
    }

    /** Whether the changes of every table are in the log; those of one that has got its contract since are not. */
    private boolean replicatesAll() throws SQLException {
        List<String> missing = new ArrayList<>(settings.tables());
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet tables = statement.executeQuery("select schemaname || '.' || tablename"
                        + " from pg_publication_tables where pubname = '" + settings.publication() + "'")) {
            while (tables.next()) {
                missing.remove(tables.getString(1));
            }
        }
        if (!missing.isEmpty()) {
            LOG.info("{} is new to the replication: everything is loaded anew", String.join(", ", missing));
        }
        return missing.isEmpty();
    }

    private void extract() throws SQLException, InterruptedException {
        Properties replication = new Properties();
        PGProperty.REPLICATION.set(replication, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(replication, "16");
        PGProperty.PREFER_QUERY_MODE.set(replication, "simple");
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl());
                Connection slotConnection = DriverManager.getConnection(settings.jdbcUrl(), replication)) {
            prepare(connection);
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            lock(connection);
            String now = DmsColumns.timestamp(Instant.now());
            // the snapshot lives as long as the slot's connection does nothing else
            ReplicationSlotInfo slot = slotConnection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .createReplicationSlot()
                    .logical()
                    .withSlotName(settings.slot())
                    .withOutputPlugin("pgoutput")
                    .make();
            try (Statement statement = connection.createStatement()) {
                statement.execute("set transaction snapshot '" + slot.getSnapshotName() + "'");
            }
            for (String table : settings.tables()) {
                extract(connection, table, now);
            }
            connection.rollback();
        }
    }

    /**
     * Lets tables be read and written but not changed: one that is rewritten, as for a new type, or truncated looks empty to whoever
     * has an older snapshot. See <a href="https://www.postgresql.org/docs/16/mvcc-caveats.html">PostgreSQL's caveats</a>.
     */
    private void lock(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // takes no snapshot, so the transaction can still take the slot's
            statement.execute("lock table " + String.join(", ", settings.tables()) + " in access share mode");
        }
    }

    /** A killed replication's connection may outlive it for a moment. */
    private void awaitEndOfOthers(Connection connection) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (slotIs(connection, "active")) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("a replication is reading from the slot " + settings.slot()
                        + ": stop it before everything is loaded anew");
            }
            Thread.sleep(50);
        }
    }

    private boolean slotIs(Connection connection, String condition) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select from pg_replication_slots where slot_name = '"
                        + settings.slot() + "' and " + condition)) {
            return rows.next();
        }
    }

    private void prepare(Connection connection) throws SQLException, InterruptedException {
        awaitEndOfOthers(connection);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '"
                    + settings.slot() + "'");
            statement.execute("drop publication if exists " + settings.publication());
            statement.execute("create publication " + settings.publication() + " for table "
                    + String.join(", ", settings.tables()));
        }
    }

    private void extract(Connection connection, String table, String now) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(10_000);
            ResultSet rows = statement.executeQuery("select * from " + table);
            List<ParquetFile.Field> columns = QueryRows.fields(rows.getMetaData());
            List<ParquetFile.Field> fields = DmsColumns.around(columns, settings.keys(table));
            int beforeImage = settings.keys(table).size();
            ParquetFile file = null;
            long total = 0;
            int number = 0;
            try {
                while (rows.next()) {
                    if (file == null) {
                        number++;
                        file = new ParquetFile(
                                files.resolve(table.replace('.', '/')).resolve("LOAD%08X.parquet".formatted(number)),
                                fields,
                                CompressionCodecName.GZIP);
                    }
                    List<Object> values = new ArrayList<>();
                    values.add("I");
                    values.addAll(QueryRows.values(rows, columns));
                    values.add(now);
                    for (int i = 0; i <= beforeImage; i++) {
                        values.add(null);
                    }
                    file.add(values);
                    total++;
                    if (file.size() > settings.maxFileBytes()) {
                        file.close();
                        file = null;
                    }
                }
            } finally {
                if (file != null) {
                    file.close();
                }
            }
            LOG.info("{}: full load of {} rows in {} files", table, total, number);
        }
    }

    private void upload() throws IOException {
        if (!Files.exists(files)) {
            return;
        }
        for (String table : settings.tables()) {
            List<Path> load = List.of();
            Path folder = files.resolve(table.replace('.', '/'));
            if (Files.exists(folder)) {
                try (Stream<Path> walk = Files.list(folder)) {
                    load = walk.sorted().toList();
                }
            }
            for (Path file : load) {
                bronze.putLoad(table, file);
            }
            bronze.deleteLoadsBut(
                    table,
                    load.stream().map(file -> file.getFileName().toString()).toList());
        }
        // in one go: what is left of half a deletion would pass for a smaller load
        Files.move(files, uploaded, StandardCopyOption.ATOMIC_MOVE);
        delete(uploaded);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            walk.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException("could not delete " + path, e);
                }
            });
        }
    }
}
