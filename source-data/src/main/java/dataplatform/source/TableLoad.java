package dataplatform.source;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * What loading a folder did to a table.
 *
 * @param table with its schema
 * @param rows in the table now; if it has a file, those of the file
 * @param inserted rows that were only in the file
 * @param updated rows that the file holds with other values
 * @param deleted rows that were not in the file
 */
public record TableLoad(String table, long rows, long inserted, long updated, long deleted) {
    /** Prints loads as a table for people. */
    public static void print(List<TableLoad> loads, PrintStream out) {
        out.printf("%-45s %12s %12s %12s %12s%n", "table", "rows", "inserted", "updated", "deleted");
        for (TableLoad load : loads) {
            out.printf(
                    Locale.ROOT,
                    "%-45s %,12d %,12d %,12d %,12d%n",
                    load.table(),
                    load.rows(),
                    load.inserted(),
                    load.updated(),
                    load.deleted());
        }
    }
}
