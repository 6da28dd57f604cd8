package dataplatform.spark;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
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

    static Contract contract(String id) {
        return Contracts.bundled().stream()
                .filter(contract -> contract.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
