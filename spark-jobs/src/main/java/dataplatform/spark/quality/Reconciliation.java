package dataplatform.spark.quality;

import static dataplatform.contracts.SilverColumn.CHANGE_SEQ;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.get_json_object;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.md5;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import dataplatform.contracts.BronzeColumn;
import dataplatform.contracts.Partition;
import dataplatform.contracts.SilverColumn;
import dataplatform.platform.SilverState;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.batch.BatchLog;
import dataplatform.spark.silver.ChangeBatch;
import dataplatform.spark.silver.Commit;
import dataplatform.spark.silver.ContractColumns;
import dataplatform.spark.silver.Quarantine;
import dataplatform.spark.silver.SilverTable;
import dataplatform.spark.silver.TableFiles;
import dataplatform.spark.silver.Tombstones;
import dataplatform.spark.storage.StateFolder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Compares which rows silver has with which rows the source had at one moment: a row of the source stands in silver, or its newest version
 * breaks the contract and stands in quarantine; and silver has no other. What replication does not bring (a table that was truncated, changes
 * that were lost with a replication slot) is found by nothing else.
 *
 * <p>The source's rows are those that the function {@code source-keys} wrote, as hashes of their keys. What changed in the source after that
 * moment is not judged. Changes before it have to be in silver already: where they may be on their way, a difference means nothing yet.
 */
public final class Reconciliation {
    /** A transaction that the source did not show yet may have been committed this much earlier by its own clock. */
    private static final Duration COMMITS_SHOW_AFTER = Duration.ofSeconds(5);

    private static final String EQUAL = "equal.json";
    /** In memory, about. */
    private static final long BYTES_PER_ROW = 100;

    private static final String HASH = "hash";
    private static final String SOURCE = "in_source";
    private static final String SILVER = "in_silver";
    private static final String CHANGED = "changed_at";
    private static final String GONE = "gone_at";
    private static final String INVALID = "invalid_at";

    private final SparkSession spark;
    private final DataSet dataSet;
    private final String silver;

    /** @param silver folder of the silver layer */
    public Reconciliation(SparkSession spark, DataSet dataSet, String silver) {
        this.spark = spark;
        this.dataSet = dataSet;
        this.silver = silver;
    }

    /** What {@code source-keys} wrote of a data set. */
    private record Look(String taken_at, long rows, long sum, String file) {}

    /**
     * What was compared and found equal: the same rows in the source and the same batch in silver need no other comparison.
     *
     * @param sum of the hashes of the source's keys
     */
    private record Equal(long batch, long rows, long sum) {}

    /**
     * What a comparison came to.
     *
     * @param takenAt the moment that the source was looked at, in ISO 8601 and UTC
     * @param sourceRows rows of the source at that moment
     * @param missing rows that the source had, and that neither silver nor quarantine has
     * @param extra rows that silver has, and that the source did not have
     * @param isNew whether anything had changed since they were found equal
     */
    public record Result(String takenAt, long sourceRows, long missing, long extra, boolean isNew) {
        /** Whether silver and quarantine have the source's keys and no others. */
        public boolean agrees() {
            return missing == 0 && extra == 0;
        }

        /** What is wrong, and what to do; empty if nothing is. */
        public String verdict() {
            return agrees()
                    ? ""
                    : "it differs from the source, which had %,d rows at %s: %,d of them are missing here, and %,d rows here are not in the source. "
                                    .formatted(sourceRows, takenAt, missing, extra)
                            + "A table that was truncated, or changes that replication has lost, look like that: see docs/runbooks/reconciliation.md";
        }
    }

    /** Compares; empty if nobody has looked at the source. */
    public Optional<Result> run() {
        return look().map(this::compareIfChanged);
    }

    private Result compareIfChanged(Look look) {
        StateFolder state = new StateFolder(spark, dataSet.state());
        Commit newest = new SilverTable(spark, dataSet).newest();
        Equal compared = new Equal(newest.batch(), look.rows(), look.sum());
        if (state.read(EQUAL, Equal.class).filter(compared::equals).isPresent()) {
            return new Result(look.taken_at(), look.rows(), 0, 0, false);
        }
        Result result = compare(look, newest.floor());
        // with a change that was not judged it may turn out otherwise
        if (result.agrees() && newest.watermark().compareTo(since(look)) < 0) {
            state.write(EQUAL, compared);
        }
        return result;
    }

    private Optional<Look> look() {
        String domain = dataSet.contract().domain();
        return new StateFolder(spark, silver + "/" + SilverState.SOURCE_KEYS + domain)
                .read(dataSet.contract().name() + ".json", Look.class);
    }

    /** @param floor what is older tells nothing of the rows that there are now */
    private Result compare(Look look, String floor) {
        // of what is the same on both sides nothing remains; a sum needs no shuffle
        Column surplus = col(SOURCE).minus(col(SILVER));
        Row sums = keys(look)
                .agg(
                        coalesce(sum(surplus), lit(0L)),
                        coalesce(sum(xxhash64(col(HASH)).multiply(surplus)), lit(0L)),
                        coalesce(sum(col(SOURCE)), lit(0L)))
                .first();
        if (sums.getLong(2) != look.rows()) {
            throw new IllegalStateException(silver + "/" + look.file() + " has " + sums.getLong(2) + " keys of "
                    + look.rows() + "; call the function source-keys again");
        }
        if (sums.getLong(0) == 0 && sums.getLong(1) == 0) {
            return new Result(look.taken_at(), look.rows(), 0, 0, true);
        }
        Dataset<Row> differing = differing(look).persist();
        try {
            // few, unless something is wrong: why a row is not in silver is asked for these alone
            Column goneAt = coalesce(col(GONE), lit(""));
            Column isInvalid =
                    coalesce(col(INVALID).geq(goneAt).and(col(INVALID).geq(floor)), lit(false));
            Column changedLater =
                    goneAt.geq(since(look)).or(coalesce(col(INVALID).geq(since(look)), lit(false)));
            Row counts = differing
                    .join(gone(), new String[] {HASH}, "left")
                    .join(invalid(), new String[] {HASH}, "left")
                    .agg(
                            count_if(col(SOURCE).gt(col(SILVER)).and(not(isInvalid.or(changedLater)))),
                            count_if(isExtra()))
                    .first();
            return new Result(look.taken_at(), look.rows(), counts.getLong(0), counts.getLong(1), true);
        } finally {
            differing.unpersist();
        }
    }

