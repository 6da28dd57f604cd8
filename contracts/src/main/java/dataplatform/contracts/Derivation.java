package dataplatform.contracts;

import java.util.List;

/** How the platform makes a value that the source does not have. */
public sealed interface Derivation {
    /**
     * An id of a row in a data set without ids: what the row says, and its number among the rows of its file that say the same.
     *
     * @param columns that say what the row is
     */
    record Hash(List<String> columns) implements Derivation {
        public Hash {
            columns = List.copyOf(columns);
        }
    }

    /** An id of a row of a day: where it stands, {@code <day>/<file>:<line>}. */
    record Line() implements Derivation {}

    /**
     * Whether a text has a word: in lower case, split at white space.
     *
     * @param column of the text
     * @param word in lower case
     */
    record Word(String column, String word) implements Derivation {}
}
