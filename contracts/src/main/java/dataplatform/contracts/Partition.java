package dataplatform.contracts;

/**
 * The column that silver is partitioned by. It is derived: it stands in silver and not in the source.
 *
 * @param name the partition column; its values are text
 * @param description for people
 * @param transform how the value follows from the source column
 * @param source the contract's column that it follows from; required, a date or a timestamp. Empty if it is the day of the folder
 */
public record Partition(String name, String description, Transform transform, String source) {
    /** How a partition's value follows from its source column. */
    public enum Transform {
        /** The month in UTC as {@code yyyy-MM}. */
        MONTH,
        /** The day in UTC as {@code yyyy-MM-dd}. */
        DAY
    }
}
