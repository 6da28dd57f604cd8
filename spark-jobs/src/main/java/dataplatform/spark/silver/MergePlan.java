package dataplatform.spark.silver;

import static dataplatform.spark.silver.Versions.isDelete;
import static dataplatform.spark.silver.Versions.isRemoval;
import static dataplatform.spark.silver.Versions.isValid;
import static dataplatform.spark.silver.Versions.standing;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.flatten;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;

import dataplatform.contracts.SilverColumn;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a batch does to a silver table: the latest version of each key beside the rows that the table has of it, and what follows.
 *
 * @param rows the changes, each with its {@link #ACTION} and the rows of the table that go for it
 * @param counts of the actions
 * @param buried how many tombstones are due
 * @param gone how many rows of the table go, new versions of them or not
 * @param goneBelow how many of those are below the floor
 * @param astray how many changes have to be looked for in all partitions
 * @param partitions that rows go from or come to
 */
record MergePlan(
        Dataset<Row> rows, Counts counts, long buried, long gone, long goneBelow, long astray, Set<String> partitions) {
    private static final String ACTION = "_action";
    private static final String INSERT = "insert";
    private static final String UPDATE = "update";
    private static final String DELETE = "delete";
    private static final String WITHDRAW = "withdraw";
    private static final String SKIP = "skip";

    /** The rows of the key that the table has: their {@code change_seq} and partition. Mostly one. */
    private static final String FOUND = "_found";
    /** The highest {@code change_seq} of those. */
    private static final String FOUND_SEQ = "_found_seq";
    /** Those of the rows that have to go. */
    private static final String GONE = "_gone";
    /** Whether a tombstone is due. */
    private static final String BURIED = "_buried";

    private static final String SEQ = "seq";
    private static final String PLACE = "place";

    private static final String GONE_BELOW = "_gone_below";
    private static final String ASTRAY = "_astray";
    private static final String FROM = "_from";
    private static final String TO = "_to";

    /** How many rows of silver were inserted, updated, deleted, or withdrawn as their newest version breaks the contract. */
    record Counts(long inserted, long updated, long deleted, long withdrawn) {
        static final Counts NONE = new Counts(0, 0, 0, 0);
    }

    /** A plan that changes nothing. */
    static MergePlan nothing(Dataset<Row> noRows) {
        return new MergePlan(noRows, Counts.NONE, 0, 0, 0, 0, Set.of());
    }

    /** How many rows come. */
    long fresh() {
        return counts.inserted() + counts.updated();
    }

    /** The changes that put a row into the table. */
    Dataset<Row> freshRows() {
        return rows.filter(col(ACTION).isin(INSERT, UPDATE));
    }

    /** The rows of the table that go: the key's columns and {@code change_seq}. */
    Dataset<Row> goneRows(String[] key) {
        return rows.select(Stream.concat(
                                Stream.of(ContractColumns.named(key)),
                                Stream.of(explode(col(GONE)).as(GONE)))
                        .toArray(Column[]::new))
                .withColumn(SilverColumn.CHANGE_SEQ, col(GONE).getField(SEQ))
                .drop(GONE);
    }

    /** The changes that leave a tombstone. */
    Dataset<Row> buriedRows() {
        return rows.filter(col(BURIED));
    }

    /**
     * Makes the plans of one batch.
     *
     * @param key names of the key's columns
     * @param place the column that a row's partition stands in; null where there are none
     */
    record Planner(String[] key, Column place, Tombstones tombstones, String floor, BatchCache cache) {
        /**
         * The plan for some changes.
         *
         * @param latest of {@link Versions#latest}
         * @param table rows of the table among which theirs are looked for
         */
        MergePlan plan(Dataset<Row> latest, Dataset<Row> table) throws InterruptedException {
            return counted(resolved(latest, table), lit(false));
        }

        /**
         * The plan for some changes whose rows are looked for in some of the partitions first, and those in all that are late or
         * were not found there and did not begin in this batch.
         *
         * @param partitions rows of the partitions that the changes name
         * @param table all rows
         * @param watermark highest {@code change_seq} that the table knows
         */
        MergePlan plan(Dataset<Row> latest, Dataset<Row> partitions, Dataset<Row> table, String watermark)
                throws InterruptedException {
            Column isAstray =
                    Versions.isLate(watermark).or(size(col(FOUND)).equalTo(0).and(not(Versions.isNew())));
            MergePlan plan = counted(resolved(latest, partitions), isAstray);
            if (plan.astray() == 0) {
                return plan;
            }
            Dataset<Row> astray = plan.rows().filter(isAstray).select(ContractColumns.named(latest.columns()));
            return counted(plan.rows().filter(not(isAstray)).unionByName(resolved(astray, table)), lit(false));
        }

        /** The rows that the table has of the changes' keys, each key once. */
        private Dataset<Row> found(Dataset<Row> table, Dataset<Row> changes) {
            Column row = struct(col(SilverColumn.CHANGE_SEQ).as(SEQ), place.as(PLACE));
            return table.select(Stream.concat(Stream.of(ContractColumns.named(key)), Stream.of(row.as(FOUND)))
                            .toArray(Column[]::new))
                    .join(cache.beside(changes.select(ContractColumns.named(key))), key, "left_semi")
                    .groupBy(ContractColumns.named(key))
                    .agg(
                            max(col(FOUND).getField(SEQ)).as(FOUND_SEQ),
                            collect_list(col(FOUND)).as(FOUND));
        }

        /** The changes with what is to be done about each. */
        private Dataset<Row> resolved(Dataset<Row> latest, Dataset<Row> table) {
            Dataset<Row> beside = latest.join(found(table, latest), key, "left");
            Dataset<Row> joined = tombstones
                    .of(cache.beside(latest.select(ContractColumns.named(key))))
                    .map(left -> beside.join(left, key, "left"))
                    .orElseGet(() ->
                            beside.withColumn(Tombstones.LEFT_AT, lit(null).cast("string")));
            Column seq = col(SilverColumn.CHANGE_SEQ);
            Column none = array().cast("array<struct<" + SEQ + ":string," + PLACE + ":string>>");
            Column isThere = col(FOUND_SEQ).isNotNull();
            Column overtaken = seq.lt(floor)
                    .or(coalesce(col(Tombstones.LEFT_AT).gt(standing()), lit(false)))
                    .or(coalesce(col(FOUND_SEQ).gt(seq), lit(false)))
                    // more than once only while a first load is being written
                    .or(coalesce(
                            col(FOUND_SEQ).geq(standing()).and(size(col(FOUND)).equalTo(1)), lit(false)));
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

        private MergePlan counted(Dataset<Row> resolved, Column isAstray) throws InterruptedException {
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
                            collect_set(when(col(ACTION).isin(INSERT, UPDATE), place))
                                    .as(TO)));
            Figures figures = kept.figures();
            Set<String> partitions = figures.texts(FROM);
            partitions.addAll(figures.texts(TO));
            return new MergePlan(
                    kept.rows(),
                    new Counts(
                            figures.number(INSERT),
                            figures.number(UPDATE),
                            figures.number(DELETE),
                            figures.number(WITHDRAW)),
                    figures.number(BURIED),
                    figures.number(GONE),
                    figures.number(GONE_BELOW),
                    figures.number(ASTRAY),
                    partitions);
        }
    }
}
