package dataplatform.spark.quality;

import dataplatform.contracts.QualityTable;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.silver.Commit;
import dataplatform.spark.silver.MergeResult;
import dataplatform.spark.silver.TableFiles;
import dataplatform.spark.silver.TableLog;
import dataplatform.spark.storage.Json;
import io.delta.exceptions.DeltaConcurrentModificationException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;

/**
 * The Delta table {@code platform/data_quality}: what came in with a batch of a data set and what became of it, or, where there is no batch,
 * what a comparison with the source came to.
 */
public final class QualityLog {
    private static final Logger LOG = LoggerFactory.getLogger(QualityLog.class);
    private static final StructType SCHEMA = StructType.fromDDL(QualityTable.ddl());

    private final SparkSession spark;
    private final String table;
    private final TableLog log;

    /** @param silver folder of the silver layer */
    QualityLog(SparkSession spark, String silver) {
        this.spark = spark;
        this.table = table(silver);
        this.log = new TableLog(spark, table);
    }

    /** Where it is in the silver layer. */
    public static String table(String silver) {
        return silver + "/" + QualityTable.FOLDER;
    }

    /** Runs whose comparisons are remembered; no more than these write at once. */
    private static final int RUNS = 20;

    /**
     * Which batches the table has, beside each commit.
     *
     * @param batches up to which batch of each data set, by the data set's id
     * @param tables {@link Commit#table} of each
     * @param runs the latest whose comparisons stand there
     */
    private record Reported(Map<String, Long> batches, Map<String, String> tables, List<String> runs) {
        static final Reported NOTHING = new Reported(Map.of(), Map.of(), List.of());

        Reported {
            // not yet in the first version
            batches = batches == null ? Map.of() : batches;
            tables = tables == null ? Map.of() : tables;
            runs = runs == null ? List.of() : runs;
        }

        boolean has(DataSet dataSet, Commit commit) {
            String id = dataSet.contract().id();
            return commit.table().equals(tables.getOrDefault(id, "")) && commit.batch() <= batches.getOrDefault(id, 0L);
        }
    }

    /**
     * Adds a row for each batch with rows that is not there yet, and for each comparison that had anything to compare.
     *
     * @param batches by data set, the oldest first
     */
    void append(Map<DataSet, List<Commit>> batches, Map<DataSet, Reconciliation.Result> compared, Run run) {
        // a run that died after its commit has left the manifest as it was
        boolean isStale = !batches.isEmpty() && log.version() >= 0;
        while (true) {
            long version = log.version();
            Reported reported =
                    log.last().map(about -> Json.read(about, Reported.class)).orElse(Reported.NOTHING);
            Map<String, Long> newest = new TreeMap<>(reported.batches());
            Map<String, String> tables = new TreeMap<>(reported.tables());
            List<String> runs = new ArrayList<>(reported.runs());
            List<Row> rows = new ArrayList<>();
            batches.forEach((dataSet, commits) -> {
                Commit last = commits.get(commits.size() - 1);
                commits.stream()
                        .filter(commit -> commit.result().rowsIn() > 0 && !reported.has(dataSet, commit))
                        .forEach(commit -> rows.add(row(dataSet.contract().id(), commit)));
                newest.put(dataSet.contract().id(), last.batch());
                tables.put(dataSet.contract().id(), last.table());
            });
            if (!runs.contains(run.name())) {
                compared.forEach((dataSet, result) -> {
                    if (result.isNew()) {
                        rows.add(row(dataSet.contract().id(), result, run));
                    }
                });
                runs.add(run.name());
            }
            if (rows.isEmpty()) {
                if (isStale) {
                    new TableFiles(spark, table, Optional.empty()).afterCommit();
                }
                return;
            }
            Reported now = new Reported(newest, tables, runs.subList(Math.max(0, runs.size() - RUNS), runs.size()));
            DataFrameWriter<Row> writer = spark.createDataFrame(rows, SCHEMA)
                    .coalesce(1)
                    .write()
                    .format("delta")
                    .mode("append")
                    .option("mergeSchema", true);
            try {
                // refused, or without effect, if another run has written meanwhile: look again
                TableLog.numbered(writer, version + 1, Json.write(now)).save(table);
            } catch (DeltaConcurrentModificationException e) {
                LOG.debug("another run has written to {}", table);
            }
            isStale = true;
        }
    }

    private static Row row(String dataSet, Reconciliation.Result compared, Run run) {
        return RowFactory.create(
                run.id(),
                Timestamp.from(run.start()),
                dataSet,
                null,
                0L,
                0L,
                0L,
                0L,
                0L,
                0L,
                0L,
                JavaConverters.mapAsScalaMap(Map.of()),
                JavaConverters.mapAsScalaMap(Map.of()),
                new String[0],
                compared.sourceRows(),
                compared.missing(),
                compared.extra());
    }

    private static Row row(String dataSet, Commit commit) {
        MergeResult result = commit.result();
        return RowFactory.create(
                commit.runId(),
                Timestamp.from(Instant.ofEpochMilli(commit.startedAt())),
                dataSet,
                commit.batch(),
                result.rowsIn(),
                result.inserted(),
                result.updated(),
                result.deleted(),
                result.withdrawn(),
                result.skipped(),
                result.quarantinedRows(),
                JavaConverters.mapAsScalaMap(result.quarantined()),
                JavaConverters.mapAsScalaMap(result.nulls()),
                result.unknownColumns().toArray(String[]::new),
                null,
                null,
                null);
    }
}
