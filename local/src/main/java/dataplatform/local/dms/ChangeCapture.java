package dataplatform.local.dms;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import dataplatform.parquet.ParquetFile;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The second part of a replication: Debezium reads the changes since the full load from the source's log, and they are
 * written as AWS DMS writes them.
 *
 * <p>A position in the log counts as done only when the files up to it are in bronze: killed at any point and started again
 * it reads on from there, so that a change may stand in two files and in none never.
 */
public final class ChangeCapture {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeCapture.class);
    private static final String MARKER = "dataplatform";

    private final ReplicationSettings settings;
    private final BronzeFolder bronze;
    /** Comes back through the log: all that was committed before this process started has been read then. */
    private final String marker = UUID.randomUUID().toString();

    /** What Debezium writes for a long text that an update did not change; no row holds it. */
    private final String unchanged = "unchanged " + UUID.randomUUID();

    private final Map<String, ParquetFile> open = new HashMap<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final boolean stopWhenCaughtUp;
    private Instant oldest;
    private boolean caughtUp;
    private DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;

    ChangeCapture(ReplicationSettings settings, BronzeFolder bronze, boolean stopWhenCaughtUp) {
        this.settings = settings;
        this.bronze = bronze;
        this.stopWhenCaughtUp = stopWhenCaughtUp;
    }

    /**
     * Runs until it has caught up, if that was asked for, or is {@link #stop stopped}.
     *
     * @throws IllegalStateException if the source or bronze refuses
     */
    void run() throws SQLException {
        engine = DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(configuration())
                .notifying((DebeziumEngine.ChangeConsumer<RecordChangeEvent<SourceRecord>>) this::take)
                .using((success, message, error) -> {
                    if (!success && error != null) {
                        failure.compareAndSet(null, error);
                    } else if (!success) {
                        failure.compareAndSet(null, new IllegalStateException(message));
                    }
                })
                .build();
        ScheduledExecutorService markers = Executors.newSingleThreadScheduledExecutor();
        try (Connection connection = DriverManager.getConnection(settings.jdbcUrl());
                PreparedStatement emit =
                        connection.prepareStatement("select pg_logical_emit_message(false, ?::text, ?::text)")) {
            emit.setString(1, MARKER);
            emit.setString(2, marker);
            // a heartbeat as well: files are closed by it, and the slot moves on while nothing changes
            markers.scheduleAtFixedRate(() -> emit(emit), 0, 250, TimeUnit.MILLISECONDS);
            engine.run();
        } finally {
            markers.shutdownNow();
        }
        if (failure.get() != null) {
            throw new IllegalStateException(
                    "replication stopped: " + failure.get().getMessage(), failure.get());
        }
    }

    /** Ends {@link #run}; what is not in bronze yet is read again by the next run. */
    void stop() {
        // ended while the full load ran, there is none yet
        if (!stopping.compareAndSet(false, true) || engine == null) {
            return;
        }
        try {
            engine.close();
        } catch (Exception e) {
            LOG.warn("Debezium did not close cleanly: {}", e.toString());
        }
    }

    private void emit(PreparedStatement statement) {
        try {
            statement.execute();
        } catch (SQLException e) {
            LOG.debug("no marker: {}", e.toString());
        }
    }

    private Properties configuration() {
        URI url = URI.create(settings.jdbcUrl().substring("jdbc:".length()));
        Properties properties = new Properties();
        properties.put("name", "dataplatform");
        properties.put("topic.prefix", "source");
        properties.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        properties.put("plugin.name", "pgoutput");
        properties.put("database.hostname", url.getHost());
        properties.put("database.port", Integer.toString(url.getPort()));
        properties.put("database.dbname", url.getPath().substring(1));
        for (String parameter : url.getQuery().split("&")) {
            if (parameter.startsWith("user=")) {
                properties.put("database.user", parameter.substring("user=".length()));
            } else if (parameter.startsWith("password=")) {
                properties.put("database.password", parameter.substring("password=".length()));
            }
        }
        properties.put("slot.name", settings.slot());
        properties.put("publication.name", settings.publication());
        properties.put("publication.autocreate.mode", "disabled");
        properties.put("table.include.list", String.join(",", settings.tables()));
        properties.put("converters", "types");
        properties.put("types.type", SourceTypes.class.getName());
        properties.put("unavailable.value.placeholder", unchanged);
        // truncates are captured, if only to log them
        properties.put("skipped.operations", "none");
        properties.put("snapshot.mode", "no_data");
        properties.put("tombstones.on.delete", "false");
        properties.put("offset.storage", "org.apache.kafka.connect.storage.FileOffsetBackingStore");
        properties.put("offset.storage.file.filename", settings.offsets().toString());
        properties.put("offset.flush.interval.ms", "0");
        properties.put("poll.interval.ms", "50");
        properties.put("max.batch.size", "8192");
        properties.put("max.queue.size", "32768");
        return properties;
    }

    private void take(
            List<RecordChangeEvent<SourceRecord>> events, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        for (RecordChangeEvent<SourceRecord> event : events) {
            read(event.record());
        }
        boolean due = oldest != null && Instant.now().isAfter(oldest.plus(settings.batchInterval()));
        boolean full = open.values().stream().anyMatch(file -> file.size() > settings.maxFileBytes());
        if (open.isEmpty() || due || full || (caughtUp && stopWhenCaughtUp)) {
            flush();
            committer.markProcessed(events.get(events.size() - 1));
            committer.markBatchFinished();
            if (caughtUp && stopWhenCaughtUp) {
                new Thread(this::stop, "stop").start();
            }
        }
    }

    private void read(SourceRecord record) {
        Struct value = (Struct) record.value();
        if (value == null || value.schema().field("op") == null) {
            return;
        }
        switch (value.getString("op")) {
            case "m" -> {
                Struct message = value.getStruct("message");
                caughtUp |= MARKER.equals(message.getString("prefix"))
                        && marker.equals(
                                new String(message.getBytes("content"), java.nio.charset.StandardCharsets.UTF_8));
            }
            case "c" -> {
                Header oldKey = record.headers().lastWithName("__debezium.oldkey");
                if (oldKey == null) {
                    write("I", value, value.getStruct("after"), null);
                } else {
                    write("U", value, value.getStruct("after"), (Struct) oldKey.value());
                }
            }
            case "u" -> write("U", value, value.getStruct("after"), value.getStruct("after"));
            case "d" -> {
                // DMS writes a change of the key as one update, which comes next
                if (record.headers().lastWithName("__debezium.newkey") == null) {
                    write("D", value, value.getStruct("before"), null);
                }
            }
            case "t" ->
                LOG.error(
                        "{} was truncated: AWS DMS writes no such change to S3, and silver keeps the rows; load the table again",
                        table(value.getStruct("source")));
            default -> LOG.warn("DMS has no files for the operation {} on {}", value.getString("op"), record.topic());
        }
    }

    /** @param keyBefore has at least the key's columns; null if the row had no key before or has none after */
    private void write(String op, Struct change, Struct row, Struct keyBefore) {
        Struct source = change.getStruct("source");
        String table = table(source);
        List<ParquetFile.Field> columns = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        values.add(op);
        for (Field field : row.schema().fields()) {
            DataType type = type(field.schema());
            columns.add(new ParquetFile.Field(field.name(), type));
            values.add(value(table, field, row.getWithoutDefault(field.name())));
        }
        Instant commit = Instant.ofEpochMilli(source.getInt64("ts_ms"));
        values.add(DmsColumns.timestamp(commit));
        values.add(DmsColumns.changeSeq(commit, source.getInt64("lsn")));
        for (Field field : row.schema().fields()) {
            if (settings.keys(table).contains(field.name())) {
                values.add(keyBefore == null ? null : keyBefore.getWithoutDefault(field.name()));
            }
        }
        List<ParquetFile.Field> fields = DmsColumns.around(columns, settings.keys(table));
        ParquetFile file = open.get(table);
        if (file != null && !file.fields().equals(fields)) {
            put(table, file);
            file = null;
        }
        if (file == null) {
            Path path = settings.changes().resolve(table + ".parquet");
            file = new ParquetFile(path, fields, CompressionCodecName.GZIP);
            open.put(table, file);
        }
        file.add(values);
        if (oldest == null) {
            oldest = Instant.now();
        }
    }

    /** @throws IllegalStateException if it is a text that the log does not hold, since the update did not change it */
    private Object value(String table, Field field, Object value) {
        if (unchanged.equals(value)) {
            throw new IllegalStateException(table + "." + field.name()
                    + " did not come with an update that leaves it as it is: the table's replica identity is no longer full."
                    + " Run: alter table " + table + " replica identity full; then load it again with --reload");
        }
        return value;
    }

    private void flush() {
        open.forEach(this::put);
        open.clear();
        oldest = null;
    }

    private void put(String table, ParquetFile file) {
        file.close();
        String key = bronze.putChanges(table, file.path());
        LOG.info("{}: {} changes in {}", table, file.rows(), key);
    }

    private static String table(Struct source) {
        return source.getString("schema") + "." + source.getString("table");
    }

    private static DataType type(Schema schema) {
        Optional<DataType> decimal = SourceTypes.decimal(schema);
        if (decimal.isPresent()) {
            return decimal.get();
        }
        String name = schema.name() == null ? "" : schema.name();
        return switch (name) {
            case "io.debezium.time.Date" -> DataType.of(Kind.DATE);
            case "io.debezium.time.MicroTimestamp" -> DataType.TIMESTAMP;
            default ->
                switch (schema.type()) {
                    case INT8, INT16, INT32 -> DataType.of(Kind.INTEGER);
                    case INT64 -> DataType.of(Kind.LONG);
                    case FLOAT32, FLOAT64 -> DataType.of(Kind.DOUBLE);
                    case BOOLEAN -> DataType.of(Kind.BOOLEAN);
                    default -> DataType.STRING;
                };
        };
    }
}
