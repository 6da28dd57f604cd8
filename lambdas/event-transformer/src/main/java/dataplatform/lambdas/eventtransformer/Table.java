package dataplatform.lambdas.eventtransformer;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Source;
import dataplatform.parquet.ParquetFile;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;

/** A data set's rows of one raw object, as a Parquet file that is there as soon as there is a row. */
final class Table implements AutoCloseable {
    /** The path of the fields that no other column takes. */
    private static final String OTHERS = "$";

    // silver has a folder for each day, and what looks through it takes as long as there are days that somebody thinks
    // of
    private static final long OLDEST = TimeUnit.DAYS.toMicros(10 * 366);
    private static final long EARLIEST = TimeUnit.DAYS.toMicros(1);

    private static final String FIELD = "\\$\\.\\w+";

    private final Contract contract;
    private final List<Column> columns;
    /** The column's path, by the column; -1 for {@link #OTHERS}. */
    private final int[] slots;

    private final Set<String> taken;
    /** Where a row has what is said of all messages; -1 where it has not. */
    private final int userId;

    private final int anonymousId;
    private final int timestamp;
    private final int receivedAt;
    private final Path path;
    private ParquetFile file;

    /** @param path of the file */
    Table(Contract contract, Paths paths, Path path) {
        this.contract = contract;
        this.columns = contract.columns();
        this.slots = columns.stream()
                .mapToInt(column -> column.sourceName().equals(OTHERS) ? -1 : paths.slot(column.sourceName()))
                .toArray();
        this.taken = columns.stream()
                .map(Column::sourceName)
                .filter(name -> name.matches(FIELD))
                .map(name -> name.substring(OTHERS.length() + 1))
                .collect(Collectors.toSet());
        this.userId = column("$.userId");
        this.anonymousId = column("$.anonymousId");
        this.timestamp = column("$.timestamp");
        this.receivedAt = column(Source.Stream.RECEIVED_AT);
        this.path = path;
    }

    private int column(String path) {
        return columns.stream().map(Column::sourceName).toList().indexOf(path);
    }

    Contract contract() {
        return contract;
    }

    /**
     * The row that a message makes, its values in the order of the columns.
     *
     * @throws Refusal if it lacks a required value, has one that its column can't hold, belongs to nobody, or to no day that can be
     */
    List<Object> row(Message message) throws Refusal {
        List<Object> row = new ArrayList<>(slots.length);
        for (int i = 0; i < slots.length; i++) {
            Column column = columns.get(i);
            Object value;
            if (slots[i] < 0) {
                byte[] others = message.fieldsBut(taken);
                value = others.length == 0 ? null : Binary.fromConstantByteArray(others);
            } else {
                try {
                    value = Values.of(message, slots[i], column.type());
                } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
                    throw new Refusal(column.name() + " is not " + column.type().glueType());
                }
            }
            if (value == null && column.required()) {
                throw new Refusal(column.name() + " is required");
            }
            row.add(value);
        }
        if (userId >= 0 && anonymousId >= 0 && row.get(userId) == null && row.get(anonymousId) == null) {
            throw new Refusal("there is neither userId nor anonymousId");
        }
        if (timestamp >= 0 && receivedAt >= 0) {
            long before = (Long) row.get(receivedAt) - (Long) row.get(timestamp);
            if (before > OLDEST || before < -EARLIEST) {
                throw new Refusal("timestamp is more than ten years before it came, or more than a day after");
            }
        }
        return row;
    }

    /** Writes a row. */
    void add(List<Object> row) {
        if (file == null) {
            file = new ParquetFile(
                    path,
                    columns.stream()
                            .map(column -> new ParquetFile.Field(column.name(), column.type()))
                            .toList(),
                    CompressionCodecName.ZSTD);
        }
        file.add(row);
    }

    /** The file, if there were rows; it is whole after {@link #close}. */
    Optional<ParquetFile> file() {
        return Optional.ofNullable(file);
    }

    @Override
    public void close() {
        if (file != null) {
            file.close();
        }
    }
}
