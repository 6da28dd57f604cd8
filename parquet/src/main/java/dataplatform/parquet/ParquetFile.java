package dataplatform.parquet;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/** A Parquet file on a disk, while it is being written. The same rows make the same bytes. */
public final class ParquetFile implements AutoCloseable {
    /** As Spark and Athena have it. */
    private static final int MAX_PRECISION = 38;

    /** Bytes of rows that are held in memory, about. */
    private static final long HELD = 16 << 20;

    private static final int PAGE = 256 << 10;

    /**
     * A column of the file.
     *
     * @param name as in the source
     * @param type of its values, which are text or its UTF-8 as {@link Binary}, {@link Integer}, {@link Long}, {@link BigDecimal}, {@link
     *     Double}, {@link Boolean}, days or microseconds since 1970 in UTC
     */
    public record Field(String name, DataType type) {}

    private final Path path;
    private final List<Field> fields;
    private final ParquetWriter<List<Object>> writer;
    private long rows;

    /**
     * Begins a file.
     *
     * @param path of the file, which is written anew
     * @param codec GZIP or ZSTD
     */
    public ParquetFile(Path path, List<Field> fields, CompressionCodecName codec) {
        this.path = path;
        this.fields = List.copyOf(fields);
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            Files.deleteIfExists(path);
            this.writer = new Builder(new LocalOutputFile(path), this.fields)
                    .withConf(new PlainParquetConfiguration())
                    .withCodecFactory(new Codecs())
                    .withCompressionCodec(codec)
                    .withRowGroupSize(HELD)
                    .withPageSize(PAGE)
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start " + path, e);
        }
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /** Its columns, in their order. */
    public List<Field> fields() {
        return fields;
    }

    /** How many rows have been written. */
    public long rows() {
        return rows;
    }

    /** Bytes so far, before the last of them are compressed. */
    public long size() {
        return writer.getDataSize();
    }

    /** @param values in the order of the fields */
    public void add(List<Object> values) {
        try {
            writer.write(values);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write to " + path, e);
        }
        rows++;
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException("could not finish " + path, e);
        }
    }

    /**
     * Opens a file to read its rows; the caller closes it.
     *
     * @throws IOException if it can't be read
     */
    public static ParquetReader<Group> read(Path path) throws IOException {
        // parquet-hadoop has no builder of its own for a file that is not Hadoop's
        ParquetReader.Builder<Group> builder =
                new ParquetReader.Builder<>(new LocalInputFile(path), new PlainParquetConfiguration()) {
                    @Override
                    protected ReadSupport<Group> getReadSupport() {
                        return new GroupReadSupport();
                    }
                };
        return builder.build();
    }

    /** The type of a column of PostgreSQL's type numeric: text where a decimal can't hold what the source does. */
    public static DataType numeric(int precision, int scale) {
        return precision < 1 || precision > MAX_PRECISION || scale < 0 || scale > precision
                ? DataType.STRING
                : new DataType(Kind.DECIMAL, precision, scale);
    }

    /** Microseconds since 1970; the last or first that there is for a time beyond them, as from the year 294247. */
    public static long micros(Instant instant) {
        try {
            return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1000);
        } catch (ArithmeticException e) {
            return instant.isAfter(Instant.EPOCH) ? Long.MAX_VALUE : Long.MIN_VALUE;
        }
    }

    /** Two's complement in as many bytes as the precision needs. */
    private static Binary decimal(BigDecimal value, DataType type) {
        byte[] digits = value.setScale(type.scale(), RoundingMode.UNNECESSARY)
                .unscaledValue()
                .toByteArray();
        byte[] bytes = new byte[bytes(type.precision())];
        Arrays.fill(bytes, (byte) (value.signum() < 0 ? -1 : 0));
        System.arraycopy(digits, 0, bytes, bytes.length - digits.length, digits.length);
        return Binary.fromConstantByteArray(bytes);
    }

    private static int bytes(int precision) {
        return BigInteger.TEN.pow(precision).subtract(BigInteger.ONE).bitLength() / 8 + 1;
    }

    private static MessageType schema(List<Field> fields) {
        Types.MessageTypeBuilder schema = Types.buildMessage();
        for (Field field : fields) {
            switch (field.type().kind()) {
                case STRING ->
                    schema.optional(PrimitiveTypeName.BINARY)
                            .as(LogicalTypeAnnotation.stringType())
                            .named(field.name());
                case INTEGER -> schema.optional(PrimitiveTypeName.INT32).named(field.name());
                case LONG -> schema.optional(PrimitiveTypeName.INT64).named(field.name());
                case DOUBLE -> schema.optional(PrimitiveTypeName.DOUBLE).named(field.name());
                case BOOLEAN -> schema.optional(PrimitiveTypeName.BOOLEAN).named(field.name());
                case DATE ->
                    schema.optional(PrimitiveTypeName.INT32)
                            .as(LogicalTypeAnnotation.dateType())
                            .named(field.name());
                case TIMESTAMP ->
                    schema.optional(PrimitiveTypeName.INT64)
                            .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS))
                            .named(field.name());
                case DECIMAL ->
                    schema.optional(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY)
                            .length(bytes(field.type().precision()))
                            .as(LogicalTypeAnnotation.decimalType(
                                    field.type().scale(), field.type().precision()))
                            .named(field.name());
            }
        }
        return schema.named("row");
    }

    private static final class Builder extends ParquetWriter.Builder<List<Object>, Builder> {
        private final List<Field> fields;

        Builder(OutputFile file, List<Field> fields) {
            super(file);
            this.fields = fields;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<List<Object>> getWriteSupport(ParquetConfiguration settings) {
            return new Rows(fields);
        }

        @Override
        protected WriteSupport<List<Object>> getWriteSupport(Configuration settings) {
            return new Rows(fields);
        }
    }

    /** Writes rows column by column. */
    private static final class Rows extends WriteSupport<List<Object>> {
        private final List<Field> fields;
        private RecordConsumer consumer;

        Rows(List<Field> fields) {
            this.fields = fields;
        }

        @Override
        public WriteContext init(ParquetConfiguration settings) {
            return new WriteContext(schema(fields), Map.of());
        }

        @Override
        public WriteContext init(Configuration settings) {
            return new WriteContext(schema(fields), Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer into) {
            consumer = into;
        }

        @Override
        public void write(List<Object> values) {
            consumer.startMessage();
            for (int i = 0; i < fields.size(); i++) {
                Object value = values.get(i);
                if (value != null) {
                    Field field = fields.get(i);
                    consumer.startField(field.name(), i);
                    add(value, field.type());
                    consumer.endField(field.name(), i);
                }
            }
            consumer.endMessage();
        }

        private void add(Object value, DataType type) {
            switch (type.kind()) {
                case STRING ->
                    consumer.addBinary(value instanceof Binary text ? text : Binary.fromString(value.toString()));
                case INTEGER, DATE -> consumer.addInteger(((Number) value).intValue());
                case LONG, TIMESTAMP -> consumer.addLong(((Number) value).longValue());
                case DOUBLE -> consumer.addDouble(((Number) value).doubleValue());
                case BOOLEAN -> consumer.addBoolean((Boolean) value);
                case DECIMAL -> consumer.addBinary(decimal((BigDecimal) value, type));
            }
        }
    }
}
