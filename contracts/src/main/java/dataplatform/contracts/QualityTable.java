package dataplatform.contracts;

import dataplatform.contracts.GlueTable.Column;
import java.util.List;
import java.util.stream.Collectors;

/** The Delta table in which Spark writes down what came in and what became of it. */
public final class QualityTable {
    /** In the catalog and in the warehouse. */
    public static final String NAME = "data_quality";
    /** In silver. */
    public static final String FOLDER = "platform/" + NAME;

    static final String DESCRIPTION =
            "What came in and what became of it, and how silver differed from the source. One row per data set and batch of files or comparison.";

    /** Its columns in their order, with the types of Glue. */
    public static final List<Column> COLUMNS = List.of(
            new Column("run_id", "string", "The run."),
            new Column("started_at", "timestamp", "When the run started, in UTC."),
            new Column("data_set", "string", "Domain and name of the contract."),
            new Column(
                    "batch",
                    "bigint",
                    "Number of the batch of files, counted for each data set; none for a comparison with the source."),
            new Column("rows_in", "bigint", "Rows read from bronze or landing."),
            new Column("inserted", "bigint", "Rows that are new in silver."),
            new Column("updated", "bigint", "Rows of silver that changed."),
            new Column("deleted", "bigint", "Rows that are gone from silver."),
            new Column(
                    "withdrawn",
                    "bigint",
                    "Rows that are gone from silver as their newest version breaks the contract; it is among the quarantined."),
            new Column("skipped", "bigint", "Rows older than what silver or the same run held."),
            new Column("quarantined", "bigint", "Rows that break the contract."),
            new Column("quarantined_by_reason", "map<string,bigint>", "The same by reason."),
            new Column("nulls_by_column", "map<string,bigint>", "Nulls among the rows read, by column."),
            new Column(
                    "unknown_columns",
                    "array<string>",
                    "Columns in bronze or landing that the contract does not know."),
            new Column("source_rows", "bigint", "Where there is no batch: rows of the source when it was looked at."),
            new Column("missing_rows", "bigint", "How many of those neither silver nor quarantine had."),
            new Column("extra_rows", "bigint", "How many rows silver had that the source had not."));

    private QualityTable() {}

    /** The columns as {@code name type, …}, as Spark and Athena read it. */
    public static String ddl() {
        return COLUMNS.stream()
                .map(column -> column.name() + " " + column.type())
                .collect(Collectors.joining(", "));
    }
}
