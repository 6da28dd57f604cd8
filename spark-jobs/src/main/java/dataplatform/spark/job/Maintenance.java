package dataplatform.spark.job;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.Partition;
import dataplatform.spark.DataSet;
import dataplatform.spark.Parallel;
import dataplatform.spark.Sessions;
import dataplatform.spark.quality.QualityLog;
import dataplatform.spark.silver.TableFiles;
import dataplatform.spark.storage.Storage;
import io.delta.tables.DeltaTable;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The Spark job that keeps silver's tables cheap to read and to store: small files are put together, files that no version of the last week needs are
 * deleted, and manifests are written anew. (Delta itself shortens its log.) It changes no row. A table that fails leaves the others alone, is named, and makes the
 * exit code 1.
 */
@Command(
        name = "Maintenance",
        mixinStandardHelpOptions = true,
        description = "Compacts and cleans the tables of silver; changes no row.",
        exitCodeOnExecutionException = 1)
public final class Maintenance implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Maintenance.class);

    @Option(names = "--silver", required = true, description = "Folder of the silver layer, such as s3://silver.")
    private String silver;

    @Option(
            names = "--keep",
            defaultValue = "P7D",
            description = "How long files stay that only older versions need; default: ${DEFAULT-VALUE}.")
    private Duration keep = Duration.ofDays(7);

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the log.")
    private String runId = "";

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Jobs.main(new Maintenance(), args);
    }

    @Override
    public Integer call() throws InterruptedException {
        SparkSession spark = Sessions.builder("maintenance")
                // vacuum lists with as many tasks; its default is 10,000
                .config("spark.sql.sources.parallelPartitionDiscovery.parallelism", "16")
                // else Delta refuses to keep less than a week
                .config("spark.databricks.delta.retentionDurationCheck.enabled", "false")
                .getOrCreate();
        Map<String, String> failures = new TreeMap<>();
        Map<String, Optional<String>> tables = tables();
        Parallel.each(
                tables.keySet(),
                table -> maintain(spark, table, tables.get(table)),
                (table, e) -> failures.put(table, Storage.describe(e, ".parquet")));
        failures.forEach((table, cause) -> LOG.error("{} failed, and is as it was: {}", table, cause));
        LOG.info("{} of {} tables are maintained, run {}", tables.size() - failures.size(), tables.size(), runId);
        return failures.isEmpty() ? 0 : 1;
    }

    /** All tables of silver with their partition columns. */
    private Map<String, Optional<String>> tables() {
        Map<String, Optional<String>> tables = new LinkedHashMap<>();
        for (Contract contract : contracts == null ? Contracts.bundled() : Contracts.read(contracts)) {
            DataSet dataSet = DataSet.of(contract, "", silver);
            tables.put(dataSet.silver(), contract.partition().map(Partition::name));
            tables.put(dataSet.quarantine(), Optional.empty());
        }
        tables.put(QualityLog.table(silver), Optional.empty());
        return tables;
    }

    private Void maintain(SparkSession spark, String table, Optional<String> partition) {
        if (DeltaTable.isDeltaTable(spark, table)) {
            DeltaTable delta = DeltaTable.forPath(spark, table);
            delta.optimize().executeCompaction();
            new TableFiles(spark, table, partition).afterCommit();
            // after the manifests: they name no file that goes
            delta.vacuum(keep.toMinutes() / 60.0);
            LOG.info("{} is maintained", table);
        }
        return null;
    }
}
