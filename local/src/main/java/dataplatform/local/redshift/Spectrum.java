package dataplatform.local.redshift;

import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import dataplatform.contracts.Partition;
import dataplatform.contracts.QualityTable;
import dataplatform.contracts.SilverColumn;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Redshift Spectrum on one machine: the external schema {@code data_lake_silver} holds what the silver tables' symlink
 * manifests name. PostgreSQL can't read Parquet in place, so the rows are copied; a partition whose manifest has not changed
 * since is left as it is.
 */
public final class Spectrum {
    public static final String SCHEMA = "data_lake_silver";
    /** Which files the copied rows are from. */
    private static final String LOADED = "data_lake_silver_state.loaded";

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("yyyy-MM-dd");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS");

    private static final String MANIFESTS = "_symlink_format_manifest/";

    private final S3Client s3;
    private final Path scratch;

    /**
     * An external schema over the silver bucket.
     *
     * @param scratch a folder for files while they are copied
     */
    public Spectrum(S3Client s3, Path scratch) {
        this.s3 = s3;
        this.scratch = scratch;
    }

    /**
     * A silver table as the warehouse sees it.
     *
     * @param prefix of its objects in the bucket
     */
    public record ExternalTable(String name, String prefix, List<SilverColumn> columns, Optional<String> partition) {
        /** The quality table, but for the columns of maps and lists. */
        public static final ExternalTable QUALITY = new ExternalTable(
                QualityTable.NAME,
                QualityTable.FOLDER + "/",
                QualityTable.COLUMNS.stream()
                        .filter(column -> !column.type().contains("<"))
                        .map(column -> new SilverColumn(column.name(), type(column.type()), column.comment()))
                        .toList(),
                Optional.empty());

        private static DataType type(String glueType) {
            return Stream.of(DataType.STRING, DataType.TIMESTAMP, DataType.of(DataType.Kind.LONG))
                    .filter(type -> type.glueType().equals(glueType))
                    .findFirst()
                    .orElseThrow();
        }

        /** The rows of a data set. */
        public static ExternalTable of(Contract contract) {
            return new ExternalTable(
                    contract.table(),
                    contract.folder() + "/",
                    SilverColumn.of(contract),
                    contract.partition().map(Partition::name));
        }

        /** The rows of that data set that broke their contract. */
        public static ExternalTable quarantineOf(Contract contract) {
            return new ExternalTable(
                    contract.quarantine(),
                    contract.quarantineFolder() + "/",
                    SilverColumn.QUARANTINE,
                    Optional.empty());
        }
    }

    /**
     * Brings the external schema up to date, a table a transaction.
     *
     * @return names of the tables that have changed
     */
    public List<String> refresh(Connection warehouse, List<ExternalTable> tables) throws SQLException, IOException {
        try (Statement statement = warehouse.createStatement()) {
            statement.execute("create schema if not exists " + SCHEMA);
            statement.execute("create schema if not exists data_lake_silver_state");
            statement.execute("create table if not exists " + LOADED
                    + " (table_name text, partition text, files text, primary key (table_name, partition))");
        }
        List<String> changed = new ArrayList<>();
        for (ExternalTable table : tables) {
            if (refresh(warehouse, table)) {
                changed.add(table.name());
            }
        }
        return changed;
    }

    private boolean refresh(Connection warehouse, ExternalTable table) throws SQLException, IOException {
        warehouse.setAutoCommit(false);
        try (Statement statement = warehouse.createStatement()) {
            statement.execute("create table if not exists " + SCHEMA + "." + table.name() + " ("
                    + table.columns().stream()
                            .map(column -> column.name() + " " + postgresType(column.type()))
                            .collect(Collectors.joining(", "))
                    + ")");
            Map<String, String> wanted = manifests(table);
            Map<String, String> loaded = loaded(warehouse, table);
            boolean changed = !wanted.equals(loaded);
            for (String partition : loaded.keySet()) {
                if (!loaded.get(partition).equals(wanted.get(partition))) {
                    clear(warehouse, table, partition);
                }
            }
            for (Map.Entry<String, String> each : wanted.entrySet()) {
                if (!each.getValue().equals(loaded.get(each.getKey()))) {
                    copy(warehouse, table, each.getKey(), each.getValue());
                }
            }
            if (changed) {
                statement.execute("analyze " + SCHEMA + "." + table.name());
            }
            warehouse.commit();
            return changed;
        } catch (SQLException | IOException | RuntimeException e) {
            warehouse.rollback();
            throw e;
        } finally {
            warehouse.setAutoCommit(true);
        }
    }

    /** The files of each partition, one a line; the partition is empty for a table without. */
    private Map<String, String> manifests(ExternalTable table) {
        Map<String, String> manifests = new TreeMap<>();
        String prefix = table.prefix() + MANIFESTS;
        for (S3Object object : s3.listObjectsV2Paginator(
                        request -> request.bucket(S3Server.SILVER).prefix(prefix))
                .contents()) {
            if (object.key().endsWith("/manifest")) {
                String folder =
                        object.key().substring(prefix.length() - 1, object.key().length() - "/manifest".length());
                String files = s3.getObjectAsBytes(
                                request -> request.bucket(S3Server.SILVER).key(object.key()))
                        .asUtf8String();
                String sorted =
                        files.lines().filter(line -> !line.isBlank()).sorted().collect(Collectors.joining("\n"));
                if (!sorted.isEmpty()) {
                    manifests.put(folder.substring(folder.indexOf('=') + 1), sorted);
                }
            }
        }
        return manifests;
    }

