package dataplatform.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.last;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Partition;
import dataplatform.contracts.SilverColumn;
import io.delta.tables.DeltaTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * A data set's table in silver, and how a batch of changes gets into it: the latest valid change of each key wins, by
 * {@code change_seq}, whatever order the batches come in and however often.
 *
 * <p>Only partitions that a change touches are read and written, all in one commit. A change names its partition; where its
 * row is not in that one (it moved, or the delete carried the key alone) the keys of the other partitions are looked
 * through, and nothing but the keys.
 *
 * <p>A row that leaves its place, deleted or moved to another partition, leaves a tombstone: its key and the {@code
 * change_seq} that it left at. Without it an older change that comes again would bring the row back.
 */
public final class SilverTable {
    /** Up to this many bytes of bronze what becomes of a batch is worked out in one task. */
    private static final long SMALL_BATCH = 1L << 20;
    /** Up to this many bytes of bronze the changes are beside a table's rows in memory, and a first load is sorted whole. */
    static final long MEDIUM_BATCH = 64L << 20;

    private static final long ROWS_PER_FILE = 500_000;
    private static final String ROWS = "_rows";
    private static final String INVALID = "_invalid";
    private static final String DELETES = "_deletes";
    private static final String UPSERTS = "_upserts";
    private static final String PARTITIONS = "_partitions";
    private static final String RANK = "_rank";
    private static final String FIRST_OP = "_first_op";
    private static final String OLD_SEQ = "_old_seq";
    private static final String OLD_PARTITION = "_old_partition";
    /** Whether a tombstone is due though the change is no delete. */
    private static final String LEFT = "_left";

    /** Instead of I, U or D: the row of a snapshot that a newer one has replaced. */
    private static final String OLD = "old";

    private static final String ACTION = "_action";
    private static final String INSERT = "insert";
    private static final String UPDATE = "update";
    private static final String DELETE = "delete";
    private static final String SKIP = "skip";

    private final SparkSession spark;
    private final DataSet dataSet;
    private final Contract contract;
    private final String[] key;
    private final Column[] silverColumns;
    private final Optional<String> partition;
    private final Tombstones tombstones;
    private final TableFiles files;

    public SilverTable(SparkSession spark, DataSet dataSet) {
        this.spark = spark;
        this.dataSet = dataSet;
        this.contract = dataSet.contract();
        this.key =
                contract.key().stream().map(dataplatform.contracts.Column::name).toArray(String[]::new);
        this.silverColumns = SilverColumn.of(contract).stream()
                .map(column -> col(column.name()))
                .toArray(Column[]::new);
        this.partition = contract.partition().map(Partition::name);
        this.tombstones = new Tombstones(spark, dataSet);
        this.files = new TableFiles(spark, dataSet.silver(), partition);
    }

    /**
     * Brings the table up to date with the changes in some rows of bronze.
     *
     * @param bronze rows as {@link ChangeBatch} describes them
     * @param bytes size of the files that they stand in
     * @throws IllegalArgumentException if a column of the contract is missing
     */
    public MergeResult merge(Dataset<Row> bronze, long bytes) throws InterruptedException {
        return merge(ChangeBatch.ofBronze(contract, bronze), bytes);
    }

    /** The same for rows that have been read. */
    MergeResult merge(ChangeBatch batch, long bytes) throws InterruptedException {
        boolean isThere = exists();
        try (Kept kept = new Kept(bytes)) {
            return kept.large() && !isThere ? loadLarge(batch, kept) : merge(batch, batch.rows(), isThere, kept);
        }
    }

