package dataplatform.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.ReplicationSlotInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first part of a replication: every table as it was at the moment that its slot starts from, so that not a change is
 * missed between the two. It comes into bronze whole or not at all: files are made on disk first, and a killed load starts
 * afresh with a new slot before anything of it has been put anywhere.
 */
final class FullLoad {
    private static final Logger LOG = LoggerFactory.getLogger(FullLoad.class);

    private final ReplicationSettings settings;
    private final BronzeFolder bronze;
    private final Path files;
    private final Path done;

    FullLoad(ReplicationSettings settings, BronzeFolder bronze) {
        this.settings = settings;
        this.bronze = bronze;
        this.files = settings.state().resolve("full-load");
        this.done = settings.state().resolve("full-load.done");
    }

    /** Does what is left of the load; nothing if it has been done. */
    void run() throws SQLException, IOException {
        if (!Files.exists(done)) {
            delete(files);
            Files.deleteIfExists(settings.offsets());
            Files.createDirectories(files);
            extract();
            Files.createFile(done);
        }
        upload();
    }

    private void extract() throws SQLException {
        Properties replication = new Properties();
        PGProperty.REPLICATION.set(replication, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(replication, "16");
        PGProperty.PREFER_QUERY_MODE.set(replication, "simple");
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl());
                Connection slotConnection = DriverManager.getConnection(settings.jdbcUrl(), replication)) {
            prepare(connection);
            // the snapshot lives as long as the slot's connection does nothing else
            ReplicationSlotInfo slot = slotConnection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .createReplicationSlot()
                    .logical()
                    .withSlotName(settings.slot())
                    .withOutputPlugin("pgoutput")
                    .make();
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set transaction snapshot '" + slot.getSnapshotName() + "'");
            }
            for (String table : settings.tables()) {
                extract(connection, table);
            }
            connection.rollback();
        }
    }

    private void prepare(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '"
                    + settings.slot() + "'");
            statement.execute("drop publication if exists " + settings.publication());
            statement.execute("create publication " + settings.publication() + " for table "
                    + String.join(", ", settings.tables()));
        }
    }

    private void extract(Connection connection, String table) throws SQLException {
        String now = DmsColumns.timestamp(Instant.now());
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
                                fields);
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
        List<Path> left;
        try (Stream<Path> walk = Files.walk(files)) {
            left = walk.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : left) {
            Path table = files.relativize(file.getParent());
            bronze.putLoad(table.getName(0) + "." + table.getName(1), file);
            Files.delete(file);
        }
        delete(files);
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
