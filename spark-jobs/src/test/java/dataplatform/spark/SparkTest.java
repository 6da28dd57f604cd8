package dataplatform.spark;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.sql.SparkSession;

/** One small Spark session for all tests of this module. */
abstract class SparkTest {
    static final SparkSession SPARK = Sessions.builder("test")
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.databricks.delta.snapshotPartitions", "1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();

    interface ThrowingRunnable {
        void run() throws Exception;
    }

    /** Works on a disk that behaves in its own way. */
    static void onDisk(Class<? extends LocalFileSystem> disk, ThrowingRunnable work) throws Exception {
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

    static Contract contract(String id) {
        return Contracts.bundled().stream()
                .filter(contract -> contract.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