    /**
     * Makes the table equal to the newest snapshot of those in a batch and the one that it holds. What the snapshot does not name is
     * deleted; the others are checked like it, and otherwise skipped. One without a valid row never replaces anything.
     *
     * @param batch whole snapshots, the {@code change_seq} of each starting with the {@link LandingFiles#SEQUENCE} of its file
     * @param bytes size of the files that they stand in
     */
    MergeResult replace(ChangeBatch batch, long bytes) {
        boolean isThere = exists();
        try (Kept kept = new Kept(bytes)) {
            Dataset<Row> rows = kept.keep(batch.rows());
            Dataset<Row> sequences = rows.filter(valid()).select(SilverColumn.CHANGE_SEQ);
            if (isThere) {
                sequences = sequences.union(table().select(SilverColumn.CHANGE_SEQ));
            }
            Column sequence = max(substring(col(SilverColumn.CHANGE_SEQ), 1, LandingFiles.SEQUENCE));
            String newest = sequences.agg(coalesce(sequence, lit(""))).first().getString(0);
            Column isNewest = col(SilverColumn.CHANGE_SEQ).startsWith(newest);
            Dataset<Row> marked = rows.withColumn(
                    ChangeBatch.OP, when(valid().and(not(isNewest)), OLD).otherwise(col(ChangeBatch.OP)));
            if (isThere) {
                Dataset<Row> named = marked.filter(isChange()).select(columns(key));
                // none of the table's own snapshot, which a batch of older ones does not name
                Dataset<Row> gone = table().filter(not(isNewest))
                        .join(kept.beside(named), key, "left_anti")
                        .withColumn(SilverColumn.CHANGE_SEQ, lit(newest))
                        .withColumn(ChangeBatch.OP, lit("D"))
                        .withColumn(ChangeBatch.REASON, lit(""))
                        .withColumn(ChangeBatch.RAW, lit(null).cast("string"))
                        .withColumn(ChangeBatch.FILE, lit(null).cast("string"));
                marked = marked.unionByName(gone);
            }
            return merge(batch, marked, isThere, kept);
        }
    }

    private Dataset<Row> table() {
        return spark.read().format("delta").load(dataSet.silver());
    }

    private MergeResult merge(ChangeBatch batch, Dataset<Row> rows, boolean isThere, Kept kept) {
        Dataset<Row> ranked = kept.keep(ranked(rows));
        List<Column> figures = figures();
        figures.add(count_if(isLatest().and(isUpsert())).as(UPSERTS));
        figures.add(collect_set(partition
                        .map(name -> when(isLatest(), col(name)))
                        .orElse(lit(null).cast("string")))
                .as(PARTITIONS));
        Row figured = ranked.agg(count(lit(1)).as(ROWS), figures.toArray(Column[]::new))
                .first();
        Map<String, Object> seen = new HashMap<>();
        for (String name : figured.schema().fieldNames()) {
            seen.put(name, figured.getAs(name));
        }
        Dataset<Row> latest = ranked.filter(isLatest());
        Counts counts;
        if (isThere) {
            Object[] named = figured.getList(figured.fieldIndex(PARTITIONS)).toArray();
            counts = mergeInto(latest, named, kept);
        } else {
            load(latest);
            counts = new Counts((Long) seen.get(UPSERTS), 0, 0);
        }
        return result(batch, seen, counts, ranked, kept);
    }

    /**
     * A large first load goes through its rows twice, which is cheaper than to keep them: for the keys that stand more than
     * once, told by a hash, and to write. Only rows of such keys are sorted: in a full load that is none.
     */
    private MergeResult loadLarge(ChangeBatch batch, Kept kept) throws InterruptedException {
        Dataset<Row> rows = batch.rows();
        Column hash = xxhash64(columns(key));
        Dataset<Row> repeated =
                kept.keep(rows.na().drop(key).groupBy(hash.as("_hash")).count().filter("count > 1"));
        Observation observation = new Observation();
        Dataset<Row> latest = rows.observe(
                        observation, count(lit(1)).as(ROWS), figures().toArray(Column[]::new))
                .filter(valid());
        if (!repeated.isEmpty()) {
            Column same = hash.equalTo(repeated.col("_hash"));
            latest = latest.join(repeated, same, "left_anti")
                    .unionByName(ranked(rows.join(repeated, same, "left_semi"))
                            .filter(isLatest())
                            .drop(RANK, FIRST_OP));
        }
        load(latest);
        // Delta knows it from the files' statistics
        long loaded = table().count();
        return result(batch, observation.getAsJava(), new Counts(loaded, 0, 0), rows, kept);
    }

