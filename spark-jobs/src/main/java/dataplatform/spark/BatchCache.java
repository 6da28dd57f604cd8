package dataplatform.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** Intermediate results of one batch that are used more than once, until it is closed. */
final class BatchCache implements AutoCloseable {
    /** Up to this many bytes of files what becomes of a batch is worked out in one task. */
    private static final long SMALL = 1L << 20;
    /** Up to this many bytes the changes are beside a table's rows in memory, and a first load is sorted whole. */
    static final long MEDIUM = 64L << 20;

    private final long bytes;
    private final Deque<Dataset<Row>> persisted = new ArrayDeque<>();

    /** @param bytes size of the files that the batch stands in */
    BatchCache(long bytes) {
        this.bytes = bytes;
    }

    boolean large() {
        return bytes > MEDIUM;
    }

    /** The same rows, computed once. */
    Dataset<Row> keep(Dataset<Row> rows) {
        if (bytes <= SMALL) {
            // planning costs more than the data: what follows from a result forgets where that came from
            return rows.coalesce(1).localCheckpoint();
        }
        persisted.push(rows.persist());
        return rows;
    }

    /** Rows about the batch's keys, to be joined with a table: in memory whole, unless the batch is large. */
    Dataset<Row> beside(Dataset<Row> rows) {
        return large() ? rows : functions.broadcast(rows);
    }

    @Override
    public void close() {
        // the last one first: Spark plans those again that follow from one that goes
        persisted.forEach(Dataset::unpersist);
    }
}
