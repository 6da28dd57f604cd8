package dataplatform.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.source.CustomerEventGenerator.Day;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CustomerEventGeneratorTest {
    private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
    private static final int USER = 1;
    private static final int NUMBER = 2;
    private static final int SESSION = 3;
    private static final int TIME = 4;
    private static final int SOURCE = 10;
    private static final int TYPE = 12;

    @TempDir
    Path folder;

    @Test
    void makesTheSameFilesOnAnyMachineWhicheverDaysAreMadeWithThem() throws Exception {
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        List<Day> one = new CustomerEventGenerator(folder.resolve("one"), FIRST, 3, 200, 7).write();
        List<Day> other;
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("America/Sao_Paulo"));
            other = new CustomerEventGenerator(folder.resolve("other"), FIRST.plusDays(1), 1, 200, 7).write();
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
        assertThat(other).containsExactly(one.get(1));
        assertThat(file("other", FIRST.plusDays(1))).hasSameBinaryContentAs(file("one", FIRST.plusDays(1)));
        List<Day> another = new CustomerEventGenerator(folder.resolve("another"), FIRST, 3, 200, 8).write();
        assertThat(another).doesNotContainAnyElementsOf(one);
    }

    @Test
    void writesWholeSessionsOfOneVisitorEachEventOnItsDay() throws Exception {
        List<Day> days = new CustomerEventGenerator(folder, FIRST, 3, 2000, 1).write();
        Set<String> ids = new HashSet<>();
        Map<String, List<String[]>> sessions = new TreeMap<>();
        for (Day day : days) {
            List<String[]> rows = rows("", day.day());
            assertThat(rows).hasSize((int) day.events());
            assertThat(rows.stream().filter(row -> row[USER].isEmpty())).hasSize((int) day.ofNobody());
            assertThat((double) day.ofNobody() / day.events()).isBetween(0.4, 0.6);
            for (String[] row : rows) {
                assertThat(row[TIME]).startsWith(day.day() + " ");
                assertThat(ids.add(row[0])).isTrue();
                sessions.computeIfAbsent(row[SESSION], id -> new ArrayList<>()).add(row);
            }
        }
        List<String[]> overMidnight = new ArrayList<>();
        for (List<String[]> rows : sessions.values()) {
            int first = Integer.parseInt(rows.get(0)[NUMBER]);
            for (int i = 0; i < rows.size(); i++) {
                String[] row = rows.get(i);
                assertThat(Integer.parseInt(row[NUMBER])).isEqualTo(first + i);
                assertThat(row[USER]).isEqualTo(rows.get(0)[USER]);
                if (i > 0) {
                    assertThat(row[TIME]).isGreaterThanOrEqualTo(rows.get(i - 1)[TIME]);
                }
            }
            if (!rows.get(0)[TIME].substring(0, 10).equals(rows.get(rows.size() - 1)[TIME].substring(0, 10))) {
                overMidnight.add(rows.get(0));
            }
        }
        assertThat(overMidnight).isNotEmpty();
        assertThat(sessions.values().stream().flatMap(List::stream).map(row -> row[TIME].length()))
                .contains(19, 26);
    }

    /** A model is to have something to learn, and no score that is too good to be true. */
    @Test
    void purchasesFollowFromWhatVisitorsDoAndNotFromWhetherTheyAreKnown() throws Exception {
        new CustomerEventGenerator(folder, FIRST, 2, 5000, 1).write();
        Map<String, List<String[]>> sessions =
                rows("", FIRST.plusDays(1)).stream().collect(Collectors.groupingBy(row -> row[SESSION]));

        assertThat(share(sessions, rows -> rows.get(0)[SOURCE].equals("Email")))
                .isGreaterThan(1.3 * share(sessions, rows -> rows.get(0)[SOURCE].equals("YouTube")));
        assertThat(share(sessions, rows -> rows.stream().anyMatch(row -> row[TYPE].equals("cart"))))
                .isGreaterThan(share(sessions, rows -> true))
                .isLessThan(0.9);
        assertThat(share(sessions, rows -> rows.get(0)[USER].isEmpty())).isBetween(0.1, 0.4);
        assertThat(share(sessions, rows -> !rows.get(0)[USER].isEmpty())).isBetween(0.1, 0.4);
    }

    private interface Choice {
        boolean takes(List<String[]> session);
    }

    /** Of the sessions that are chosen, the share that ends in a purchase. */
    private static double share(Map<String, List<String[]>> sessions, Choice choice) {
        return sessions.values().stream()
                .filter(choice::takes)
                .mapToInt(rows -> rows.get(rows.size() - 1)[TYPE].equals("purchase") ? 1 : 0)
                .average()
                .orElseThrow();
    }

    @Test
    void whatWasThereOfADayIsReplaced() throws Exception {
        Path day = Files.createDirectories(folder.resolve("events_input/2026-03-01"));
        Files.writeString(day.resolve("events_9.csv"), "old");
        new CustomerEventGenerator(folder, FIRST, 1, 10, 1).write();
        try (Stream<Path> files = Files.list(day)) {
            assertThat(files).containsExactly(day.resolve("events_1.csv"));
        }
        assertThatThrownBy(() -> new CustomerEventGenerator(folder, FIRST, 0, 10, 1))
                .hasMessage("make at least one day and one session");
    }

    private Path file(String of, LocalDate day) {
        return folder.resolve(of)
                .resolve("events_input")
                .resolve(day.toString())
                .resolve("events_1.csv");
    }

    private List<String[]> rows(String of, LocalDate day) throws IOException {
        Path file = folder.resolve(of)
                .resolve("events_input")
                .resolve(day.toString())
                .resolve("events_1.csv");
        try (Stream<String> lines = Files.lines(file)) {
            // the one comma in a field
            return lines.skip(1)
                    .map(line ->
                            line.replace("\"Washington, D.C.\"", "Washington").split(",", -1))
                    .peek(row -> assertThat(row).as(Arrays.toString(row)).hasSize(13))
                    .toList();
        }
    }
}
