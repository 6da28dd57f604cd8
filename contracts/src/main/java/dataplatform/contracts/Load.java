package dataplatform.contracts;

/** How a data set comes into the lake. */
public enum Load {
    /** Change data capture: inserts, updates and deletes of a source table. */
    CDC,
    /** Each delivery holds the whole data set and replaces the one before. */
    SNAPSHOT,
    /** Each delivery holds new rows only. */
    APPEND
}
