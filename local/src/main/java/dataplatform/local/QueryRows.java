package dataplatform.local;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** Rows of PostgreSQL as a {@link ParquetFile} takes them. */
final class QueryRows {
    private QueryRows() {}

    /** The columns of a query, as columns of a file. */
    static List<ParquetFile.Field> fields(ResultSetMetaData columns) throws SQLException {
        List<ParquetFile.Field> fields = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            DataType type =
                    switch (columns.getColumnType(i)) {
                        case Types.SMALLINT, Types.INTEGER -> DataType.of(Kind.INTEGER);
                        case Types.BIGINT -> DataType.of(Kind.LONG);
                        case Types.NUMERIC ->
                            columns.getPrecision(i) == 0
                                    ? DataType.STRING
                                    : new DataType(Kind.DECIMAL, columns.getPrecision(i), columns.getScale(i));
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

    /** The row that a query stands at. */
    static List<Object> values(ResultSet rows, List<ParquetFile.Field> fields) throws SQLException {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            values.add(value(rows, i + 1, fields.get(i).type()));
        }
        return values;
    }

    private static Object value(ResultSet rows, int column, DataType type) throws SQLException {
        return switch (type.kind()) {
            case STRING -> rows.getString(column);
            case INTEGER, LONG, DOUBLE, BOOLEAN -> rows.getObject(column);
            case DECIMAL -> rows.getBigDecimal(column);
            case DATE -> {
                LocalDate date = rows.getObject(column, LocalDate.class);
                yield date == null ? null : (int) date.toEpochDay();
            }
            case TIMESTAMP -> {
                if (rows.getMetaData().getColumnTypeName(column).equals("timestamptz")) {
                    OffsetDateTime time = rows.getObject(column, OffsetDateTime.class);
                    yield time == null ? null : DmsColumns.micros(time.toInstant());
                }
                LocalDateTime time = rows.getObject(column, LocalDateTime.class);
                yield time == null ? null : DmsColumns.micros(time.toInstant(ZoneOffset.UTC));
            }
        };
    }
}
