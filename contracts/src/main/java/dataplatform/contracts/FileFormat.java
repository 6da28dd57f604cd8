package dataplatform.contracts;

/** How a file is written. */
public sealed interface FileFormat {
    /**
     * CSV in UTF-8 with one line of headings.
     *
     * @param delimiter between two fields
     */
    record Csv(char delimiter) implements FileFormat {}
}
