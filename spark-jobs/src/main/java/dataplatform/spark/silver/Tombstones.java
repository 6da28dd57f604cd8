package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import dataplatform.contracts.Column;
import dataplatform.contracts.SilverColumn;
import dataplatform.spark.DataSet;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys that have no row in a silver table any more, deleted or withdrawn, each with the {@code change_seq} that it left
 * at. Without them an older change that comes again would bring the row back.
 *
 * <p>They stand in Parquet files. One that stands twice does no harm, so nothing need be atomic.
 */
public final class Tombstones {
    /** The {@code change_seq} that a key left at, and behind that a letter where it was deleted: see {@link SilverTable}. */
    static final String LEFT_AT = "_left_at";

    private static final Logger LOG = LoggerFactory.getLogger(Tombstones.class);
    private static final int MAX_FILES = 16;

    private final SparkSession spark;
    private final Path folder;
    private final String[] key;
    private final StructType schema;

    /** The tombstones of a data set; none if nothing left its table yet. */
    public Tombstones(SparkSession spark, DataSet dataSet) {
        this.spark = spark;
        this.folder = new Path(dataSet.tombstones());
        this.key = dataSet.contract().key().stream().map(Column::name).toArray(String[]::new);
        this.schema = ContractColumns.keySchema(dataSet.contract());
    }

    /** @param rows with the key and the {@code change_seq} that they left at */
    void add(Dataset<Row> rows) {
        write(rows.select(ContractColumns.named(schema.fieldNames())));
        List<Path> files = files();
        if (files.size() > MAX_FILES) {
            write(read(files)
                    .groupBy(ContractColumns.named(key))
                    .agg(max(SilverColumn.CHANGE_SEQ).as(SilverColumn.CHANGE_SEQ)));
            files.forEach(file -> delete(file.getParent()));
        }
    }

    /**
     * The tombstones of some keys: the key's columns and {@link #LEFT_AT}; empty if nothing ever left the table.
     *
     * @param keys the key's columns
     */
    Optional<Dataset<Row>> of(Dataset<Row> keys) {
        List<Path> files = files();
        if (files.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(read(files)
                .join(keys, key, "left_semi")
                .groupBy(ContractColumns.named(key))
                .agg(max(col(SilverColumn.CHANGE_SEQ)).as(LEFT_AT)));
    }

    /** All tombstones: the key's columns and the {@code change_seq} that it left at, a key as often as it stands there. */
    public Dataset<Row> all() {
        List<Path> files = files();
        return files.isEmpty() ? spark.createDataFrame(List.of(), schema) : read(files);
    }

    private Dataset<Row> read(List<Path> files) {
        return spark.read()
                .schema(schema)
                .parquet(files.stream().map(Path::toString).toArray(String[]::new));
    }

    private void write(Dataset<Row> rows) {
        // of its own: a writer that ends takes the temporary files of all writers of a folder with it
        rows.coalesce(1).write().parquet(new Path(folder, UUID.randomUUID().toString()).toString());
    }

    private List<Path> files() {
        while (true) {
            try {
                List<Path> files = new ArrayList<>();
                for (FileStatus written : written()) {
                    Stream.of(storage().listStatus(written.getPath(), path -> path.getName()
                                    .endsWith(".parquet")))
                            .forEach(file -> files.add(file.getPath()));
                }
                return files;
            } catch (FileNotFoundException e) {
                // another writer has just put them together: some of them are not all
                LOG.debug("{} was put together meanwhile", folder);
            } catch (IOException e) {
                throw new UncheckedIOException("could not list the tombstones in " + folder, e);
            }
        }
    }

    private List<FileStatus> written() throws IOException {
        try {
            return Stream.of(storage().listStatus(folder))
                    .filter(FileStatus::isDirectory)
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    private void delete(Path written) {
        try {
            storage().delete(written, true);
        } catch (IOException e) {
            throw new UncheckedIOException("could not delete the tombstones in " + written, e);
        }
    }

    private FileSystem storage() throws IOException {
        return folder.getFileSystem(spark.sparkContext().hadoopConfiguration());
    }
}
