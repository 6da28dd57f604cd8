package dataplatform.source;

import dataplatform.contracts.Column;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** What COPY reads into a table of its own before the contract's table is made equal to it: CSV in UTF-8, with a line of headings. */
interface StagingInput {
    /** What errors call it. */
    String name();

    /** What progress calls it. */
    String shortName();

    /** The contract's columns, in the order in which the rows have them. */
    List<Column> columns();

    /** The rows, from the headings on. */
    InputStream stream(Progress progress) throws IOException;

    /**
     * How many rows come from each file, in their order, where several files make up a table. A row that several of them hold, as files do
     * whose times overlap, is taken as often as the one has it that has it most often.
     */
    default List<Long> parts() {
        return List.of();
    }
}
