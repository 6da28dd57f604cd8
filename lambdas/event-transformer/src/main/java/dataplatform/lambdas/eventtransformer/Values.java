package dataplatform.lambdas.eventtransformer;

import dataplatform.contracts.DataType;
import dataplatform.lambdas.eventtransformer.Message.Kind;
import dataplatform.parquet.ParquetFile;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import org.apache.parquet.io.api.Binary;

/** Values of messages as the types of contracts. */
final class Values {
    private static final DateTimeFormatter ISO = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .appendPattern("['T'][' ']")
            .appendOptional(DateTimeFormatter.ISO_LOCAL_TIME)
            .appendPattern("[XXXXX][XX][X]")
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT);

    /** A number of more digits is none that a column could hold, and takes long to read. */
    private static final int MAX_DIGITS = 100;

    private Values() {}

    /**
     * The value as {@link ParquetFile} takes it; null if there is none. A text takes anything, an object or array as JSON. Numbers and
     * booleans may stand in quotes; times are ISO 8601, in UTC where they name no zone.
     *
     * @throws IllegalArgumentException if the type can't hold it
     * @throws ArithmeticException if the type can't hold it
     * @throws DateTimeException if it is no time of the years 1 to 9999
     */
    static Object of(Message message, int slot, DataType type) {
        Kind kind = message.kind(slot);
        if (kind == Kind.NONE) {
            return null;
        }
        if (type.kind() == DataType.Kind.STRING) {
            return Binary.fromConstantByteArray(message.utf8(slot));
        }
        String text = message.text(slot);
        if (kind == Kind.NESTED || kind == Kind.BOOLEAN && type.kind() != DataType.Kind.BOOLEAN) {
            throw new IllegalArgumentException("it is of another type");
        }
        return switch (type.kind()) {
            case STRING -> throw new IllegalStateException();
            case INTEGER -> number(text).intValueExact();
            case LONG -> number(text).longValueExact();
            case DECIMAL -> decimal(number(text), type);
            case DOUBLE -> number(text).doubleValue();
            case BOOLEAN ->
                switch (text) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw new IllegalArgumentException("it is neither true nor false");
                };
            case DATE -> (int) time(text).toLocalDate().toEpochDay();
            case TIMESTAMP -> ParquetFile.micros(time(text).toInstant(ZoneOffset.UTC));
        };
    }

    private static BigDecimal number(String text) {
        if (text.length() > MAX_DIGITS) {
            throw new IllegalArgumentException("it is too long");
        }
        BigDecimal number = new BigDecimal(text);
        // it would be written out
        if (Math.abs((long) number.scale()) > MAX_DIGITS) {
            throw new IllegalArgumentException("it is too large or too small");
        }
        return number;
    }

    private static BigDecimal decimal(BigDecimal number, DataType type) {
        BigDecimal exact = number.setScale(type.scale());
        if (exact.precision() > type.precision()) {
            throw new IllegalArgumentException("it has too many digits");
        }
        return exact;
    }

    private static LocalDateTime time(String text) {
        TemporalAccessor read = ISO.parse(text);
        LocalTime time = read.query(TemporalQueries.localTime());
        LocalDateTime local = LocalDateTime.of(LocalDate.from(read), time == null ? LocalTime.MIDNIGHT : time);
        ZoneOffset zone = read.isSupported(ChronoField.OFFSET_SECONDS) ? ZoneOffset.from(read) : ZoneOffset.UTC;
        LocalDateTime utc = local.minusSeconds(zone.getTotalSeconds());
        if (utc.getYear() < 1 || utc.getYear() > 9999) {
            throw new DateTimeException("the year is out of range");
        }
        return utc;
    }
}
