package dataplatform.source;

import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;

/** Reads CSV record by record, and knows the line that each begins in. Fields may be in quotes, with commas, quotes and line breaks. */
final class CsvRecords implements Closeable {
    private static final int END = -1;
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final Reader in;
    private final char[] buffer = new char[BUFFER];
    private final StringBuilder field = new StringBuilder();
    private int at;
    private int length;
    /** The line of the character that is read next. */
    private long next = 1;

    private long line;

    /** @param name what errors call the file */
    CsvRecords(String name, Reader in) {
        this.name = name;
        this.in = in;
    }

    /** The line that the last record began in, from 1. */
    long line() {
        return line;
    }

    /**
     * The fields of the next record; null at the end. Lines that hold nothing are passed over.
     *
     * @throws LoadException if a quote is not closed, or something follows one that is
     */
    List<String> read() throws IOException {
        int c = take();
        while (c == '\n' || c == '\r') {
            endLine(c);
            c = take();
        }
        if (c == END) {
            return null;
        }
        line = next;
        List<String> fields = new ArrayList<>();
        while (true) {
            field.setLength(0);
            c = c == '"' ? quoted() : plain(c);
            fields.add(field.toString());
            if (c == END) {
                return fields;
            }
            if (c != ',') {
                endLine(c);
                return fields;
            }
            c = take();
        }
    }

    /** Takes a field that is not in quotes, and returns what ends it. A quote within it is a character as any other. */
    private int plain(int first) throws IOException {
        int c = first;
        while (c != ',' && c != '\n' && c != '\r' && c != END) {
            field.append((char) c);
            c = take();
        }
        return c;
    }

    private int quoted() throws IOException {
        while (true) {
            int c = take();
            if (c == END) {
                throw new LoadException(name + ", line " + line + ": a quote that is opened there is never closed;"
                        + " correct the file and load again");
            }
            if (c != '"') {
                field.append((char) c);
                if (c == '\n' || c == '\r') {
                    if (endLine(c)) {
                        field.append('\n');
                    }
                }
                continue;
            }
            c = take();
            if (c == '"') {
                field.append('"');
                continue;
            }
            if (c == ',' || c == '\n' || c == '\r' || c == END) {
                return c;
            }
            throw new LoadException(name + ", line " + next + ": expected a comma after the closing quote, found '"
                    + (char) c + "'; correct the file and load again");
        }
    }

    /** Counts a line that ends with this character, and takes the second one of Windows' ends; whether there was one. */
    private boolean endLine(int c) throws IOException {
        next++;
        if (c == '\r' && fill() && buffer[at] == '\n') {
            at++;
            return true;
        }
        return false;
    }

    private int take() throws IOException {
        return fill() ? buffer[at++] : END;
    }

    private boolean fill() throws IOException {
        if (at == length) {
            at = 0;
            length = Math.max(0, in.read(buffer));
        }
        return at < length;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
