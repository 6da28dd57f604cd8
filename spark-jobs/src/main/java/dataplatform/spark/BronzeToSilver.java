package dataplatform.spark;

import dataplatform.contracts.Load;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The Spark job that brings silver up to date with bronze, for every contract that loads by change data capture.
 *
 * <p>New files are found by Structured Streaming, so that each is taken exactly once per checkpoint; what is in them is read
 * as a plain batch and goes through {@link SilverTable}. A data set that fails leaves the others alone, is named, makes the
 * exit code 1, and its files are tried again by the next run.
 */
@Command(
        name = "BronzeToSilver",
        mixinStandardHelpOptions = true,
        description = "Brings the silver tables up to date with what replication wrote to bronze.",
        exitCodeOnExecutionException = 1)
public final class BronzeToSilver implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(BronzeToSilver.class);
    /** Data sets at a time: while one plans or commits, another computes. */
    private static final int AT_ONCE = 4;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--bronze",
            required = true,
            description = "Folder that replication writes under, such as s3://bronze/ecommerce_rds.")
    private String bronze;

    @Option(names = "--silver", required = true, description = "Folder of the silver layer, such as s3://silver.")
    private String silver;

    @Option(
            names = "--data-sets",
            split = ",",
            description = "Only these contracts, such as ecommerce.orders; default: all that load by cdc.")
    private List<String> dataSets = List.of();

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the quality table; default: the start time.")
    private String runId = Instant.now().toString();

    @Option(names = "--continuous", description = "Run again at this interval until stopped, such as PT60S.")
    private Duration continuous;

    public static void main(String[] args) {
        Jobs.main(new BronzeToSilver(), args);
    }

    @Override
    public Integer call() throws Exception {
        List<DataSet> chosen = chosen();
        SparkSession spark = Sessions.builder("bronze-to-silver").getOrCreate();
        if (continuous != null) {
            return runUntilStopped(spark, chosen);
        }
        return run(spark, chosen, runId) ? 0 : 1;
    }

    private int runUntilStopped(SparkSession spark, List<DataSet> chosen) throws InterruptedException {
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        // before Spark's own hook, which would pull the session from under a running batch
        ShutdownHookManager.get().addShutdownHook(() -> finish(stop, stopped), 100, 5, TimeUnit.MINUTES);
        boolean upToDate = true;
        try {
            for (int pass = 1; stop.getCount() > 0; pass++) {
                long started = System.nanoTime();
                upToDate = run(spark, chosen, runId + "-" + pass);
                stop.await(started + continuous.toNanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } finally {
            stopped.countDown();
        }
        return upToDate ? 0 : 1;
    }

    private static void finish(CountDownLatch stop, CountDownLatch stopped) {
        LOG.info("stopping after the running pass");
        stop.countDown();
        try {
            stopped.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<DataSet> chosen() {
        return Jobs.chosen(spec, contracts, dataSets, Set.of(Load.CDC)).stream()
                .map(contract -> DataSet.of(contract, bronze, silver))
                .toList();
    }

    /** One pass over all new files; true if every data set is up to date after it. */
    private boolean run(SparkSession spark, List<DataSet> chosen, String run) throws InterruptedException {
        Instant start = Instant.now();
        Map<String, MergeResult> results = new TreeMap<>();
        Map<String, String> failures = new TreeMap<>();
        Jobs.each(
                        chosen,
                        dataSet -> refresh(spark, dataSet),
                        (dataSet, e) -> failures.put(dataSet.contract().id(), Jobs.describe(e, ".parquet")))
                .forEach((dataSet, result) -> results.put(dataSet.contract().id(), result));
        failures.forEach((id, cause) -> LOG.error("{} failed, its files stay and are tried again: {}", id, cause));
        new QualityLog(spark, silver).append(run, start, results);
        new RunReport(spark, silver, run, start).write(results);
        LOG.info(
                "{} of {} data sets are up to date after {} s",
                results.size(),
                chosen.size(),
                Duration.between(start, Instant.now()).toSeconds());
        return failures.isEmpty();
    }

    private static MergeResult refresh(SparkSession spark, DataSet dataSet) throws Exception {
        AtomicReference<MergeResult> total = new AtomicReference<>(MergeResult.NOTHING);
        Path bronze = new Path(dataSet.source());
        if (bronze.getFileSystem(spark.sessionState().newHadoopConf()).exists(bronze)) {
            // only names and sizes of the files are streamed, so that a batch can be read column by column, more than
            // once
            StreamingQuery query = spark.readStream()
                    .format("binaryFile")
                    .schema("path string, modificationTime timestamp, length bigint, content binary")
                    .option("pathGlobFilter", "*.parquet")
                    .load(dataSet.source())
                    .select("path", "length")
                    .writeStream()
                    .queryName(dataSet.contract().id())
                    .option("checkpointLocation", dataSet.checkpoint())
                    .trigger(Trigger.AvailableNow())
                    .foreachBatch((VoidFunction2<Dataset<Row>, Long>)
                            (files, batch) -> total.set(total.get().plus(merge(spark, dataSet, files.collectAsList()))))
                    .start();
            query.awaitTermination();
        }
        new SilverTable(spark, dataSet).createIfMissing();
        return total.get();
    }

    private static MergeResult merge(SparkSession spark, DataSet dataSet, List<Row> files) throws InterruptedException {
        if (files.isEmpty()) {
            return MergeResult.NOTHING;
        }
        long start = System.nanoTime();
        long bytes = files.stream().mapToLong(file -> file.getLong(1)).sum();
        String[] paths = files.stream().map(file -> file.getString(0)).toArray(String[]::new);
        SparkSession session = Sessions.forBatch(spark, bytes);
        Dataset<Row> bronze = session.read().option("mergeSchema", "true").parquet(paths);
        MergeResult result = new SilverTable(session, dataSet).merge(bronze, bytes);
        Jobs.log(LOG, dataSet.contract(), "bronze", paths.length, result, start);
        return result;
    }
}
