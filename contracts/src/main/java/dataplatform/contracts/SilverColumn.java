package dataplatform.contracts;

import java.util.ArrayList;
import java.util.List;

/**
 * A column of a data set's table in silver.
 *
 * @param name as in the contract, or that of a column which the platform adds
 * @param type {@link DataType#glueType()} is its name in the catalog
 * @param description for people
 */
public record SilverColumn(String name, DataType type, String description) {
    /** The source's order of changes: the higher, the later. */
    public static final String CHANGE_SEQ = "change_seq";
    /** When replication read the row, in UTC. */
    public static final String EXTRACTED_AT = "extracted_at";

    /** The columns of the contract's silver table in their order: the contract's, the partition column, the platform's. */
    public static List<SilverColumn> of(Contract contract) {
        List<SilverColumn> columns = new ArrayList<>();
        contract.columns().forEach(c -> columns.add(new SilverColumn(c.name(), c.type(), c.description())));
        contract.partition().ifPresent(p -> columns.add(new SilverColumn(p.name(), DataType.STRING, p.description())));
        columns.add(new SilverColumn(
                CHANGE_SEQ,
                DataType.STRING,
                "Order of the change in the source that the row stands at; higher is later."));
        columns.add(new SilverColumn(EXTRACTED_AT, DataType.TIMESTAMP, "When replication read the row, in UTC."));
        return columns;
    }
}
