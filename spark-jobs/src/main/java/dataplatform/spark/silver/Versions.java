package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.last;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;

import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/** The rows of a {@link ChangeBatch} as versions of their keys: which is the latest, and what it is. */
final class Versions {
    /** Figures over the rows of a batch, see {@link #figures}. */
    static final String ROWS = "_rows";

    static final String INVALID = "_invalid";
    static final String DELETES = "_deletes";
    static final String NEWEST = "_newest";
    static final String NEWEST_FILE = "_newest_file";

    private static final String RANK = "_rank";
    private static final String FIRST_OP = "_first_op";
    private static final String FIRST_SEQ = "_first_seq";

    private Versions() {}

    /** Counts and maxima over the rows of a batch; the nulls of a column stand under its name. */
    static List<Column> figures(Contract contract) {
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

    static Column isDelete() {
        return col(ChangeBatch.OP).equalTo("D");
    }

    static Column isValid() {
        return col(ChangeBatch.REASON).equalTo("");
    }

    /** The key has no row from here on. */
    static Column isRemoval() {
        return isDelete().or(not(isValid()));
    }

    /**
     * The place of a change among those of its key, as text: its {@code change_seq}. At an equal one a delete is the last, in
     * whatever order they come; and a valid row is newer than one that breaks the contract, whose file has been mended.
     */
    static Column standing() {
        return when(isDelete().and(isValid()), concat(col(SilverColumn.CHANGE_SEQ), lit("D")))
                .otherwise(col(SilverColumn.CHANGE_SEQ));
    }

    /** Removals, with the place that their keys left at. */
    static Dataset<Row> left(Dataset<Row> removals) {
        return removals.withColumn(SilverColumn.CHANGE_SEQ, standing());
    }

    /** All rows, the versions of each key numbered from the latest, and with what is known of the first. */
    static Dataset<Row> ranked(Dataset<Row> rows, String[] key) {
        // equal change_seq: the same change in two files, one of them mended perhaps, or a load's row made again
        WindowSpec newestFirst = Window.partitionBy(
                        Stream.concat(Stream.of(ContractColumns.named(key)), Stream.of(col(ChangeBatch.KEYED)))
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

    /** Whether a row of {@link #ranked} is the latest version of a key. */
    static Column isLatest() {
        return col(RANK).equalTo(1).and(col(ChangeBatch.KEYED));
    }

    /** The latest version of each key, of {@link #ranked} rows, without what is for quarantine alone. */
    static Dataset<Row> latest(Dataset<Row> ranked) {
        return ranked.filter(isLatest()).drop(RANK, ChangeBatch.RAW, ChangeBatch.FILE);
    }

    /** Of the latest: whether the first version of its key in the batch is not newer than the watermark. */
    static Column isLate(String watermark) {
        return col(FIRST_SEQ).leq(watermark);
    }

    /** Of the latest: whether its key began in the batch. */
    static Column isNew() {
        return col(FIRST_OP).equalTo("I");
    }
}
