package dataplatform.contracts;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is promised about one data set; read from an Open Data Contract Standard file by {@link Contracts}.
 *
 * @param domain the part of the business, such as {@code ecommerce}
 * @param name of the data set within its domain, such as {@code orders}
 * @param version of the contract
 * @param description for people
 * @param grain what one row stands for: "One row per …"
 * @param owner the team to ask
 * @param source where it comes from
 * @param table its name in silver's catalog and in the warehouse, where those of all domains stand side by side
 * @param freshness longest time after which a change in the source can be seen in silver
 * @param columns in the order of the source table, without the partition column
 * @param key the primary key, in key order; never empty
 * @param partition how silver is partitioned, if it is
 */
public record Contract(
        String domain,
        String name,
        String version,
        String description,
        String grain,
        String owner,
        Source source,
        String table,
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

    /** Where its table is in silver, and its files are in landing if it comes in files: {@code ecommerce/orders}. */
    public String folder() {
        return domain + "/" + name;
    }

    /** The table of the rows that break the contract, such as {@code orders_quarantine}. */
    public String quarantine() {
        return table + "_quarantine";
    }

    /** Where that table is in silver. */
    public String quarantineFolder() {
        return folder() + "_quarantine";
    }

    /**
     * The schema of the database that it comes from.
     *
     * @throws IllegalStateException if it does not come from a database
     */
    public String sourceSchema() {
        if (source instanceof Source.Database database) {
            return database.schema();
        }
        throw new IllegalStateException("contract " + id() + " does not come from a database");
    }

    /** The table that it comes from, with its schema. */
    public String sourceTable() {
        return sourceSchema() + "." + name;
    }

    /** The columns as the source has them: without those that the platform makes up, and a value that it fills in may be missing. */
    public List<Column> sourceColumns() {
        Optional<Source.Sessions> sessions = sessions();
        return columns.stream()
                .filter(column -> column.derivation().isEmpty())
                .filter(column -> sessions.filter(each -> column.name().equals(each.synthetic()))
                        .isEmpty())
                .map(column -> sessions.filter(each -> column.name().equals(each.user()))
                                .isPresent()
                        ? column.optional()
                        : column)
                .toList();
    }

    /** How its rows make sessions, if they do. */
    public Optional<Source.Sessions> sessions() {
        return source instanceof Source.Daily daily ? daily.sessions() : Optional.empty();
    }

    /** Whether it comes in files of a day that are all its rows of that day. */
    public boolean isDaily() {
        return source instanceof Source.Daily;
    }

    /** Where its files come: below what replication or the function {@code event-transformer} writes under, or in landing. */
    public String sourceFolder() {
        if (source instanceof Source.Database database) {
            return database.schema() + "/" + name;
        }
        if (source instanceof Source.Daily daily) {
            return daily.folder();
        }
        return isStreamed() ? table : folder();
    }

    /** Whether it comes from a database, by change data capture. */
    public boolean isReplicated() {
        return source instanceof Source.Database;
    }

    /** Whether it is made of messages of the web applications. */
    public boolean isStreamed() {
        return source instanceof Source.Stream;
    }

    /**
     * The column that tells when the platform got a message.
     *
     * @throws IllegalArgumentException if it is not made of messages
     */
    public Column receivedAt() {
        return columns.stream()
                .filter(column -> isStreamed() && column.sourceName().equals(Source.Stream.RECEIVED_AT))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("contract " + id() + " is not made of messages"));
    }

    /** Whether it comes in files of which each holds the whole data set. */
    public boolean isSnapshot() {
        return source instanceof Source.Files files && files.content() == Source.Content.SNAPSHOT;
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
