package dataplatform.spark.landing;

import dataplatform.contracts.SilverColumn;
import dataplatform.spark.silver.ChangeBatch;
import dataplatform.spark.storage.Json;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The rows of files that were inspected, as a data source of Spark: a task reads a part of a file, and makes only the columns that its
 * query asks for. What is in a field goes to Spark as the bytes that it is in the file.
 */
public final class LandedRows implements TableProvider {
    private static final String FILES = "files";
    private static final int MOST_TASKS = 200;

    /** What {@code DataFrameReader} makes. */
    public LandedRows() {}

    /** What the tasks have to know. */
    private record Files(String contract, char delimiter, List<String> columns, List<Inspection> files) {}

    /** Reads the columns of a contract, as text, and those that {@link ChangeBatch} wants of a file. */
    static Dataset<Row> read(SparkSession spark, FileLayout layout, List<String> columns, List<Inspection> files) {
        StructType schema = new StructType();
        for (String column : columns) {
            schema = schema.add(column, DataTypes.StringType);
        }
        for (Extra extra : Extra.ALL) {
            schema = schema.add(extra.column, extra.type);
        }
        return spark.read()
                .format(LandedRows.class.getName())
                .schema(schema)
                .option(FILES, Json.write(new Files(layout.contract(), layout.delimiter(), columns, files)))
                .load();
    }

    /** Columns that the files do not have. */
    private enum Extra {
        CHANGE_SEQ(SilverColumn.CHANGE_SEQ, DataTypes.StringType),
        EXTRACTED_AT(SilverColumn.EXTRACTED_AT, DataTypes.TimestampType),
        RAW(ChangeBatch.RAW, DataTypes.StringType),
        FILE(ChangeBatch.FILE, DataTypes.StringType),
        DEFECT(ChangeBatch.DEFECT, DataTypes.StringType);

        /** For each value of each row; {@code values()} copies. */
        private static final List<Extra> ALL = List.of(values());

        private final String column;
        private final DataType type;

        Extra(String column, DataType type) {
            this.column = column;
            this.type = type;
        }
    }

    @Override
    public boolean supportsExternalMetadata() {
        return true;
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        throw new UnsupportedOperationException("the schema follows from a contract");
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        Files files = Json.read(new CaseInsensitiveStringMap(properties).get(FILES), Files.class);
        return new LandedTable(files, schema);
    }

    private record LandedTable(Files files, StructType schema) implements Table, SupportsRead {
        @Override
        public String name() {
            return "files of " + files.contract();
        }

        @Override
        public Set<TableCapability> capabilities() {
            return Set.of(TableCapability.BATCH_READ);
        }

