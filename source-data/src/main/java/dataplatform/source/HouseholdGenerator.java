package dataplatform.source;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Makes up households as the CSV files that banks export and that partners drop: {@code <folder>/finance/<data set>/<file>.csv}, from
 * January 2025 on. The same seed, months and households give the same bytes on any machine.
 *
 * <p>In them is what makes such files hard: exports that overlap, two equal coffees on one day of which the first export has one, categories
 * and pending transactions that change later, decimal commas, days first, byte order marks, Windows' line ends, line breaks and
 * delimiters in quotes, a line with the sum at the end, another currency, budgets that change and vanish, words for an amount.
 */
@Command(
        name = "HouseholdGenerator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Makes up the files that the banks of some households export, and prints what silver is to hold of them.")
public final class HouseholdGenerator implements Callable<Integer> {
    private static final YearMonth FIRST = YearMonth.of(2025, 1);
    private static final DateTimeFormatter GERMAN = DateTimeFormatter.ofPattern("dd.MM.uuuu");
    private static final DateTimeFormatter SLASHES = DateTimeFormatter.ofPattern("dd/MM/uuuu");
    /** So many days before its end an export of the bank begins at the latest: it overlaps with the one before. */
    private static final int OVERLAP_DAYS = 45;
    /** Until a card transaction is booked, and a category is found. */
    private static final int PENDING_DAYS = 3;

    private static final List<String> SHOPS = List.of("Café \"Luna\"", "Bäckerei Müller; Söhne", "REWE", "Buch & Co");
    private static final List<String> CATEGORIES = List.of("food", "leisure", "clothes", "transport");

    @Option(names = "--folder", required = true, description = "Where to; the files are put under finance/.")
    private Path folder;

    @Option(names = "--seed", defaultValue = "1", description = "Another seed makes other households; default: 1.")
    private long seed;

    @Option(names = "--months", defaultValue = "6", description = "From January 2025 on; default: 6.")
    private int months;

    @Option(names = "--households", defaultValue = "3", description = "How many; default: 3.")
    private int households;

    /** For the command line. */
    private HouseholdGenerator() {}

    /**
     * A generator of some households.
     *
     * @param months how many, from January 2025 on
     * @throws IllegalArgumentException if there is no month or no household
     */
    public HouseholdGenerator(Path folder, long seed, int months, int households) {
        this.folder = folder;
        this.seed = seed;
        this.months = months;
        this.households = households;
        check();
    }

    /** Writes the files, and prints what silver is to hold of them as CSV: data set, account, rows and the sum of their amounts in euros. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new HouseholdGenerator()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        check();
        System.out.print(write().csv());
        return 0;
    }

    private void check() {
        if (months < 1 || households < 1) {
            throw new IllegalArgumentException("make at least one month and one household");
        }
    }

    /**
     * Some rows of silver.
     *
     * @param amount in euros, negative if more went out than came in
     */
    public record Total(long rows, BigDecimal amount) {
        private Total plus(long cents) {
            return new Total(rows + 1, amount.add(BigDecimal.valueOf(cents, 2)));
        }
    }

    /**
     * What silver is to hold once all files are in, whatever order they came in.
     *
     * @param transactions by data set and account: {@code finance.bank_transactions DE…}
     * @param snapshots by data set, the sum is that of balances or budgets
     * @param rejected rows in quarantine by data set, a row of two exports counted twice
     */
    public record Expected(Map<String, Total> transactions, Map<String, Total> snapshots, Map<String, Long> rejected) {
        /** The same as CSV, with a line of headings. */
        public String csv() {
            return Stream.of(
                            Stream.of("data_set,account,rows,amount"),
                            transactions.entrySet().stream()
                                    .map(each -> line(each.getKey().replace(' ', ','), each.getValue())),
                            snapshots.entrySet().stream().map(each -> line(each.getKey() + ",", each.getValue())),
                            rejected.entrySet().stream()
                                    .map(each -> each.getKey() + "_quarantine,," + each.getValue() + ","))
                    .flatMap(lines -> lines)
                    .collect(Collectors.joining("\n", "", "\n"));
        }

        private static String line(String name, Total total) {
            return name + "," + total.rows() + "," + total.amount().toPlainString();
        }

