package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Partition;
import dataplatform.contracts.SilverColumn;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.storage.Json;
import dataplatform.spark.storage.StateFolder;
import io.delta.tables.DeltaTable;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * A data set's table in silver, and how a batch of changes gets into it: of each key the version with the highest {@code
 * change_seq} counts, whatever order the batches come in and however often. If that is a delete, or breaks the contract, the
 * table has no row of the key.
 *
 * <p>Only partitions that a change touches are read and written, all in one commit. A change names its partition. Where its
 * row may be in another one (it moved, the delete carried the key alone, or the change is late: not newer than all that came
 * before) the keys of all partitions are looked through, and nothing but the keys.
 *
 * <p>A key without a row leaves a tombstone: the {@code change_seq} from which it has none. Without it an older change that
 * comes again would bring the row back. A new full load or snapshot sets a floor for all keys at once: what is older than it
 * is gone.
 *
 * <p>A batch is one commit with the batch's number, in which {@link Commit} stands. Of two writers that take the same number
 * one is refused, so what a batch does is always decided on the table that it changes.
 */
public final class SilverTable {
    private static final long ROWS_PER_FILE = 500_000;
    /** Of a table that does not tell what came last every change is late. */
    private static final String UNKNOWN_WATERMARK = "\uffff";

    /** Stands for a full load that is older than all changes. */
    public static final String OLDEST = "0";

    /** In the data set's state: the newest batch that was reported. */
    private static final String REPORTED = "reported.json";

    private static final String IS_GOOD = "_is_good";
    private static final String LOADED = "_loaded";
    private static final String PARTITIONS = "_partitions";
    private static final String HASH = "_hash";

    private final SparkSession spark;
    private final DataSet dataSet;
    private final Contract contract;
    private final String[] key;
    private final Column[] silverColumns;
    private final Optional<String> partition;
    private final Tombstones tombstones;
    private final Quarantine quarantine;
    private final TableFiles files;
    private final TableLog log;

