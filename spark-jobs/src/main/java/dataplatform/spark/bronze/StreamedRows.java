package dataplatform.spark.bronze;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.hex;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lpad;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.xxhash64;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import dataplatform.spark.silver.ChangeBatch;
import dataplatform.spark.silver.ContractColumns;
import java.util.Arrays;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * Rows that the function {@code event-transformer} made of messages. Of a message that came several times the one that came first has the
 * say: its {@code change_seq} is the highest. So what comes again later changes nothing, and no file is written for it.
 */
final class StreamedRows {
    /** Microseconds from 1970 to the end of the year 9999, which no message is later than. */
    private static final long END_OF_DAYS = 253_402_300_800_000_000L;

    private static final int DIGITS = 18;

    private StreamedRows() {}

    /** The rows with all columns of the contract, and those that silver adds. */
    static Dataset<Row> of(Contract contract, Dataset<Row> rows) {
        Dataset<Row> whole = rows;
        for (String missing : ChangeBatch.missing(contract, Arrays.asList(rows.columns()))) {
            whole = whole.withColumn(
                    missing,
                    lit(null)
                            .cast(ContractColumns.sparkType(
                                    contract.column(missing).type())));
        }
        org.apache.spark.sql.Column received = col(contract.receivedAt().name());
        org.apache.spark.sql.Column[] all = contract.columns().stream()
                .map(Column::name)
                .map(functions::col)
                .toArray(org.apache.spark.sql.Column[]::new);
        return whole.withColumn(SilverColumn.EXTRACTED_AT, received)
                // what came in the same moment is told apart by what it says
                .withColumn(
                        SilverColumn.CHANGE_SEQ,
                        concat(
                                lpad(
                                        lit(END_OF_DAYS)
                                                .minus(unix_micros(received))
                                                .cast("string"),
                                        DIGITS,
                                        "0"),
                                lit("-"),
                                lpad(hex(xxhash64(all)), 16, "0")));
    }
}
