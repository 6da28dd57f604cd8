package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.SparkTest;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableFilesTest extends SparkTest {
    @TempDir
    Path folder;

    private String table;

    @BeforeEach
    void prepare() {
        table = folder + "/table";
    }

    @Test
    void manifestsAreThoseThatDeltaGenerates() throws IOException {
        write("2017-01", 1);
        write("2017-02", 3);
        new TableFiles(SPARK, table, Optional.of("month")).afterCommit();
        Map<String, Set<String>> manifests = manifests();

        assertThat(manifests).containsOnlyKeys("month=2017-01", "month=2017-02");
        assertThat(manifests.get("month=2017-02")).hasSize(3);
        DeltaTable.forPath(SPARK, table).generate("symlink_format_manifest");
        assertThat(manifests).isEqualTo(manifests());
    }

    @Test
    void onlyManifestsOfChangedPartitionsAreWritten() throws IOException {
        TableFiles files = new TableFiles(SPARK, table, Optional.of("month"));
        write("2017-01", 1);
        write("2017-02", 1);
        files.afterCommit();
        Map<String, Set<String>> before = manifests();

        write("2017-01", 1);
        DeltaTable.forPath(SPARK, table).delete(col("month").equalTo("2017-02"));
        files.afterCommit(Set.of("2017-03"));
        assertThat(manifests()).isEqualTo(before);
        files.afterCommit(Set.of("2017-01", "2017-02"));
        assertThat(manifests()).containsOnlyKeys("month=2017-01");
        assertThat(manifests().get("month=2017-01")).hasSize(2);
    }

    @Test
    void aTableWithoutPartitionsAndRowsHasAnEmptyManifest() throws IOException {
        SPARK.range(0).write().format("delta").save(table);
        new TableFiles(SPARK, table, Optional.empty()).afterCommit();
        assertThat(manifests()).containsExactly(Map.entry("", Set.of()));
    }

    @Test
    void manySmallFilesOfAPartitionBecomeOne() throws IOException {
        write("2017-01", 2);
        write("2017-02", TableFiles.MAX_FILES + 1);
        new TableFiles(SPARK, table, Optional.of("month")).afterCommit();

        assertThat(manifests().get("month=2017-01")).hasSize(2);
        assertThat(manifests().get("month=2017-02")).hasSize(1);
        assertThat(SPARK.read().format("delta").load(table).count()).isEqualTo(TableFiles.MAX_FILES + 3);
    }

    /** Appends so many files of one row. */
    private void write(String month, int files) {
        SPARK.range(0, files, 1, files)
                .selectExpr("id", "'" + month + "' month")
                .write()
                .format("delta")
                .partitionBy("month")
                .mode("append")
                .save(table);
    }

    /** The lines of each manifest, by the folder that it stands in. */
    private Map<String, Set<String>> manifests() throws IOException {
        Path root = Path.of(table, "_symlink_format_manifest");
        Map<String, Set<String>> manifests = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path manifest : files.filter(file -> file.endsWith("manifest"))
                    .filter(Files::isRegularFile)
                    .toList()) {
                List<String> lines = Files.readAllLines(manifest);
                manifests.put(root.relativize(manifest.getParent()).toString(), new TreeSet<>(lines));
            }
        }
        return manifests;
    }
}
