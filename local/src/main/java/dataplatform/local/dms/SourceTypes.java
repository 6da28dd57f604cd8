package dataplatform.local.dms;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import dataplatform.local.parquet.QueryRows;
import dataplatform.parquet.ParquetFile;
import io.debezium.data.SpecialValueDecimal;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import io.debezium.time.Date;
import io.debezium.time.MicroTimestamp;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.Properties;
import java.util.function.UnaryOperator;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.postgresql.PGStatement;

/**
 * What Debezium makes of dates, times and decimals. Its own converters let infinity and times from the year 294247 on
 * run over, and stop at a decimal that is not a number in a column that is never null; with this one the changes hold
 * what {@link QueryRows} reads.
 */
public final class SourceTypes implements CustomConverter<SchemaBuilder, RelationalColumn> {
    private static final String DECIMAL_PRECISION = "connect.decimal.precision";

    /** As Debezium hands infinite days on: run over, so that both lie before the first that PostgreSQL has, 4713 BC. */
    private static final LocalDate FIRST_DAY = LocalDate.of(-4712, 1, 1);

    private static final LocalDate INFINITE_DAY = LocalDate.of(-5877611, 6, 21);

    private static final Instant INFINITY = Instant.ofEpochMilli(PGStatement.DATE_POSITIVE_INFINITY / 1000);
    private static final Instant MINUS_INFINITY = Instant.ofEpochMilli(PGStatement.DATE_NEGATIVE_INFINITY / 1000);

    @Override
    public void configure(Properties properties) {
        // nothing to choose
    }

    @Override
    public void converterFor(RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
        switch (column.typeName()) {
            case "date" -> register(registration, Date.builder(), value -> days(column, value));
            case "timestamp", "timestamptz" ->
                register(registration, MicroTimestamp.builder(), value -> micros(column, value));
            case "numeric" -> {
                DataType type = ParquetFile.numeric(
                        column.length().orElse(0), column.scale().orElse(0));
                register(registration, schema(type), value -> decimal(column, value, type));
            }
            default -> {
                // Debezium's own converters serve
            }
        }
    }

    private static void register(
            ConverterRegistration<SchemaBuilder> registration, SchemaBuilder schema, UnaryOperator<Object> converter) {
        // plain numbers and texts are the columns' defaults, which only stand in a schema
        registration.register(
                schema.optional(),
                value -> value == null || value instanceof Number || value instanceof String
                        ? null
                        : converter.apply(value));
    }

    private static SchemaBuilder schema(DataType type) {
        return type.equals(DataType.STRING)
                ? SchemaBuilder.string()
                : Decimal.builder(type.scale()).parameter(DECIMAL_PRECISION, Integer.toString(type.precision()));
    }

    /** The type of a field with the schema of a decimal; empty if it has another. */
    static Optional<DataType> decimal(Schema schema) {
        return Decimal.LOGICAL_NAME.equals(schema.name())
                ? Optional.of(new DataType(
                        Kind.DECIMAL,
                        Integer.parseInt(schema.parameters().get(DECIMAL_PRECISION)),
                        Integer.parseInt(schema.parameters().get(Decimal.SCALE_FIELD))))
                : Optional.empty();
    }

    private static Integer days(RelationalColumn column, Object value) {
        if (value instanceof LocalDate day) {
            return day.equals(INFINITE_DAY)
                    ? Integer.MAX_VALUE
                    : day.isBefore(FIRST_DAY) ? Integer.MIN_VALUE : Integer.valueOf((int) day.toEpochDay());
        }
        throw unknown(column, value);
    }

    private static Long micros(RelationalColumn column, Object value) {
        Instant instant;
        if (value instanceof Instant local) {
            instant = local;
        } else if (value instanceof OffsetDateTime zoned) {
            instant = zoned.toInstant();
        } else {
            throw unknown(column, value);
        }
        return instant.equals(INFINITY)
                ? Long.MAX_VALUE
                : instant.equals(MINUS_INFINITY) ? Long.MIN_VALUE : (Long) ParquetFile.micros(instant);
    }

    private static Object decimal(RelationalColumn column, Object value, DataType type) {
        if (!(value instanceof SpecialValueDecimal decimal)) {
            throw unknown(column, value);
        }
        Optional<BigDecimal> number = decimal.getDecimalValue();
        if (!type.equals(DataType.STRING)) {
            return number.orElse(null);
        }
        return number.map(BigDecimal::toPlainString)
                .orElseGet(() -> decimal.equals(SpecialValueDecimal.NOT_A_NUMBER)
                        ? "NaN"
                        : decimal.equals(SpecialValueDecimal.POSITIVE_INF) ? "Infinity" : "-Infinity");
    }

    private static IllegalStateException unknown(RelationalColumn column, Object value) {
        return new IllegalStateException("the source's log has "
                + value.getClass().getName() + " in column " + column.name() + " of type " + column.typeName());
    }
}
