package dataplatform.spark;

import static org.apache.spark.sql.functions.col;

import io.delta.tables.DeltaTable;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/** The Delta table {@code platform/data_quality}: what came in for a data set in a run, and what became of it. */
final class QualityLog {
    private static final StructType SCHEMA = new StructType()
            .add("run_id", DataTypes.StringType)
            .add("started_at", DataTypes.TimestampType)
            .add("data_set", DataTypes.StringType)
            .add("rows_in", DataTypes.LongType)
            .add("inserted", DataTypes.LongType)
            .add("updated", DataTypes.LongType)
            .add("deleted", DataTypes.LongType)
            .add("skipped", DataTypes.LongType)
            .add("quarantined", DataTypes.LongType)
            .add("quarantined_by_reason", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("nulls_by_column", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("unknown_columns", DataTypes.createArrayType(DataTypes.StringType));

    private final SparkSession spark;
    private final String table;

    /** @param silver folder of the silver layer */
    QualityLog(SparkSession spark, String silver) {
        this.spark = spark;
        this.table = table(silver);
    }

    /** Where it is in the silver layer. */
    static String table(String silver) {
        return silver + "/platform/data_quality";
    }

    /**
     * Adds a row for each data set of which something came in. A run that is made again adds one only where it changed something.
     *
     * @param startedAt of the run
     * @param results by data set
     */
    void append(String runId, Instant startedAt, Map<String, MergeResult> results) {
        Map<String, MergeResult> heard = new TreeMap<>(results);
        heard.values().removeIf(result -> result.rowsIn() == 0);
        if (heard.values().stream().anyMatch(result -> result.changed() == 0)) {
            Set<String> known = dataSets(runId);
            heard.entrySet().removeIf(each -> each.getValue().changed() == 0 && known.contains(each.getKey()));
        }
        if (heard.isEmpty()) {
            return;
        }
        List<Row> rows = heard.entrySet().stream()
                .map(each -> row(runId, startedAt, each.getKey(), each.getValue()))
                .toList();
        spark.createDataFrame(rows, SCHEMA)
                .coalesce(1)
                .write()
                .format("delta")
                .mode("append")
                .save(table);
        new TableFiles(spark, table, Optional.empty()).settle();
    }

    /** The data sets that have a row of that run. */
    private Set<String> dataSets(String runId) {
        if (!DeltaTable.isDeltaTable(spark, table)) {
            return Set.of();
        }
        return spark
                .read()
                .format("delta")
                .load(table)
                .filter(col("run_id").equalTo(runId))
                .select("data_set")
                .distinct()
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .collect(Collectors.toSet());
    }

    private static Row row(String runId, Instant startedAt, String dataSet, MergeResult result) {
        return RowFactory.create(
                runId,
                Timestamp.from(startedAt),
                dataSet,
                result.rowsIn(),
                result.inserted(),
                result.updated(),
                result.deleted(),
                result.skipped(),
                result.quarantinedRows(),
                JavaConverters.mapAsScalaMap(result.quarantined()),
                JavaConverters.mapAsScalaMap(result.nulls()),
                result.unknownColumns().toArray(String[]::new));
    }
}
