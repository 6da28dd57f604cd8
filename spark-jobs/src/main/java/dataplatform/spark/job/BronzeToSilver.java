package dataplatform.spark.job;

import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.Parallel;
import dataplatform.spark.Parallel.Work;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.bronze.BronzeFolder;
import dataplatform.spark.quality.Reconciliation;
import dataplatform.spark.quality.Reports;
import dataplatform.spark.storage.Storage;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The Spark job that brings silver up to date with bronze, for every contract that loads by change data capture.
 *
 * <p>A data set that fails leaves the others alone, is named, makes the exit code 1, and its files are tried again by the next
 * run. So does a file that can't be read, until it is set aside after some tries: see {@link SetAside}.
 */
@Command(
        name = "BronzeToSilver",
        mixinStandardHelpOptions = true,
        description = "Brings the silver tables up to date with what replication wrote to bronze.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all files are in silver, or set aside after their tries; a difference from the source shuts the quality gate",
            "1:a file or a data set could not be taken; the log names it and the cause, the others are in silver",
            "2:the arguments are wrong"
        },
        exitCodeOnExecutionException = 1)
public final class BronzeToSilver implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(BronzeToSilver.class);
    private static final String NONE = "none";
    private static final String ALL = "all";
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(5);

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

    @Option(
            names = "--retry",
            split = ",",
            description =
                    "Try these files again that were set aside as they could not be read, by path or name; all for all.")
    private List<String> retry = List.of();

    /** Those of them that were set aside. */
    private final Set<String> retried = ConcurrentHashMap.newKeySet();

    @Option(
            names = "--reconcile",
            description =
                    "Compare silver with the rows that the source had when the function source-keys looked at it last.")
    private boolean reconcile;

    @Option(
            names = "--patience",
            description =
                    "How long changes may be on their way: until then a difference from the source is looked at again;"
                            + " default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofMinutes(10);

    @Option(
            names = "--follow",
            split = ",",
            description =
                    "With --reconcile: delete the rows of these contracts that the source did not have, as after a truncation;"
                            + " default: ${DEFAULT-VALUE}.")
    private List<String> follow = List.of(NONE);

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the quality table; default: the start time.")
    private String runId = Instant.now().toString();

    @Option(names = "--continuous", description = "Run again at this interval until stopped, such as PT60S.")
    private Duration continuous;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Jobs.main(new BronzeToSilver(), args);
    }

    @Override
    public Integer call() throws Exception {
        List<DataSet> chosen = chosen();
        List<String> ids = chosen.stream().map(each -> each.contract().id()).toList();
        boolean follows = !follow.equals(List.of(NONE));
        if (continuous != null && reconcile) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--reconcile waits for changes that are on their way, which --continuous has no time for");
        }
        if (follows && !reconcile) {
            throw new ParameterException(
                    spec.commandLine(), "--follow goes with --reconcile, which tells what to delete");
        }
        if (follows && !ids.containsAll(follow)) {
            throw new ParameterException(spec.commandLine(), "--follow names one of " + ids + ", and not " + follow);
        }
        SparkSession spark = Sessions.builder("bronze-to-silver").getOrCreate();
        Path root = new Path(bronze);
        if (!root.getFileSystem(spark.sparkContext().hadoopConfiguration()).exists(root)) {
            LOG.warn(
                    "there is nothing under --bronze {}: either nothing was replicated yet, or it is another folder",
                    bronze);
        }
        return Jobs.run(runId, continuous, run -> run(spark, chosen, run));
    }

    private List<DataSet> chosen() {
        return Jobs.chosen(spec, contracts, dataSets, Source.Database.class).stream()
                .map(contract -> DataSet.of(contract, bronze, silver))
                .toList();
    }

    /** One pass over all new files; true if every data set is up to date after it. */
    private boolean run(SparkSession spark, List<DataSet> chosen, Run run) throws InterruptedException {
        Map<String, String> failures = new TreeMap<>();
        Map<DataSet, Map<String, String>> unread = Parallel.each(
                chosen,
                dataSet -> refresh(spark, dataSet, run),
                (dataSet, e) -> failures.put(dataSet.contract().id(), Storage.describe(e, ".parquet")));
        retry.stream()
                .filter(wanted -> !retried.contains(wanted))
                .forEach(wanted -> LOG.warn("--retry {}: nothing of that name was set aside", wanted));
        Map<DataSet, Reconciliation.Result> compared = reconcile ? compared(spark, unread, run, failures) : Map.of();
        new Reports(spark, silver).write(unread.keySet(), compared, run);
        compared.forEach((dataSet, result) -> {
            if (!result.agrees()) {
                LOG.error("{}: {}", dataSet.contract().id(), result.verdict());
            }
        });
        return Jobs.isUpToDate(LOG, chosen, unread, failures, run);
    }

    /**
     * Compares data sets with the source. Those that differ are brought up to date and compared again while patience lasts, and then
     * follow the source where that is wished.
     *
     * @param unread why files of each data set could not be taken, as of its last turn
     */
    private Map<DataSet, Reconciliation.Result> compared(
            SparkSession spark, Map<DataSet, Map<String, String>> unread, Run run, Map<String, String> failures)
            throws InterruptedException {
        BiConsumer<DataSet, Throwable> failed =
                (dataSet, e) -> failures.put(dataSet.contract().id(), Storage.describe(e, ".gz"));
        Map<DataSet, Reconciliation.Result> results = new LinkedHashMap<>();
        compare(spark, unread.keySet(), results, failed);
        Instant end = Instant.now().plus(patience);
        for (Set<DataSet> open = differing(results);
                !open.isEmpty() && Instant.now().isBefore(end);
                open = differing(results)) {
            LOG.info(
                    "{} differ from the source: waits until {} for changes that may be on their way",
                    open.stream().map(dataSet -> dataSet.contract().id()).toList(),
                    end);
            Thread.sleep(BETWEEN_LOOKS.toMillis());
            unread.putAll(Parallel.each(open, dataSet -> refresh(spark, dataSet, run), failed));
            compare(spark, open, results, failed);
        }
        Set<DataSet> following = differing(results);
        following.removeIf(dataSet -> !follow.contains(dataSet.contract().id()));
        Work<DataSet, Void> deletion = dataSet -> {
            new Reconciliation(spark, dataSet, silver).follow(results.get(dataSet), run);
            return null;
        };
        Parallel.each(following, deletion, failed);
        compare(spark, following, results, failed);
        return results;
    }

    private void compare(
            SparkSession spark,
            Collection<DataSet> dataSets,
            Map<DataSet, Reconciliation.Result> results,
            BiConsumer<DataSet, Throwable> failed)
            throws InterruptedException {
        Parallel.each(dataSets, dataSet -> new Reconciliation(spark, dataSet, silver).run(), failed)
                .forEach((dataSet, result) -> result.ifPresentOrElse(
                        found -> results.put(dataSet, found),
                        () -> LOG.warn(
                                "{}: nobody has looked at the source; call the function source-keys",
                                dataSet.contract().id())));
    }

    private static Set<DataSet> differing(Map<DataSet, Reconciliation.Result> results) {
        Set<DataSet> differing = new LinkedHashSet<>(results.keySet());
        differing.removeIf(dataSet -> results.get(dataSet).agrees());
        return differing;
    }

    private Map<String, String> refresh(SparkSession spark, DataSet dataSet, Run run) throws Exception {
        SetAside setAside = new SetAside(spark, dataSet);
        setAside.forget(this::isToRetry);
        return new Refresh(spark, dataSet, run, setAside, new BronzeFolder(spark, dataSet, setAside)).run();
    }

    private boolean isToRetry(FileVersion file) {
        List<String> wanted = retry.stream()
                .filter(each -> each.equals(ALL) || file.path().endsWith("/" + each.replaceFirst("^.*//[^/]*/", "")))
                .toList();
        retried.addAll(wanted);
        return !wanted.isEmpty();
    }
}
