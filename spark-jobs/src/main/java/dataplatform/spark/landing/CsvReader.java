package dataplatform.spark.landing;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Reads CSV as RFC 4180 has it, in UTF-8, row by row: a field in quotes can hold delimiters, line breaks and doubled quotes. Spark's own
 * reader is not used as it replaces what is not UTF-8, and takes the rest of a file for one field where a quote is not closed.
 *
 * <p>It works on bytes, in which delimiters, quotes and line breaks are what they are in ASCII, and makes a text of a field only when it is
 * asked for.
 */
public final class CsvReader implements Closeable {
    /** In bytes. A longer one is mostly one whose quote is not closed, and would be read into memory to the end of the file. */
    private static final int LONGEST_ROW = 1_000_000;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final InputStream in;
    private final byte delimiter;
    private final MessageDigest sha256;
    /** Bytes that may still be read. */
    private long left;

    private byte[] buffer = new byte[1 << 16];
    /** Where the row begins, the following one, and what has been read ends, in the buffer. */
    private int row;

    private int next;
    private int end;
    /** Up to where the buffer's bytes are in the digest. */
    private int digested;
    /** Of the buffer's first byte, from where the reading began. */
    private long offset;
    /** Line breaks so far, those within fields too. */
    private long lines;

    private long line;
    private boolean isAscii;
    private boolean cutOff;
    /**
     * The row's fields, from its beginning: without quotes and the white space around them, and whether there is something in them that stands
     * for something else.
     */
    private int fields;

    private int[] from = new int[32];
    private int[] to = new int[32];
    private boolean[] isEscaped = new boolean[32];
    private int length;

