package dataplatform.source;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Makes up purchases as Online Retail (UCI) is published: Latin-1 with Windows' line ends, the month first in dates, invoice by invoice in
 * the order of time. The same seed, first day, days and rows give the same bytes on any machine.
 *
 * <p>In it is what makes the real rows hard: invoices with the same line twice, returns, lines without a customer, a description or a price,
 * bad debts, fees whose stock code is a word, and descriptions with commas, quotes and a pound sign.
 */
@Command(
        name = "OnlineRetailGenerator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Makes up a file of purchases as Online Retail is published, and prints what stands in it as CSV.",
            "In fewer than thirteen days of a month no date tells that the month comes first: load such a file with"
                    + " --dates month-first."
        })
public final class OnlineRetailGenerator implements Callable<Integer> {
    private static final String HEADER =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    private static final int FIRST_INVOICE = 536_365;
    private static final int FIRST_CUSTOMER = 12_346;
    private static final int CUSTOMERS = 4_000;
    private static final int PRODUCTS = 1_500;
    private static final int LONGEST_INVOICE = 30;
    private static final int OPENS = 8 * 60;
    private static final int OPEN_MINUTES = 12 * 60;

    private static final List<String> COLOURS = List.of("WHITE", "RED", "PINK", "BLUE", "VINTAGE", "RETROSPOT");
    private static final List<String> THINGS = List.of(
            "HANGING HEART T-LIGHT HOLDER",
            "METAL LANTERN",
            "UNION JACK HOT WATER BOTTLE",
            "SET 7 BABUSHKA NESTING BOXES",
            "POPPY'S PLAYHOUSE KITCHEN",
            "SPACEBOY LUNCH BOX ",
            "KNICK KNACK TINS, SET OF 4",
            "\"ROUND\" SNACK BOXES",
            "GIFT TOKEN, £5",
            "JUMBO BAG");
    private static final Weighted<String> COUNTRIES = new Weighted<>(
            List.of("United Kingdom", "Germany", "France", "EIRE", "Channel Islands", "Unspecified"),
            88,
            4,
            4,
            2,
            1,
            1);
    /** In pence. */
    private static final Weighted<Integer> PRICES =
            new Weighted<>(List.of(42, 85, 125, 165, 210, 295, 495, 795, 1495), 10, 20, 25, 15, 10, 8, 6, 4, 2);

    private static final Weighted<Integer> QUANTITIES =
            new Weighted<>(List.of(1, 2, 3, 4, 6, 12, 24, 48, 600), 30, 15, 8, 10, 13, 15, 6, 2, 1);

    @Parameters(paramLabel = "<file>", description = "Where to; what was there is gone.")
    private Path file;

    @Option(names = "--rows", defaultValue = "10000", description = "How many; default: ${DEFAULT-VALUE}.")
    private int rows;

    @Option(
            names = "--days",
            defaultValue = "30",
            description = "How many they are spread over; default: ${DEFAULT-VALUE}.")
    private int days;

    @Option(names = "--first", defaultValue = "2010-12-01", description = "The first day; default: ${DEFAULT-VALUE}.")
    private LocalDate first;

    @Option(names = "--seed", defaultValue = "1", description = "Another seed makes other purchases; default: 1.")
    private long seed;

    /** For the command line. */
    private OnlineRetailGenerator() {}

    /**
     * A generator of some days.
     *
     * @param rows of the file, without its headings
     * @throws IllegalArgumentException if there is no row or no day
     */
    public OnlineRetailGenerator(Path file, int rows, int days, LocalDate first, long seed) {
        this.file = file;
        this.rows = rows;
        this.days = days;
        this.first = first;
        this.seed = seed;
        check();
    }

    /**
     * What stands in a file.
     *
     * @param pieces sum of the quantities
     * @param pence sum of quantity and price
     * @param withoutCustomer rows that have none
     * @param returns rows with a negative quantity
     */
    public record Made(long rows, long pieces, long pence, long withoutCustomer, long returns) {
        private Made plus(int quantity, int price, boolean hasCustomer) {
            return new Made(
                    rows + 1,
                    pieces + quantity,
                    pence + (long) quantity * price,
                    withoutCustomer + (hasCustomer ? 0 : 1),
                    returns + (quantity < 0 ? 1 : 0));
        }
    }

    private record Line(String stockCode, String description, int quantity, int price) {}

    /** Who buys; nobody who is known if the number is 0. */
    private record Customer(int number, String country) {}

