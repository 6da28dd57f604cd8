package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.bit_count;
import static org.apache.spark.sql.functions.bit_or;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lag;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import dataplatform.contracts.Source;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A day's rows as sessions: checked against each other, and each with a user.
 *
 * <p>Sessions without a user get one that is made up: as many sessions share one as sessions of the day share a known one on the average,
 * in the order of the sessions' ids. So a day's users follow from its rows alone. Rows that break the contract count as well, as long as
 * session, number and time can be read: they cost no other row its place.
 *
 * <p>Nothing is sorted but the ids of sessions without a user, and the rows of sessions in which something is wrong. What each session is,
 * and which, follows from sums over its rows.
 */
final class DailySessions {
    /** Whether a row says what another one has said already. */
    static final String REPEATED = "_repeated";
    /** What users that are made up begin with, and no others. */
    private static final String SYNTHETIC = "synthetic-";
    /** So many users are beside the rows in memory. */
    private static final long MOST_BESIDE = 1_000_000;

    /** Whether session, number and time of a row can be read, and it is of the day. */
    private static final String IS_PLACED = "_is_placed";

    private static final String WHY = "_why";
    private static final String USER = "_user";
    private static final String USER_HASH = "_user_hash";
    private static final String IS_MADE_UP = "_is_made_up";
    private static final String IS_SUSPECT = "_is_suspect";
    private static final String PLACE = "_place";

    private final Contract contract;
    private final Source.Sessions columns;
    private final String time;
    private final String key;
    private final LocalDate day;
    private final BatchCache cache;
    private final Dataset<Row> rows;
    private final Dataset<Row> sessions;
    private final Sum sum;

    /**
     * What is known of all sessions.
     *
     * @param known how many have a user
     * @param users how many those are
     * @param suspects how many have to be looked at row by row
     */
    private record Sum(long sessions, long known, long users, long suspects) {
        static Sum of(Dataset<Row> sessions) {
            Row sum = sessions.agg(count(lit(1)), count(USER_HASH), countDistinct(USER_HASH), count_if(col(IS_SUSPECT)))
                    .first();
            return new Sum(sum.getLong(0), sum.getLong(1), sum.getLong(2), sum.getLong(3));
        }

        /** How many sessions share a user that is made up: the average of the known ones, rounded, the half up. */
        long share() {
            return users == 0 ? 1 : Math.max(1, (2 * known + users) / (2 * users));
        }
    }

    /**
     * Reads what sessions the rows make.
     *
     * @param rows of a day, as {@link ChangeBatch#rows} has them; they are read more than once, as what Spark keeps costs more than reading
     * @param day in UTC
     */
    DailySessions(Contract contract, LocalDate day, Dataset<Row> rows, BatchCache cache) {
        this.contract = contract;
        this.columns = contract.sessions().orElseThrow();
        this.time = contract.partition().orElseThrow().source();
        this.key = contract.key().get(0).name();
        this.day = day;
        this.cache = cache;
        this.rows = ofDay(rows);
        this.sessions = cache.keep(sums());
        this.sum = Sum.of(sessions);
    }

    /** The rows with what is wrong with each by itself. */
    private Dataset<Row> ofDay(Dataset<Row> all) {
        Column user = col(columns.user());
        Column isMadeUp = coalesce(user.startsWith(SYNTHETIC), lit(false));
        Column isOfDay = col(time)
                .geq(lit(day.toString()).cast(DataTypes.TimestampType))
                .and(col(time).lt(lit(day.plusDays(1).toString()).cast(DataTypes.TimestampType)));
        Column reason = ContractColumns.sentence(
                when(col(ChangeBatch.REASON).notEqual(""), col(ChangeBatch.REASON)),
                when(not(isOfDay), lit(time + " is not on the day of its folder")),
                when(isMadeUp, lit(columns.user() + " begins as those do that are made up, with " + SYNTHETIC)));
        return all.withColumn(ChangeBatch.REASON, reason)
                .withColumn(columns.user(), when(not(isMadeUp), user))
                .withColumn(
                        IS_PLACED,
                        col(columns.id())
                                .isNotNull()
                                .and(col(columns.number()).isNotNull())
                                .and(coalesce(isOfDay, lit(false))));
    }

