package dataplatform.spark.landing;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads CSV as RFC 4180 has it, in UTF-8: a field in quotes can hold delimiters, line breaks and doubled quotes. Spark's own reader is
 * not used as it replaces what is not UTF-8, and takes the rest of a file for one field where a quote is not closed.
 */
public final class CsvReader implements Closeable {
    /** In characters. A longer one is mostly one whose quote is not closed, and would be read into memory to the end of the file. */
    private static final int LONGEST_ROW = 1_000_000;

    private static final int BYTE_ORDER_MARK = '\uFEFF';

    private final PushbackReader in;
    private final char delimiter;
    private long lines;
    private boolean cutOff;

    /**
     * @param number of the line that the row begins in, from 1
     * @param fields without white space around them; null where there is nothing else
     * @param text as it stands in the file
     */
    record Record(long number, List<String> fields, String text) {}

    CsvReader(InputStream in, char delimiter) throws IOException {
        this.in = new PushbackReader(new BufferedReader(new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT))));
        this.delimiter = delimiter;
        skip(BYTE_ORDER_MARK);
    }

    /**
     * The next row; lines with nothing in them are none. Null at the end.
     *
     * @throws IOException if the file is not UTF-8, a quote is not closed, or a field goes on after its closing quote; the
     *     message says where and what to do
     */
    Record next() throws IOException {
        Record row;
        do {
            row = read();
        } while (row != null && row.text().isBlank());
        return row;
    }

    private Record read() throws IOException {
        int c = take();
        if (c < 0) {
            return null;
        }
        long number = ++lines;
        List<String> fields = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        boolean closed = false;
        for (; quoted || c >= 0 && c != '\n' && c != '\r'; c = take()) {
            if (text.length() > LONGEST_ROW) {
                throw new IOException("the row that begins in line " + number + " has more than " + LONGEST_ROW
                        + " characters; is a quote in it not closed?");
            }
            if (c < 0) {
                throw new IOException("a quote in the row that begins in line " + number + " is not closed; close it");
            }
            text.append((char) c);
            if (quoted && c == '"' && skip('"')) {
                text.append('"');
                field.append('"');
            } else if (c == '"' && (quoted || field.toString().isBlank())) {
                if (closed) {
                    throw goesOn(number);
                }
                closed = quoted;
                quoted = !quoted;
            } else if (c == delimiter && !quoted) {
                fields.add(value(field));
                field.setLength(0);
                closed = false;
            } else if (closed) {
                if (!Character.isWhitespace(c)) {
                    throw goesOn(number);
                }
            } else if (c == '\r' && quoted) {
                // the same value, however the export ends its lines
                if (skip('\n')) {
                    text.append('\n');
                }
                field.append('\n');
                lines++;
            } else {
                field.append((char) c);
                if (c == '\n') {
                    lines++;
                }
            }
        }
        if (c == '\r') {
            skip('\n');
        }
        cutOff = c < 0;
        fields.add(value(field));
        return new Record(number, fields, text.toString());
    }

    /** What stands between two stray quotes may be several rows. */
    private static IOException goesOn(long number) {
        return new IOException("a field of the row that begins in line " + number
                + " goes on after its closing quote; double the quotes that belong to its text");
    }

    /** Whether the last row that was read ended with the file, and not with a line break as every line of an export does. */
    boolean isCutOff() {
        return cutOff;
    }

    private static String value(StringBuilder field) {
        String value = field.toString().strip();
        return value.isEmpty() ? null : value;
    }

    private boolean skip(int expected) throws IOException {
        int c = take();
        if (c == expected) {
            return true;
        }
        if (c >= 0) {
            in.unread(c);
        }
        return false;
    }

    private int take() throws IOException {
        try {
            return in.read();
        } catch (CharacterCodingException e) {
            throw new IOException("is not UTF-8 in or after line " + Math.max(1, lines) + "; export it in UTF-8", e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
