package dataplatform.source;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.source.OnlineRetailFile.Field;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;

/** Files that together make up the table of purchases, as one that PostgreSQL takes. */
record OnlineRetailFiles(Contract contract, List<OnlineRetailFile> files) implements StagingInput {
    private static final int BUFFER = 1 << 16;

    @Override
    public String name() {
        return files.stream().map(file -> file.path().toString()).collect(Collectors.joining(", "));
    }

    @Override
    public String shortName() {
        return files.stream().map(file -> file.path().getFileName().toString()).collect(Collectors.joining(", "));
    }

    @Override
    public List<Column> columns() {
        return Arrays.stream(Field.values())
                .map(field -> contract.column(field.column()))
                .toList();
    }

    @Override
    public List<Long> parts() {
        return files.stream().map(OnlineRetailFile::rows).toList();
    }

    @Override
    public InputStream stream(Progress progress) {
        return new Rows(files.iterator(), SourceDdl.names(columns()), progress);
    }

    /** Reads one file after the other as it is asked for more. */
    private static final class Rows extends InputStream {
        private final Iterator<OnlineRetailFile> files;
        private final Progress progress;
        private OnlineRetailFile.Rows rows;
        private byte[] bytes;
        private int at;

        Rows(Iterator<OnlineRetailFile> files, String headings, Progress progress) {
            this.files = files;
            this.progress = progress;
            this.bytes = (headings + "\n").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public int read() throws IOException {
            return fill() ? bytes[at++] & 0xff : -1;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (!fill()) {
                return -1;
            }
            int count = Math.min(length, bytes.length - at);
            System.arraycopy(bytes, at, buffer, offset, count);
            at += count;
            return count;
        }

        private boolean fill() throws IOException {
            if (at < bytes.length) {
                return true;
            }
            StringBuilder text = new StringBuilder(BUFFER * 2);
            for (String[] row = next(); row != null; row = text.length() < BUFFER ? next() : null) {
                for (int i = 0; i < row.length; i++) {
                    text.append(i == 0 ? "" : ",");
                    if (row[i] != null) {
                        text.append('"').append(row[i].replace("\"", "\"\"")).append('"');
                    }
                }
                text.append('\n');
            }
            bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            at = 0;
            return bytes.length > 0;
        }

        /** The next row of all files; null at the end. */
        private String[] next() throws IOException {
            while (true) {
                String[] row = rows == null ? null : rows.next();
                if (row != null) {
                    return row;
                }
                close();
                if (!files.hasNext()) {
                    return null;
                }
                rows = files.next().read(progress);
            }
        }

        @Override
        public void close() throws IOException {
            if (rows != null) {
                rows.close();
                rows = null;
            }
        }
    }
}
