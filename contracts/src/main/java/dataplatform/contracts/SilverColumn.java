package dataplatform.contracts;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A column of a data set's table in silver.
 *
 * @param name as in the contract, or that of a column which the platform adds
 * @param stagingName its name in the warehouse's staging view
 * @param type {@link DataType#glueType()} is its name in the catalog
 * @param description for people
 */
public record SilverColumn(String name, String stagingName, DataType type, String description) {
    /** A column that is called the same everywhere. */
    public SilverColumn(String name, DataType type, String description) {
        this(name, name, type, description);
    }

    /** The order of changes: the source's own, or that of the exports and their lines. The higher, the later. */
    public static final String CHANGE_SEQ = "change_seq";
    /** When replication read the row, or the file was exported that it came in, in UTC. */
    public static final String EXTRACTED_AT = "extracted_at";
    /** The number of the batch of files that a row came with, among those of its data set. */
    public static final String BATCH = "batch";

    /** What the platform adds to each table; no column of a contract is called so. */
    public static final Set<String> OF_THE_PLATFORM = Set.of(CHANGE_SEQ, EXTRACTED_AT, BATCH);

    /** The columns of every data set's quarantine, where the rows are kept that break its contract. */
    public static final List<SilverColumn> QUARANTINE = List.of(
            text("id", "Made from change_seq, op and raw_row: the same row is kept once."),
            text("reason", "Which column breaks what, for each that does."),
            text("raw_row", "The row as it came: as JSON, or as it stands in the file."),
            text("op", "I, U or D: insert, update or delete."),
            text(CHANGE_SEQ, "Order of the change in the source; higher is later."),
            new SilverColumn(
                    EXTRACTED_AT,
                    DataType.TIMESTAMP,
                    "When replication read the row, or the file was exported, in UTC."),
            text("source_file", "The file in bronze or landing that it came in."),
            new SilverColumn(
                    BATCH,
                    DataType.of(DataType.Kind.LONG),
                    "Number of the batch that it came with, as in data_quality."));

    /** The columns of the contract's silver table in their order: the contract's, the partition column, the platform's. */
    public static List<SilverColumn> of(Contract contract) {
        List<SilverColumn> columns = new ArrayList<>();
        contract.columns()
                .forEach(c -> columns.add(new SilverColumn(c.name(), c.stagingName(), c.type(), c.description())));
        contract.partition().ifPresent(p -> columns.add(new SilverColumn(p.name(), DataType.STRING, p.description())));
        if (contract.isDaily()) {
            columns.add(
                    new SilverColumn(
                            BATCH,
                            DataType.of(DataType.Kind.LONG),
                            "Number of the batch that the day was made with, as in data_quality: another one if any of its rows may have changed."));
            return columns;
        }
        columns.add(new SilverColumn(
                CHANGE_SEQ,
                DataType.STRING,
                "Order of the change in the source that the row stands at; higher is later."));
        columns.add(new SilverColumn(
                EXTRACTED_AT, DataType.TIMESTAMP, "When replication read the row, or the file was exported, in UTC."));
        return columns;
    }

    private static SilverColumn text(String name, String description) {
        return new SilverColumn(name, DataType.STRING, description);
    }
}