    /**
     * What each session is: whether it has a user, and whether its rows have to be looked at one by one. They need not if their numbers are
     * as many as lie between the lowest and the highest and no two have the same rest, and if all have one user or none has.
     */
    private Dataset<Row> sums() {
        Column user = col(columns.user());
        Column number = col(columns.number());
        Column hash = when(user.isNotNull(), xxhash64(user));
        String rest = "shiftleft(1L, cast(pmod(" + columns.number() + ", 64) as int))";
        return rows.filter(IS_PLACED)
                .groupBy(columns.id())
                .agg(
                        count(lit(1)).as("rows"),
                        count(user).as("named"),
                        min(hash).as(USER_HASH),
                        max(hash).as("other"),
                        min(number).cast(DataTypes.LongType).as("lowest"),
                        max(number).cast(DataTypes.LongType).as("highest"),
                        bit_count(bit_or(expr(rest))).as("rests"))
                .select(
                        col(columns.id()),
                        col(USER_HASH),
                        not(col("rows")
                                        .equalTo(col("highest")
                                                .minus(col("lowest"))
                                                .plus(1))
                                        .and(col("rows").equalTo(col("rests")))
                                        .and(col("named")
                                                .equalTo(0)
                                                .or(col("named").equalTo(col("rows"))))
                                        .and(col(USER_HASH).eqNullSafe(col("other"))))
                                .as(IS_SUSPECT));
    }

    /** Whether a row of {@link #checked} is to be in silver. */
    static Column isGood() {
        return Versions.isValid().and(not(col(REPEATED)));
    }

    /** Whether it is to be in quarantine. */
    static Column isBad() {
        return not(Versions.isValid()).and(not(col(REPEATED)));
    }

    /**
     * All rows of a day.
     *
     * @param repeated how many of them say what another one has said already
     */
    record Checked(Dataset<Row> rows, long repeated) {}

    /** All rows, with {@link ChangeBatch#REASON} for those that do not go with their session or have another row's key, and {@link #REPEATED}. */
    Checked checked() {
        Dataset<Row> twice = cache.keep(rows.filter(col(key).isNotNull())
                .groupBy(key)
                .count()
                .filter(col("count").gt(1))
                .select(key));
        if (sum.suspects() == 0 && twice.isEmpty()) {
            return new Checked(rows.withColumn(REPEATED, lit(false)), 0);
        }
        Dataset<Row> found = cache.keep(inSession()
                .filter(col(WHY).notEqual("").or(col(REPEATED)))
                .select(SilverColumn.CHANGE_SEQ, WHY, REPEATED));
        Dataset<Row> within = with(rows, found);
        // of those of one key that are left the one that came last stays
        Column isLast = row_number()
                .over(Window.partitionBy(key)
                        .orderBy(col(SilverColumn.CHANGE_SEQ).desc()))
                .equalTo(1);
        Dataset<Row> others = within.filter(isGood())
                .join(cache.beside(twice), key)
                .select(
                        col(SilverColumn.CHANGE_SEQ),
                        when(not(isLast), key + " stands at another place of the day")
                                .otherwise("")
                                .as(WHY),
                        lit(false).as(REPEATED))
                .filter(col(WHY).notEqual(""));
        return new Checked(
                with(within, cache.keep(others)), found.filter(REPEATED).count());
    }

    /** The rows with what has been found about some of them. */
    private Dataset<Row> with(Dataset<Row> some, Dataset<Row> found) {
        boolean again = List.of(some.columns()).contains(REPEATED);
        Dataset<Row> joined = some.withColumnRenamed(REPEATED, "_before")
                .join(cache.beside(found), using(SilverColumn.CHANGE_SEQ), "left");
        Column repeated = coalesce(col(REPEATED), lit(false));
        return joined.withColumn(REPEATED, again ? col("_before").or(repeated) : repeated)
                .withColumn(
                        ChangeBatch.REASON, coalesce(when(col(WHY).notEqual(""), col(WHY)), col(ChangeBatch.REASON)))
                .drop(WHY, "_before");
    }

