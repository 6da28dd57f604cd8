package dataplatform.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.delta.exceptions.DeltaConcurrentModificationException;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done about a Delta table's files after a commit: many small ones are put together, and manifests tell Redshift
 * Spectrum which files are current, as {@code GENERATE symlink_format_manifest} would.
 *
 * <p>Delta would write the manifests of each commit by itself, with half a dozen Spark jobs: on a small table more work than
 * the commit.
 */
final class TableFiles {
    private static final Logger LOG = LoggerFactory.getLogger(TableFiles.class);
    /** Each commit adds a file or two to a partition; with more than these it is compacted. */
    static final int MAX_FILES = 16;

    private static final String MANIFESTS = "_symlink_format_manifest";

    private final SparkSession spark;
    private final Path table;
    private final Optional<String> partition;
    private final TableLog log;

    /** @param partition the table's partition column */
    TableFiles(SparkSession spark, String table, Optional<String> partition) {
        this.spark = spark;
        this.table = new Path(table);
        this.partition = partition;
        this.log = new TableLog(spark, table);
    }

    /** Does it for the whole table. */
    void afterCommit() {
        compact(lit(true));
        writeManifests(lit(true), foldersWithManifest());
    }

    /** Does it for these partitions alone. */
    void afterCommit(Set<String> partitions) {
        if (partition.isEmpty()) {
            afterCommit();
            return;
        }
        Set<String> folders = new TreeSet<>();
        partitions.forEach(value -> folders.add(partition.get() + "=" + value));
        Column where = col(partition.get()).isin(partitions.toArray());
        compact(where);
        writeManifests(where, folders);
    }

    private void compact(Column where) {
        Object[] crowded = files(where).entrySet().stream()
                .filter(folder -> folder.getValue().size() > MAX_FILES)
                .map(folder -> folder.getKey().replaceFirst(".*=", ""))
                .toArray();
        if (crowded.length == 0) {
            return;
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
    }

    /**
     * Writes them until they describe the newest version: of two writers the slower one would leave an older one's otherwise.
     *
     * @param folders of the table that may have no files any more
     */
    private void writeManifests(Column where, Set<String> folders) {
        long described = log.version();
        Map<String, List<String>> files = files(where);
        try {
            FileSystem storage = table.getFileSystem(spark.sessionState().newHadoopConf());
            for (String folder : folders) {
                if (!files.containsKey(folder)) {
                    storage.delete(new Path(table, MANIFESTS + "/" + folder), true);
                }
            }
            for (Map.Entry<String, List<String>> folder : files.entrySet()) {
                Path manifest = new Path(new Path(table, MANIFESTS + "/" + folder.getKey()), "manifest");
                try (OutputStream out = storage.create(manifest, true)) {
                    out.write(String.join("\n", folder.getValue()).getBytes(StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not write the manifests of " + table, e);
        }
        if (log.version() != described) {
            writeManifests(lit(true), foldersWithManifest());
        }
    }

    /** The current data files, by their folder in the table's. */
    private Map<String, List<String>> files(Column where) {
        Map<String, List<String>> files = new TreeMap<>();
        if (partition.isEmpty()) {
            files.put("", new ArrayList<>());
        }
        for (String file :
                spark.read().format("delta").load(table.toString()).where(where).inputFiles()) {
            String folder =
                    partition.isEmpty() ? "" : new Path(file).getParent().getName();
            files.computeIfAbsent(folder, key -> new ArrayList<>()).add(file);
        }
        return files;
    }

    private Set<String> foldersWithManifest() {
        Set<String> folders = new TreeSet<>();
        Path manifests = new Path(table, MANIFESTS);
        try {
            FileSystem storage = manifests.getFileSystem(spark.sessionState().newHadoopConf());
            if (partition.isPresent() && storage.exists(manifests)) {
                for (FileStatus folder : storage.listStatus(manifests)) {
                    folders.add(folder.getPath().getName());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + manifests, e);
        }
        return folders;
    }
}
