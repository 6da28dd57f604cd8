package dataplatform.spark;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** One small Spark session for all tests of this module. */
public abstract class SparkTest {
    public static final SparkSession SPARK = Sessions.builder("test")
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.databricks.delta.snapshotPartitions", "1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();

    public interface ThrowingRunnable {
        void run() throws Exception;
    }

    /** Works on a disk that behaves in its own way. */
    public static void onDisk(Class<? extends LocalFileSystem> disk, ThrowingRunnable work) throws Exception {
        Configuration storage = SPARK.sparkContext().hadoopConfiguration();
        storage.set("fs.file.impl", disk.getName());
        storage.setBoolean("fs.file.impl.disable.cache", true);
        try {
            work.run();
        } finally {
            storage.unset("fs.file.impl");
            storage.unset("fs.file.impl.disable.cache");
        }
    }

    /** Writes rows as one Parquet file, there as a whole or not at all. */
    public static Path writeFile(Dataset<Row> rows, Path file) throws IOException {
        Path scratch = Files.createTempDirectory("rows");
        try {
            rows.coalesce(1).write().mode("overwrite").parquet(scratch.toString());
            Files.createDirectories(file.getParent());
            try (Stream<Path> written = Files.list(scratch)) {
                Path part = written.filter(each -> each.toString().endsWith(".parquet"))
                        .findFirst()
                        .orElseThrow();
                return Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            FileUtils.deleteDirectory(scratch.toFile());
        }
    }

    public static Contract contract(String id) {
        return Contracts.bundled().stream()
                .filter(contract -> contract.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
