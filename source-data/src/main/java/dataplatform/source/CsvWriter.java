package dataplatform.source;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.stream.IntStream;

/** Writes CSV field by field, straight into bytes: formatting by way of strings would take longer than all else. */
final class CsvWriter implements Closeable {
    private static final int BUFFER = 1 << 16;
    private static final int LONGEST_SHORT_FIELD = 40;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int SECONDS_OF_DAY = 86_400;
    private static final LocalDate FIRST_DAY = LocalDate.of(2016, 1, 1);
    private static final byte[][] DAYS = IntStream.range(0, 10 * 366)
            .mapToObj(day -> DateTimeFormatter.ISO_LOCAL_DATE
                    .format(FIRST_DAY.plusDays(day))
                    .getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);

    private final OutputStream out;
    private final byte[] buffer = new byte[BUFFER];
    private int length;
    private boolean firstField = true;
    private long rows;

    CsvWriter(Path file, String header) throws IOException {
        out = Files.newOutputStream(file);
        raw((header + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Rows so far, without the header. */
    long rows() {
        return rows;
    }

    /** 32 hexadecimal digits, different for each key. */
    CsvWriter id(long key) throws IOException {
        field();
        hex(key);
        hex(Shop.mix(key));
        return this;
    }

    /** Text, in quotes where it has to be; null is an empty field. */
    CsvWriter text(String text) throws IOException {
        field();
        if (text != null) {
            boolean quoted = text.chars().anyMatch(c -> c == '"' || c == ',' || c == '\n' || c == '\r');
            raw((quoted ? '"' + text.replace("\"", "\"\"") + '"' : text).getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /** A number that is not negative. */
    CsvWriter number(long number) throws IOException {
        field();
        digits(number, 1);
        return this;
    }

    CsvWriter empty() throws IOException {
        field();
        return this;
    }

    /** A number of which the last digits stand behind the point. */
    CsvWriter decimal(long unscaled, int scale) throws IOException {
        field();
        if (unscaled < 0) {
            buffer[length++] = '-';
        }
        long unit = 1;
        for (int i = 0; i < scale; i++) {
            unit *= 10;
        }
        digits(Math.abs(unscaled) / unit, 1);
        buffer[length++] = '.';
        digits(Math.abs(unscaled) % unit, scale);
        return this;
    }

    /** A zip code, as text or as a number, which loses its leading zeros. */
    CsvWriter zip(int zip, boolean asNumber) throws IOException {
        field();
        digits(zip, asNumber ? 1 : 5);
        return this;
    }

    /** A time given in seconds since 1970 in UTC. */
    CsvWriter time(long second) throws IOException {
        field();
        byte[] day = DAYS[(int) (Math.floorDiv(second, SECONDS_OF_DAY) - FIRST_DAY.toEpochDay())];
        System.arraycopy(day, 0, buffer, length, day.length);
        length += day.length;
        long time = Math.floorMod(second, SECONDS_OF_DAY);
        buffer[length++] = ' ';
        digits(time / 3600, 2);
        buffer[length++] = ':';
        digits(time / 60 % 60, 2);
        buffer[length++] = ':';
        digits(time % 60, 2);
        return this;
    }

    void endRow() {
        buffer[length++] = '\n';
        firstField = true;
        rows++;
    }

    @Override
    public void close() throws IOException {
        try (out) {
            flush();
        }
    }

    private void field() throws IOException {
        if (length > BUFFER - LONGEST_SHORT_FIELD) {
            flush();
        }
        if (!firstField) {
            buffer[length++] = ',';
        }
        firstField = false;
    }

    private void raw(byte[] bytes) throws IOException {
        if (bytes.length > BUFFER - LONGEST_SHORT_FIELD - length) {
            flush();
        }
        System.arraycopy(bytes, 0, buffer, length, bytes.length);
        length += bytes.length;
    }

    private void hex(long value) {
        for (int shift = 60; shift >= 0; shift -= 4) {
            buffer[length++] = HEX[(int) (value >>> shift) & 15];
        }
    }

    /** A number that is not negative, with zeros in front up to a width. */
    private void digits(long number, int width) {
        int count = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            count++;
        }
        count = Math.max(count, width);
        long rest = number;
        for (int at = length + count - 1; at >= length; at--) {
            buffer[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += count;
    }

    private void flush() throws IOException {
        out.write(buffer, 0, length);
        length = 0;
    }
}
