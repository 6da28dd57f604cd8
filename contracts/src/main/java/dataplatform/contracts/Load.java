package dataplatform.contracts;

/** How a data set comes into the lake. */
public enum Load {
    /** Change data capture: inserts, updates and deletes of a source table. */
    CDC,
    /** Each file holds the whole data set and replaces the one before. */
    SNAPSHOT,
    /** Each file holds some rows; of a key that came before, the file exported last has the say. */
    APPEND
}
