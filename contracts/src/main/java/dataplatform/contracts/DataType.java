package dataplatform.contracts;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final Map<String, Kind> BY_NAME = Map.of(
            "text", Kind.STRING,
            "integer", Kind.INTEGER,
            "bigint", Kind.LONG,
            "double precision", Kind.DOUBLE,
            "boolean", Kind.BOOLEAN,
            "date", Kind.DATE,
            "timestamp", Kind.TIMESTAMP);

    private static final Pattern DECIMAL_NAME = Pattern.compile("decimal\\(([1-9]|[12]\\d|3[0-8]),(\\d{1,2})\\)");

    public static final DataType STRING = of(Kind.STRING);
    public static final DataType TIMESTAMP = of(Kind.TIMESTAMP);

    /** A type without precision, that is any but {@link Kind#DECIMAL}. */
    public static DataType of(Kind kind) {
        return new DataType(kind, 0, 0);
    }

    /** The type that a contract calls so (ODCS's {@code physicalType}); empty if there is none. */
    public static Optional<DataType> named(String physicalType) {
        Matcher decimal = DECIMAL_NAME.matcher(physicalType);
        if (decimal.matches()) {
            return Optional.of(
                    new DataType(Kind.DECIMAL, Integer.parseInt(decimal.group(1)), Integer.parseInt(decimal.group(2))));
        }
        return Optional.ofNullable(BY_NAME.get(physicalType)).map(DataType::of);
    }

    /** What contracts call types, but for decimals. */
    static List<String> names() {
        return BY_NAME.keySet().stream().sorted().toList();
    }

    /** What a contract calls it beside (ODCS's {@code logicalType}). */
    public String logicalType() {
        return switch (kind) {
            case STRING -> "string";
            case INTEGER, LONG -> "integer";
            case DECIMAL, DOUBLE -> "number";
            case BOOLEAN -> "boolean";
            case DATE -> "date";
            case TIMESTAMP -> "timestamp";
        };
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