    /**
     * @param in from the beginning of a row
     * @param delimiter an ASCII character
     * @param lines of the file before it
     * @param bytes to read at most
     */
    CsvReader(InputStream in, char delimiter, long lines, long bytes) throws IOException {
        this.in = in;
        this.delimiter = (byte) delimiter;
        this.lines = lines;
        this.left = bytes;
        try {
            this.sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        if (lines == 0) {
            while (end < BYTE_ORDER_MARK.length && fill()) {
                // a storage may give a byte at a time
            }
            if (end >= BYTE_ORDER_MARK.length && Arrays.equals(buffer, 0, 3, BYTE_ORDER_MARK, 0, 3)) {
                next = BYTE_ORDER_MARK.length;
            }
        }
    }

    /**
     * Goes to the next row, false at the end; lines with nothing in them are none.
     *
     * @throws IOException if the file is not UTF-8, a quote is not closed, or a field goes on after its closing quote; the
     *     message says where and what to do
     */
    boolean next() throws IOException {
        do {
            row = next;
            if (row == end && !fill()) {
                return false;
            }
            read();
        } while (isBlank(0, length) && text().isBlank());
        return true;
    }

    /** Where in its field the reading is: before anything but spaces, in it, within quotes, behind them. */
    private enum Place {
        BEFORE,
        PLAIN,
        QUOTED,
        CLOSED
    }

    private void read() throws IOException {
        line = ++lines;
        fields = 0;
        int all = 0;
        int at = 0;
        Place place = Place.BEFORE;
        int begin = 0;
        int close = 0;
        boolean escaped = false;
        cutOff = true;
        int ends = 0;
        while (true) {
            if (row + at == end && !fill()) {
                if (place == Place.QUOTED) {
                    throw new IOException(
                            "a quote in the row that begins in line " + line + " is not closed; close it");
                }
                break;
            }
            if (place == Place.PLAIN) {
                // most of a file: a loop of its own
                byte[] bytes = buffer;
                int begins = row;
                int stop = end - row;
                byte separator = delimiter;
                byte b;
                int i = at;
                int seen = 0;
                while (i < stop && (b = bytes[begins + i]) != separator && b != '\n' && b != '\r') {
                    seen |= b;
                    i++;
                }
                all |= seen;
                at = i;
                if (at > LONGEST_ROW) {
                    throw tooLong();
                }
                if (at == stop) {
                    continue;
                }
            }
            byte c = buffer[row + at];
            if (place == Place.QUOTED) {
                if (c == '"') {
                    if ((row + at + 1 < end || fill()) && buffer[row + at + 1] == '"') {
                        escaped = true;
                        at++;
                    } else {
                        place = Place.CLOSED;
                        close = at;
                    }
                } else if (c == '\n') {
                    lines++;
                } else if (c == '\r') {
                    // the same value, however the export ends its lines
                    escaped = true;
                    if ((row + at + 1 < end || fill()) && buffer[row + at + 1] == '\n') {
                        at++;
                    }
                    lines++;
                }
            } else if (c == delimiter) {
                field(begin, place == Place.CLOSED ? close : at, escaped);
                begin = at + 1;
                place = Place.BEFORE;
                escaped = false;
            } else if (c == '\n' || c == '\r') {
                cutOff = false;
                ends = c == '\r' && (row + at + 1 < end || fill()) && buffer[row + at + 1] == '\n' ? 2 : 1;
                break;
            } else if (place == Place.BEFORE) {
                if (c == '"') {
                    place = Place.QUOTED;
                    begin = at + 1;
                } else if (!isSpace(c)) {
                    place = Place.PLAIN;
                }
            } else if (place == Place.CLOSED && !isSpace(c)) {
                // what stands between two stray quotes may be several rows
                throw new IOException("a field of the row that begins in line " + line
                        + " goes on after its closing quote; double the quotes that belong to its text");
            }
            all |= c;
            at++;
            if (at > LONGEST_ROW) {
                throw tooLong();
            }
        }
        field(begin, place == Place.CLOSED ? close : at, escaped);
        length = at;
        next = row + at + ends;
        isAscii = all >= 0;
        if (!isAscii) {
            checkIsUtf8();
        }
    }

    private IOException tooLong() {
        return new IOException("the row that begins in line " + line + " has more than " + LONGEST_ROW
                + " bytes; is a quote in it not closed?");
    }

    private void field(int begin, int stop, boolean escaped) {
        if (fields == from.length) {
            from = Arrays.copyOf(from, 2 * fields);
            to = Arrays.copyOf(to, 2 * fields);
            isEscaped = Arrays.copyOf(isEscaped, 2 * fields);
        }
        int first = begin;
        int last = stop;
        while (first < last && isSpace(buffer[row + first])) {
            first++;
        }
        while (first < last && isSpace(buffer[row + last - 1])) {
            last--;
        }
        from[fields] = first;
        to[fields] = last;
        isEscaped[fields] = escaped;
        fields++;
    }

    private void checkIsUtf8() throws IOException {
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(buffer, row, length));
        } catch (CharacterCodingException e) {
            throw new IOException(
                    "is not UTF-8 in line " + line + " or the row that begins there; export it in UTF-8", e);
        }
    }

    /** Gets more bytes behind those of the row; false at the end. */
    private boolean fill() throws IOException {
        if (end == buffer.length) {
            digest(row);
            System.arraycopy(buffer, row, buffer, 0, end - row);
            offset += row;
            end -= row;
            next -= row;
            digested -= row;
            row = 0;
            if (end == buffer.length) {
                buffer = Arrays.copyOf(buffer, 2 * end);
            }
        }
        int read = left == 0 ? -1 : in.read(buffer, end, (int) Math.min(left, buffer.length - end));
        if (read > 0) {
            end += read;
            left -= read;
        }
        return read > 0;
    }

    private void digest(int until) {
        sha256.update(buffer, digested, until - digested);
        digested = until;
    }

    /** SHA-256 of the rows up to this one, from the beginning or the last call. */
    byte[] digest() {
        digest(next);
        return sha256.digest();
    }

    /** In bytes from where the reading began to behind this row. */
    long offset() {
        return offset + next;
    }

    /** The number of the line that the row begins in, from 1. */
    long line() {
        return line;
    }

    /** The number of the line that the row ends in. */
    long lines() {
        return lines;
    }

    /** How many fields the row has. */
    int size() {
        return fields;
    }

    /** Whether a field of the row has nothing but white space. */
    boolean isNull(int index) {
        return from[index] == to[index] || (isEscaped[index] || buffer[row + from[index]] < 0) && field(index) == null;
    }

    /** A field of the row without white space around it; null where there is nothing else. */
    String field(int index) {
        String value = text(row + from[index], row + to[index]);
        if (isEscaped[index]) {
            value = value.replace("\"\"", "\"").replaceAll("\r\n?", "\n");
        }
        if (!isAscii) {
            value = value.strip();
        }
        return value.isEmpty() ? null : value;
    }

    /**
     * The same as {@link #field} as Spark has texts.
     *
     * @param bytes of this row
     */
    UTF8String value(int index, byte[] bytes) {
        int begin = from[index];
        int stop = to[index];
        if (begin == stop) {
            return null;
        }
        // what is not in ASCII may be white space as well
        return isEscaped[index] || bytes[begin] < 0 || bytes[stop - 1] < 0
                ? UTF8String.fromString(field(index))
                : UTF8String.fromBytes(bytes, begin, stop - begin);
    }

    /** The row as it stands in the file, in UTF-8. */
    byte[] bytes() {
        return Arrays.copyOfRange(buffer, row, row + length);
    }

    List<String> fields() {
        return Arrays.asList(IntStream.range(0, fields).mapToObj(this::field).toArray(String[]::new));
    }

    /** The row as it stands in the file. */
    String text() {
        return text(row, row + length);
    }

    private String text(int begin, int stop) {
        return new String(buffer, begin, stop - begin, isAscii ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
    }

    /** Whether the row ended with the file, and not with a line break as every line of an export does. */
    boolean isCutOff() {
        return cutOff;
    }

    private boolean isBlank(int begin, int stop) {
        // what is not in ASCII may be white space as well
        return begin == stop || isSpace(buffer[row + begin]) || buffer[row + begin] < 0;
    }

    /** Whether it is white space as {@link Character#isWhitespace(char)} has it, of ASCII. */
    private static boolean isSpace(byte c) {
        return c == ' ' || c >= 9 && c <= 13 || c >= 28 && c <= 31;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
