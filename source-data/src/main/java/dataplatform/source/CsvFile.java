package dataplatform.source;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A CSV file whose header was found good.
 *
 * @param path where it is
 * @param columns in the file's order
 * @param start first byte after the byte order mark, if there is one
 * @param size in bytes
 */
record CsvFile(Path path, List<Column> columns, int start, long size) implements StagingInput {
    private static final String BYTE_ORDER_MARK = "\ufeff";
    private static final int LONGEST_HEADER = 64 * 1024;

    /**
     * Finds the contract's file in a folder, by either of its {@link #names}, and reads its header.
     *
     * @return the file; empty if there is none
     * @throws LoadException if its header is not the contract's columns, in any order
     */
    static Optional<CsvFile> find(Path folder, Contract contract) {
        return names(contract).stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .map(path -> open(path, contract));
    }

    /** What the contract's file may be called; the first is how Kaggle has it. */
    static List<String> names(Contract contract) {
        return List.of("olist_" + contract.name() + "_dataset.csv", contract.name() + ".csv");
    }

    private static CsvFile open(Path path, Contract contract) {
        try (InputStream in = Files.newInputStream(path)) {
            String head = new String(in.readNBytes(LONGEST_HEADER), StandardCharsets.UTF_8);
            if (head.isEmpty()) {
                throw new LoadException(path + " is empty (0 bytes); deliver it again");
            }
            boolean marked = head.startsWith(BYTE_ORDER_MARK);
            String header = head.substring(marked ? 1 : 0).lines().findFirst().orElse("");
            return new CsvFile(path, columns(path, header, contract), marked ? 3 : 0, Files.size(path));
        } catch (IOException e) {
            throw new LoadException(path + " can't be read: " + e.getMessage(), e);
        }
    }

    private static List<Column> columns(Path path, String header, Contract contract) {
        List<Column> expected = contract.columns().stream()
                .filter(column -> !column.generated())
                .toList();
        List<String> found = Arrays.stream(header.split(",", -1))
                .map(name -> name.strip().replaceAll("^\"(.*)\"$", "$1"))
                .toList();
        String where = path + ", line 1: ";
        if (found.size() == 1 && expected.size() > 1) {
            throw new LoadException(where + "expected " + expected.size() + " columns with commas between them, found '"
                    + header + "'; is the delimiter another?");
        }
        List<Column> columns = new ArrayList<>();
        for (String name : found) {
            Optional<Column> column =
                    expected.stream().filter(c -> c.name().equals(name)).findFirst();
            if (column.isEmpty()) {
                throw new LoadException(where + "column '" + name + "' is not in contract " + contract.id()
                        + "; remove it, or add it to the contract");
            }
            if (columns.contains(column.get())) {
                throw new LoadException(where + "column " + name + " is there twice; remove one");
            }
            columns.add(column.get());
        }
        for (Column column : expected) {
            if (!columns.contains(column)) {
                throw new LoadException(where + "column " + column.name() + " is missing; deliver the file with it");
            }
        }
        return columns;
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public String shortName() {
        return path.getFileName().toString();
    }

    @Override
    public InputStream stream(Progress progress) throws IOException {
        InputStream in = Files.newInputStream(path);
        in.skipNBytes(start);
        return new CopyInput(in, this, progress);
    }

    /** Tells how far it is, and guards against the one line that CSV allows and COPY silently takes for the end of the file. */
    private static final class CopyInput extends FilterInputStream {
        private static final byte[] END_OF_DATA = {'\\', '.'};

        private final CsvFile file;
        private final Progress progress;
        private long bytes;
        private long line = 1;
        /** How many bytes of {@link #END_OF_DATA} are all that stands in this line so far; -1 if something else does. */
        private int matched;

        CopyInput(InputStream in, CsvFile file, Progress progress) {
            super(in);
            this.file = file;
            this.progress = progress;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            for (int i = offset; i < offset + count; i++) {
                accept(buffer[i]);
            }
            if (count < 0) {
                checkLine();
            }
            bytes += Math.max(count, 0);
            progress.update("reading " + file.shortName() + " " + 100 * bytes / file.size + " %");
            return count;
        }

        private void accept(byte b) {
            if (b == '\n' || b == '\r') {
                checkLine();
                matched = 0;
                line += b == '\n' ? 1 : 0;
            } else {
                matched = matched >= 0 && matched < END_OF_DATA.length && b == END_OF_DATA[matched] ? matched + 1 : -1;
            }
        }

        private void checkLine() {
            if (matched == END_OF_DATA.length) {
                throw new LoadException(file.path + ", line " + line
                        + ": holds nothing but \\., which PostgreSQL takes for the end of the file; change that text");
            }
        }
    }
}
