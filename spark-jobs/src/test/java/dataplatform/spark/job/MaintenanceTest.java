package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.LogLines;
import dataplatform.spark.SparkTest;
import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MaintenanceTest extends SparkTest {
    @TempDir
    Path silver;

    @Test
    void putsSmallFilesTogetherDeletesOldOnesAndChangesNoRow() throws IOException {
        String orders = table("ecommerce/orders", "order_purchase_month");
        String quality = table("platform/data_quality", null);
        List<Row> rows = rows(orders);
        assertThat(files(orders)).hasSize(6);

        assertThat(maintain()).isZero();

        assertThat(rows(orders)).isEqualTo(rows);
        assertThat(files(orders)).hasSize(2);
        assertThat(files(quality)).hasSize(1);
        assertThat(SPARK.read().format("delta").load(orders).inputFiles())
                .containsExactlyInAnyOrderElementsOf(manifests(orders));
        assertThat(compactions(orders)).isOne();

        assertThat(maintain()).isZero();

        assertThat(compactions(orders))
                .as("a second time there is nothing to do")
                .isOne();
        assertThat(rows(orders)).isEqualTo(rows);
    }

    @Test
    void aTableThatFailsIsNamedAndLeavesTheOthersAlone() throws IOException {
        String broken = table("ecommerce/customers", null);
        String orders = table("ecommerce/orders", "order_purchase_month");
        for (String file : SPARK.read().format("delta").load(broken).inputFiles()) {
            Files.delete(Path.of(java.net.URI.create(file)));
        }

        try (LogLines log = LogLines.of(Maintenance.class)) {
            assertThat(maintain()).isOne();
            assertThat(log.lines()).anyMatch(line -> line.startsWith("ERROR " + broken + " failed, and is as it was"));
        }
        assertThat(files(orders)).hasSize(2);
    }

    private int maintain() {
        return new CommandLine(new Maintenance()).execute("--silver", silver.toString(), "--keep", "PT0S");
    }

    /** Of two partitions, or none, with three files each. */
    private String table(String name, String partition) {
        String table = silver.resolve(name).toString();
        for (int i = 0; i < 3; i++) {
            var writer = SPARK.range(i * 10, i * 10 + 10)
                    .selectExpr("id", "concat('2017-0', 1 + id % 2) as order_purchase_month")
                    .repartition(1)
                    .write()
                    .format("delta")
                    .mode("append");
            if (partition != null) {
                writer.partitionBy(partition);
            }
            writer.save(table);
        }
        return table;
    }

    private static List<Row> rows(String table) {
        return SPARK.read().format("delta").load(table).orderBy("id").collectAsList();
    }

    private static long compactions(String table) {
        return DeltaTable.forPath(SPARK, table)
                .history()
                .where("operation = 'OPTIMIZE'")
                .count();
    }

    private static List<Path> files(String table) throws IOException {
        try (Stream<Path> walk = Files.walk(Path.of(table))) {
            return walk.filter(file -> file.toString().endsWith(".parquet"))
                    .filter(file -> !file.toString().contains("_delta_log"))
                    .toList();
        }
    }

    private static List<String> manifests(String table) throws IOException {
        try (Stream<Path> walk = Files.walk(Path.of(table, "_symlink_format_manifest"))) {
            return walk.filter(file -> file.endsWith("manifest") && Files.isRegularFile(file))
                    .flatMap(file -> {
                        try {
                            return Files.readAllLines(file).stream();
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .toList();
        }
    }
}
