package dataplatform.spark.quality;

import dataplatform.platform.SilverState;
import dataplatform.spark.DataSet;
import dataplatform.spark.Parallel;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.silver.Commit;
import dataplatform.spark.silver.Quarantine;
import dataplatform.spark.silver.SilverTable;
import dataplatform.spark.silver.TableLog;
import dataplatform.spark.storage.StateFolder;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSession;

/**
 * Reports the batches of silver's tables that were not reported yet, whichever run made them: in the quality table,
 * and to the quality gate. Everything follows from what is committed, so that a run that died is made up for by the next.
 *
 * <p>The gate's report of a data set is {@code _state/reports/<domain>/<data set>.json}, an object with
 *
 * <ul>
 *   <li>{@code table}: id of the table, another one if it was made anew, whose batches begin at 1 again
 *   <li>{@code batch}: the newest batch
 *   <li>{@code rows}: how many rows are in quarantine from the batches after the one that the gate has passed, which it
 *       writes, with the table, into {@code _state/passed/<domain>/<data set>.json}
 *   <li>{@code reasons}: the same by reason
 *   <li>{@code silver_rows}: how many rows the table has
 *   <li>{@code set_aside}: files that could not be read and are not tried any more, with the cause
 *   <li>{@code drift}: how the table differed from the source when they were compared last; empty if it did not
 * </ul>
 */
public final class Reports {
    private final SparkSession spark;
    private final String silver;

    /** @param silver folder of the silver layer */
    public Reports(SparkSession spark, String silver) {
        // a few figures a data set
        this.spark = Sessions.forBatch(spark, 0);
        this.silver = silver;
    }

    /** What the gate has passed. */
    private record Passed(String table, long batch) {}

    private record Report(
            String table,
            long batch,
            long rows,
            Map<String, Long> reasons,
            long silver_rows,
            Map<String, String> set_aside,
            String drift) {
        static final Report NONE = new Report("", 0, 0, Map.of(), 0, Map.of(), "");

        Report {
            // not yet in the first version
            drift = drift == null ? "" : drift;
        }
    }

    /**
     * Tells of the data sets' batches.
     *
     * @param compared what comparisons with the source came to, in this run
     */
    public void write(Collection<DataSet> dataSets, Map<DataSet, Reconciliation.Result> compared, Run run)
            throws InterruptedException {
        Map<DataSet, List<Commit>> untold = new TreeMap<>(
                (one, other) -> one.contract().id().compareTo(other.contract().id()));
        for (DataSet dataSet : dataSets) {
            long reported = new SilverTable(spark, dataSet)
                    .reported()
                    .orElse(Commit.NONE)
                    .batch();
            List<Commit> batches = new TableLog(spark, dataSet.silver()).batchesAfter(reported);
            if (!batches.isEmpty()) {
                untold.put(dataSet, batches);
            }
        }
        new QualityLog(spark, silver).append(untold, compared, run);
        Map<DataSet, Throwable> failures = new HashMap<>();
        Parallel.Work<DataSet, Void> report = dataSet -> {
            Optional<String> verdict =
                    Optional.ofNullable(compared.get(dataSet)).map(Reconciliation.Result::verdict);
            report(dataSet, untold.getOrDefault(dataSet, List.of()), verdict);
            return null;
        };
        Parallel.each(dataSets, report, failures::put);
        failures.forEach((dataSet, e) -> {
            throw new IllegalStateException(
                    "could not report on " + dataSet.contract().id(), e);
        });
        // last: a run that dies before it reports again
        untold.forEach(
                (dataSet, batches) -> new SilverTable(spark, dataSet).setReported(batches.get(batches.size() - 1)));
    }

    /**
     * Writes the report if there is anything new to report.
     *
     * @param verdict of a comparison with the source
     */
    private void report(DataSet dataSet, List<Commit> untold, Optional<String> verdict) {
        Map<String, String> files = new TreeMap<>();
        new SetAside(spark, dataSet)
                .entries()
                .forEach(entry -> files.put(entry.file().path(), entry.cause()));
        String domain = dataSet.contract().domain();
        String file = dataSet.contract().name() + ".json";
        StateFolder reports = new StateFolder(spark, silver + "/" + SilverState.REPORTS + domain);
        Report before = reports.read(file, Report.class).orElse(Report.NONE);
        String drift = verdict.orElse(before.drift());
        boolean isNews = !before.equals(Report.NONE) && !untold.isEmpty()
                || untold.stream().anyMatch(batch -> batch.result().quarantinedRows() > 0)
                || !files.equals(before.set_aside())
                || !drift.equals(before.drift());
        if (!isNews) {
            return;
        }
        Commit newest = new SilverTable(spark, dataSet).newest();
        long passed = new StateFolder(spark, silver + "/" + SilverState.PASSED + domain)
                .read(file, Passed.class)
                // not yet in the first version
                .filter(each -> newest.table().equals(each.table() == null ? "" : each.table()))
                .map(Passed::batch)
                .orElse(0L);
        Map<String, Long> reasons = new Quarantine(spark, dataSet).since(passed);
        if (reasons.isEmpty() && files.isEmpty() && drift.isEmpty()) {
            reports.delete(file);
            return;
        }
        reports.write(
                file,
                new Report(
                        newest.table(),
                        newest.batch(),
                        reasons.values().stream().mapToLong(Long::longValue).sum(),
                        reasons,
                        // Delta counts them from its log
                        spark.read().format("delta").load(dataSet.silver()).count(),
                        files,
                        drift));
    }
}
