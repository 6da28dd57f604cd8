package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.date_format;
import static org.apache.spark.sql.functions.instr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.lpad;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.octet_length;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.substring_index;
import static org.apache.spark.sql.functions.to_date;
import static org.apache.spark.sql.functions.to_timestamp;
import static org.apache.spark.sql.functions.translate;
import static org.apache.spark.sql.functions.trim;
import static org.apache.spark.sql.functions.upper;
import static org.apache.spark.sql.functions.when;

import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import dataplatform.contracts.Partition;
import dataplatform.contracts.SilverColumn;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DatetimeType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A contract as Spark expressions: how a column is cleaned and typed, and which rows break the contract. */
public final class ContractColumns {
    private static final String ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñý";
    private static final String PLAIN = "aaaaaaeeeeiiiiooooouuuucny";
    /** A state or second name after the city, as in "lages - sc", "maua/sao paulo", "rio de janeiro, brasil". */
    private static final String AFTER_CITY = "(\\s*[/\\\\,(].*|\\s+-\\s*[a-z]{2}\\s*)$";

    /** Points only between thousands: 1.234,56 and 1234,56, but not 12.34. */
    private static final String DECIMAL_COMMA = "^\\s*[+-]?(\\d{1,3}(\\.\\d{3})+|\\d+)(,\\d*)?\\s*$";

    /** Athena, Redshift and most clients know no day before or after these years; PostgreSQL does, and infinity. */
    private static final String FIRST_DAY = "0001-01-01";

    private static final String END_OF_DAYS = "+10000-01-01";

    private ContractColumns() {}

    /** The Spark type of a contract's type. */
    public static org.apache.spark.sql.types.DataType sparkType(DataType type) {
        return switch (type.kind()) {
            case STRING -> DataTypes.StringType;
            case INTEGER -> DataTypes.IntegerType;
            case LONG -> DataTypes.LongType;
            case DECIMAL -> DataTypes.createDecimalType(type.precision(), type.scale());
            case DOUBLE -> DataTypes.DoubleType;
            case BOOLEAN -> DataTypes.BooleanType;
            case DATE -> DataTypes.DateType;
            case TIMESTAMP -> DataTypes.TimestampType;
        };
    }

    /** Columns as Spark has them. */
    static StructType schema(List<SilverColumn> columns) {
        StructType schema = new StructType();
        for (SilverColumn column : columns) {
            schema = schema.add(column.name(), sparkType(column.type()));
        }
        return schema;
    }

    /** The key's columns and {@code change_seq}. */
    public static StructType keySchema(Contract contract) {
        StructType schema = new StructType();
        for (dataplatform.contracts.Column column : contract.key()) {
            schema = schema.add(column.name(), sparkType(column.type()));
        }
        return schema.add(SilverColumn.CHANGE_SEQ, DataTypes.StringType);
    }

    /**
     * The value as the contract wants it, null where it can't be read as the contract's type.
     *
     * @param column of the contract
     * @param field of the file, whose type may differ from the contract's
     */
    static Column typed(dataplatform.contracts.Column column, StructField field) {
        org.apache.spark.sql.types.DataType wanted = sparkType(column.type());
        if (field.dataType().equals(DataTypes.StringType) && !wanted.equals(DataTypes.StringType)) {
            Column value = fromText(column, col(field.name()), wanted);
            return column.negated() ? negate(value) : value;
        }
        Column value = exact(field, wanted);
        return wanted.equals(DataTypes.StringType) ? cleaned(column, value) : value;
    }

    /** The field's value in another type, null where that can't hold it: a cast alone would cut off digits and wrap around. */
    static Column exact(StructField field, org.apache.spark.sql.types.DataType wanted) {
        Column raw = col(field.name());
        org.apache.spark.sql.types.DataType from = field.dataType();
        if (wanted.equals(from)) {
            return raw;
        }
        if (!isAlike(from, wanted)) {
            return lit(null).cast(wanted);
        }
        Column value = raw.cast(wanted);
        return when(value.cast(from).equalTo(raw), value);
    }

    /** Whether values of the types mean the same. Spark casts more: true is 1, a number is seconds since 1970, bytes and arrays are text. */
    private static boolean isAlike(
            org.apache.spark.sql.types.DataType from, org.apache.spark.sql.types.DataType wanted) {
        if (wanted.equals(DataTypes.StringType)) {
            return from instanceof AtomicType && !from.equals(DataTypes.BinaryType);
        }
        return from instanceof NumericType && wanted instanceof NumericType
                || from instanceof DatetimeType && wanted instanceof DatetimeType;
    }

