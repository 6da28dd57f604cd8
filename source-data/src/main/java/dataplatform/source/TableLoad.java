package dataplatform.source;

/**
 * What loading a file did to its table.
 *
 * @param table with its schema
 * @param rows in the file, and in the table now
 * @param inserted rows that were only in the file
 * @param updated rows that the file holds with other values
 * @param deleted rows that were not in the file
 */
public record TableLoad(String table, long rows, long inserted, long updated, long deleted) {}
