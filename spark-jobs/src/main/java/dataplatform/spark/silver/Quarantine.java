package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sha2;

import dataplatform.contracts.SilverColumn;
import dataplatform.spark.DataSet;
import dataplatform.spark.storage.Json;
import io.delta.tables.DeltaTable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The Delta table of the rows of a data set that break its contract: each once, however often it comes. */
public final class Quarantine {
    private final SparkSession spark;
    private final String table;

    /** The quarantine of a data set, which need not exist yet. */
    public Quarantine(SparkSession spark, DataSet dataSet) {
        this.spark = spark;
        this.table = dataSet.quarantine();
    }

    /**
     * Adds the rows of a batch that did not come with an earlier one. A batch that is made again adds nothing.
     *
     * @param invalid rows as {@link ChangeBatch#rows} has them
     * @return how many rows the table has from this batch, by reason
     */
    Map<String, Long> add(Dataset<Row> invalid, long batch, BatchCache cache) {
        boolean isThere = exists();
        TableFiles files = new TableFiles(spark, table, Optional.empty());
        long last = isThere ? lastBatch() : 0;
        if (last > batch) {
            throw new IllegalStateException(table + " has rows of batch " + last + ", and batch " + batch
                    + " comes only now: it belongs to a table that is gone. Delete it as well");
        }
        if (last == batch) {
            files.afterCommit();
            return reasons(table().filter(isOf(batch)));
        }
        Dataset<Row> rows = invalid.select(
                        sha2(
                                        concat_ws(
                                                "|",
                                                col(SilverColumn.CHANGE_SEQ),
                                                col(ChangeBatch.OP),
                                                col(ChangeBatch.RAW)),
                                        256)
                                .as("id"),
                        col(ChangeBatch.REASON).as("reason"),
                        col(ChangeBatch.RAW).as("raw_row"),
                        col(ChangeBatch.OP).as("op"),
                        col(SilverColumn.CHANGE_SEQ),
                        col(SilverColumn.EXTRACTED_AT),
                        col(ChangeBatch.FILE).as("source_file"),
                        lit(batch).as(SilverColumn.BATCH))
                .dropDuplicates("id");
        if (isThere) {
            rows = rows.join(table().filter(not(isOf(batch))).select("id"), new String[] {"id"}, "left_anti");
        }
        rows = cache.keep(rows);
        Map<String, Long> reasons = reasons(rows);
        if (!reasons.isEmpty()) {
            TableLog.numbered(
                            rows.coalesce(1).write().format("delta").mode("append"),
                            batch,
                            Json.write(new Added(batch)))
                    .option("mergeSchema", true)
                    .save(table);
            files.afterCommit();
        }
        return reasons;
    }

    /** How many rows came with a batch, the newest that it has rows of, by reason. */
    Map<String, Long> of(long batch) {
        return has(batch) ? reasons(table().filter(isOf(batch))) : Map.of();
    }

    /** Whether it has rows of that batch. */
    boolean has(long batch) {
        return exists() && lastBatch() == batch;
    }

    /** What stands beside a commit. */
    private record Added(long batch) {}

    private long lastBatch() {
        return new TableLog(spark, table)
                .last()
                .map(about -> Json.read(about, Added.class).batch())
                .orElse(0L);
    }

    /** How many rows came with batches after that one, by reason. */
    public Map<String, Long> since(long batch) {
        return exists() ? reasons(table().filter(col(SilverColumn.BATCH).gt(batch))) : Map.of();
    }

    /** All rows that ever came, with the columns {@link SilverColumn#QUARANTINE}. */
    public Dataset<Row> rows() {
        return exists() ? table() : spark.createDataFrame(List.of(), ContractColumns.schema(SilverColumn.QUARANTINE));
    }

    private static Map<String, Long> reasons(Dataset<Row> rows) {
        Map<String, Long> reasons = new TreeMap<>();
        rows.groupBy("reason").count().collectAsList().forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        return reasons;
    }

    private static Column isOf(long batch) {
        return col(SilverColumn.BATCH).eqNullSafe(lit(batch));
    }

    private boolean exists() {
        return DeltaTable.isDeltaTable(spark, table);
    }

    private Dataset<Row> table() {
        return spark.read().format("delta").load(table);
    }
}
