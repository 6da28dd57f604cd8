package dataplatform.spark;

import static org.apache.spark.sql.functions.col;

import io.delta.exceptions.DeltaConcurrentModificationException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;

/** The Delta table {@code platform/data_quality}: what came in with a batch of a data set, and what became of it. */
final class QualityLog {
    private static final Logger LOG = LoggerFactory.getLogger(QualityLog.class);
    private static final StructType SCHEMA = new StructType()
            .add("run_id", DataTypes.StringType)
            .add("started_at", DataTypes.TimestampType)
            .add("data_set", DataTypes.StringType)
            .add("batch", DataTypes.LongType)
            .add("rows_in", DataTypes.LongType)
            .add("inserted", DataTypes.LongType)
            .add("updated", DataTypes.LongType)
            .add("deleted", DataTypes.LongType)
            .add("withdrawn", DataTypes.LongType)
            .add("skipped", DataTypes.LongType)
            .add("quarantined", DataTypes.LongType)
            .add("quarantined_by_reason", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("nulls_by_column", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("unknown_columns", DataTypes.createArrayType(DataTypes.StringType));

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
    static String table(String silver) {
        return silver + "/platform/data_quality";
    }

    /**
     * Adds a row for each batch with rows that is not there yet.
     *
     * @param batches by data set
     */
    void append(Map<DataSet, List<Commit>> batches) {
        String told = TableLog.text(batches.entrySet().stream()
                .collect(Collectors.toMap(
                        each -> each.getKey().contract().id(),
                        each -> each.getValue().stream().map(Commit::batch).toList(),
                        (one, other) -> one,
                        TreeMap::new)));
        while (!batches.isEmpty()) {
            long version = log.version();
            Set<String> known = version < 0 ? Set.of() : known(batches.keySet());
            List<Row> rows = new ArrayList<>();
            batches.forEach((dataSet, commits) -> commits.stream()
                    .filter(commit -> commit.result().rowsIn() > 0)
                    .map(commit -> row(dataSet.contract().id(), commit))
                    .filter(row -> !known.contains(row.getString(2) + " " + row.getLong(3)))
                    .forEach(rows::add));
            if (rows.isEmpty()) {
                return;
            }
            try {
                DataFrameWriter<Row> writer = spark.createDataFrame(rows, SCHEMA)
                        .coalesce(1)
                        .write()
                        .format("delta")
                        .mode("append")
                        .option("mergeSchema", true);
                TableLog.numbered(writer, version + 1, told).save(table);
            } catch (DeltaConcurrentModificationException e) {
                LOG.debug("another run has written to {}: look again", table);
            }
            new TableFiles(spark, table, Optional.empty()).afterCommit();
            if (log.last().filter(told::equals).isPresent()) {
                return;
            }
        }
    }

    /** The batches of data sets that have a row. */
    private Set<String> known(Set<DataSet> dataSets) {
        return spark
                .read()
                .format("delta")
                .load(table)
                .filter(col("data_set")
                        .isin(dataSets.stream()
                                .map(each -> each.contract().id())
                                .toArray()))
                .filter("batch is not null")
                .select("data_set", "batch")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0) + " " + row.getLong(1))
                .collect(Collectors.toSet());
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
                result.unknownColumns().toArray(String[]::new));
    }
}