    private static Column fromText(
            dataplatform.contracts.Column column, Column text, org.apache.spark.sql.types.DataType wanted) {
        Column raw = column.decimalComma() ? when(text.rlike(DECIMAL_COMMA), translate(text, ",.", ".")) : text;
        if (column.dateFormat().isPresent()) {
            String format = column.dateFormat().get();
            return wanted.equals(DataTypes.DateType) ? to_date(raw, format) : to_timestamp(raw, format);
        }
        // Spark's casts from text make do with what does not fit: 12.7 is 12, 2017 its first day, 12:30:00 today's
        return switch (column.type().kind()) {
            case INTEGER, LONG -> when(not(raw.contains(".")), raw.cast(wanted));
            case DECIMAL ->
                when(raw.rlike("^\\s*[+-]?\\d*(\\.\\d{0," + column.type().scale() + "}0*)?\\s*$"), raw.cast(wanted));
            case DATE -> when(isWholeDay(raw), raw.cast(wanted));
            // a zone is looked for in a table, for each row
            case TIMESTAMP ->
                when(
                        isWholeDay(raw),
                        when(raw.endsWith("+00:00"), substring_index(raw, "+00:00", 1))
                                .otherwise(raw)
                                .cast(wanted));
            default -> raw.cast(wanted);
        };
    }

    private static Column isWholeDay(Column text) {
        // neither counts characters
        return octet_length(text).geq(10).and(instr(text, "-").equalTo(5));
    }

    private static Column cleaned(dataplatform.contracts.Column column, Column text) {
        return switch (column.cleaning()) {
            case NONE -> text;
            case ZIP_CODE ->
                when(trim(text).rlike("^\\d{1,5}$"), lpad(trim(text), 5, "0")).otherwise(trim(text));
            case CITY -> {
                // an accent can be a character of its own
                Column plain = translate(regexp_replace(lower(text), "\\p{M}", ""), ACCENTED, PLAIN);
                yield trim(regexp_replace(regexp_replace(plain, AFTER_CITY, ""), "[^a-z0-9]+", " "));
            }
            case UPPER_CASE -> upper(trim(text));
        };
    }

    /** What the file's own values show: required ones that are missing, and values of another type. */
    static List<Column> unreadable(dataplatform.contracts.Column column, StructField field) {
        List<Column> reasons = new ArrayList<>();
        Column raw = col(field.name());
        if (column.required()) {
            reasons.add(broken(raw.isNull(), column, "is required"));
        }
        org.apache.spark.sql.types.DataType wanted = sparkType(column.type());
        if (!wanted.equals(field.dataType())) {
            reasons.add(broken(
                    raw.isNotNull().and(typed(column, field).isNull()),
                    column,
                    "is not " + column.type().glueType()));
        }
        return reasons;
    }

    /** What is wrong with a {@link #typed} value that stands under the contract's name; a null is not wrong here. */
    static List<Column> invalid(dataplatform.contracts.Column column) {
        List<Column> reasons = new ArrayList<>();
        Column value = col(column.name());
        org.apache.spark.sql.types.DataType type = sparkType(column.type());
        if (!column.allowed().isEmpty()) {
            reasons.add(broken(not(value.isin(column.allowed().toArray())), column, "is not an allowed value"));
        }
        column.minimum()
                .ifPresent(min ->
                        reasons.add(broken(value.lt(lit(min).cast(type)), column, "is below " + min.toPlainString())));
        column.maximum()
                .ifPresent(max ->
                        reasons.add(broken(value.gt(lit(max).cast(type)), column, "is above " + max.toPlainString())));
        switch (column.type().kind()) {
            case DATE, TIMESTAMP ->
                reasons.add(broken(
                        value.lt(lit(FIRST_DAY).cast(type))
                                .or(value.geq(lit(END_OF_DAYS).cast(type))),
                        column,
                        "is not within the years 1 to 9999"));
            default -> {}
        }
        column.pattern()
                .ifPresent(pattern -> reasons.add(
                        broken(not(value.rlike("^(?:" + pattern + ")$")), column, "does not match " + pattern)));
        return reasons;
    }

    /** Reasons in one sentence, empty if there is none: those are null. */
    static Column sentence(Column... reasons) {
        return concat_ws("; ", reasons);
    }

    private static Column broken(Column condition, dataplatform.contracts.Column column, String reason) {
        return when(condition, lit(column.name() + " " + reason));
    }

    /** The value of the partition column, in terms of the typed columns. */
    static Column partitionValue(Partition partition) {
        return switch (partition.transform()) {
            case MONTH -> date_format(col(partition.source()), "yyyy-MM");
            case DAY -> date_format(col(partition.source()), "yyyy-MM-dd");
        };
    }

    /** The columns of these names. */
    static Column[] named(String[] names) {
        return Stream.of(names).map(functions::col).toArray(Column[]::new);
    }
}