    /**
     * @param seen what {@link #figures} told
     * @param rows all of the batch
     */
    private MergeResult result(
            ChangeBatch batch, Map<String, Object> seen, Counts counts, Dataset<Row> rows, Kept kept) {
        if ((Long) seen.get(DELETES) > 0) {
            tombstones.add(rows.filter(valid().and(col(ChangeBatch.OP).equalTo("D"))));
        }
        Map<String, Long> nulls = new TreeMap<>();
        contract.columns().forEach(column -> nulls.put(column.name(), (Long) seen.get(column.name())));
        return new MergeResult(
                (Long) seen.get(ROWS),
                counts.inserted(),
                counts.updated(),
                counts.deleted(),
                (Long) seen.get(ROWS) - (Long) seen.get(INVALID) - counts.changed(),
                (Long) seen.get(INVALID) == 0 ? Map.of() : quarantine(rows.filter(not(valid())), kept),
                nulls,
                batch.unknownColumns());
    }

    /** Intermediate results of one merge that are used more than once. */
    private static final class Kept implements AutoCloseable {
        private final long bytes;
        private final Deque<Dataset<Row>> persisted = new ArrayDeque<>();

        /** @param bytes of the batch */
        Kept(long bytes) {
            this.bytes = bytes;
        }

        boolean large() {
            return bytes > MEDIUM_BATCH;
        }

        Dataset<Row> keep(Dataset<Row> result) {
            if (bytes <= SMALL_BATCH) {
                // planning costs more than the data: what follows from a result forgets where that came from
                return result.coalesce(1).localCheckpoint();
            }
            persisted.push(result.persist());
            return result;
        }

        /** Something about the batch's keys, to be joined with a table: in memory whole, unless the batch is large. */
        Dataset<Row> beside(Dataset<Row> result) {
            return large() ? result : functions.broadcast(result);
        }

        @Override
        public void close() {
            // the last one first: Spark plans those again that follow from one that goes
            persisted.forEach(Dataset::unpersist);
        }
    }

    /** Makes the table, empty, where it is not there: readers find a data set that has had no rows yet. */
    void createIfMissing() {
        if (!exists()) {
            StructType schema = new StructType();
            for (SilverColumn column : SilverColumn.of(contract)) {
                schema = schema.add(column.name(), ContractColumns.sparkType(column.type()));
            }
            writer(spark.createDataFrame(List.of(), schema)).mode("append").save(dataSet.silver());
            files.settle();
        }
    }

    private boolean exists() {
        return DeltaTable.isDeltaTable(spark, dataSet.silver());
    }

    private record Counts(long inserted, long updated, long deleted) {
        long changed() {
            return inserted + updated + deleted;
        }
    }

    /** Counts over the rows of a batch; the nulls of a column stand under its name. */
    private List<Column> figures() {
        List<Column> figures = new ArrayList<>(List.of(
                count_if(not(valid())).as(INVALID),
                count_if(valid().and(col(ChangeBatch.OP).equalTo("D"))).as(DELETES)));
        for (dataplatform.contracts.Column column : contract.columns()) {
            figures.add(count_if(col(column.name()).isNull().and(isUpsert())).as(column.name()));
        }
        return figures;
    }

    private static Column isUpsert() {
        return col(ChangeBatch.OP).notEqual("D");
    }

    private static Column isLatest() {
        return col(RANK).equalTo(1).and(isChange());
    }

    /** All rows, the valid changes of each key numbered from the latest, and with what happened first to it. */
    private Dataset<Row> ranked(Dataset<Row> rows) {
        // equal change_seq: the same change in two files, or a row of a full load that was made again
        WindowSpec newestFirst = Window.partitionBy(Stream.concat(Stream.of(columns(key)), Stream.of(valid()))
                        .toArray(Column[]::new))
                .orderBy(
                        col(SilverColumn.CHANGE_SEQ).desc(),
                        col(SilverColumn.EXTRACTED_AT).desc(),
                        col(ChangeBatch.OP),
                        col(ChangeBatch.FILE));
        return rows.withColumn(RANK, row_number().over(newestFirst))
                .withColumn(
                        FIRST_OP,
                        last(col(ChangeBatch.OP))
                                .over(newestFirst.rowsBetween(
                                        Window.unboundedPreceding(), Window.unboundedFollowing())));
    }

    /** The first load: nothing to compare with. */
    private void load(Dataset<Row> latest) {
        writer(latest.filter(isUpsert()).select(silverColumns)).mode("append").save(dataSet.silver());
        files.settle();
    }