    /** The table of a data set, which need not exist yet. */
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
        this.quarantine = new Quarantine(spark, dataSet);
        this.files = new TableFiles(spark, dataSet.silver(), partition);
        this.log = new TableLog(spark, dataSet.silver());
    }

    /**
     * Brings the table up to date with the changes in some rows of bronze, as its next batch.
     *
     * @param bronze rows as {@link ChangeBatch} describes them; those of a full load are older than all changes
     * @param bytes size of the files that they stand in
     * @throws IllegalArgumentException if a column of the contract is missing
     */
    public MergeResult merge(Dataset<Row> bronze, long bytes) throws InterruptedException {
        Run run = new Run("", Instant.now());
        return merge(ChangeBatch.ofBronze(contract, bronze, OLDEST), bytes, newest(), run)
                .result();
    }

    /** The newest batch that the table holds, {@link Commit#NONE} if it is not there. */
    public Commit newest() {
        if (log.version() < 0) {
            return Commit.NONE;
        }
        return log.lastBatch()
                // Delta forgets commits of long ago
                .or(this::reported)
                .orElse(Commit.NONE.with(UNKNOWN_WATERMARK, "", MergeResult.NOTHING));
    }

    /**
     * Brings the table up to date with the changes in a batch.
     *
     * @param bytes size of the files that they stand in
     * @param previous the newest batch that the table holds
     * @return the next one; what another writer made of it if one was faster
     * @throws io.delta.exceptions.DeltaConcurrentModificationException if another writer changed the table meanwhile: begin again
     */
    public Commit merge(ChangeBatch batch, long bytes, Commit previous, Run run) throws InterruptedException {
        Commit next = previous.next(run);
        return merge(
                batch, bytes, next.with(next.watermark(), latest(next.floor(), batch.floor()), MergeResult.NOTHING));
    }

    /**
     * Makes the next batch one that has no files, so that what was planned for it can be planned anew.
     *
     * @return the next one; what another writer made of it if one was faster
     */
    public Commit giveUp(Commit previous, Run run) {
        Commit next = previous.next(run).asGivenUp();
        // a run that died may have put rows there, and written a first load's
        MergeResult result = MergeResult.ofQuarantine(quarantine.of(next.batch()));
        save(writer(noRows()).mode("append"), next.with(next.watermark(), next.floor(), result));
        files.afterCommit();
        return committed(next);
    }

    private Commit merge(ChangeBatch batch, long bytes, Commit next) throws InterruptedException {
        boolean isThere = exists();
        boolean isSnapshot = contract.isSnapshot();
        try (BatchCache cache = new BatchCache(bytes)) {
            if (batch.day() != null) {
                replaceDay(batch, next, cache);
            } else if (cache.large() && !isThere && !isSnapshot) {
                loadLarge(batch, next, cache);
            } else {
                merge(batch, isThere, next, cache);
            }
        }
        return committed(next);
    }

    /** The newest batch, once one was written. */
    private Commit committed(Commit written) {
        Commit newest = newest();
        if (newest.batch() < written.batch()) {
            throw new IllegalStateException(
                    "what " + dataSet.silver() + " holds is not known any more: it refuses batch "
                            + written.batch() + ". Delete the table, its quarantine and " + dataSet.state()
                            + ": the next run makes them anew");
        }
        return newest;
    }

    /** Makes up for a run that died after its commit: its manifests may be missing, and no later batch would write them. */
    public void recover() {
        if (newest().batch() > reported().map(Commit::batch).orElse(0L)) {
            files.afterCommit();
        }
    }

    /** The newest batch that stands in the quality table and was reported to the gate; empty if none was. */
    public Optional<Commit> reported() {
        return new StateFolder(spark, dataSet.state()).read(REPORTED, Commit.class);
    }

    /** Remembers that a batch, and all before it, were reported. */
    public void setReported(Commit batch) {
        new StateFolder(spark, dataSet.state()).write(REPORTED, batch);
    }

    private static String latest(String one, String other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    /** The table's rows as the contract has them now. */
    private Dataset<Row> table() {
        return ContractChange.adapted(contract, stored());
    }

    private Dataset<Row> stored() {
        return spark.read().format("delta").load(dataSet.silver());
    }

    private void merge(ChangeBatch batch, boolean isThere, Commit next, BatchCache cache) throws InterruptedException {
        boolean retypes = isThere && ContractChange.retypes(contract, stored());
        List<Column> figures = Versions.figures(contract);
        figures.add(collect_set(when(Versions.isLatest().and(Versions.isValid()), place()))
                .as(PARTITIONS));
        BatchCache.Counted kept = cache.keep(Versions.ranked(batch.rows(), key), figures);
        Dataset<Row> ranked = kept.rows();
        Figures seen = kept.figures();
        String own = contract.isSnapshot() ? seen.text(Versions.NEWEST_FILE) : batch.floor();
        String floor = latest(next.floor(), own);
        // also one that the table has already: what it is the floor of may have come in several batches
        boolean isFloor = isThere && !own.isEmpty() && own.equals(floor);

        Dataset<Row> latest = Versions.latest(ranked);
        Dataset<Row> table = isThere ? table() : noRows();
        MergePlan.Planner planner = planner(floor, cache);
        // a message that comes again may have another time than before
        MergePlan plan = !isThere || isFloor || partition.isEmpty() || contract.isStreamed()
                ? planner.plan(latest, table)
                : planner.plan(latest, in(table, seen.texts(PARTITIONS)), table, next.watermark());
        if (plan.buried() > 0) {
            tombstones.add(Versions.left(plan.buriedRows()));
        }
        long below =
                isFloor ? table().filter(col(SilverColumn.CHANGE_SEQ).lt(floor)).count() : 0;
        long left = below - plan.goneBelow();
        MergePlan.Counts counts = plan.counts();
        if (isThere && next.batch() == 1) {
            // what a first load wrote before its run died is in no other report
            counts = new MergePlan.Counts(table().count() - plan.gone() - left + plan.fresh(), 0, 0, 0);
            left = 0;
        }
        // a run that died may have put rows there which do not come again: their file has been mended since
        Map<String, Long> reasons = seen.number(Versions.INVALID) == 0 && !quarantine.has(next.batch())
                ? Map.of()
                : quarantine.add(ranked.filter(not(Versions.isValid())), next.batch(), cache);
        write(
                plan,
                below > 0 || retypes ? Optional.of(isFloor ? floor : "") : Optional.empty(),
                next.with(
                        latest(next.watermark(), seen.text(Versions.NEWEST)),
                        floor,
                        MergeResult.of(contract, seen, counts, left, reasons, batch.unknownColumns())));
    }

    /**
     * A large first load is written as it comes, and only then are its keys looked at: repeated ones are rare, and the keys of
     * the written table are read in no time. The rows are read again only if one breaks the contract. Nobody can count on a
     * table before its first batch is whole: that is the commit which makes it so.
     */
    void loadLarge(ChangeBatch batch, Commit next, BatchCache cache) throws InterruptedException {
        String floor = next.floor();
        Dataset<Row> rows = batch.rows();
        Observation observation = new Observation();
        Column isLoaded =
                not(Versions.isRemoval()).and(col(SilverColumn.CHANGE_SEQ).geq(floor));
        List<Column> figures = Versions.figures(contract);
        figures.add(count_if(isLoaded).as(LOADED));
        Dataset<Row> valid = rows.observe(
                        observation,
                        figures.get(0),
                        figures.subList(1, figures.size()).toArray(Column[]::new))
                .filter(isLoaded);
        String id = UUID.randomUUID().toString();
        writer(valid.select(silverColumns))
                .mode("append")
                .option("txnAppId", "first load")
                .option("txnVersion", 1)
                .option("userMetadata", id)
                .save(dataSet.silver());
        if (!log.contains(id)) {
            // another writer was faster, and nothing was written or counted: who waits for the figures waits for ever
            merge(batch, true, next, cache);
            return;
        }
        Figures seen = new Figures(observation.getAsJava());
        Column hash = xxhash64(ContractColumns.named(key));
        Dataset<Row> hashes = table().select(hash.as(HASH));
        boolean hasRemovals = seen.number(Versions.INVALID) > 0 || seen.number(Versions.DELETES) > 0;
        Dataset<Row> removals = rows.filter(Versions.isRemoval());
        if (hasRemovals) {
            removals = cache.keep(removals);
            hashes = hashes.union(removals.filter(col(ChangeBatch.KEYED)).select(hash.as(HASH)));
        }
        Dataset<Row> repeated =
                cache.keep(hashes.groupBy(HASH).count().filter("count > 1").select(HASH));
        boolean isRepeating = !repeated.isEmpty();
        Map<String, Long> reasons = Map.of();
        if (hasRemovals) {
            tombstones.add(Versions.left(removals.filter(col(ChangeBatch.KEYED))));
            reasons = quarantine.add(removals.filter(not(Versions.isValid())), next.batch(), cache);
        }
        MergePlan plan = MergePlan.nothing(noRows());
        if (isRepeating) {
            Column isRepeated = hash.equalTo(repeated.col(HASH));
            Dataset<Row> ranked = Versions.ranked(rows.join(repeated, isRepeated, "left_semi"), key);
            plan = planner(floor, cache).plan(Versions.latest(ranked), table());
        }
        MergePlan.Counts counts = new MergePlan.Counts(seen.number(LOADED) - plan.gone() + plan.fresh(), 0, 0, 0);
        MergeResult result = MergeResult.of(contract, seen, counts, 0, reasons, batch.unknownColumns());
        write(plan, Optional.empty(), next.with(seen.text(Versions.NEWEST), floor, result));
        files.afterCommit();
    }

    /** Puts the rows of a day in the place of those that the table has of it. */
    private void replaceDay(ChangeBatch batch, Commit next, BatchCache cache) throws InterruptedException {
        ChangeBatch.Day day = batch.day();
        Optional<DailySessions> sessions =
                contract.sessions().map(each -> new DailySessions(contract, day.date(), batch.rows(), cache));
        DailySessions.Checked checked = sessions.map(DailySessions::checked)
                .orElseGet(() ->
                        new DailySessions.Checked(batch.rows().withColumn(DailySessions.REPEATED, lit(false)), 0));
        // they are few
        Dataset<Row> bad = checked.rows().filter(DailySessions.isBad()).localCheckpoint();
        long invalid = bad.count();
        long good = day.rows() - invalid - checked.repeated();
        Map<String, Long> reasons =
                invalid == 0 && !quarantine.has(next.batch()) ? Map.of() : quarantine.add(bad, next.batch(), cache);
        MergeResult result = MergeResult.ofDay(day, good, invalid, reasons, batch.unknownColumns());
        String date = day.date().toString();
        Dataset<Row> rows = sessions.map(each -> each.named(checked.rows()))
                .orElse(checked.rows())
                .withColumn(partition.orElseThrow(), lit(date))
                .withColumn(SilverColumn.BATCH, lit(next.batch()))
                .select(Stream.concat(
                                Stream.of(silverColumns),
                                Stream.of(DailySessions.isGood().as(IS_GOOD)))
                        .toArray(Column[]::new))
                // without it the filter would go below, and everything be worked out twice
                .observe("rows", count(lit(1)))
                .filter(IS_GOOD)
                .select(silverColumns);
        // as many files as tasks that run at once, or twice as many
        int tasks = spark.sparkContext().defaultParallelism();
        rows = rows.coalesce(tasks * (1 + (int) (good / ROWS_PER_FILE / tasks)));
        DataFrameWriter<Row> writer = writer(rows)
                .mode("overwrite")
                .option("replaceWhere", isIn(Set.of(date)).expr().sql());
        save(writer, next.with("", "", result));
        files.afterCommit(Set.of(date));
    }

    private MergePlan.Planner planner(String floor, BatchCache cache) {
        return new MergePlan.Planner(key, place(), tombstones, floor, cache);
    }

    /** Makes the table, empty, where it is not there: readers find a data set that has had no rows yet. */
    public void createIfMissing() {
        if (!exists()) {
            save(writer(noRows()).mode("append"), Commit.NONE);
            files.afterCommit();
        }
    }

    /** Writes a batch and what stands beside it in one commit. */
    private void save(DataFrameWriter<Row> writer, Commit commit) {
        TableLog.numbered(writer, commit.batch(), Json.write(commit)).save(dataSet.silver());
    }

    private Dataset<Row> noRows() {
        return spark.createDataFrame(List.of(), ContractColumns.schema(SilverColumn.of(contract)));
    }

    private boolean exists() {
        return DeltaTable.isDeltaTable(spark, dataSet.silver());
    }

    private Column place() {
        return partition.map(functions::col).orElse(lit(null).cast("string"));
    }

    /** @param floor where the table is written anew, without the rows that are below it */
    private void write(MergePlan plan, Optional<String> floor, Commit commit) {
        Dataset<Row> fresh = plan.fresh() == 0
                ? noRows()
                : plan.freshRows().select(silverColumns).coalesce((int) (plan.fresh() / ROWS_PER_FILE) + 1);
        boolean replaces = plan.gone() > 0 || floor.isPresent();
        DataFrameWriter<Row> writer;
        if (replaces) {
            Dataset<Row> touched = floor.map(
                            least -> table().filter(col(SilverColumn.CHANGE_SEQ).geq(least)))
                    .orElseGet(() -> in(table(), plan.partitions()));
            Dataset<Row> kept = touched.join(
                            plan.goneRows(key),
                            Stream.concat(Stream.of(key), Stream.of(SilverColumn.CHANGE_SEQ))
                                    .toArray(String[]::new),
                            "left_anti")
                    .select(silverColumns);
            writer = writer(kept.unionByName(fresh)).mode("overwrite").option("overwriteSchema", floor.isPresent());
            if (partition.isPresent() && floor.isEmpty()) {
                writer.option("replaceWhere", isIn(plan.partitions()).expr().sql());
            }
        } else {
            writer = writer(fresh).mode("append");
        }
        save(writer, commit);
        if (floor.isPresent() || partition.isEmpty()) {
            files.afterCommit();
        } else if (replaces || plan.fresh() > 0) {
            files.afterCommit(plan.partitions());
        }
    }

    /** The rows of some partitions; all, if the table has none. */
    private Dataset<Row> in(Dataset<Row> rows, Set<String> partitions) {
        return partition.isEmpty() ? rows : rows.filter(isIn(partitions));
    }

    private Column isIn(Set<String> partitions) {
        return place().isin(partitions.toArray());
    }

    private DataFrameWriter<Row> writer(Dataset<Row> rows) {
        // figures of every column of every row cost a sixth of a write, and prune little but the times within a month
        DataFrameWriter<Row> writer = rows.write()
                .format("delta")
                .option("mergeSchema", true)
                .option(
                        "delta.dataSkippingStatsColumns",
                        contract.partition()
                                .map(Partition::source)
                                .filter(source -> !source.isEmpty())
                                .orElse(String.join(",", key)));
        partition.ifPresent(writer::partitionBy);
        return writer;
    }
}
