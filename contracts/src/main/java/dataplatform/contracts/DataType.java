package dataplatform.contracts;

/**
 * The type of a column, the same in the source and in silver.
 *
 * @param kind what it is
 * @param precision number of digits, of a {@link Kind#DECIMAL}; otherwise 0
 * @param scale number of digits after the point, of a {@link Kind#DECIMAL}; otherwise 0
 */
public record DataType(Kind kind, int precision, int scale) {
    /** The kinds of types; {@code INTEGER} has 32 bits, {@code LONG} 64, {@code TIMESTAMP} is in UTC with microseconds. */
    public enum Kind {
        STRING,
        INTEGER,
        LONG,
        DECIMAL,
        DOUBLE,
        BOOLEAN,
        DATE,
        TIMESTAMP
    }

    public static final DataType STRING = of(Kind.STRING);
    public static final DataType TIMESTAMP = of(Kind.TIMESTAMP);

    /** A type without precision, that is any but {@link Kind#DECIMAL}. */
    public static DataType of(Kind kind) {
        return new DataType(kind, 0, 0);
    }

    /** The type's name in the Glue catalog, which is Athena's and Hive's. */
    public String glueType() {
        return switch (kind) {
            case STRING -> "string";
            case INTEGER -> "int";
            case LONG -> "bigint";
            case DECIMAL -> "decimal(" + precision + "," + scale + ")";
            case DOUBLE -> "double";
            case BOOLEAN -> "boolean";
            case DATE -> "date";
            case TIMESTAMP -> "timestamp";
        };
    }
}
