package dataplatform.spark.silver;

import dataplatform.spark.Sessions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** Intermediate results of one batch that are used more than once, until it is closed. */
public final class BatchCache implements AutoCloseable {
    private final long bytes;
    private final Deque<Dataset<Row>> persisted = new ArrayDeque<>();

    /** @param bytes size of the files that the batch stands in */
    BatchCache(long bytes) {
        this.bytes = bytes;
    }

    boolean large() {
        return bytes > Sessions.MEDIUM;
    }

    /** The same rows, computed once. */
    Dataset<Row> keep(Dataset<Row> rows) {
        if (bytes <= Sessions.SMALL) {
            // planning costs more than the data: what follows from a result forgets where that came from
            return rows.coalesce(1).localCheckpoint();
        }
        persisted.push(rows.persist());
        return rows;
    }

    /** Rows that are computed once, and figures about them. */
    record Counted(Dataset<Row> rows, Figures figures) {}

    /**
     * The same rows, computed once, and figures about them.
     *
     * @param figures aggregates with names
     */
    Counted keep(Dataset<Row> rows, List<Column> figures) throws InterruptedException {
        Column first = figures.get(0);
        Column[] others = figures.subList(1, figures.size()).toArray(Column[]::new);
        if (bytes <= Sessions.SMALL) {
            // a query less
            Observation observation = new Observation();
            Dataset<Row> kept = keep(rows.observe(observation, first, others));
            return new Counted(kept, new Figures(observation.getAsJava()));
        }
        Dataset<Row> kept = keep(rows);
        return new Counted(kept, Figures.of(kept.agg(first, others).first()));
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