    /**
     * Deletes the rows that the source did not have, as a batch of the table: what replication did not bring.
     *
     * @param result of the comparison that found them
     * @throws IllegalStateException if another run is writing to the table
     */
    public void follow(Result result, Run run) throws InterruptedException {
        Look look = look().orElseThrow();
        Column[] change = Stream.concat(
                        dataSet.contract().columns().stream()
                                .map(column -> column.key()
                                        ? col(column.name())
                                        : lit(null)
                                                .cast(ContractColumns.sparkType(column.type()))
                                                .as(column.name())),
                        Stream.of(
                                lit("D").as(BronzeColumn.OP),
                                // newer than all that is judged, older than all that is not
                                lit(since(look) + "0".repeat(19)).as(CHANGE_SEQ),
                                lit(look.taken_at()).as(SilverColumn.EXTRACTED_AT)))
                .toArray(Column[]::new);
        Dataset<Row> extra = differing(look).filter(isExtra().and(col(SOURCE).equalTo(0)));
        Dataset<Row> deletes = table().withColumn(HASH, hash(name -> col(name)))
                .join(extra.select(HASH), new String[] {HASH}, "left_semi")
                .select(change)
                // as if it were of a file of its own
                .localCheckpoint();
        SilverTable table = new SilverTable(spark, dataSet);
        Commit newest = table.newest();
        // of no files: a run that has to make it again makes nothing, and the next comparison tells
        if (!new BatchLog(spark, dataSet).plan(newest.batch() + 1, List.of())) {
            throw new IllegalStateException("another run is writing to the table; try again when it has ended");
        }
        table.merge(ChangeBatch.ofBronze(dataSet.contract(), deletes, ""), result.extra() * BYTES_PER_ROW, newest, run);
    }

    /** Keys that silver has more or less often than the source, but for those that silver knows a later change of. */
    private Dataset<Row> differing(Look look) {
        return keys(look)
                .groupBy(HASH)
                .agg(
                        sum(SOURCE).as(SOURCE),
                        sum(SILVER).as(SILVER),
                        max(CHANGED).as(CHANGED))
                .filter(col(SOURCE).notEqual(col(SILVER)).and(col(CHANGED).lt(since(look))));
    }

    /** The rows of the source and those of silver. */
    private Dataset<Row> keys(Look look) {
        Dataset<Row> source = spark.read()
                .schema("value string")
                .text(silver + "/" + look.file())
                .select(col("value").as(HASH), lit(1).as(SOURCE), lit(0).as(SILVER), lit("").as(CHANGED));
        return source.unionByName(table().select(
                        hash(name -> col(name)),
                        lit(0).as(SOURCE),
                        lit(1).as(SILVER),
                        col(CHANGE_SEQ).as(CHANGED)));
    }

    private static Column isExtra() {
        return col(SOURCE).lt(col(SILVER));
    }

    /** What changed from then on is not judged, as the beginning of a {@code change_seq}. */
    private static String since(Look look) {
        return ChangeBatch.HUNDREDTHS.format(Instant.parse(look.taken_at()).minus(COMMITS_SHOW_AFTER));
    }

    /** The key's columns and {@code change_seq} of silver's rows, read without asking Delta: for a small table that takes longer. */
    private Dataset<Row> table() {
        StructType schema = ContractColumns.keySchema(dataSet.contract());
        Optional<String> partition = dataSet.contract().partition().map(Partition::name);
        List<String> files = new TableFiles(spark, dataSet.silver(), partition).current();
        return files.isEmpty()
                ? spark.createDataFrame(List.of(), schema)
                : spark.read().schema(schema).parquet(files.toArray(String[]::new));
    }

    /** Keys without a row, with the {@code change_seq} from which they have none. */
    private Dataset<Row> gone() {
        return new Tombstones(spark, dataSet)
                .all()
                .select(hash(name -> col(name)), col(CHANGE_SEQ).as(GONE))
                .groupBy(HASH)
                .agg(max(GONE).as(GONE));
    }

    /** Keys of rows that break the contract, with the {@code change_seq} of the newest of them. */
    private Dataset<Row> invalid() {
        return new Quarantine(spark, dataSet)
                .rows()
                .filter(col("op").notEqual("D"))
                .select(
                        hash(name -> get_json_object(col("raw_row"), "$." + name)),
                        col(CHANGE_SEQ).as(INVALID))
                .groupBy(HASH)
                .agg(max(INVALID).as(INVALID));
    }

    /** As {@code source-keys} makes it. */
    private Column hash(Function<String, Column> value) {
        Column[] key = dataSet.contract().key().stream()
                .map(column -> value.apply(column.name()).cast(DataTypes.StringType))
                .toArray(Column[]::new);
        return substring(md5(concat_ws("\u0001", key)), 1, 16).as(HASH);
    }
}