    private Counts mergeInto(Dataset<Row> ranked, Object[] named, Kept kept) {
        Dataset<Row> latest = ranked.drop(RANK, ChangeBatch.REASON, ChangeBatch.RAW, ChangeBatch.FILE);
        Dataset<Row> table = table();
        Column isNamed = partition.map(name -> col(name).isin(named)).orElse(lit(true));
        Dataset<Row> resolved = kept.keep(resolved(latest, keysOf(table.filter(isNamed), latest, kept)));
        Outcome outcome = outcome(resolved);
        if (outcome.astray() > 0 && partition.isPresent()) {
            Dataset<Row> astray = resolved.filter(astray()).select(columns(latest.columns()));
            resolved = kept.keep(resolved.filter(not(astray()))
                    .unionByName(resolved(astray, keysOf(table.filter(not(isNamed)), astray, kept))));
            outcome = outcome(resolved);
        }
        if (outcome.left() > 0) {
            tombstones.add(resolved.filter(col(LEFT)));
        }
        write(resolved, outcome);
        if (outcome.counts().changed() > 0) {
            files.settle(outcome.partitions());
        } else {
            // these changes came before, perhaps in a run that died right after its commit
            files.settle();
        }
        return outcome.counts();
    }

    /** Key, {@code change_seq} and partition of the rows in the table that the changes are about. */
    private Dataset<Row> keysOf(Dataset<Row> table, Dataset<Row> changes, Kept kept) {
        return kept.beside(table.select(Stream.concat(
                                Stream.of(columns(key)),
                                Stream.of(
                                        col(SilverColumn.CHANGE_SEQ).as(OLD_SEQ),
                                        partition
                                                .map(functions::col)
                                                .orElse(lit(null).cast("string"))
                                                .as(OLD_PARTITION)))
                        .toArray(Column[]::new))
                .join(kept.beside(changes.select(columns(key))), key, "left_semi"));
    }

    /** Changes of a row that is not in the partition that they name, and did not begin in the same batch. */
    private static Column astray() {
        return col(OLD_SEQ).isNull().and(col(FIRST_OP).notEqual("I"));
    }

    /** The changes with what is to be done about each. */
    private Dataset<Row> resolved(Dataset<Row> latest, Dataset<Row> current) {
        Dataset<Row> found = latest.join(current, key, "left");
        Dataset<Row> joined = tombstones
                .of(latest)
                .map(left -> found.join(left, key, "left"))
                .orElseGet(() -> found.withColumn(Tombstones.LEFT_AT, lit(null).cast("string")));
        Column seq = col(SilverColumn.CHANGE_SEQ);
        Column isDelete = col(ChangeBatch.OP).equalTo("D");
        Column isThere = col(OLD_SEQ).isNotNull();
        Column overtaken = coalesce(col(OLD_SEQ).geq(seq), lit(false))
                .or(coalesce(col(Tombstones.LEFT_AT).gt(seq), lit(false)));
        Column moves = partition
                .map(name ->
                        isThere.and(not(isDelete)).and(not(col(OLD_PARTITION).eqNullSafe(col(name)))))
                .orElse(lit(false));
        Column early = not(isThere).and(col(ChangeBatch.OP).equalTo("U"));
        return joined.withColumn(
                        ACTION,
                        when(overtaken.or(isDelete.and(not(isThere))), SKIP)
                                .when(isDelete, DELETE)
                                .when(isThere, UPDATE)
                                .otherwise(INSERT))
                .withColumn(LEFT, not(overtaken).and(moves.or(early)));
    }

    /** What a batch does to the table: how many rows, in which partitions, and whether rows there have to go. */
    private record Outcome(Counts counts, long left, long astray, Set<String> partitions) {
        boolean replaces() {
            return counts.updated() + counts.deleted() > 0;
        }
    }

