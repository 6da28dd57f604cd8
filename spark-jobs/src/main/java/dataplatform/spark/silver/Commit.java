package dataplatform.spark.silver;

import dataplatform.spark.Run;
import java.util.UUID;

/**
 * What stands in the log of a silver table beside the rows of a batch, written in the same commit. So what a batch came to is
 * known as soon as its rows can be seen, and the next run can report one that died right after it.
 *
 * @param table id of the table, another one if it was made anew, whose batches begin at 1 again
 * @param batch number of the batch among those of the table, from 1
 * @param runId names the run
 * @param startedAt of the run, in milliseconds since 1970
 * @param watermark highest {@code change_seq} of all rows that ever came
 * @param floor {@code change_seq} of the newest full load or snapshot; what is older is gone. Empty if there was none
 * @param result what became of the batch's rows
 * @param givenUp whether the batch has none, as not all of its files could be read: they are as if no batch had them
 */
public record Commit(
        String table,
        long batch,
        String runId,
        long startedAt,
        String watermark,
        String floor,
        MergeResult result,
        boolean givenUp) {
    /** Before the first batch. */
    public static final Commit NONE = new Commit("", 0, "", 0, "", "", MergeResult.NOTHING, false);

    public Commit {
        // not yet in the first version
        table = table == null ? "" : table;
    }

    /** The batch after this one, before anything is known of it. */
    Commit next(Run run) {
        String id = batch == 0 ? UUID.randomUUID().toString() : table;
        long start = run.start().toEpochMilli();
        return new Commit(id, batch + 1, run.id(), start, watermark, floor, MergeResult.NOTHING, false);
    }

    Commit with(String newWatermark, String newFloor, MergeResult figures) {
        return new Commit(table, batch, runId, startedAt, newWatermark, newFloor, figures, givenUp);
    }

    Commit asGivenUp() {
        return new Commit(table, batch, runId, startedAt, watermark, floor, result, true);
    }
}