    private static Map<String, String> loaded(Connection warehouse, ExternalTable table) throws SQLException {
        Map<String, String> loaded = new HashMap<>();
        try (PreparedStatement select =
                warehouse.prepareStatement("select partition, files from " + LOADED + " where table_name = ?")) {
            select.setString(1, table.name());
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                loaded.put(rows.getString(1), rows.getString(2));
            }
        }
        return loaded;
    }

    private static void clear(Connection warehouse, ExternalTable table, String partition) throws SQLException {
        String rows = "delete from " + SCHEMA + "." + table.name();
        try (PreparedStatement delete = warehouse.prepareStatement(table.partition()
                        .map(name -> rows + " where " + name + " = ?")
                        .orElse(rows));
                PreparedStatement forget = warehouse.prepareStatement(
                        "delete from " + LOADED + " where table_name = ? and partition = ?")) {
            if (table.partition().isPresent()) {
                delete.setString(1, partition);
            }
            delete.executeUpdate();
            forget.setString(1, table.name());
            forget.setString(2, partition);
            forget.executeUpdate();
        }
    }

    private void copy(Connection warehouse, ExternalTable table, String partition, String files)
            throws SQLException, IOException {
        CopyIn copy = warehouse
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("copy " + SCHEMA + "." + table.name() + " from stdin");
        try {
            for (String file : files.lines().toList()) {
                Path local = download(URI.create(file));
                try (ParquetReader<Group> reader = ParquetFile.read(local)) {
                    for (Group row = reader.read(); row != null; row = reader.read()) {
                        byte[] line = line(table, partition, row).getBytes(StandardCharsets.UTF_8);
                        copy.writeToCopy(line, 0, line.length);
                    }
                } finally {
                    Files.delete(local);
                }
            }
            copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
        try (PreparedStatement remember = warehouse.prepareStatement(
                "insert into " + LOADED + " (table_name, partition, files) values (?, ?, ?)")) {
            remember.setString(1, table.name());
            remember.setString(2, partition);
            remember.setString(3, files);
            remember.executeUpdate();
        }
    }

    private Path download(URI file) throws IOException {
        Files.createDirectories(scratch);
        Path local = Files.createTempFile(scratch, "silver", ".parquet");
        Files.delete(local);
        s3.getObject(
                request -> request.bucket(file.getHost()).key(file.getPath().substring(1)), local);
        return local;
    }

    private static String line(ExternalTable table, String partition, Group row) {
        StringJoiner line = new StringJoiner("\t", "", "\n");
        for (SilverColumn column : table.columns()) {
            String value = table.partition().filter(column.name()::equals).isPresent() ? partition : text(row, column);
            line.add(
                    value == null
                            ? "\\N"
                            : value.replace("\\", "\\\\")
                                    .replace("\t", "\\t")
                                    .replace("\n", "\\n")
                                    .replace("\r", "\\r"));
        }
        return line.toString();
    }

    private static String text(Group row, SilverColumn column) {
        if (!row.getType().containsField(column.name()) || row.getFieldRepetitionCount(column.name()) == 0) {
            return null;
        }
        String name = column.name();
        return switch (column.type().kind()) {
            case STRING -> row.getString(name, 0);
            case INTEGER -> Integer.toString(row.getInteger(name, 0));
            case LONG -> Long.toString(row.getLong(name, 0));
            case DOUBLE -> Double.toString(row.getDouble(name, 0));
            case BOOLEAN -> Boolean.toString(row.getBoolean(name, 0));
            case DATE -> {
                int days = row.getInteger(name, 0);
                yield infinite(days == Integer.MAX_VALUE, days == Integer.MIN_VALUE)
                        .orElseGet(() -> time(LocalDate.ofEpochDay(days).atStartOfDay(), DAY));
            }
            case TIMESTAMP -> {
                long micros = row.getLong(name, 0);
                LocalDateTime time =
                        LocalDateTime.ofInstant(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), ZoneOffset.UTC);
                yield infinite(micros == Long.MAX_VALUE, micros == Long.MIN_VALUE)
                        .orElseGet(() -> time(time, TIME));
            }
            case DECIMAL -> decimal(row, name, column.type().scale()).toPlainString();
        };
    }

    /** As replication writes them, which has nothing else for them. */
    private static Optional<String> infinite(boolean last, boolean first) {
        return last ? Optional.of("infinity") : first ? Optional.of("-infinity") : Optional.empty();
    }

    /** PostgreSQL takes no sign before a year, and knows no year 0. */
    private static String time(LocalDateTime time, DateTimeFormatter format) {
        return format.format(time).replace("+", "") + (time.getYear() > 0 ? "" : " BC");
    }

    /** Parquet keeps a decimal in 32 bits, in 64 or in bytes, by its precision. */
    private static BigDecimal decimal(Group row, String name, int scale) {
        BigInteger unscaled =
                switch (row.getType().getType(name).asPrimitiveType().getPrimitiveTypeName()) {
                    case INT32 -> BigInteger.valueOf(row.getInteger(name, 0));
                    case INT64 -> BigInteger.valueOf(row.getLong(name, 0));
                    default -> new BigInteger(row.getBinary(name, 0).getBytes());
                };
        return new BigDecimal(unscaled, scale);
    }

    private static String postgresType(DataType type) {
        return switch (type.kind()) {
            case STRING -> "text";
            case INTEGER -> "integer";
            case LONG -> "bigint";
            case DECIMAL -> "numeric(" + type.precision() + ", " + type.scale() + ")";
            case DOUBLE -> "double precision";
            case BOOLEAN -> "boolean";
            case DATE -> "date";
            case TIMESTAMP -> "timestamp";
        };
    }
}
