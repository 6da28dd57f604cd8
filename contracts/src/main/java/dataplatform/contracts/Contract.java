package dataplatform.contracts;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is promised about one data set; read from an Open Data Contract Standard file by {@link Contracts}.
 *
 * @param domain the part of the business, such as {@code ecommerce}
 * @param name of the data set and its tables, such as {@code orders}
 * @param version of the contract
 * @param description for people
 * @param grain what one row stands for: "One row per …"
 * @param owner the team to ask
 * @param load how it comes into the lake
 * @param databaseSchema database schema that it comes from, if it loads by {@link Load#CDC}
 * @param files how the files are written that it comes in, if it does not
 * @param freshness longest time after which a change in the source can be seen in silver
 * @param columns in the order of the source table, without the partition column
 * @param key the columns that tell rows apart, in key order; never empty
 * @param partition how silver is partitioned, if it is
 */
public record Contract(
        String domain,
        String name,
        String version,
        String description,
        String grain,
        String owner,
        Load load,
        Optional<String> databaseSchema,
        Optional<FileFormat> files,
        Duration freshness,
        List<Column> columns,
        List<Column> key,
        Optional<Partition> partition) {
    public Contract {
        columns = List.copyOf(columns);
        key = List.copyOf(key);
    }

    /** The data set's name in the whole platform, such as {@code ecommerce.orders}. */
    public String id() {
        return domain + "." + name;
    }

    /** Where its table is in silver, and its files are in landing: {@code ecommerce/orders}. */
    public String folder() {
        return domain + "/" + name;
    }

    /** The table of the rows that break the contract, such as {@code orders_quarantine}. */
    public String quarantine() {
        return name + "_quarantine";
    }

    /** Where that table is in silver. */
    public String quarantineFolder() {
        return domain + "/" + quarantine();
    }

    /**
     * The database schema that it comes from.
     *
     * @throws IllegalStateException if it comes in files
     */
    public String sourceSchema() {
        return databaseSchema.orElseThrow(
                () -> new IllegalStateException("contract " + id() + " comes in files, not from a database"));
    }

    /**
     * The column of that name.
     *
     * @throws IllegalArgumentException if there is none; the partition column is not one of the columns
     */
    public Column column(String column) {
        return columns.stream()
                .filter(c -> c.name().equals(column))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("contract " + id() + " has no column " + column));
    }
}
