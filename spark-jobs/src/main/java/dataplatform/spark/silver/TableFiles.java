package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;

import dataplatform.spark.storage.Storage;
import io.delta.exceptions.DeltaConcurrentModificationException;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done about a Delta table's files after a commit: many small ones are put together, and manifests list for Redshift
 * Spectrum which files are current, as {@code GENERATE symlink_format_manifest} would.
 *
 * <p>Delta would write the manifests of each commit by itself, with half a dozen Spark jobs: on a small table more work than
 * the commit. Which files there are stands beside the commit.
 */
public final class TableFiles {
    private static final Logger LOG = LoggerFactory.getLogger(TableFiles.class);
    /** Each commit adds a file or two to a partition; with more than these it is compacted. */
    static final int MAX_FILES = 16;

    private static final String MANIFESTS = "_symlink_format_manifest";

    private final SparkSession spark;
    private final Path table;
    private final Optional<String> partition;
    private final TableLog log;

    /** @param partition the table's partition column */
    public TableFiles(SparkSession spark, String table, Optional<String> partition) {
        this.spark = spark;
        this.table = new Path(table);
        this.partition = partition;
        this.log = new TableLog(spark, table);
    }

    /** Does it for the whole table. */
    public void afterCommit() {
        afterCommit(folder -> true);
    }

    /** Does it for these partitions alone. */
    public void afterCommit(Set<String> partitions) {
        Set<String> folders =
                partitions.stream().map(value -> partition.get() + "=" + value).collect(Collectors.toSet());
        afterCommit(folders::contains);
    }

    /** The data files of the newest version. */
    public List<String> current() {
        return list().byFolder().values().stream().flatMap(List::stream).toList();
    }

    private void afterCommit(Predicate<String> isMeant) {
        Listing files = list();
        if (compact(files, isMeant)) {
            files = list();
        }
        // until they describe the newest version: of two writers the slower one would leave an older one's otherwise
        writeManifests(files, isMeant);
        while (log.version() != files.version()) {
            files = list();
            writeManifests(files, folder -> true);
        }
    }

    /** @return whether there was something to put together */
    private boolean compact(Listing files, Predicate<String> isMeant) {
        Object[] crowded = files.byFolder().entrySet().stream()
                .filter(folder ->
                        isMeant.test(folder.getKey()) && folder.getValue().size() > MAX_FILES)
                .map(folder -> folder.getKey().replaceFirst(".*=", ""))
                .toArray();
        if (crowded.length == 0) {
            return false;
        }
        DeltaTable delta = DeltaTable.forPath(spark, table.toString());
        try {
            partition
                    .map(name -> delta.optimize()
                            .where(col(name).isin(crowded).expr().sql()))
                    .orElseGet(delta::optimize)
                    .executeCompaction();
        } catch (DeltaConcurrentModificationException e) {
            LOG.info("{} was changed while it was compacted; the next commit compacts it", table);
        }
        return true;
    }

    private void writeManifests(Listing files, Predicate<String> isMeant) {
        try {
            FileSystem storage = Storage.of(table, spark.sparkContext().hadoopConfiguration());
            for (String folder : foldersWithManifest(storage)) {
                if (isMeant.test(folder) && !files.byFolder().containsKey(folder)) {
                    storage.delete(new Path(table, MANIFESTS + "/" + folder), true);
                }
            }
            for (Map.Entry<String, List<String>> folder : files.byFolder().entrySet()) {
                if (isMeant.test(folder.getKey())) {
                    Path manifest = new Path(new Path(table, MANIFESTS + "/" + folder.getKey()), "manifest");
                    Storage.replace(
                            storage,
                            manifest,
                            String.join("\n", folder.getValue()).getBytes(StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not write the manifests of " + table, e);
        }
    }

    /** The data files of a version of the table, by their folder in the table's. */
    private record Listing(long version, Map<String, List<String>> byFolder) {}

    private Listing list() {
        long version = log.version();
        Optional<List<Path>> paths = log.files(version);
        while (paths.isEmpty()) {
            // of the newest version, whatever it is by then
            String[] newest =
                    spark.read().format("delta").load(table.toString()).inputFiles();
            if (log.version() == version) {
                paths = Optional.of(Stream.of(newest).map(Path::new).toList());
            } else {
                version = log.version();
            }
        }
        Map<String, List<String>> files = new TreeMap<>();
        if (partition.isEmpty()) {
            files.put("", new ArrayList<>());
        }
        for (Path path : paths.get()) {
            String folder = partition.isEmpty() ? "" : path.getParent().getName();
            files.computeIfAbsent(folder, key -> new ArrayList<>()).add(path.toString());
        }
        return new Listing(version, files);
    }

    private Set<String> foldersWithManifest(FileSystem storage) throws IOException {
        Set<String> folders = new TreeSet<>();
        Path manifests = new Path(table, MANIFESTS);
        if (partition.isPresent() && storage.exists(manifests)) {
            for (FileStatus folder : storage.listStatus(manifests)) {
                folders.add(folder.getPath().getName());
            }
        }
        return folders;
    }
}
