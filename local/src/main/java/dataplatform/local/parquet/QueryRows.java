package dataplatform.local.parquet;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import dataplatform.parquet.ParquetFile;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Rows of PostgreSQL as a {@link ParquetFile} takes them. */
public final class QueryRows {
    /** As PostgreSQL writes it; what there is of an offset comes after the time of day. */
    private static final Pattern BEFORE_OUR_ERA =
            Pattern.compile("(\\d+)-(\\d\\d)-(\\d\\d)(?: ([\\d:.]+)([+-][\\d:]+)?)? BC");

    private QueryRows() {}

    /** The columns of a query, as columns of a file. */
    public static List<ParquetFile.Field> fields(ResultSetMetaData columns) throws SQLException {
        List<ParquetFile.Field> fields = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            DataType type =
                    switch (columns.getColumnType(i)) {
                        case Types.SMALLINT, Types.INTEGER -> DataType.of(Kind.INTEGER);
                        case Types.BIGINT -> DataType.of(Kind.LONG);
                        case Types.NUMERIC -> ParquetFile.numeric(columns.getPrecision(i), columns.getScale(i));
                        case Types.REAL, Types.DOUBLE -> DataType.of(Kind.DOUBLE);
                        case Types.BIT, Types.BOOLEAN -> DataType.of(Kind.BOOLEAN);
                        case Types.DATE -> DataType.of(Kind.DATE);
                        case Types.TIMESTAMP, Types.TIMESTAMP_WITH_TIMEZONE -> DataType.TIMESTAMP;
                        default -> DataType.STRING;
                    };
            fields.add(new ParquetFile.Field(columns.getColumnName(i), type));
        }
        return fields;
    }

    /**
     * The row that a query stands at, as the changes of it are written: infinite days and times as the last or first
     * that there is, and null for a decimal that is not a number.
     */
    public static List<Object> values(ResultSet rows, List<ParquetFile.Field> fields) throws SQLException {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            values.add(value(rows, i + 1, fields.get(i).type()));
        }
        return values;
    }

    /**
     * The row that a query stands at.
     *
     * @throws SQLException if it holds what Parquet's types do not
     */
    public static List<Object> exactValues(ResultSet rows, List<ParquetFile.Field> fields) throws SQLException {
        List<Object> values = values(rows, fields);
        for (int i = 0; i < values.size(); i++) {
            Object value = values.get(i);
            boolean missing = value == null && rows.getObject(i + 1) != null;
            boolean infinite = value instanceof Number number
                    && switch (fields.get(i).type().kind()) {
                        case DATE -> number.intValue() == Integer.MAX_VALUE || number.intValue() == Integer.MIN_VALUE;
                        case TIMESTAMP -> number.longValue() == Long.MAX_VALUE || number.longValue() == Long.MIN_VALUE;
                        default -> false;
                    };
            if (missing || infinite) {
                throw new SQLException("column " + fields.get(i).name() + " holds " + rows.getString(i + 1)
                        + ", which a " + fields.get(i).type().glueType() + " of Parquet can't be");
            }
        }
        return values;
    }

    private static Object value(ResultSet rows, int column, DataType type) throws SQLException {
        return switch (type.kind()) {
            case STRING -> rows.getString(column);
            case INTEGER, LONG, DOUBLE, BOOLEAN -> rows.getObject(column);
            // what is not a number comes as a double
            case DECIMAL -> rows.getObject(column) instanceof BigDecimal decimal ? decimal : null;
            case DATE, TIMESTAMP -> {
                try {
                    yield time(rows, column, type);
                } catch (DateTimeException e) {
                    // the driver takes a leap day before our era for none
                    OffsetDateTime time = beforeOurEra(rows.getString(column));
                    yield type.kind() == Kind.DATE
                            ? (Object) days(time.toLocalDate())
                            : (Object) ParquetFile.micros(time.toInstant());
                }
            }
        };
    }

    private static Object time(ResultSet rows, int column, DataType type) throws SQLException {
        return switch (type.kind()) {
            case DATE -> {
                LocalDate date = rows.getObject(column, LocalDate.class);
                yield date == null ? null : days(date);
            }
            default -> {
                if (rows.getMetaData().getColumnTypeName(column).equals("timestamptz")) {
                    OffsetDateTime time = rows.getObject(column, OffsetDateTime.class);
                    yield time == null ? null : ParquetFile.micros(time.toInstant());
                }
                LocalDateTime time = rows.getObject(column, LocalDateTime.class);
                yield time == null ? null : ParquetFile.micros(time.toInstant(ZoneOffset.UTC));
            }
        };
    }

    private static OffsetDateTime beforeOurEra(String text) {
        Matcher time = BEFORE_OUR_ERA.matcher(text);
        if (!time.matches()) {
            throw new DateTimeException("not a time before our era: " + text);
        }
        return OffsetDateTime.of(
                LocalDate.of(
                        1 - Integer.parseInt(time.group(1)),
                        Integer.parseInt(time.group(2)),
                        Integer.parseInt(time.group(3))),
                time.group(4) == null ? LocalTime.MIDNIGHT : LocalTime.parse(time.group(4)),
                time.group(5) == null ? ZoneOffset.UTC : ZoneOffset.of(time.group(5)));
    }

    private static int days(LocalDate date) {
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, date.toEpochDay()));
    }
}
