package dataplatform.spark.silver;

import java.util.List;
import java.util.Map;

/**
 * What became of the rows of a batch: {@code rowsIn = inserted + updated + deleted + skipped + the quarantined}.
 *
 * @param rowsIn changes read; a change of a key counts as two, a delete and an insert
 * @param deleted rows that were deleted, or that a new full load or snapshot does not have
 * @param withdrawn rows of silver that went because their newest version breaks the contract; that is among the quarantined
 * @param skipped changes that a later one had already overtaken, or that were there already
 * @param invalid rows that break the contract, also those that came before
 * @param quarantined rows that break the contract and did not come before, all reasons of a row in one sentence
 * @param nulls per column, among the changes that are not deletes
 * @param unknownColumns columns that came in and that the contract does not know
 */
public record MergeResult(
        long rowsIn,
        long inserted,
        long updated,
        long deleted,
        long withdrawn,
        long skipped,
        long invalid,
        Map<String, Long> quarantined,
        Map<String, Long> nulls,
        List<String> unknownColumns) {
    static final MergeResult NOTHING = new MergeResult(0, 0, 0, 0, 0, 0, 0, Map.of(), Map.of(), List.of());

    public long quarantinedRows() {
        return quarantined.values().stream().mapToLong(Long::longValue).sum();
    }
}
