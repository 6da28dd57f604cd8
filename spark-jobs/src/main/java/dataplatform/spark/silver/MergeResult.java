package dataplatform.spark.silver;

import dataplatform.contracts.Contract;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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

    /** What became of a batch that was given up: rows for quarantine alone, which were there already. */
    static MergeResult ofQuarantine(Map<String, Long> quarantined) {
        long rows = quarantined.values().stream().mapToLong(Long::longValue).sum();
        return new MergeResult(rows, 0, 0, 0, 0, 0, rows, quarantined, Map.of(), List.of());
    }

    /**
     * What became of a batch.
     *
     * @param seen of {@link Versions#figures}
     * @param left rows of the table that a new floor leaves behind, and the batch does not name: it deletes them
     * @param quarantined as in the result
     */
    static MergeResult of(
            Contract contract,
            Figures seen,
            MergePlan.Counts counts,
            long left,
            Map<String, Long> quarantined,
            List<String> unknownColumns) {
        Map<String, Long> nulls = new TreeMap<>();
        contract.columns().forEach(column -> nulls.put(column.name(), seen.number(column.name())));
        long invalid = seen.number(Versions.INVALID);
        long fresh = quarantined.values().stream().mapToLong(Long::longValue).sum();
        long rows = seen.number(Versions.ROWS) + Math.max(0, fresh - invalid);
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
                unknownColumns);
    }

    /**
     * What became of all rows of a day, whatever the table had of it: what it has now counts as inserted.
     *
     * @param invalid rows for quarantine
     * @param quarantined as in the result
     */
    static MergeResult ofDay(
            ChangeBatch.Day day,
            long inserted,
            long invalid,
            Map<String, Long> quarantined,
            List<String> unknownColumns) {
        long fresh = quarantined.values().stream().mapToLong(Long::longValue).sum();
        return new MergeResult(
                day.rows(),
                inserted,
                0,
                0,
                0,
                Math.max(0, day.rows() - inserted - fresh),
                Math.max(invalid, fresh),
                quarantined,
                new TreeMap<>(day.nulls()),
                unknownColumns);
    }

    /** Rows that break the contract and did not come before. */
    public long quarantinedRows() {
        return quarantined.values().stream().mapToLong(Long::longValue).sum();
    }
}
