package dataplatform.source;

import static dataplatform.source.Database.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnlineRetailLoaderTest {
    private static final Path REAL = Path.of("..", "..", "shared", "data", "online_retail", "OnlineRetail.csv.gz");

    private static final String HEADER =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    private static final String PURCHASES = HEADER + """
            536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom
            536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850.0,United Kingdom
            536409,22866,HAND WARMER SCOTTY DOG DESIGN,1,12/1/2010 11:45,2.1,17908,United Kingdom
            536409,22866,HAND WARMER SCOTTY DOG DESIGN,1,12/1/2010 11:45,2.1,17908,United Kingdom
            C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom
            536414,22139,,56,12/1/2010 11:52,0,,United Kingdom
            A563186,B,Adjust bad debt,1,12/13/2010 14:51,-11062.06,,United Kingdom
            """;
    private static final String CONTENTS =
            "select invoice_number, stock_code, detail, quantity, invoice_date, unit_price,"
                    + " customer_id, country from retail.user_purchase order by id";
    private static final String IDS = "select id, invoice_number, stock_code from retail.user_purchase order by id";

    @TempDir
    Path folder;

    private Connection connection;

    @BeforeEach
    void open() throws SQLException {
        connection = Database.empty();
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    @Test
    void loadsWhatTheFileHolds() throws Exception {
        assertThat(load(put("OnlineRetail.csv", PURCHASES)))
                .isEqualTo(new TableLoad("retail.user_purchase", 7, 7, 0, 0));

        assertThat(rows(connection, CONTENTS))
                .containsExactly(
                        "536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|2010-12-01 08:26:00|2.550|17850|United Kingdom",
                        "536365|71053|WHITE METAL LANTERN|6|2010-12-01 08:26:00|3.390|17850|United Kingdom",
                        "536409|22866|HAND WARMER SCOTTY DOG DESIGN|1|2010-12-01 11:45:00|2.100|17908|United Kingdom",
                        "536409|22866|HAND WARMER SCOTTY DOG DESIGN|1|2010-12-01 11:45:00|2.100|17908|United Kingdom",
                        "C536379|D|Discount|-1|2010-12-01 09:41:00|27.500|14527|United Kingdom",
                        "536414|22139|null|56|2010-12-01 11:52:00|0.000|null|United Kingdom",
                        "A563186|B|Adjust bad debt|1|2010-12-13 14:51:00|-11062.060|null|United Kingdom");
    }

    @Test
    void aSecondLoadWritesNoRow() throws Exception {
        Path file = put("OnlineRetail.csv", PURCHASES);
        load(file);
        List<String> before = versions();

        assertThat(load(file)).isEqualTo(new TableLoad("retail.user_purchase", 7, 0, 0, 0));
        // the same rows, written otherwise
        put(
                "OnlineRetail.csv",
                PURCHASES
                        .replaceAll("12/(\\d+)/2010 ", "2010-12-$1T")
                        .replace(",2.1,", ",2.100,")
                        .replace("17850,", "17850.0,"));
        assertThat(load(file)).isEqualTo(new TableLoad("retail.user_purchase", 7, 0, 0, 0));
        assertThat(versions()).isEqualTo(before);
    }

    @Test
    void aRowThatStaysKeepsItsId() throws Exception {
        Path file = put("OnlineRetail.csv", PURCHASES);
        load(file);
        put(
                "OnlineRetail.csv",
                PURCHASES.replace("WHITE METAL LANTERN", "white metal lantern")
                        + "536409,22866,HAND WARMER SCOTTY DOG DESIGN,1,12/1/2010 11:45,2.1,17908,United Kingdom\n"
                        + "536500,22866,HAND WARMER,1,12/2/2010 11:45,2.1,17908,United Kingdom\n");

        assertThat(load(file)).isEqualTo(new TableLoad("retail.user_purchase", 9, 3, 0, 1));
        assertThat(rows(connection, IDS))
                .containsExactly(
                        "1|536365|85123A",
                        "3|536409|22866",
                        "4|536409|22866",
                        "5|C536379|D",
                        "6|536414|22139",
                        "7|A563186|B",
                        "8|536365|71053",
                        "9|536409|22866",
                        "10|536500|22866");
    }

    @Test
    void takesTheSecondEditionAndColumnsInAnyOrder() throws Exception {
        load(put("online_retail_II.csv", """
                Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
                489434,85048,15CM CHRISTMAS GLASS BALL 20 LIGHTS,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom
                """));
        assertThat(rows(connection, CONTENTS))
                .containsExactly(
                        "489434|85048|15CM CHRISTMAS GLASS BALL 20 LIGHTS|12|2009-12-01 07:45:00|6.950|13085|United Kingdom");

        load(put("other.csv", """
                Country,"CustomerID",unitprice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo
                United Kingdom,13085,6.95,2009-12-01 07:45,12,15CM CHRISTMAS GLASS BALL 20 LIGHTS,85048,489434
                """));
        assertThat(rows(connection, "select max(id), count(*) from retail.user_purchase"))
                .containsExactly("1|1");
    }

    /** Each row: the charset, with a byte order mark or not, and a text. */
    @ParameterizedTest
    @CsvSource({
        "ISO-8859-1, false, PAPER BUNTING £5",
        "UTF-8, false, PAPER BUNTING £5 – “RETRO”",
        "UTF-8, true, PAPER BUNTING £5 – “RETRO”",
        "windows-1252, false, PAPER BUNTING £5 – “RETRO” €",
        "US-ASCII, false, PAPER BUNTING"
    })
    void tellsTheCharset(String charset, boolean marked, String detail) throws Exception {
        // far behind what a first look would read
        String many = PURCHASES + PURCHASES.substring(HEADER.length()).repeat(300);
        String csv = many + "536365,1," + detail + ",6,12/1/2010 8:26,2.55,17850,United Kingdom\n";
        Path file = folder.resolve("OnlineRetail.csv");
        Files.write(file, ((marked ? "\ufeff" : "") + csv).getBytes(Charset.forName(charset)));

        load(file);

        assertThat(rows(connection, "select detail from retail.user_purchase where stock_code = '1'"))
                .containsExactly(detail);
    }

    @Test
    void whatWindowsHasNoCharacterForIsLatin1() throws Exception {
        Path file = folder.resolve("OnlineRetail.csv");
        Files.write(
                file,
                (HEADER + "536365,1,a\u0081b£,6,12/13/2010 8:26,2.55,,France\n").getBytes(StandardCharsets.ISO_8859_1));

        load(file);

        assertThat(rows(connection, "select detail from retail.user_purchase")).containsExactly("a\u0081b£");
    }

    @Test
    void refusesAFileInTwoCharsets() throws Exception {
        Path file = folder.resolve("OnlineRetail.csv");
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(("\ufeff" + PURCHASES).getBytes(StandardCharsets.UTF_8));
            out.write("536365,1,£,6,12/1/2010 8:26,2.55,,France\n".getBytes(StandardCharsets.ISO_8859_1));
        }
        refuses(file, ", line 9: is no UTF-8, and the file begins as UTF-8 does");
    }

    /** Each row: a time in the file, and what it is; another row tells that the month comes first. */
    @ParameterizedTest
    @CsvSource({
        "2010-12-01 08:26:00, 2010-12-01 08:26:00",
        "2010-12-01 08:26, 2010-12-01 08:26:00",
        "2010-12-01T08:26:30, 2010-12-01 08:26:30",
        "2010-12-01 08:26:30.000, 2010-12-01 08:26:30",
        "12/1/2010 8:26, 2010-12-01 08:26:00",
        "12/1/10 8:26, 2010-12-01 08:26:00",
        "12/01/2010 08:26:15, 2010-12-01 08:26:15",
        "12-01-2010 08:26, 2010-12-01 08:26:00",
        "2/29/2012 0:00, 2012-02-29 00:00:00"
    })
    void readsTimes(String written, String time) throws Exception {
        load(put("OnlineRetail.csv", HEADER + "1,1,,1," + written + ",1,,France\n2,1,,1,12/13/2010 8:26,1,,France\n"));

        assertThat(rows(connection, "select invoice_date from retail.user_purchase where invoice_number = '1'"))
                .containsExactly(time);
    }

    @Test
    void tellsTheOrderOfDayAndMonthFromTheWholeFile() throws Exception {
        load(put(
                "OnlineRetail.csv",
                HEADER + "1,1,,1,1/12/2010 8:26,1,,France\n".repeat(1000) + "2,1,,1,13/12/2010 8:26,1,,France\n"));

        assertThat(rows(connection, "select distinct invoice_date from retail.user_purchase order by 1"))
                .containsExactly("2010-12-01 08:26:00", "2010-12-13 08:26:00");
    }

    @Test
    void tellsTheOrderOfEachFile() throws Exception {
        Path one = put("one.csv", HEADER + "1,1,,1,1/12/2010 8:26,1,,France\n2,1,,1,13/12/2010 8:26,1,,France\n");
        Path other = put("other.csv", HEADER + "3,1,,1,12/1/2011 8:26,1,,France\n4,1,,1,12/13/2011 8:26,1,,France\n");

        load(one, other);

        assertThat(rows(connection, "select invoice_date from retail.user_purchase order by 1"))
                .containsExactly(
                        "2010-12-01 08:26:00", "2010-12-13 08:26:00", "2011-12-01 08:26:00", "2011-12-13 08:26:00");
    }

    @Test
    void refusesDatesInTwoOrders() throws Exception {
        refuses(
                put(
                        "OnlineRetail.csv",
                        HEADER + "1,1,,1,1/12/2010 8:26,1,,France\n2,1,,1,13/1/2010 8:26,1,,France\n"
                                + "3,1,,1,1/12/2010 8:26,1,,France\n4,1,,1,1/14/2010 8:26,1,,France\n"),
                ": column InvoiceDate: the day comes first in some dates and the month in others:"
                        + " line 3 has '13/1/2010 8:26', line 5 has '1/14/2010 8:26'");
    }

    @Test
    void doesNotGuessTheOrder() throws Exception {
        Path file = put(
                "OnlineRetail.csv",
                HEADER + "1,1,,1,1/1/2010 8:26,1,,France\n2,1,,1,12/1/2010 8:26,1,,France\n"
                        + "3,1,,1,2010-12-31 8:26,1,,France\n");

        refuses(
                file,
                ": no date tells whether the day or the month comes first, as no number of them is greater than 12:"
                        + " line 3 has '12/1/2010 8:26'; say it with --dates day-first or --dates month-first");

        String second = "select invoice_date from retail.user_purchase where invoice_number = '2'";
        load(Optional.of("day-first"), true, file);
        assertThat(rows(connection, second)).containsExactly("2010-01-12 08:26:00");
        load(Optional.of("month-first"), true, file);
        assertThat(rows(connection, second)).containsExactly("2010-12-01 08:26:00");
    }

    @Test
    void datesThatAreTheSameEitherWayNeedNoOrder() throws Exception {
        load(put("OnlineRetail.csv", HEADER + "1,1,,1,1/1/2010 8:26,1,,France\n2,1,,1,2010-12-31 8:26,1,,France\n"));

        assertThat(rows(connection, "select min(invoice_date) from retail.user_purchase"))
                .containsExactly("2010-01-01 08:26:00");
    }

    @Test
    void refusesADateThatContradictsTheGivenOrder() throws Exception {
        Path file = put("OnlineRetail.csv", PURCHASES);

        assertThatThrownBy(() -> load(Optional.of("day-first"), false, file))
                .isInstanceOf(LoadException.class)
                .hasMessage(file
                        + ", line 8: column InvoiceDate: '12/13/2010 14:51' is none where dates are day-first;"
                        + " correct the file and load again");
        assertThatThrownBy(() -> new OnlineRetailLoader(List.of(file), Optional.of("first"), false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected day-first or month-first, not 'first'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\r"})
    void takesQuotesAndLineEndsOfAnyKind(String end) throws Exception {
        String detail = "\"SET 4, \"\"PINK\"\"" + end + "\\N of two lines\"";
        load(put(
                "OnlineRetail.csv",
                (HEADER + "\n1,\"84926\"," + detail.replace(end, "\0") + ",1,2010-12-01 8:26,1,,\"Channel Islands\"\n\n"
                                + "2,,,1,2010-12-01 8:26,1,,France")
                        .replace("2,,", "2, ,")
                        .replace("\n", end)
                        .replace("\0", end)));

        assertThat(rows(connection, "select stock_code, detail, country from retail.user_purchase order by id"))
                .containsExactly("84926|SET 4, \"PINK\"" + end + "\\N of two lines|Channel Islands", " |null|France");
    }

    /** Each row: what stands in the file, what is written instead, and what the error says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -1,12/1        | ,12/1            | , line 6: column Quantity: is empty
            -1,12/1        | 1.5,12/1         | , line 6: column Quantity: expected integer, and '1.5' is none
            -1,12/1        | 3000000000,12/1  | , line 6: column Quantity: expected integer, and '3000000000' is none
            -1,12/1        | one,12/1         | , line 6: column Quantity: expected integer, and 'one' is none
            12/1/2010 9:41 | 12/32/2010 9:41  | , line 6: column InvoiceDate: expected a time such as 2010-12-01 08:26:00 or 12/1/2010 8:26, and '12/32/2010 9:41' is none
            12/1/2010 9:41 | 2/29/2010 9:41   | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | 13/13/2010 9:41  | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | 12/1/2010 24:41  | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | 12-01-10 9:41    | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | 0000-12-01 9:41  | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | 12/1/2010        | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | yesterday        | , line 6: column InvoiceDate: expected a time
            12/1/2010 9:41 | ''               | , line 6: column InvoiceDate: is empty
            27.5           | 27.5555          | , line 6: column UnitPrice: expected a price with at most 3 digits after the point, and '27.5555' is none
            27.5           | 12345678.5       | , line 6: column UnitPrice: expected a price
            27.5           | NaN              | , line 6: column UnitPrice: expected a price
            27.5           | £27.5            | , line 6: column UnitPrice: expected a price
            27.5           | ''               | , line 6: column UnitPrice: is empty
            27.5           | '27,5'           | , line 6: has 9 columns, and the headings have 8; correct the file and load again
            14527          | 14527.5          | , line 6: column CustomerID: expected integer, and '14527.5' is none
            ',14527'       | ''               | , line 6: has 7 columns
            C536379,D      | ,D               | , line 6: column InvoiceNo: is empty
            Discount       | '"Discount'      | , line 6: a quote that is opened there is never closed
            Discount       | '"Discount" x'   | , line 6: expected a comma after the closing quote, found ' '
            Discount       | '"a\n\\.\nb"'    | , line 6: column Description: holds a line with nothing but \\., which PostgreSQL takes for the end of the file
            Discount       | '"a\nb",x'       | , line 6: has 9 columns
            UnitPrice      | Price,Cost       | , line 1: column 'Cost' is none of Online Retail; remove it
            UnitPrice      | Price,UnitPrice  | , line 1: column UnitPrice is there twice; remove one
            ',UnitPrice'   | ''               | , line 1: column UnitPrice or Price is missing; deliver the file with it
            ','            | ;                | , line 1: expected 8 columns with commas between them, found 'InvoiceNo;StockCode;
            """)
    void refusesABadRow(String found, String replacement, String error) throws Exception {
        Path file = put("OnlineRetail.csv", PURCHASES);
        load(file);
        assertThat(PURCHASES).contains(found);
        put(
                "OnlineRetail.csv",
                PURCHASES
                        .replace("Adjust bad debt", "other")
                        .replace(found, replacement.replace("\\n", "\n").replace("\\\\", "\\")));

        refuses(file, error.replace("\\\\", "\\"));
    }

    @Test
    void refusesWhatIsNoFileOfRows() throws Exception {
        refuses(put("OnlineRetail.csv", ""), " is empty (0 bytes)");
        refuses(put("OnlineRetail.csv", "\n\n"), " is empty");
        refuses(put("OnlineRetail.csv", HEADER), " holds a header and no rows");
        refuses(put("Online Retail.xlsx", "PK\u0003\u0004"), " is a workbook or a ZIP archive; save the sheet as CSV");
        Path wide = folder.resolve("wide.csv");
        Files.write(wide, ("\ufeff" + PURCHASES).getBytes(StandardCharsets.UTF_16LE));
        refuses(wide, " is in UTF-16; save it as CSV in UTF-8");
        refuses(
                put("OnlineRetail.csv", HEADER + "1,1,a\0b,1,2010-12-01 8:26,1,,France\n"),
                ", line 2: column Description");
        refuses(folder.resolve("none.csv"), " is not there");
        refuses(Files.createDirectory(folder.resolve("empty")), " holds no CSV file");
        assertThat(rows(connection, "select nspname from pg_namespace where nspname = 'retail'"))
                .isEmpty();
    }

    @Test
    void severalFilesTogetherMakeUpTheTable() throws Exception {
        Path one = put("one.csv", PURCHASES);
        Path other = put(
                "other.csv",
                "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
                        // in the first file too, where it is twice
                        + "536409,22866,HAND WARMER SCOTTY DOG DESIGN,1,2010-12-01 11:45:00,2.10,17908.0,United Kingdom\n"
                                .repeat(3)
                        + "536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom\n"
                        + "581587,22138,BAKING SET 9 PIECE RETROSPOT,3,2011-12-09 12:50:00,4.95,12680.0,France\n");
        load(one);

        assertThat(load(one, other)).isEqualTo(new TableLoad("retail.user_purchase", 9, 2, 0, 0));
        assertThat(rows(connection, IDS)).startsWith("1|536365|85123A").endsWith("8|536409|22866", "9|581587|22138");
        assertThat(load(other, one)).isEqualTo(new TableLoad("retail.user_purchase", 9, 0, 0, 0));
        assertThat(load(one, one, other)).isEqualTo(new TableLoad("retail.user_purchase", 9, 0, 0, 0));

        Path years = Files.createDirectory(folder.resolve("years"));
        Files.copy(one, years.resolve("one.csv"));
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(years.resolve("other.csv.gz")))) {
            Files.copy(other, out);
        }
        Files.writeString(years.resolve("README.txt"), "no purchases");
        assertThat(load(years)).isEqualTo(new TableLoad("retail.user_purchase", 9, 0, 0, 0));
    }

    @Test
    void deletesMostOfTheTableOnlyWhereThatIsSaid() throws Exception {
        load(put("one.csv", PURCHASES));
        Path other = put("other.csv", HEADER + "581587,22138,BAKING SET,3,2011-12-09 12:50:00,4.95,12680.0,France\n");

        refuses(
                other,
                ": 7 of the 7 rows of retail.user_purchase are not in it and would be deleted;"
                        + " give the files that hold them too, or --replace if the rows are to go");

        assertThat(load(Optional.empty(), true, other)).isEqualTo(new TableLoad("retail.user_purchase", 1, 1, 0, 7));
        load(put("one.csv", PURCHASES), other);
        String few = PURCHASES.substring(0, PURCHASES.indexOf("C536379"));
        assertThat(load(put("few.csv", few + "1,1,,1,12/13/2010 8:26,1,,France\n")))
                .as("half of them")
                .isEqualTo(new TableLoad("retail.user_purchase", 5, 1, 0, 4));
    }

    @Test
    void endsWithACodeAndSaysWhatHappened() throws Exception {
        Path file = put("OnlineRetail.csv", PURCHASES);
        String url = Database.url();

        assertThat(run("--dates", "month-first", url, file.toString()))
                .startsWith("0 ")
                .contains("read OnlineRetail.csv, 7 rows", "loaded 7 rows")
                .containsPattern("retail.user_purchase +7 +7 +0 +0");
        assertThat(run(url, file.toString(), folder.resolve("none.csv").toString()))
                .startsWith("1 Nothing was loaded. ")
                .contains("none.csv is not there");
        assertThat(run(url.replace("/postgres?", "/none?"), file.toString()))
                .startsWith("1 Nothing was loaded. ")
                .contains("database \"none\" does not exist");
        assertThat(run(url)).startsWith("2 ").contains("Usage: OnlineRetailLoader");
        assertThat(run("--dates", "first", url, file.toString()))
                .startsWith("2 ")
                .contains("expected day-first or month-first, not 'first'");
        assertThat(run("--help")).startsWith("0 ").contains("All files together");
    }

    @Test
    void theRealRows() throws Exception {
        assumeThat(REAL).as("real rows beside the repository").isRegularFile();

        assertThat(load(REAL)).isEqualTo(new TableLoad("retail.user_purchase", 240_007, 240_007, 0, 0));

        BigDecimal revenue = BigDecimal.ZERO;
        long pieces = 0;
        long withoutCustomer = 0;
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(REAL)), StandardCharsets.UTF_8))) {
            lines.readLine();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // no number holds a comma or a quote, and a description may hold both
                String[] fields = line.split(",", -1);
                int n = fields.length;
                long quantity = Long.parseLong(fields[n - 5]);
                pieces += quantity;
                revenue = revenue.add(new BigDecimal(fields[n - 3]).multiply(BigDecimal.valueOf(quantity)));
                withoutCustomer += fields[n - 2].isEmpty() ? 1 : 0;
            }
        }
        assertThat(rows(
                        connection,
                        "select sum(quantity), count(*) filter (where customer_id is null) from retail.user_purchase"))
                .containsExactly(pieces + "|" + withoutCustomer);
        assertThat(new BigDecimal(rows(connection, "select sum(quantity * unit_price) from retail.user_purchase")
                        .get(0)))
                .isEqualByComparingTo(revenue);

        assertThat(load(REAL)).isEqualTo(new TableLoad("retail.user_purchase", 240_007, 0, 0, 0));
    }

    private void refuses(Path file, String error) throws SQLException {
        boolean isThere = !rows(connection, "select from pg_tables where schemaname = 'retail'")
                .isEmpty();
        List<String> before = isThere ? versions() : List.of();
        assertThatThrownBy(() -> load(file)).isInstanceOf(LoadException.class).hasMessageStartingWith(file + error);
        assertThat(isThere ? versions() : List.of()).isEqualTo(before);
    }

    private TableLoad load(Path... files) throws SQLException {
        return load(Optional.empty(), false, files);
    }

    private TableLoad load(Optional<String> dates, boolean replace, Path... files) throws SQLException {
        return new OnlineRetailLoader(Arrays.asList(files), dates, replace).load(connection, Progress.none());
    }

    /** The exit code and all that was printed. */
    private static String run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream both = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(both);
            System.setErr(both);
            int code = OnlineRetailLoader.run(arguments);
            return code + " " + printed.toString(StandardCharsets.UTF_8);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Path put(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    /** Where each row stands and which transaction wrote it: differs once the row is written again, be it with the same values. */
    private List<String> versions() throws SQLException {
        return rows(connection, "select ctid, xmin, t.* from retail.user_purchase t order by ctid");
    }
}
