package dataplatform.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Makes up what customers do on the pages of a shop, day by day: {@code <folder>/events_input/<yyyy-MM-dd>/events_<n>.csv}, in the columns
 * of TheLook's events, with times in UTC. The same seed and number of sessions give the same bytes of a day on any machine, whichever
 * days are made with it.
 *
 * <p>Whether a session ends in a purchase follows from what the visitor wants and does, with much noise: where he comes from, who he is
 * (some buy again and again), what the things cost that he looks at, how often he comes back to the cart, the hour, long pauses. It does
 * not follow from whether somebody is signed in: guests buy, too.
 */
@Command(
        name = "CustomerEventGenerator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Makes up the events of a shop's customers, and prints what stands in each day's files.")
public final class CustomerEventGenerator implements Callable<Integer> {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    private static final String HEADER =
            "id,user_id,sequence_number,session_id,created_at,ip_address,city,state,postal_code,browser,traffic_source,uri,event_type";
    private static final long ROWS_PER_FILE = 250_000;
    /** Of a day at most, so that ids of days don't meet. */
    private static final long IDS_PER_DAY = 1_000_000_000L;

    private static final int LONGEST_SESSION = 40;
    private static final int USERS_PER_SESSION_OF_A_DAY = 20;
    private static final double SIGNED_IN = 0.45;
    private static final long MICROS = 1_000_000L;
    private static final long DAY = 86_400 * MICROS;

    private static final Weighted<String> BROWSERS =
            new Weighted<>(List.of("Chrome", "Safari", "Firefox", "IE", "Other"), 50, 20, 20, 5, 5);
    private static final Weighted<String> SOURCES =
            new Weighted<>(List.of("Email", "Adwords", "YouTube", "Facebook", "Organic"), 45, 30, 10, 10, 5);
    private static final Weighted<String> STARTS = new Weighted<>(List.of("home", "department", "product"), 30, 45, 25);
    /** By source, on the scale of the logit, as all that follows. */
    private static final Map<String, Double> OF_SOURCE =
            Map.of("Email", 0.6, "Organic", 0.4, "Adwords", 0.0, "Facebook", -0.5, "YouTube", -0.9);

    private static final Weighted<Integer> HOURS =
            Weighted.numbers(3, 2, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 12, 11, 10, 10, 10, 11, 13, 15, 16, 14, 10, 6);
    private static final Weighted<City> CITIES = new Weighted<>(
            List.of(
                    new City("New York", "New York", "10001"),
                    new City("St. John's", "Newfoundland and Labrador", "A1A 0A1"),
                    new City("São Paulo", "São Paulo", "01000-000"),
                    new City("Washington, D.C.", "District of Columbia", "20001"),
                    new City("上海市", "Shanghai", "200000"),
                    new City("Boston", "Massachusetts", "02108")),
            30,
            5,
            25,
            10,
            20,
            10);
    /** With what they cost, from cheap to dear. */
    private static final List<Category> CATEGORIES = List.of(
            new Category("women", "socks&hosiery", 0.7),
            new Category("men", "tops&tees", 0.4),
            new Category("women", "intimates", 0.2),
            new Category("men", "jeans", -0.1),
            new Category("women", "dresses", -0.4),
            new Category("men", "outerwear&coats", -0.9));

    @Option(names = "--folder", required = true, description = "Where to; the files are put under events_input/.")
    private Path folder;

    @Option(names = "--first", defaultValue = "2026-01-01", description = "The first day; default: 2026-01-01.")
    private LocalDate first;

    @Option(names = "--days", defaultValue = "30", description = "How many; default: 30.")
    private int days;

    @Option(
            names = "--sessions",
            defaultValue = "500",
            description = "How many begin on a day, of some four events; default: 500.")
    private int sessions;

    @Option(names = "--seed", defaultValue = "1", description = "Another seed makes other customers; default: 1.")
    private long seed;

    /** For the command line. */
    private CustomerEventGenerator() {}

    /**
     * A generator of some days.
     *
     * @param sessions that begin on each day
     * @throws IllegalArgumentException if there is no day or no session
     */
    public CustomerEventGenerator(Path folder, LocalDate first, int days, int sessions, long seed) {
        this.folder = folder;
        this.first = first;
        this.days = days;
        this.sessions = sessions;
        this.seed = seed;
        check();
    }

    private record City(String city, String state, String postalCode) {}

