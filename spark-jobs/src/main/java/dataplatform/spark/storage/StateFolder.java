package dataplatform.spark.storage;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** A folder of small JSON files beside the silver tables, each written whole or not at all. */
public final class StateFolder {
    /** What S3A calls a write that S3 refuses if the object is there. */
    static final String CONDITIONAL = "fs.option.create.conditional.overwrite";

    private final SparkSession spark;
    private final Path folder;

    /** A folder of small JSON files, which need not exist yet. */
    public StateFolder(SparkSession spark, String folder) {
        this.spark = spark;
        this.folder = new Path(folder);
    }

    /** The content of a file; empty if it is not there. */
    public <T> Optional<T> read(String name, Class<T> type) {
        Path file = new Path(folder, name);
        try (InputStream in = storage().open(file)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Optional.of(Json.read(text, type));
        } catch (UncheckedIOException e) {
            throw new IllegalStateException(file + " is damaged. Restore it, or see docs/runbooks/silver.md");
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + file, e);
        }
    }

    /** Writes a file in one piece, over one that is there. */
    public void write(String name, Object value) {
        Path file = new Path(folder, name);
        try {
            Storage.replace(storage(), file, content(value));
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file, e);
        }
    }

    /** Writes a file that is not there yet; false if it is. */
    public boolean create(String name, Object value) {
        Path file = new Path(folder, name);
        try {
            FileSystem storage = storage();
            if (storage.exists(file)) {
                return false;
            }
            if (!storage.hasPathCapability(file, CONDITIONAL)) {
                // once among the writers of a process, as Delta does
                synchronized (StateFolder.class) {
                    if (storage.exists(file)) {
                        return false;
                    }
                    Storage.replace(storage, file, content(value));
                    return true;
                }
            }
            FSDataOutputStreamBuilder<?, ?> builder =
                    storage.createFile(file).recursive().overwrite(true);
            builder.must(CONDITIONAL, true);
            try (OutputStream out = builder.build()) {
                out.write(content(value));
            }
            return true;
        } catch (IOException e) {
            // S3 refuses when another writer was faster
            if (read(name, JsonNode.class).isPresent()) {
                return false;
            }
            throw new UncheckedIOException("could not write " + file, e);
        }
    }

    private static byte[] content(Object value) {
        return Json.write(value).getBytes(StandardCharsets.UTF_8);
    }

    /** Names of the files, in their order. */
    public List<String> names() {
        try {
            return Stream.of(storage().listStatus(folder))
                    .map(FileStatus::getPath)
                    .map(Path::getName)
                    .filter(name -> name.endsWith(".json"))
                    .sorted()
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + folder, e);
        }
    }

    /** Deletes a file, if it is there. */
    public void delete(String name) {
        try {
            storage().delete(new Path(folder, name), false);
        } catch (IOException e) {
            throw new UncheckedIOException("could not delete " + new Path(folder, name), e);
        }
    }

    private FileSystem storage() throws IOException {
        return Storage.of(folder, spark.sparkContext().hadoopConfiguration());
    }
}
