package dataplatform.contracts;

/** Who may see a column. */
public enum Classification {
    /** Anyone. */
    PUBLIC,
    /** Anyone in the company. */
    INTERNAL,
    /** Tells something about a natural person, alone or together with other columns; never in logs. */
    PERSONAL
}