    /** The rows of sessions in which something is wrong, one by one. */
    private Dataset<Row> inSession() {
        Column user = col(columns.user());
        Column number = col(columns.number());
        Column isValid = Versions.isValid();
        // of two with the same id the one that is valid, then the one that came last
        WindowSpec inOrder = Window.partitionBy(columns.id())
                .orderBy(
                        number,
                        isValid.desc(),
                        col(key),
                        col(SilverColumn.CHANGE_SEQ).desc());
        WindowSpec all = inOrder.rowsBetween(Window.unboundedPreceding(), Window.unboundedFollowing());
        return rows.filter(IS_PLACED)
                .join(cache.beside(sessions.filter(IS_SUSPECT).select(columns.id())), columns.id())
                .select(
                        col(columns.id()),
                        number,
                        user,
                        col(ChangeBatch.REASON),
                        col(SilverColumn.CHANGE_SEQ),
                        lag(number, 1).over(inOrder).as("before"),
                        lag(key, 1).over(inOrder).equalTo(col(key)).as("same_key"),
                        lag(ChangeBatch.REASON, 1)
                                .over(inOrder)
                                .equalTo(col(ChangeBatch.REASON))
                                .as("same_reason"),
                        row_number().over(inOrder).as(PLACE),
                        first(user, true).over(all).as(USER))
                .withColumn(
                        REPEATED,
                        coalesce(
                                col("before")
                                        .equalTo(number)
                                        .and(col("same_key"))
                                        .and(col("same_reason")),
                                lit(false)))
                .withColumn(
                        WHY,
                        when(
                                        isValid.and(not(col(REPEATED))),
                                        ContractColumns.sentence(
                                                when(
                                                        col("before").equalTo(number),
                                                        lit(columns.number() + " stands in its session already")),
                                                when(
                                                        col("before").lt(number.minus(1)),
                                                        lit(columns.number() + " follows a gap in its session")),
                                                when(
                                                        user.notEqual(col(USER)),
                                                        lit(columns.user() + " is not the one of its session"))))
                                .otherwise(""));
    }

    /**
     * Gives each row a user.
     *
     * @param checked rows of {@link #checked}
     */
    Dataset<Row> named(Dataset<Row> checked) {
        Dataset<Row> all = sessions;
        Dataset<Row> made;
        long count = sum.sessions() - sum.known();
        if (sum.suspects() == 0) {
            made = madeUp(all, sum.share());
        } else {
            Dataset<Row> others = cache.keep(inSession()
                    .filter(col(PLACE).equalTo(1))
                    .select(
                            col(columns.id()),
                            when(col(USER).isNotNull(), xxhash64(col(USER))).as(USER_HASH),
                            lit(true).as(IS_SUSPECT),
                            col(USER)));
            all = sessions.filter(not(col(IS_SUSPECT))).union(others.drop(USER));
            made = madeUp(all, Sum.of(all).share())
                    .union(others.filter(col(USER).isNotNull()).select(col(columns.id()), col(USER), lit(false)));
            count += sum.suspects();
        }
        if (count <= MOST_BESIDE) {
            made = broadcast(made);
        }
        Column user = col(columns.user());
        return checked.join(made, using(columns.id()), "left")
                .withColumn(columns.synthetic(), user.isNull().and(coalesce(col(IS_MADE_UP), lit(false))))
                .withColumn(columns.user(), coalesce(user, col(USER)));
    }

    /** Those of some sessions that have no user, with the one that is made up. */
    private Dataset<Row> madeUp(Dataset<Row> some, long share) {
        SparkSession spark = some.sparkSession();
        String prefix = SYNTHETIC + day + "-";
        return spark.createDataFrame(
                some.filter(col(USER_HASH).isNull())
                        .select(columns.id())
                        .sort(columns.id())
                        .javaRDD()
                        .zipWithIndex()
                        .map(each -> RowFactory.create(each._1().get(0), prefix + (each._2() / share + 1), true)),
                new StructType()
                        .add(columns.id(), DataTypes.StringType)
                        .add(USER, DataTypes.StringType)
                        .add(IS_MADE_UP, DataTypes.BooleanType));
    }

    private static String[] using(String column) {
        return Stream.of(column).toArray(String[]::new);
    }
}
