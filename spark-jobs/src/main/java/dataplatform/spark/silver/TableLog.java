package dataplatform.spark.silver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.spark.storage.Json;
import dataplatform.spark.storage.Storage;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The log of a Delta table, read as its protocol describes it: what its commits say about themselves, without a Spark query.
 *
 * <p>Writes are numbered, and a number is taken once: a writer that decided on a table which another one has changed since
 * is refused by Delta (its idempotent writes, {@code txnAppId} and {@code txnVersion}), whoever it is.
 */
public final class TableLog {
    private static final String WRITER = "dataplatform";

    private final SparkSession spark;
    private final Path log;

    /**
     * The Delta log of a table.
     *
     * @param table its folder, which need not exist yet
     */
    public TableLog(SparkSession spark, String table) {
        this.spark = spark;
        this.log = new Path(table, "_delta_log");
    }

    /** The newest version of the table; -1 if it is not there. */
    public long version() {
        List<Path> commits = commits();
        return commits.isEmpty() ? -1 : version(commits.get(0));
    }

    /**
     * Makes a write the one of that number.
     *
     * @param number higher than those of all writes that the table holds; a write whose number is taken does nothing
     * @param about text that stands beside the commit, read by {@link #last}
     * @throws io.delta.exceptions.ConcurrentTransactionException when saved, if another writer takes the number meanwhile
     */
    public static DataFrameWriter<Row> numbered(DataFrameWriter<Row> writer, long number, String about) {
        return writer.option("txnAppId", WRITER).option("txnVersion", number).option("userMetadata", about);
    }

    /** What stands beside the newest numbered commit; empty if there is none in the log, which Delta keeps for 30 days. */
    public Optional<String> last() {
        for (Path commit : commits()) {
            Optional<String> about = about(commit);
            if (about.isPresent()) {
                return about;
            }
        }
        return Optional.empty();
    }

    /** The newest batch that the table holds, if its commit is still in the log. */
    Optional<Commit> lastBatch() {
        return last().map(about -> Json.read(about, Commit.class));
    }

    /** The batches of the table after one, the oldest first, as far as their commits are still in the log. */
    public List<Commit> batchesAfter(long batch) {
        List<Commit> batches = new ArrayList<>();
        for (Path commit : commits()) {
            Optional<Commit> found = about(commit).map(text -> Json.read(text, Commit.class));
            if (found.isPresent() && found.get().batch() <= batch) {
                break;
            }
            found.ifPresent(each -> batches.add(0, each));
        }
        return batches;
    }

    /**
     * The data files of a version; empty if its checksum file does not list them, because they are too many or it was not written.
     * See <a href="https://github.com/delta-io/delta/blob/master/PROTOCOL.md#version-checksum-file">Delta's protocol</a>.
     */
    Optional<List<Path>> files(long version) {
        Path checksum = new Path(log, String.format(Locale.ROOT, "%020d.crc", version));
        try (InputStream in = storage().open(checksum)) {
            JsonNode files = Json.MAPPER.readTree(in).path("allFiles");
            if (!files.isArray()) {
                return Optional.empty();
            }
            List<Path> paths = new ArrayList<>();
            for (JsonNode file : files) {
                // in URL encoding, mostly below the table
                Path path = new Path(URI.create(file.path("path").asText()));
                paths.add(storage().makeQualified(new Path(log.getParent(), path)));
            }
            return Optional.of(paths);
        } catch (FileNotFoundException | JsonProcessingException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + checksum, e);
        }
    }

    /** Whether that text stands beside a commit that is still in the log. */
    boolean contains(String about) {
        return commits().stream().anyMatch(commit -> beside(commit).text().equals(Optional.of(about)));
    }

    /** Text beside the commit if it is a numbered one. */
    private Optional<String> about(Path commit) {
        Beside beside = beside(commit);
        return beside.numbered() ? beside.text() : Optional.empty();
    }

    private record Beside(boolean numbered, Optional<String> text) {}

    private Beside beside(Path commit) {
        boolean numbered = false;
        Optional<String> about = Optional.empty();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(storage().open(commit), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // the other actions name files, and there may be thousands
                if (line.startsWith("{\"commitInfo\"") || line.startsWith("{\"txn\"")) {
                    JsonNode action = Json.MAPPER.readTree(line);
                    numbered |= action.path("txn").path("appId").asText().equals(WRITER);
                    JsonNode text = action.path("commitInfo").path("userMetadata");
                    about = text.isTextual() ? Optional.of(text.asText()) : about;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + commit, e);
        }
        return new Beside(numbered, about);
    }

    /** The newest first. */
    private List<Path> commits() {
        try {
            return Stream.of(storage().listStatus(log, path -> path.getName().matches("\\d{20}\\.json")))
                    .map(FileStatus::getPath)
                    .sorted(Comparator.comparing(Path::getName).reversed())
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + log, e);
        }
    }

    private static long version(Path commit) {
        return Long.parseLong(commit.getName().substring(0, 20));
    }

    private FileSystem storage() throws IOException {
        return Storage.of(log, spark.sparkContext().hadoopConfiguration());
    }
}
