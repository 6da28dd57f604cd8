package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.flatten;
import static org.apache.spark.sql.functions.last;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
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

    private static final String ROWS = "_rows";
    private static final String INVALID = "_invalid";
    private static final String DELETES = "_deletes";
    private static final String LOADED = "_loaded";
    private static final String NEWEST = "_newest";
    private static final String NEWEST_FILE = "_newest_file";
    private static final String PARTITIONS = "_partitions";
    private static final String RANK = "_rank";
    private static final String FIRST_OP = "_first_op";
    private static final String FIRST_SEQ = "_first_seq";
    /** The rows of the key that the table has: their {@code change_seq} and partition. Mostly one. */
    private static final String FOUND = "_found";
    /** The highest {@code change_seq} of those. */
    private static final String FOUND_SEQ = "_found_seq";
    /** Those of the rows that have to go. */
    private static final String GONE = "_gone";

    private static final String GONE_BELOW = "_gone_below";
    private static final String ASTRAY = "_astray";
    private static final String FROM = "_from";
    private static final String TO = "_to";

    private static final String SEQ = "seq";
    private static final String PLACE = "place";
    private static final String HASH = "_hash";

    private static final String ACTION = "_action";
    private static final String INSERT = "insert";
    private static final String UPDATE = "update";
    private static final String DELETE = "delete";
    private static final String WITHDRAW = "withdraw";
    private static final String SKIP = "skip";
    /** Whether a tombstone is due. */
    private static final String BURIED = "_buried";

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
    public Commit giveUp(Commit previous, Run run) throws InterruptedException {
        return merge(ChangeBatch.none(spark, contract), 0, previous.next(run).asGivenUp());
    }

    private Commit merge(ChangeBatch batch, long bytes, Commit next) throws InterruptedException {
        boolean isThere = exists();
        boolean isSnapshot = contract.isSnapshot();
        try (BatchCache cache = new BatchCache(bytes)) {
            if (cache.large() && !isThere && !isSnapshot) {
                loadLarge(batch, next, cache);
            } else {
                merge(batch, isThere, next, cache);
            }
        }
        Commit newest = newest();
        if (newest.batch() < next.batch()) {
            throw new IllegalStateException(
                    "what " + dataSet.silver() + " holds is not known any more: it refuses batch "
                            + next.batch() + ". Delete the table, its quarantine and " + dataSet.state()
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
        List<Column> figures = figures();
        figures.add(collect_set(when(isLatest().and(isValid()), place())).as(PARTITIONS));
        BatchCache.Counted kept = cache.keep(ranked(batch.rows()), figures);
        Dataset<Row> ranked = kept.rows();
        Figures seen = kept.figures();
        String own = contract.isSnapshot() ? seen.text(NEWEST_FILE) : batch.floor();
        String floor = latest(next.floor(), own);
        // also one that the table has already: what it is the floor of may have come in several batches
        boolean isFloor = isThere && !own.isEmpty() && own.equals(floor);

        Dataset<Row> latest = ranked.filter(isLatest()).drop(RANK, ChangeBatch.RAW, ChangeBatch.FILE);
        boolean looksEverywhere = !isThere || isFloor || partition.isEmpty();
        Dataset<Row> table = isThere ? table() : noRows();
        Dataset<Row> there = looksEverywhere
                ? table
                : table.filter(col(partition.get()).isin(seen.texts(PARTITIONS).toArray()));
        Column isAstray = looksEverywhere ? lit(false) : isAstray(next.watermark());
        Outcome outcome = outcome(resolved(latest, there, floor, cache), floor, isAstray, cache);
        if (outcome.astray() > 0) {
            Dataset<Row> astray = outcome.rows().filter(isAstray).select(columns(latest.columns()));
            outcome = outcome(
                    outcome.rows().filter(not(isAstray)).unionByName(resolved(astray, table, floor, cache)),
                    floor,
                    lit(false),
                    cache);
        }
        if (outcome.buried() > 0) {
            tombstones.add(left(outcome.rows().filter(col(BURIED))));
        }
        long below =
                isFloor ? table().filter(col(SilverColumn.CHANGE_SEQ).lt(floor)).count() : 0;
        long left = below - outcome.goneBelow();
        Counts counts = outcome.counts();
        if (isThere && next.batch() == 1) {
            // what a first load wrote before its run died is told by nobody else
            counts = new Counts(table().count() - outcome.gone() - left + outcome.fresh(), 0, 0, 0);
            left = 0;
        }
        // a run that died may have put rows there which do not come again: their file has been mended since
        Map<String, Long> reasons = seen.number(INVALID) == 0 && !quarantine.has(next.batch())
                ? Map.of()
                : quarantine.add(ranked.filter(not(isValid())), next.batch(), cache);
        write(
                outcome,
                below > 0 || retypes ? Optional.of(isFloor ? floor : "") : Optional.empty(),
                next.with(
                        latest(next.watermark(), seen.text(NEWEST)),
                        floor,
                        result(batch, seen, counts, left, reasons)));
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
        Column isLoaded = not(isRemoval()).and(col(SilverColumn.CHANGE_SEQ).geq(floor));
        List<Column> figures = figures();
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
        Column hash = xxhash64(columns(key));
        Dataset<Row> hashes = table().select(hash.as(HASH));
        boolean hasRemovals = seen.number(INVALID) > 0 || seen.number(DELETES) > 0;
        Dataset<Row> removals = rows.filter(isRemoval());
        if (hasRemovals) {
            removals = cache.keep(removals);
            hashes = hashes.union(removals.filter(col(ChangeBatch.KEYED)).select(hash.as(HASH)));
        }
        Dataset<Row> repeated =
                cache.keep(hashes.groupBy(HASH).count().filter("count > 1").select(HASH));
        boolean isRepeating = !repeated.isEmpty();
        Map<String, Long> reasons = Map.of();
        if (hasRemovals) {
            tombstones.add(left(removals.filter(col(ChangeBatch.KEYED))));
            reasons = quarantine.add(removals.filter(not(isValid())), next.batch(), cache);
        }
        Outcome outcome = new Outcome(noRows(), new Counts(0, 0, 0, 0), 0, 0, 0, 0, 0, Set.of());
        if (isRepeating) {
            Column isRepeated = hash.equalTo(repeated.col(HASH));
            Dataset<Row> latest = ranked(rows.join(repeated, isRepeated, "left_semi"))
                    .filter(isLatest())
                    .drop(RANK, ChangeBatch.RAW, ChangeBatch.FILE);
            outcome = outcome(resolved(latest, table(), floor, cache), floor, lit(false), cache);
        }
        long loaded = seen.number(LOADED) - outcome.gone() + outcome.fresh();
        write(
                outcome,
                Optional.empty(),
                next.with(seen.text(NEWEST), floor, result(batch, seen, new Counts(loaded, 0, 0, 0), 0, reasons)));
        files.afterCommit();
    }

    /**
     * @param seen what {@link #figures} told
     * @param left rows of the table that a new floor leaves behind, and the batch does not name: it deletes them
     */
    private MergeResult result(
            ChangeBatch batch, Figures seen, Counts counts, long left, Map<String, Long> quarantined) {
        Map<String, Long> nulls = new TreeMap<>();
        contract.columns().forEach(column -> nulls.put(column.name(), seen.number(column.name())));
        long invalid = seen.number(INVALID);
        long fresh = quarantined.values().stream().mapToLong(Long::longValue).sum();
        long rows = seen.number(ROWS) + Math.max(0, fresh - invalid);
        return new MergeResult(
                rows + left,
                counts.inserted(),
                counts.updated(),
                counts.deleted() + left,
                counts.withdrawn(),
                Math.max(0, rows - counts.inserted() - counts.updated() - counts.deleted() - fresh),
                Math.max(invalid, fresh),
                quarantined,
                nulls,
                batch.unknownColumns());
    }

    /** Makes the table, empty, where it is not there: readers find a data set that has had no rows yet. */
    public void createIfMissing() {
        if (!exists()) {
            TableLog.numbered(writer(noRows()).mode("append"), 0, Json.write(Commit.NONE))
                    .save(dataSet.silver());
            files.afterCommit();
        }
    }

    private Dataset<Row> noRows() {
        return spark.createDataFrame(List.of(), ContractColumns.schema(SilverColumn.of(contract)));
    }

    private boolean exists() {
        return DeltaTable.isDeltaTable(spark, dataSet.silver());
    }

    private record Counts(long inserted, long updated, long deleted, long withdrawn) {}

    /** Counts over the rows of a batch; the nulls of a column stand under its name. */
    private List<Column> figures() {
        List<Column> figures = new ArrayList<>(List.of(
                count(lit(1)).as(ROWS),
                count_if(not(isValid())).as(INVALID),
                count_if(isValid().and(isDelete())).as(DELETES),
                coalesce(max(col(SilverColumn.CHANGE_SEQ)), lit("")).as(NEWEST),
                coalesce(
                                max(when(
                                        isValid(),
                                        substring(col(SilverColumn.CHANGE_SEQ), 1, ChangeBatch.EXPORT_LENGTH))),
                                lit(""))
                        .as(NEWEST_FILE)));
        for (dataplatform.contracts.Column column : contract.columns()) {
            figures.add(
                    count_if(col(column.name()).isNull().and(not(isDelete()))).as(column.name()));
        }
        return figures;
    }

    private static Column isDelete() {
        return col(ChangeBatch.OP).equalTo("D");
    }

    private static Column isValid() {
        return col(ChangeBatch.REASON).equalTo("");
    }

    /** The key has no row from here on. */
    private static Column isRemoval() {
        return isDelete().or(not(isValid()));
    }

    /**
     * The place of a change among those of its key, as text: its {@code change_seq}. At an equal one a delete is the last, in whatever
     * order they come; and a valid row is newer than one that breaks the contract, whose file has been mended.
     */
    private static Column standing() {
        return when(isDelete().and(isValid()), concat(col(SilverColumn.CHANGE_SEQ), lit("D")))
                .otherwise(col(SilverColumn.CHANGE_SEQ));
    }

    /** Removals, with the place that their keys left at. */
    private static Dataset<Row> left(Dataset<Row> removals) {
        return removals.withColumn(SilverColumn.CHANGE_SEQ, standing());
    }

    private static Column isLatest() {
        return col(RANK).equalTo(1).and(col(ChangeBatch.KEYED));
    }

    /** All rows, the versions of each key numbered from the latest, and with what is known of the first. */
    private Dataset<Row> ranked(Dataset<Row> rows) {
        // equal change_seq: the same change in two files, one of them mended perhaps, or a load's row made again
        WindowSpec newestFirst = Window.partitionBy(
                        Stream.concat(Stream.of(columns(key)), Stream.of(col(ChangeBatch.KEYED)))
                                .toArray(Column[]::new))
                .orderBy(
                        standing().desc(),
                        isValid().desc(),
                        col(SilverColumn.EXTRACTED_AT).desc(),
                        col(ChangeBatch.OP),
                        col(ChangeBatch.FILE));
        WindowSpec all = newestFirst.rowsBetween(Window.unboundedPreceding(), Window.unboundedFollowing());
        return rows.withColumn(RANK, row_number().over(newestFirst))
                .withColumn(FIRST_OP, last(col(ChangeBatch.OP)).over(all))
                .withColumn(FIRST_SEQ, last(col(SilverColumn.CHANGE_SEQ)).over(all));
    }

    /** A late change, or one of a row that is not in the partition that it names and did not begin in this batch. */
    private static Column isAstray(String watermark) {
        return col(FIRST_SEQ)
                .leq(watermark)
                .or(size(col(FOUND)).equalTo(0).and(col(FIRST_OP).notEqual("I")));
    }

    /** The rows that the table has of the changes' keys, each key once. */
    private Dataset<Row> found(Dataset<Row> table, Dataset<Row> changes, BatchCache cache) {
        Column row = struct(col(SilverColumn.CHANGE_SEQ).as(SEQ), place().as(PLACE));
        return table.select(Stream.concat(Stream.of(columns(key)), Stream.of(row.as(FOUND)))
                        .toArray(Column[]::new))
                .join(cache.beside(changes.select(columns(key))), key, "left_semi")
                .groupBy(columns(key))
                .agg(
                        max(col(FOUND).getField(SEQ)).as(FOUND_SEQ),
                        collect_list(col(FOUND)).as(FOUND));
    }

    /**
     * The changes with what is to be done about each.
     *
     * @param table rows of the table among which theirs are looked for
     * @param floor what is older is gone
     */
    private Dataset<Row> resolved(Dataset<Row> latest, Dataset<Row> table, String floor, BatchCache cache) {
        Dataset<Row> beside = latest.join(found(table, latest, cache), key, "left");
        Dataset<Row> joined = tombstones
                .of(cache.beside(latest.select(columns(key))))
                .map(left -> beside.join(left, key, "left"))
                .orElseGet(() -> beside.withColumn(Tombstones.LEFT_AT, lit(null).cast("string")));
        Column seq = col(SilverColumn.CHANGE_SEQ);
        Column none = array().cast("array<struct<" + SEQ + ":string," + PLACE + ":string>>");
        Column isThere = col(FOUND_SEQ).isNotNull();
        Column overtaken = seq.lt(floor)
                .or(coalesce(col(Tombstones.LEFT_AT).gt(standing()), lit(false)))
                .or(coalesce(col(FOUND_SEQ).gt(seq), lit(false)))
                // more than once only while a first load is being written
                .or(coalesce(col(FOUND_SEQ).geq(standing()).and(size(col(FOUND)).equalTo(1)), lit(false)));
        return joined.withColumn(FOUND, coalesce(col(FOUND), none))
                .withColumn(
                        ACTION,
                        when(overtaken.or(isRemoval().and(not(isThere))), SKIP)
                                .when(isDelete().and(isValid()), DELETE)
                                .when(isRemoval(), WITHDRAW)
                                .when(isThere, UPDATE)
                                .otherwise(INSERT))
                .withColumn(BURIED, isRemoval().and(not(overtaken)))
                .withColumn(
                        GONE,
                        when(col(ACTION).isin(UPDATE, DELETE, WITHDRAW), col(FOUND))
                                .otherwise(filter(
                                        col(FOUND), row -> row.getField(SEQ).lt(col(FOUND_SEQ)))));
    }

    /**
     * What a batch does to the table.
     *
     * @param rows the changes, as {@link #resolved} tells them
     * @param buried how many tombstones are due
     * @param gone how many rows of the table have to go, new versions of them or not
     * @param goneBelow how many of those are below the floor
     * @param fresh how many rows come
     * @param astray how many changes have to be looked for in all partitions
     * @param partitions that rows go from or come to
     */
    private record Outcome(
            Dataset<Row> rows,
            Counts counts,
            long buried,
            long gone,
            long goneBelow,
            long fresh,
            long astray,
            Set<String> partitions) {}

    private Outcome outcome(Dataset<Row> resolved, String floor, Column isAstray, BatchCache cache)
            throws InterruptedException {
        Column places = transform(col(GONE), each -> each.getField(PLACE));
        Column below = filter(col(GONE), each -> each.getField(SEQ).lt(floor));
        BatchCache.Counted kept = cache.keep(
                resolved,
                List.of(
                        count_if(col(ACTION).equalTo(INSERT)).as(INSERT),
                        count_if(col(ACTION).equalTo(UPDATE)).as(UPDATE),
                        count_if(col(ACTION).equalTo(DELETE)).as(DELETE),
                        count_if(col(ACTION).equalTo(WITHDRAW)).as(WITHDRAW),
                        count_if(col(BURIED)).as(BURIED),
                        coalesce(sum(size(col(GONE))), lit(0L)).as(GONE),
                        coalesce(sum(size(below)), lit(0L)).as(GONE_BELOW),
                        count_if(isAstray).as(ASTRAY),
                        flatten(collect_set(array_distinct(places))).as(FROM),
                        collect_set(when(col(ACTION).isin(INSERT, UPDATE), place()))
                                .as(TO)));
        Figures figures = kept.figures();
        long inserted = figures.number(INSERT);
        long updated = figures.number(UPDATE);
        Set<String> partitions = figures.texts(FROM);
        partitions.addAll(figures.texts(TO));
        return new Outcome(
                kept.rows(),
                new Counts(inserted, updated, figures.number(DELETE), figures.number(WITHDRAW)),
                figures.number(BURIED),
                figures.number(GONE),
                figures.number(GONE_BELOW),
                inserted + updated,
                figures.number(ASTRAY),
                partitions);
    }

    private Column place() {
        return partition.map(functions::col).orElse(lit(null).cast("string"));
    }

    /** @param floor where the table is written anew, without the rows that are below it */
    private void write(Outcome outcome, Optional<String> floor, Commit commit) {
        Dataset<Row> fresh = outcome.fresh() == 0
                ? noRows()
                : outcome.rows()
                        .filter(col(ACTION).isin(INSERT, UPDATE))
                        .select(silverColumns)
                        .coalesce((int) (outcome.fresh() / ROWS_PER_FILE) + 1);
        boolean replaces = outcome.gone() > 0 || floor.isPresent();
        DataFrameWriter<Row> writer;
        if (replaces) {
            Dataset<Row> touched = floor.map(
                            least -> table().filter(col(SilverColumn.CHANGE_SEQ).geq(least)))
                    .or(() -> partition.map(name ->
                            table().filter(col(name).isin(outcome.partitions().toArray()))))
                    .orElseGet(this::table);
            Dataset<Row> gone = outcome.rows()
                    .select(Stream.concat(
                                    Stream.of(columns(key)),
                                    Stream.of(explode(col(GONE)).as(GONE)))
                            .toArray(Column[]::new));
            Dataset<Row> kept = touched.join(
                            gone.withColumn(SilverColumn.CHANGE_SEQ, col(GONE).getField(SEQ))
                                    .drop(GONE),
                            Stream.concat(Stream.of(key), Stream.of(SilverColumn.CHANGE_SEQ))
                                    .toArray(String[]::new),
                            "left_anti")
                    .select(silverColumns);
            writer = writer(kept.unionByName(fresh)).mode("overwrite").option("overwriteSchema", floor.isPresent());
            if (partition.isPresent() && floor.isEmpty()) {
                writer.option(
                        "replaceWhere",
                        col(partition.get())
                                .isin(outcome.partitions().toArray())
                                .expr()
                                .sql());
            }
        } else {
            writer = writer(fresh).mode("append");
        }
        TableLog.numbered(writer, commit.batch(), Json.write(commit)).save(dataSet.silver());
        if (floor.isPresent() || partition.isEmpty()) {
            files.afterCommit();
        } else if (replaces || outcome.fresh() > 0) {
            files.afterCommit(outcome.partitions());
        }
    }

    private DataFrameWriter<Row> writer(Dataset<Row> rows) {
        // figures of every column of every row cost a sixth of a write, and prune little but the times within a month
        DataFrameWriter<Row> writer = rows.write()
                .format("delta")
                .option("mergeSchema", true)
                .option(
                        "delta.dataSkippingStatsColumns",
                        contract.partition().map(Partition::source).orElse(String.join(",", key)));
        partition.ifPresent(writer::partitionBy);
        return writer;
    }

    private static Column[] columns(String[] names) {
        return Stream.of(names).map(functions::col).toArray(Column[]::new);
    }
}
