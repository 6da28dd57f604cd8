package dataplatform.source;

import dataplatform.source.InvoiceDate.Order;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * A file of Online Retail or Online Retail II, as they are published, in which every row was found good.
 *
 * @param path where it is
 * @param charset of its text
 * @param start first byte after the byte order mark, if there is one
 * @param fields what stands in each column of the file
 * @param order of days and months; empty if no date of the file depends on it
 * @param rows how many it has
 */
record OnlineRetailFile(Path path, Charset charset, int start, List<Field> fields, Optional<Order> order, long rows) {
    private static final int BUFFER = 1 << 16;
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    /** What Windows-1252 has no character for, and ISO-8859-1 has. */
    private static final List<Integer> NOT_IN_WINDOWS = List.of(0x81, 0x8d, 0x8f, 0x90, 0x9d);

    private static final Charset WINDOWS = Charset.forName("windows-1252");
    private static final int PRICE_SCALE = 3;
    private static final BigDecimal PRICE_LIMIT = BigDecimal.TEN.pow(10 - PRICE_SCALE);
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d{1,18}(\\.0*)?");
    private static final Pattern DECIMAL = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)");

    /** What a column holds; the names are the headings of the two editions. */
    enum Field {
        INVOICE("invoice_number", "InvoiceNo", "Invoice"),
        STOCK_CODE("stock_code", "StockCode"),
        DESCRIPTION("detail", "Description"),
        QUANTITY("quantity", "Quantity"),
        INVOICE_DATE("invoice_date", "InvoiceDate"),
        PRICE("unit_price", "UnitPrice", "Price"),
        CUSTOMER("customer_id", "CustomerID", "Customer ID"),
        COUNTRY("country", "Country");

        private final String column;
        private final List<String> headings;

        Field(String column, String... headings) {
            this.column = column;
            this.headings = List.of(headings);
        }

        /** The contract's column. */
        String column() {
            return column;
        }

        private static Optional<Field> of(String heading) {
            return Arrays.stream(values())
                    .filter(field -> field.headings.stream().anyMatch(heading::equalsIgnoreCase))
                    .findFirst();
        }
    }

    /** Its rows, one after the other. */
    static final class Rows implements Closeable {
        private final CsvRecords records;
        private final Look look;

        private Rows(CsvRecords records, Look look) {
            this.records = records;
            this.look = look;
        }

        /** The values of the next row as PostgreSQL takes them, in the order of {@link Field}, null where there is none; null at the end. */
        String[] next() throws IOException {
            List<String> row = records.read();
            return row == null ? null : look.values(records.line(), row);
        }

        @Override
        public void close() throws IOException {
            records.close();
        }
    }

    /**
     * Looks through a whole file.
     *
     * @param given the order of days and months, where somebody knows it
     * @throws LoadException that names the line, if the file is not as those are that are published, or it can't be told whether its days
     *     or its months come first
     */
    static OnlineRetailFile open(Path path, Optional<Order> given, Progress progress) {
        try {
            checkKind(path);
            boolean marked = isMarked(path);
            Charset charset = charset(path, marked);
            int start = marked ? BYTE_ORDER_MARK.length : 0;
            try (CsvRecords records = records(path, charset, start, "looking through", progress)) {
                List<String> headings = records.read();
                if (headings == null) {
                    throw new LoadException(path + " is empty; deliver it again");
                }
                Look look = new Look(path, headings, fields(path, headings), given);
                for (List<String> row = records.read(); row != null; row = records.read()) {
                    look.at(records.line(), row);
                }
                if (look.rows == 0) {
                    throw new LoadException(path + " holds a header and no rows; deliver it again");
                }
                return new OnlineRetailFile(path, charset, start, look.fields, look.order(), look.rows);
            }
        } catch (IOException e) {
            throw new LoadException(path + " can't be read: " + e.getMessage(), e);
        }
    }

    /** The rows; the caller's to close. */
    Rows read(Progress progress) throws IOException {
        CsvRecords records = records(path, charset, start, "reading", progress);
        records.read();
        return new Rows(records, new Look(path, List.of(), fields, order));
    }

    private static void checkKind(Path path) throws IOException {
        byte[] head = head(path, 2);
        if (head.length == 0) {
            throw new LoadException(path + " is empty (0 bytes); deliver it again");
        }
        String kind = head.length < 2 ? "" : String.format(Locale.ROOT, "%02x%02x", head[0], head[1]);
        if (kind.equals("504b")) {
            throw new LoadException(path + " is a workbook or a ZIP archive; save the sheet as CSV, or unpack it");
        }
        if (kind.equals("fffe") || kind.equals("feff")) {
            throw new LoadException(path + " is in UTF-16; save it as CSV in UTF-8");
        }
    }

    private static boolean isMarked(Path path) throws IOException {
        return Arrays.equals(head(path, BYTE_ORDER_MARK.length), BYTE_ORDER_MARK);
    }

    private static byte[] head(Path path, int bytes) throws IOException {
        try (InputStream in = unpacked(path, Files.newInputStream(path))) {
            return in.readNBytes(bytes);
        }
    }

    /** What is valid UTF-8 is UTF-8: text in another charset that has a character beyond ASCII hardly ever is. */
    private static Charset charset(Path path, boolean marked) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        boolean isUtf8 = true;
        boolean isWindows = true;
        long line = 1;
        try (InputStream in = unpacked(path, Files.newInputStream(path))) {
            ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
            CharBuffer chars = CharBuffer.allocate(BUFFER);
            boolean end = false;
            while (!end) {
                int from = bytes.position();
                int count = in.read(bytes.array(), from, bytes.remaining());
                end = count < 0;
                for (int i = from; i < from + count; i++) {
                    isWindows &= bytes.get(i) >= 0 || !NOT_IN_WINDOWS.contains(bytes.get(i) & 0xff);
                }
                bytes.position(from + Math.max(count, 0)).flip();
                if (!isUtf8) {
                    bytes.clear();
                    continue;
                }
                CoderResult result = decoder.decode(bytes, chars.clear(), end);
                line += chars.flip().chars().filter(c -> c == '\n').count();
                isUtf8 = !result.isError();
                bytes.compact();
                if (!isUtf8 && marked) {
                    throw new LoadException(path + ", line " + line
                            + ": is no UTF-8, and the file begins as UTF-8 does; save it in one encoding");
                }
            }
        }
        return isUtf8 ? StandardCharsets.UTF_8 : isWindows ? WINDOWS : StandardCharsets.ISO_8859_1;
    }

    private static InputStream unpacked(Path path, InputStream in) throws IOException {
        return path.toString().endsWith(".gz") ? new GZIPInputStream(in, BUFFER) : new BufferedInputStream(in, BUFFER);
    }

    private static CsvRecords records(Path path, Charset charset, int start, String doing, Progress progress)
            throws IOException {
        InputStream in = unpacked(path, new Watched(path, doing, progress));
        try {
            in.skipNBytes(start);
        } catch (IOException e) {
            in.close();
            throw e;
        }
        return new CsvRecords(path.toString(), new InputStreamReader(in, charset));
    }

    /** Says how far it is in the file. */
    private static final class Watched extends FilterInputStream {
        private final String text;
        private final long size;
        private final Progress progress;
        private long bytes;

        Watched(Path path, String doing, Progress progress) throws IOException {
            super(Files.newInputStream(path));
            this.text = doing + " " + path.getFileName() + " ";
            this.size = Math.max(1, Files.size(path));
            this.progress = progress;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            bytes += Math.max(count, 0);
            progress.update(text + 100 * bytes / size + " %");
            return count;
        }
    }

    private static List<Field> fields(Path path, List<String> headings) {
        String where = path + ", line 1: ";
        if (headings.size() == 1) {
            throw new LoadException(where + "expected " + Field.values().length
                    + " columns with commas between them, found '" + headings.get(0) + "'; is the delimiter another?");
        }
        List<Field> fields = new ArrayList<>();
        for (String heading : headings) {
            Field field = Field.of(heading.strip())
                    .orElseThrow(() ->
                            new LoadException(where + "column '" + heading + "' is none of Online Retail; remove it"));
            if (fields.contains(field)) {
                throw new LoadException(where + "column " + heading + " is there twice; remove one");
            }
            fields.add(field);
        }
        for (Field field : Field.values()) {
            if (!fields.contains(field)) {
                throw new LoadException(where + "column " + String.join(" or ", field.headings)
                        + " is missing; deliver the file with it");
            }
        }
        return List.copyOf(fields);
    }

    /** Looks at row after row, and remembers what their dates tell. */
    private static final class Look {
        private final Path path;
        private final List<String> headings;
        private final List<Field> fields;
        private final Optional<Order> given;
        /** Where a date first told each order. */
        private final Map<Order, String> told = new EnumMap<>(Order.class);
        /** Where a date first depended on the order without telling it. */
        private String open;

        private long rows;

        Look(Path path, List<String> headings, List<Field> fields, Optional<Order> given) {
            this.path = path;
            this.headings = headings;
            this.fields = fields;
            this.given = given;
        }

        void at(long line, List<String> row) {
            rows++;
            values(line, row);
        }

        /** The values of a row, in the order of {@link Field}, as PostgreSQL takes them. */
        String[] values(long line, List<String> row) {
            if (row.size() != fields.size()) {
                throw refused(line, "has " + row.size() + " columns, and the headings have " + fields.size());
            }
            String[] values = new String[fields.size()];
            for (int i = 0; i < values.length; i++) {
                Field field = fields.get(i);
                values[field.ordinal()] = value(line, field, row.get(i), i);
            }
            return values;
        }

        private String value(long line, Field field, String text, int column) {
            boolean isText = field == Field.INVOICE
                    || field == Field.STOCK_CODE
                    || field == Field.DESCRIPTION
                    || field == Field.COUNTRY;
            String value = isText ? text : text.strip();
            if (value.isEmpty()) {
                if (field == Field.DESCRIPTION || field == Field.CUSTOMER) {
                    return null;
                }
                throw refused(line, "column " + heading(column) + ": is empty");
            }
            return switch (field) {
                case QUANTITY, CUSTOMER -> integer(line, column, value);
                case PRICE -> price(line, column, value);
                case INVOICE_DATE -> time(line, column, value);
                default -> text(line, column, value);
            };
        }

        private String text(long line, int column, String text) {
            if (text.indexOf('\0') >= 0) {
                throw refused(line, "column " + heading(column) + ": holds the character NUL, which PostgreSQL can't");
            }
            if (text.indexOf('\\') >= 0 && text.lines().anyMatch("\\."::equals)) {
                throw refused(
                        line,
                        "column " + heading(column)
                                + ": holds a line with nothing but \\., which PostgreSQL takes for the end of the file");
            }
            return text;
        }

        /** Programs that know no integers with gaps write 17850 as 17850.0. */
        private String integer(long line, int column, String text) {
            if (INTEGER.matcher(text).matches()) {
                long number = Long.parseLong(text.replaceFirst("\\..*", ""));
                if (number == (int) number) {
                    return Long.toString(number);
                }
            }
            throw refused(line, "column " + heading(column) + ": expected integer, and '" + text + "' is none");
        }

        private String price(long line, int column, String text) {
            if (DECIMAL.matcher(text).matches()) {
                BigDecimal price = new BigDecimal(text).stripTrailingZeros();
                if (price.scale() <= PRICE_SCALE && price.abs().compareTo(PRICE_LIMIT) < 0) {
                    return price.toPlainString();
                }
            }
            throw refused(
                    line,
                    "column " + heading(column) + ": expected a price with at most " + PRICE_SCALE
                            + " digits after the point, and '" + text + "' is none");
        }

        private String time(long line, int column, String text) {
            Optional<InvoiceDate> date = InvoiceDate.parse(text);
            Optional<Order> tells = date.flatMap(InvoiceDate::tells);
            // which does not matter where nothing is told: either gives a day
            Order order = tells.or(() -> given).orElse(Order.MONTH_FIRST);
            Optional<LocalDateTime> time = date.flatMap(each -> each.at(order));
            if (time.isEmpty()) {
                throw refused(
                        line,
                        "column " + heading(column)
                                + ": expected a time such as 2010-12-01 08:26:00 or 12/1/2010 8:26, and '" + text
                                + "' is none");
            }
            if (tells.isPresent()) {
                told.putIfAbsent(order, "line " + line + " has '" + text + "'");
                checkOrder(line, column, text, order);
            } else if (open == null && date.get().dependsOnOrder()) {
                open = "line " + line + " has '" + text + "'";
            }
            return sql(time.get());
        }

        private void checkOrder(long line, int column, String text, Order order) {
            if (given.isPresent() && given.get() != order) {
                throw refused(
                        line, "column " + heading(column) + ": '" + text + "' is none where dates are " + given.get());
            }
            if (told.size() > 1) {
                throw new LoadException(path + ": column " + heading(column) + ": the day comes first in some dates and"
                        + " the month in others: " + told.get(Order.DAY_FIRST) + ", " + told.get(Order.MONTH_FIRST)
                        + "; write all dates in one order and load again");
            }
        }

        /**
         * The order of days and months.
         *
         * @throws LoadException if dates depend on it and none tells it
         */
        Optional<Order> order() {
            Optional<Order> order = given.or(() -> told.keySet().stream().findFirst());
            if (order.isEmpty() && open != null) {
                throw new LoadException(path
                        + ": no date tells whether the day or the month comes first, as no number of them is greater than 12: "
                        + open + "; say it with --dates day-first or --dates month-first");
            }
            return order;
        }

        private String heading(int column) {
            return headings.isEmpty()
                    ? fields.get(column).column()
                    : headings.get(column).strip();
        }

        private LoadException refused(long line, String reason) {
            return new LoadException(path + ", line " + line + ": " + reason + "; correct the file and load again");
        }
    }

    private static String sql(LocalDateTime time) {
        StringBuilder text = new StringBuilder(19);
        digits(text, time.getYear(), 4).append('-');
        digits(text, time.getMonthValue(), 2).append('-');
        digits(text, time.getDayOfMonth(), 2).append(' ');
        digits(text, time.getHour(), 2).append(':');
        digits(text, time.getMinute(), 2).append(':');
        return digits(text, time.getSecond(), 2).toString();
    }

    private static StringBuilder digits(StringBuilder text, int number, int width) {
        String digits = Integer.toString(number);
        return text.append("0".repeat(width - digits.length())).append(digits);
    }
}
