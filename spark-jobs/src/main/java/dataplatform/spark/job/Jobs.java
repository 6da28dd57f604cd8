package dataplatform.spark.job;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.Parallel;
import dataplatform.spark.Run;
import dataplatform.spark.quality.Reports;
import dataplatform.spark.storage.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the jobs that fill silver have in common. */
public final class Jobs {
    private static final Logger LOG = LoggerFactory.getLogger(Jobs.class);

    private Jobs() {}

    /** Runs a job as its own process. */
    static void main(Callable<Integer> job, String[] args) {
        int exitCode = new CommandLine(job).execute(args);
        if (SparkSession.getDefaultSession().isDefined()) {
            SparkSession.getDefaultSession().get().stop();
        }
        // not for success: YARN takes an exit, whatever its code, for a failure
        if (exitCode != 0) {
            System.exit(exitCode);
        }
    }

    /**
     * The contracts that a job is to work on.
     *
     * @param folder of contracts; null for those packed with the jar
     * @param names of the only ones that are wanted; empty for all
     * @param source of those that are the job's business
     * @throws ParameterException if there is no contract of such a name
     */
    static List<Contract> chosen(
            CommandSpec spec, Path folder, Collection<String> names, Class<? extends Source> source) {
        List<Contract> all = folder == null ? Contracts.bundled() : Contracts.read(folder);
        List<Contract> candidates = all.stream()
                .filter(contract -> source.isInstance(contract.source()))
                .toList();
        for (String name : names) {
            if (candidates.stream().noneMatch(contract -> contract.id().equals(name))) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no contract " + name
                                + (source == Source.Database.class
                                        ? " that comes from a database"
                                        : Source.Landed.class.isAssignableFrom(source)
                                                ? " that comes in " + (source == Source.Daily.class ? "daily " : "")
                                                        + "files"
                                                : " that comes by stream")
                                + "; there are "
                                + candidates.stream().map(Contract::id).toList() + ". Add contracts/"
                                + name.replace('.', '/') + ".odcs.yaml");
            }
        }
        return candidates.stream()
                .filter(contract -> names.isEmpty() || names.contains(contract.id()))
                .toList();
    }

    /** One pass of a job over all new files. */
    interface Pass {
        /** True if every data set is up to date after it. */
        boolean run(Run run) throws Exception;
    }

    /**
     * Makes a pass, or one after the other until the process is told to stop.
     *
     * @param interval at which passes begin; null for one alone
     * @return the exit code
     */
    static int run(String runId, Duration interval, Pass pass) throws Exception {
        if (interval == null) {
            return pass.run(new Run(runId, Instant.now())) ? 0 : 1;
        }
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        // before Spark's own hook, which would pull the session from under a running batch
        ShutdownHookManager.get().addShutdownHook(() -> finish(stop, stopped), 100, 5, TimeUnit.MINUTES);
        boolean upToDate = true;
        try {
            for (int number = 1; stop.getCount() > 0; number++) {
                long started = System.nanoTime();
                upToDate = pass.run(new Run(runId + "-" + number, Instant.now()));
                stop.await(started + interval.toNanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
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

    /** How a job brings a data set up to date. */
    interface Refreshing {
        /** Why files could not be taken, by path. */
        Map<String, String> refresh(SparkSession spark, DataSet dataSet, Run run) throws Exception;
    }

    /**
     * One pass over data sets: brings each up to date, and reports on those that it could.
     *
     * @param silver folder of the silver layer
     * @param suffix of the data sets' files
     * @return whether every data set is up to date after it
     */
    static boolean refresh(
            Logger log,
            SparkSession spark,
            String silver,
            List<DataSet> chosen,
            String suffix,
            Refreshing refreshing,
            Run run)
            throws InterruptedException {
        Map<String, String> failures = new TreeMap<>();
        Map<DataSet, Map<String, String>> unread = Parallel.each(
                chosen,
                dataSet -> refreshing.refresh(spark, dataSet, run),
                (dataSet, e) -> failures.put(dataSet.contract().id(), Storage.describe(e, suffix)));
        new Reports(spark, silver).write(unread.keySet(), Map.of(), run);
        return isUpToDate(log, chosen, unread, failures, run);
    }

    /**
     * Says what became of a pass.
     *
     * @param unread why files could not be taken, by data set that was worked on to its end
     * @param failures causes by the others' ids
     * @return whether every data set is up to date
     */
    static boolean isUpToDate(
            Logger log,
            Collection<DataSet> chosen,
            Map<DataSet, Map<String, String>> unread,
            Map<String, String> failures,
            Run run) {
        failures.forEach((id, cause) -> log.error("{} failed, its files stay and are tried again: {}", id, cause));
        unread.values()
                .forEach(files ->
                        files.forEach((file, cause) -> log.error("{} {}; the other files are in silver", file, cause)));
        long upToDate = unread.values().stream().filter(Map::isEmpty).count();
        log.info(
                "{} of {} data sets are up to date after {} s",
                upToDate,
                chosen.size(),
                Duration.between(run.start(), Instant.now()).toSeconds());
        return upToDate == chosen.size() && failures.isEmpty();
    }
}