    private Outcome outcome(Dataset<Row> resolved) {
        Column to = partition.map(functions::col).orElse(lit(null).cast("string"));
        Map<String, Long> counts = new HashMap<>();
        Set<String> partitions = new TreeSet<>();
        long left = 0;
        long astray = 0;
        for (Row row : resolved.groupBy(col(ACTION), col(OLD_PARTITION), to.as("_to"))
                .agg(count(lit(1)), count_if(col(LEFT)), count_if(astray()))
                .collectAsList()) {
            String action = row.getString(0);
            counts.merge(action, row.getLong(3), Long::sum);
            left += row.getLong(4);
            astray += row.getLong(5);
            if (partition.isPresent() && !action.equals(SKIP)) {
                if (!action.equals(INSERT)) {
                    partitions.add(row.getString(1));
                }
                if (!action.equals(DELETE)) {
                    partitions.add(row.getString(2));
                }
            }
        }
        return new Outcome(
                new Counts(
                        counts.getOrDefault(INSERT, 0L),
                        counts.getOrDefault(UPDATE, 0L),
                        counts.getOrDefault(DELETE, 0L)),
                left,
                astray,
                partitions);
    }

    private void write(Dataset<Row> resolved, Outcome outcome) {
        Dataset<Row> fresh = resolved.filter(col(ACTION).isin(INSERT, UPDATE))
                .select(silverColumns)
                .coalesce((int) ((outcome.counts().inserted() + outcome.counts().updated()) / ROWS_PER_FILE) + 1);
        if (!outcome.replaces()) {
            if (outcome.counts().inserted() > 0) {
                writer(fresh).mode("append").save(dataSet.silver());
            }
            return;
        }
        Dataset<Row> table = table();
        Dataset<Row> gone = resolved.filter(col(ACTION).isin(UPDATE, DELETE)).select(columns(key));
        Dataset<Row> touched = partition
                .map(name -> table.filter(col(name).isin(outcome.partitions().toArray())))
                .orElse(table);
        DataFrameWriter<Row> writer = writer(touched.join(gone, key, "left_anti")
                        .select(silverColumns)
                        .unionByName(fresh))
                .mode("overwrite");
        partition.ifPresent(name -> writer.option(
                "replaceWhere",
                col(name).isin(outcome.partitions().toArray()).expr().sql()));
        writer.save(dataSet.silver());
    }

    /** Keeps rows that break the contract, each once however often it comes, and counts them by reason. */
    private Map<String, Long> quarantine(Dataset<Row> invalid, Kept kept) {
        Dataset<Row> rows = kept.keep(invalid.select(
                sha2(concat_ws("|", col(SilverColumn.CHANGE_SEQ), col(ChangeBatch.OP), col(ChangeBatch.RAW)), 256)
                        .as("id"),
                col(ChangeBatch.REASON).as("reason"),
                col(ChangeBatch.RAW).as("raw_row"),
                col(ChangeBatch.OP).as("op"),
                col(SilverColumn.CHANGE_SEQ),
                col(SilverColumn.EXTRACTED_AT),
                col(ChangeBatch.FILE).as("source_file")));
        Dataset<Row> fresh = rows.dropDuplicates("id");
        if (DeltaTable.isDeltaTable(spark, dataSet.quarantine())) {
            Dataset<Row> known = spark.read().format("delta").load(dataSet.quarantine());
            fresh = kept.keep(fresh.join(known.select("id"), new String[] {"id"}, "left_anti"));
        }
        if (!fresh.isEmpty()) {
            fresh.coalesce(1).write().format("delta").mode("append").save(dataSet.quarantine());
        }
        new TableFiles(spark, dataSet.quarantine(), Optional.empty()).settle();
        Map<String, Long> reasons = new TreeMap<>();
        rows.groupBy("reason").count().collectAsList().forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        return reasons;
    }

    private DataFrameWriter<Row> writer(Dataset<Row> rows) {
        // figures of every column of every row cost a sixth of a write, and prune little but the times within a month
        DataFrameWriter<Row> writer = rows.write()
                .format("delta")
                .option(
                        "delta.dataSkippingStatsColumns",
                        contract.partition().map(Partition::source).orElse(String.join(",", key)));
        partition.ifPresent(writer::partitionBy);
        return writer;
    }

    private static Column valid() {
        return col(ChangeBatch.REASON).equalTo("");
    }

    private static Column isChange() {
        return valid().and(col(ChangeBatch.OP).notEqual(OLD));
    }

    private static Column[] columns(String[] names) {
        return Stream.of(names).map(functions::col).toArray(Column[]::new);
    }
}