        @Override
        public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
            return new LandedScan(files, schema);
        }
    }

    private static final class LandedScan implements ScanBuilder, SupportsPushDownRequiredColumns, Scan, Batch {
        private final Files files;
        private StructType schema;

        LandedScan(Files files, StructType schema) {
            this.files = files;
            this.schema = schema;
        }

        @Override
        public void pruneColumns(StructType required) {
            schema = required;
        }

        @Override
        public Scan build() {
            return this;
        }

        @Override
        public StructType readSchema() {
            return schema;
        }

        @Override
        public String description() {
            return "files of " + files.contract();
        }

        @Override
        public Batch toBatch() {
            return this;
        }

        @Override
        public InputPartition[] planInputPartitions() {
            List<Piece> pieces = files.files().stream()
                    .flatMap(file -> file.parts().stream().map(part -> new Piece(file, part)))
                    .toList();
            int tasks = Math.max(1, Math.min(pieces.size(), MOST_TASKS));
            List<List<Piece>> partitions = IntStream.range(0, tasks)
                    .<List<Piece>>mapToObj(i -> new ArrayList<>())
                    .toList();
            for (int i = 0; i < pieces.size(); i++) {
                partitions.get((int) ((long) i * tasks / pieces.size())).add(pieces.get(i));
            }
            return partitions.stream().map(Pieces::new).toArray(InputPartition[]::new);
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            SparkSession spark = SparkSession.active();
            Broadcast<SerializableConfiguration> storage = JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .broadcast(
                            new SerializableConfiguration(spark.sessionState().newHadoopConf()));
            List<String> extras = Extra.ALL.stream().map(extra -> extra.column).toList();
            int[] values = Stream.of(schema.fieldNames())
                    .mapToInt(name -> extras.contains(name)
                            ? -1 - extras.indexOf(name)
                            : files.columns().indexOf(name))
                    .toArray();
            return new Readers(files.delimiter(), values, storage);
        }
    }

    private record Piece(Inspection file, Inspection.Part part) implements Serializable {}

    private record Pieces(List<Piece> all) implements InputPartition {}

    /** @param values of a row: indexes of columns of the contract, or below 0 those of {@link Extra}, from -1 down */
    private record Readers(char delimiter, int[] values, Broadcast<SerializableConfiguration> storage)
            implements PartitionReaderFactory {
        @Override
        public PartitionReader<InternalRow> createReader(InputPartition partition) {
            return new Reader(
                    ((Pieces) partition).all(),
                    delimiter,
                    values,
                    storage.value().value());
        }
    }

    /** The rows of some parts of files, one after the other. */
    private static final class Reader implements PartitionReader<InternalRow> {
        private final Iterator<Piece> pieces;
        private final char delimiter;
        private final int[] values;
        private final Configuration storage;
        private Piece piece;
        private CsvReader csv;
        private UTF8String file;

        Reader(List<Piece> pieces, char delimiter, int[] values, Configuration storage) {
            this.pieces = pieces.iterator();
            this.delimiter = delimiter;
            this.values = values;
            this.storage = storage;
        }

        @Override
        public boolean next() throws IOException {
            while (csv != null || pieces.hasNext()) {
                try {
                    if (csv == null) {
                        open(pieces.next());
                    }
                    if (csv.next()) {
                        return true;
                    }
                    if (!Arrays.equals(csv.digest(), piece.part().sha256())) {
                        throw new IOException("it was replaced while it was read");
                    }
                } catch (IOException e) {
                    throw new IOException("could not read " + piece.file().file(), e);
                }
                close();
            }
            return false;
        }

        private void open(Piece opened) throws IOException {
            piece = opened;
            file = UTF8String.fromString(piece.file().file());
            Inspection.Part part = piece.part();
            FSDataInputStream in = Inspection.open(piece.file().file(), storage);
            in.seek(part.offset());
            csv = new CsvReader(in, delimiter, part.lines(), part.length());
            if (part.offset() == 0) {
                csv.next();
            }
        }

        @Override
        public InternalRow get() {
            Inspection of = piece.file();
            boolean complete = csv.size() == of.fields();
            byte[] row = csv.bytes();
            Object[] result = new Object[values.length];
            for (int i = 0; i < values.length; i++) {
                result[i] = values[i] < 0
                        ? extra(Extra.ALL.get(-1 - values[i]), row, complete)
                        : complete ? csv.value(of.positions()[values[i]], row) : null;
            }
            return new GenericInternalRow(result);
        }

        private Object extra(Extra extra, byte[] row, boolean complete) {
            return switch (extra) {
                case CHANGE_SEQ -> UTF8String.fromString(piece.file().sequence() + "-" + number(csv.line()));
                case EXTRACTED_AT -> piece.file().exportedAt() * 1000;
                case RAW -> UTF8String.fromBytes(row);
                case FILE -> file;
                case DEFECT ->
                    complete
                            ? null
                            : UTF8String.fromString("it has " + csv.size() + " fields instead of "
                                    + piece.file().fields());
            };
        }

        private static String number(long line) {
            String digits = Long.toString(line);
            return "0".repeat(10 - digits.length()) + digits;
        }

        @Override
        public void close() throws IOException {
            if (csv != null) {
                csv.close();
                csv = null;
            }
        }
    }
}