        private void add(String dataSet, String account, long cents) {
            Map<String, Total> totals = account.isEmpty() ? snapshots : transactions;
            totals.merge(
                    (dataSet + " " + account).strip(),
                    new Total(0, BigDecimal.ZERO.setScale(2)).plus(cents),
                    (all, one) -> all.plus(cents));
        }
    }

    private record Household(String id, String owner, String giro, String savings, String card) {
        static Household of(int number) {
            return new Household(
                    "H" + number,
                    "Person " + number,
                    String.format(Locale.ROOT, "DE02%018d", number),
                    String.format(Locale.ROOT, "DE03%018d", number),
                    String.format(Locale.ROOT, "CC%010d", number));
        }
    }

    /** Money that moves; whether it does so in the afternoon counts for an export that is made at noon. */
    private record Transaction(
            String account,
            LocalDate day,
            boolean afternoon,
            String type,
            String counterparty,
            String counterpartyAccount,
            String purpose,
            long cents,
            String category,
            String reference) {}

    /**
     * Writes the files, over those that are there.
     *
     * @return what silver is to hold of them
     * @throws IOException if the folder can't be written
     */
    public Expected write() throws IOException {
        Expected expected = new Expected(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
        for (int number = 1; number <= households; number++) {
            Household household = Household.of(number);
            List<Transaction> cards = cards(household);
            List<Transaction> bank = bank(household, cards);
            bank.forEach(each -> expected.add("finance.bank_transactions", each.account(), each.cents()));
            cards.forEach(each -> expected.add("finance.card_transactions", each.account(), each.cents()));
            for (int month = 0; month < months; month++) {
                YearMonth now = FIRST.plusMonths(month);
                exportBank(household, bank, now.atDay(10), "T1200", expected);
                exportBank(household, bank, now.atEndOfMonth(), "", expected);
                exportCards(household, cards, now.atDay(1).minusDays(7), now.atDay(20), expected);
                exportCards(household, cards, now.atDay(1), now.atEndOfMonth(), expected);
            }
        }
        for (int month = 0; month < months; month++) {
            exportAccounts(month, expected);
            exportBudgets(month, expected);
        }
        return expected;
    }

    private SplittableRandom random(Household household, String what) {
        return new SplittableRandom(Shop.mix(seed) ^ (household.id() + what).hashCode());
    }

    private List<Transaction> bank(Household household, List<Transaction> cards) {
        SplittableRandom random = random(household, "bank");
        List<Transaction> all = new ArrayList<>();
        String giro = household.giro();
        for (int month = 0; month < months; month++) {
            YearMonth now = FIRST.plusMonths(month);
            all.add(new Transaction(
                    giro,
                    now.atDay(1),
                    false,
                    "DAUERAUFTRAG",
                    "Hausverwaltung \"Sonne\"",
                    "DE99000000000000000001",
                    "Miete " + now + "\nObjekt 7; 2. Stock",
                    -95_000,
                    "housing",
                    ""));
            all.add(new Transaction(
                    giro,
                    now.atDay(2),
                    false,
                    "UEBERWEISUNG",
                    household.owner(),
                    household.savings(),
                    "Sparen",
                    -20_000,
                    "",
                    ""));
            all.add(new Transaction(
                    household.savings(),
                    now.atDay(2),
                    false,
                    "GUTSCHRIFT",
                    household.owner(),
                    giro,
                    "Sparen",
                    20_000,
                    "",
                    ""));
            for (boolean afternoon : new boolean[] {false, true}) {
                all.add(new Transaction(
                        giro, now.atDay(10), afternoon, "KARTENZAHLUNG", SHOPS.get(0), "", "Kaffee", -250, "food", ""));
            }
            int purchases = 4 + random.nextInt(5);
            for (int i = 0; i < purchases; i++) {
                all.add(new Transaction(
                        giro,
                        now.atDay(1 + random.nextInt(now.lengthOfMonth())),
                        random.nextBoolean(),
                        "KARTENZAHLUNG",
                        SHOPS.get(random.nextInt(SHOPS.size())),
                        "",
                        "Einkauf " + month + "-" + i,
                        -(100 + random.nextLong(9_900)),
                        CATEGORIES.get(random.nextInt(CATEGORIES.size())),
                        ""));
            }
            long bill = cards.stream()
                    .filter(each -> each.category().equals("payment")
                            && YearMonth.from(each.day()).equals(now))
                    .mapToLong(Transaction::cents)
                    .sum();
            if (bill > 0) {
                all.add(new Transaction(
                        giro,
                        now.atDay(15),
                        false,
                        "LASTSCHRIFT",
                        "Kartenbank",
                        household.card(),
                        "Abrechnung",
                        -bill,
                        "",
                        ""));
            }
            all.add(new Transaction(
                    giro,
                    now.atDay(28),
                    false,
                    "GEHALT",
                    "Arbeitgeber AG",
                    "DE99000000000000000002",
                    "Lohn " + now,
                    250_000 + random.nextLong(50_000),
                    "income",
                    ""));
        }
        return all;
    }

    /** The household's card: what was bought in a month is paid in the next. The category of a payment says so. */
    private List<Transaction> cards(Household household) {
        SplittableRandom random = random(household, "card");
        List<Transaction> all = new ArrayList<>();
        long due = 0;
        for (int month = 0; month < months; month++) {
            YearMonth now = FIRST.plusMonths(month);
            if (due > 0) {
                all.add(card(household, all.size(), now.atDay(15), "Payment received, thank you", due, "payment"));
            }
            due = 0;
            int purchases = 5 + random.nextInt(6);
            for (int i = 0; i < purchases; i++) {
                long cents = 200 + random.nextLong(20_000);
                LocalDate day = now.atDay(1 + random.nextInt(now.lengthOfMonth()));
                String category = CATEGORIES.get(random.nextInt(CATEGORIES.size()));
                String shop = "Shop, \"" + i + "\"";
                all.add(card(household, all.size(), day, shop, -cents, category));
                due += cents;
                if (random.nextInt(5) == 0) {
                    all.add(card(household, all.size(), day, shop, cents / 2, category));
                    due -= cents / 2;
                }
            }
        }
        return all;
    }

    private static Transaction card(
            Household household, int number, LocalDate day, String merchant, long cents, String category) {
        String reference = household.id() + "-" + (1000 + number);
        return new Transaction(household.card(), day, false, "", merchant, "", "", cents, category, reference);
    }

    private void exportBank(Household household, List<Transaction> all, LocalDate end, String time, Expected expected)
            throws IOException {
        LocalDate start = end.minusDays(OVERLAP_DAYS);
        // the latest first, as banks do
        List<Transaction> some = all.stream()
                .filter(each -> !each.day().isBefore(start) && !each.day().isAfter(end))
                .filter(each -> time.isEmpty() || each.day().isBefore(end) || !each.afternoon())
                .sorted(Comparator.comparing(Transaction::day).reversed())
                .toList();
        List<String> lines = new ArrayList<>(List.of(line(
                ';',
                "Auftragskonto",
                "Buchungstag",
                "Valutadatum",
                "Buchungstext",
                "Verwendungszweck",
                "Beguenstigter/Zahlungspflichtiger",
                "Kontonummer/IBAN",
                "Betrag",
                "Waehrung",
                "Kategorie")));
        for (Transaction each : some) {
            lines.add(line(
                    ';',
                    each.account(),
                    GERMAN.format(each.day()),
                    GERMAN.format(each.day()),
                    each.type(),
                    each.purpose(),
                    each.counterparty(),
                    each.counterpartyAccount(),
                    comma(each.cents()),
                    "EUR",
                    each.day().isAfter(end.minusDays(PENDING_DAYS)) ? "" : each.category()));
        }
        lines.add("");
        long sum = some.stream().mapToLong(Transaction::cents).sum();
        lines.add(line(';', "Summe", "", "", "", "", "", "", comma(sum), "EUR", ""));
        expected.rejected().merge("finance.bank_transactions", 1L, Long::sum);
        String mark = time.isEmpty() ? "\uFEFF" : "";
        write("bank_transactions", "umsaetze_" + household.id() + "_" + end + time, mark, lines, "\r\n");
    }

    private void exportCards(
            Household household, List<Transaction> all, LocalDate start, LocalDate end, Expected expected)
            throws IOException {
        List<String> lines = new ArrayList<>(
                List.of("Reference,Card account,Date,Type,Status,Merchant,Amount,Currency,Category,Loyalty points"));
        for (Transaction each : all) {
            if (each.day().isBefore(start) || each.day().isAfter(end)) {
                continue;
            }
            boolean pending = each.day().isAfter(end.minusDays(PENDING_DAYS));
            boolean payment = each.category().equals("payment");
            lines.add(line(
                    ',',
                    each.reference(),
                    each.account(),
                    SLASHES.format(each.day()),
                    payment ? "payment" : each.cents() < 0 ? "purchase" : "refund",
                    pending ? "pending" : "booked",
                    pending ? "PENDING*" + each.reference() : each.counterparty(),
                    point(-each.cents()),
                    "EUR",
                    payment ? "" : each.category(),
                    "12"));
        }
        lines.add(line(
                ',',
                household.id() + "-abroad-" + end,
                household.card(),
                SLASHES.format(end),
                "purchase",
                "booked",
                "Diner",
                "20.00",
                "USD",
                "food",
                "0"));
        expected.rejected().merge("finance.card_transactions", 1L, Long::sum);
        write("card_transactions", "card " + household.id() + " " + end, "", lines, "\n");
    }

    private void exportAccounts(int month, Expected expected) throws IOException {
        LocalDate end = FIRST.plusMonths(month).atEndOfMonth();
        boolean last = month == months - 1;
        List<String> lines = new ArrayList<>(List.of(line(
                ';',
                "Kontonummer/IBAN",
                "Haushalt",
                "Inhaber",
                "Bezeichnung",
                "Kontoart",
                "Saldo",
                "Stand",
                "Währung")));
        for (int number = 1; number <= households; number++) {
            Household household = Household.of(number);
            Map<String, String> accounts = new TreeMap<>(Map.of(
                    household.giro(), "checking", household.savings(), "savings", household.card(), "credit_card"));
            if (month == 0) {
                // closed in the second month
                accounts.put(String.format(Locale.ROOT, "DE04%018d", number), "savings");
            }
            for (Map.Entry<String, String> account : accounts.entrySet()) {
                long cents = 123_456L * (month + 1);
                lines.add(line(
                        ';',
                        account.getKey(),
                        household.id(),
                        household.owner(),
                        "Konto; " + account.getValue(),
                        account.getValue(),
                        comma(cents),
                        GERMAN.format(end),
                        "EUR"));
                if (last) {
                    expected.add("finance.accounts", "", cents);
                }
            }
        }
        // its day stands in its rows
        write("accounts", "konten (" + month + ")", "", lines, "\r\n");
    }

    private void exportBudgets(int month, Expected expected) throws IOException {
        boolean last = month == months - 1;
        List<String> lines = new ArrayList<>(List.of(line(';', "Haushalt", "Monat", "Kategorie", "Betrag")));
        for (int number = 1; number <= households; number++) {
            Household household = Household.of(number);
            for (int of = 0; of <= month; of++) {
                String day = SLASHES.format(FIRST.plusMonths(of).atDay(1));
                for (String category : List.of("housing", "food", "leisure", "holidays")) {
                    // given up for good in the second month
                    if (category.equals("holidays") && month > 0) {
                        continue;
                    }
                    // the current month's is raised in the end
                    long cents = category.equals("housing") ? 100_000 : 30_000 + (of < month ? 5_000 : 0);
                    lines.add(line(';', household.id(), day, category, comma(cents)));
                    if (last) {
                        expected.add("finance.budgets", "", cents);
                    }
                }
            }
            lines.add(line(';', household.id(), SLASHES.format(FIRST.atDay(1)), "clothes", "nach Bedarf"));
            expected.rejected().merge("finance.budgets", 1L, Long::sum);
        }
        write("budgets", "budgets_" + FIRST.plusMonths(month).atEndOfMonth(), "", lines, "\n");
    }

    private void write(String dataSet, String name, String mark, List<String> lines, String end) throws IOException {
        Path file = folder.resolve("finance").resolve(dataSet).resolve(name + ".csv");
        Files.createDirectories(file.getParent());
        Files.writeString(file, mark + String.join(end, lines) + end);
    }

    private static String line(char delimiter, String... fields) {
        return Stream.of(fields)
                .map(field -> field.indexOf(delimiter) >= 0 || field.contains("\"") || field.contains("\n")
                        ? '"' + field.replace("\"", "\"\"") + '"'
                        : field)
                .collect(Collectors.joining(String.valueOf(delimiter)));
    }

    /** Cents as {@code -1234.56}. */
    private static String point(long cents) {
        return BigDecimal.valueOf(cents, 2).toPlainString();
    }

    /** Cents as {@code -1.234,56}. */
    private static String comma(long cents) {
        return point(cents).replace('.', ',').replaceAll("(?<=\\d)(?=(\\d{3})+,)", ".");
    }
}