    private record Category(String department, String name, double appeal) {}

    /** @param at microseconds since the beginning of the day on which the session began */
    private record Event(int number, long at, String uri, String type) {}

    /** A visit, and who it is of; user 0 is nobody who is known. */
    private record Session(
            String id,
            long user,
            String address,
            City city,
            String browser,
            String source,
            boolean hasFractions,
            List<Event> events) {
        boolean isOverMidnight() {
            return events.get(events.size() - 1).at() >= DAY;
        }
    }

    /**
     * What stands in a day's files.
     *
     * @param events rows
     * @param ofNobody rows without a user
     * @param sessions of which a row stands there
     * @param purchases rows
     */
    public record Day(LocalDate day, long events, long ofNobody, long sessions, long purchases) {}

    /** Writes the files, and prints as CSV what stands in each day's. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new CustomerEventGenerator()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        check();
        System.out.println("day,events,of_nobody,sessions,purchases");
        for (Day day : write()) {
            System.out.println(day.day() + "," + day.events() + "," + day.ofNobody() + "," + day.sessions() + ","
                    + day.purchases());
        }
        return 0;
    }

    private void check() {
        if (days < 1 || sessions < 1) {
            throw new IllegalArgumentException("make at least one day and one session");
        }
    }

    /** Writes the files; what was in a day's folder before is gone. */
    public List<Day> write() throws IOException {
        List<Day> written = new ArrayList<>();
        List<Session> overMidnight = IntStream.range(0, sessions)
                .mapToObj(i -> session(first.minusDays(1), i))
                .filter(Session::isOverMidnight)
                .collect(Collectors.toList());
        for (int i = 0; i < days; i++) {
            written.add(write(first.plusDays(i), overMidnight));
        }
        return written;
    }

    /** @param overMidnight the sessions that go on from the day before, and then those that go on on the next */
    private Day write(LocalDate day, List<Session> overMidnight) throws IOException {
        List<Session> before = List.copyOf(overMidnight);
        overMidnight.clear();
        Path of = Files.createDirectories(folder.resolve("events_input").resolve(day.toString()));
        try (var old = Files.newDirectoryStream(of, "events_*.csv")) {
            for (Path file : old) {
                Files.delete(file);
            }
        }
        long events = 0;
        long ofNobody = 0;
        long shown = 0;
        long purchases = 0;
        CsvWriter file = null;
        try {
            for (int i = -before.size(); i < sessions; i++) {
                Session session = i < 0 ? before.get(i + before.size()) : session(day, i);
                long midnight = i < 0 ? DAY : 0;
                if (i >= 0 && session.isOverMidnight()) {
                    overMidnight.add(session);
                }
                boolean isShown = false;
                for (Event event : session.events()) {
                    long at = event.at() - midnight;
                    if (at < 0 || at >= DAY) {
                        continue;
                    }
                    if (file == null || file.rows() == ROWS_PER_FILE) {
                        if (file != null) {
                            file.close();
                        }
                        file = new CsvWriter(of.resolve("events_" + (1 + events / ROWS_PER_FILE) + ".csv"), HEADER);
                    }
                    row(file, day.toEpochDay() * IDS_PER_DAY + ++events, session, event, day, at);
                    isShown = true;
                    ofNobody += session.user() == 0 ? 1 : 0;
                    purchases += event.type().equals("purchase") ? 1 : 0;
                }
                shown += isShown ? 1 : 0;
            }
        } finally {
            if (file != null) {
                file.close();
            }
        }
        return new Day(day, events, ofNobody, shown, purchases);
    }

    private static void row(CsvWriter file, long id, Session session, Event event, LocalDate day, long at)
            throws IOException {
        file.number(id);
        if (session.user() == 0) {
            file.empty();
        } else {
            file.number(session.user());
        }
        LocalDateTime time = day.atStartOfDay().plusSeconds(at / MICROS);
        String created = TIME.format(time);
        file.number(event.number())
                .text(session.id())
                .text(
                        session.hasFractions()
                                ? created + "."
                                        + Long.toString(MICROS + at % MICROS).substring(1)
                                : created)
                .text(session.address())
                .text(session.city().city())
                .text(session.city().state())
                .text(session.city().postalCode())
                .text(session.browser())
                .text(session.source())
                .text(event.uri())
                .text(event.type());
        file.endRow();
    }

