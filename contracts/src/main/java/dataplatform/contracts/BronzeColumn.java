package dataplatform.contracts;

/**
 * What replication adds to the columns of a source table in bronze, beside {@link SilverColumn#CHANGE_SEQ} and
 * {@link SilverColumn#EXTRACTED_AT}.
 */
public final class BronzeColumn {
    /** What happened to the row, as AWS DMS names it: I, U or D. */
    public static final String OP = "Op";
    /** Stands before the name of a key's column: its value before the change. */
    public static final String BEFORE_IMAGE = "BI_";

    private BronzeColumn() {}
}