    /** Writes the file, and prints what stands in it. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new OnlineRetailGenerator()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        check();
        Made made = write();
        System.out.println("rows,pieces,revenue,without_customer,returns");
        System.out.println(made.rows() + "," + made.pieces() + "," + pounds(made.pence()) + "," + made.withoutCustomer()
                + "," + made.returns());
        return 0;
    }

    private void check() {
        if (rows < 1 || days < 1) {
            throw new IllegalArgumentException("make at least one row and one day");
        }
    }

    /** Writes the file. */
    public Made write() throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        Made made = new Made(0, 0, 0, 0, 0);
        int invoice = FIRST_INVOICE;
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (Writer out = Files.newBufferedWriter(file, StandardCharsets.ISO_8859_1)) {
            out.write(HEADER + "\r\n");
            while (made.rows() < rows) {
                // as far in time as it is in rows
                long minutes = made.rows() * days * OPEN_MINUTES / rows;
                LocalDateTime at = first.plusDays(minutes / OPEN_MINUTES)
                        .atStartOfDay()
                        .plusMinutes(OPENS + minutes % OPEN_MINUTES);
                Customer customer = customer(random);
                int kind = random.nextInt(100);
                List<Line> lines = kind < 12 ? returned(random) : kind < 15 ? correction(random) : bought(random);
                String number = (kind < 12 ? "C" : "") + invoice++;
                for (Line line : lines.subList(0, (int) Math.min(lines.size(), rows - made.rows()))) {
                    boolean isKnown = customer.number() > 0 && !(kind >= 12 && kind < 15);
                    write(
                            out,
                            number,
                            line,
                            at,
                            isKnown ? Integer.toString(customer.number()) : "",
                            customer.country());
                    made = made.plus(line.quantity(), line.price(), isKnown);
                }
            }
        }
        return made;
    }

    private static void write(Writer out, String invoice, Line line, LocalDateTime at, String customer, String country)
            throws IOException {
        out.write(String.join(
                ",",
                invoice,
                line.stockCode(),
                quoted(line.description()),
                Integer.toString(line.quantity()),
                at.getMonthValue() + "/" + at.getDayOfMonth() + "/" + at.getYear() + " " + at.getHour() + ":"
                        + Integer.toString(100 + at.getMinute()).substring(1),
                pounds(line.price()),
                customer,
                country));
        out.write("\r\n");
    }

    /** The number of a customer, of whom some buy often and most seldom. */
    static int customerNumber(SplittableRandom random) {
        double often = random.nextDouble();
        return FIRST_CUSTOMER + (int) (CUSTOMERS * often * often);
    }

    private Customer customer(SplittableRandom random) {
        int known = customerNumber(random);
        int number = random.nextInt(4) == 0 ? 0 : known;
        return new Customer(number, COUNTRIES.pick(new SplittableRandom(Shop.mix(seed + number))));
    }

    private List<Line> bought(SplittableRandom random) {
        List<Line> lines = new ArrayList<>();
        int count = 1 + random.nextInt(LONGEST_INVOICE);
        while (lines.size() < count) {
            if (!lines.isEmpty() && random.nextInt(60) == 0) {
                lines.add(lines.get(lines.size() - 1));
                continue;
            }
            Line line = product(random.nextInt(PRODUCTS), QUANTITIES.pick(random));
            lines.add(
                    random.nextInt(200) == 0
                            ? new Line(line.stockCode(), line.description(), line.quantity(), 0)
                            : line);
        }
        if (random.nextInt(20) == 0) {
            lines.add(new Line("POST", "POSTAGE", 1, 1_800));
        }
        return lines;
    }

    private List<Line> returned(SplittableRandom random) {
        List<Line> lines = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        while (lines.size() < count) {
            lines.add(
                    random.nextInt(10) == 0
                            ? new Line("D", "Discount", -1, 2_750)
                            : product(random.nextInt(PRODUCTS), -QUANTITIES.pick(random)));
        }
        return lines;
    }

    /** What the shop's own people wrote: of stock, which costs nothing and has a remark or none, or of a debt. */
    private List<Line> correction(SplittableRandom random) {
        if (random.nextInt(20) == 0) {
            return List.of(new Line("B", "Adjust bad debt", 1, -1_106_206));
        }
        Line line = product(random.nextInt(PRODUCTS), random.nextBoolean() ? 56 : -QUANTITIES.pick(random));
        return List.of(new Line(line.stockCode(), random.nextBoolean() ? "" : "damaged", line.quantity(), 0));
    }

    /** The product of a number, which has the same name and price in all of the file. */
    private Line product(int number, int quantity) {
        SplittableRandom random = new SplittableRandom(Shop.mix(seed + PRODUCTS + number));
        String description =
                COLOURS.get(random.nextInt(COLOURS.size())) + " " + THINGS.get(random.nextInt(THINGS.size()));
        String code = (20_000 + number) + (random.nextInt(4) == 0 ? random.nextBoolean() ? "A" : "b" : "");
        return new Line(code, description, quantity, PRICES.pick(random));
    }

    private static String quoted(String text) {
        return text.contains(",") || text.contains("\"") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }

    private static String pounds(long pence) {
        String digits = Long.toString(100 + Math.abs(pence) % 100).substring(1);
        return (pence < 0 ? "-" : "") + Math.abs(pence) / 100 + (pence % 100 == 0 ? "" : "." + digits);
    }
}