    /** The session that begins as this one of a day, whatever else is made. */
    private Session session(LocalDate day, int number) {
        SplittableRandom random = new SplittableRandom(Shop.mix(Shop.mix(seed ^ Shop.mix(day.toEpochDay())) + number));
        long users = (long) sessions * USERS_PER_SESSION_OF_A_DAY;
        // some come often, and most seldom
        double often = random.nextDouble();
        long user = random.nextDouble() < SIGNED_IN ? 1 + (long) (users * often * often) : 0;
        String source = SOURCES.pick(random);
        int hour = HOURS.pick(random);
        boolean hasFractions = random.nextInt(20) == 0;
        long start = hour * 3600 * MICROS + random.nextLong(3600 * MICROS);
        double wish = -1.7 + OF_SOURCE.get(source) + (hour >= 18 ? 0.3 : 0) + 0.6 * gauss(random);
        if (user > 0) {
            // what somebody is like stays
            wish += 1.2 * gauss(new SplittableRandom(Shop.mix(seed + user)));
        }
        String address = (1 + random.nextInt(223)) + "." + random.nextInt(256) + "." + random.nextInt(256) + "."
                + (1 + random.nextInt(254));
        return new Session(
                new UUID(random.nextLong(), random.nextLong()).toString(),
                user,
                address,
                CITIES.pick(random),
                BROWSERS.pick(random),
                source,
                hasFractions,
                events(random, hasFractions ? start : start / MICROS * MICROS, wish, hasFractions));
    }

    private static List<Event> events(SplittableRandom random, long start, double wishAtFirst, boolean hasFractions) {
        List<Event> events = new ArrayList<>();
        Category category = CATEGORIES.get(random.nextInt(CATEGORIES.size()));
        double wish = wishAtFirst;
        long at = start;
        int carts = 0;
        String type = STARTS.pick(random);
        while (!type.isEmpty()) {
            if (type.equals("department")) {
                category = CATEGORIES.get(random.nextInt(CATEGORIES.size()));
            }
            events.add(new Event(events.size() + 1, at, uri(type, category, random), type));
            long pause = pause(random);
            // who was away has often bought elsewhere
            wish -= pause > 1800 * MICROS ? 0.7 : 0;
            at += hasFractions ? pause : pause / MICROS * MICROS;
            carts += type.equals("cart") ? 1 : 0;
            type = events.size() == LONGEST_SESSION ? "" : next(type, random, wish + category.appeal(), carts);
        }
        return events;
    }

    /** What comes after an event; nothing if the visitor leaves. */
    private static String next(String type, SplittableRandom random, double wish, int carts) {
        double drawn = random.nextDouble();
        return switch (type) {
            case "home" -> drawn < 0.8 ? "department" : drawn < 0.9 ? "product" : "";
            case "department" -> drawn < 0.85 ? "product" : "";
            case "product" -> {
                if (random.nextDouble() < probability(wish + 0.9)) {
                    yield "cart";
                }
                yield drawn < 0.45 ? "department" : drawn < 0.6 ? "product" : "";
            }
            case "cart" -> {
                if (random.nextDouble() < probability(wish + 0.8 + 0.4 * (carts - 1))) {
                    yield "purchase";
                }
                yield drawn < 0.4 ? "department" : drawn < 0.65 ? "cancel" : "";
            }
            default -> "";
        };
    }

    private static String uri(String type, Category category, SplittableRandom random) {
        return switch (type) {
            case "department" ->
                "/department/" + category.department() + "/category/" + category.name() + "/brand/brand"
                        + (1 + random.nextInt(20));
            case "product" -> "/product/" + (1 + CATEGORIES.indexOf(category) * 100 + random.nextInt(100));
            default -> "/" + type;
        };
    }

    /** In microseconds: seconds or a few minutes, now and then an hour or more. */
    private static long pause(SplittableRandom random) {
        double seconds = 5 - 60 * StrictMath.log(1 - random.nextDouble());
        return (long) ((random.nextInt(30) == 0 ? seconds * 60 : seconds) * MICROS);
    }

    /** As {@link StrictMath} has it, which is the same on any machine. */
    private static double probability(double logit) {
        return 1 / (1 + StrictMath.exp(-logit));
    }

    private static double gauss(SplittableRandom random) {
        return StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()))
                * StrictMath.cos(2 * StrictMath.PI * random.nextDouble());
    }
}
