package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dataplatform.spark.DataSet;
import dataplatform.spark.LogLines;
import dataplatform.spark.SparkTest;
import dataplatform.spark.batch.BatchLog;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.landing.LandingDays;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DaysToSilverTest extends SparkTest {
    private static final String HEADER = "id,user_id,sequence_number,session_id,created_at,ip_address,city,state,"
            + "postal_code,browser,traffic_source,uri,event_type\n";
    private static final String DAY = "2026-03-01";
    private static final String SILVER = "customers/events";
    private static final String QUARANTINE = "customers/events_quarantine";

    private final LogLines log = LogLines.of(DaysToSilver.class, Refresh.class, LandingDays.class);

    @TempDir
    Path folder;

    @AfterEach
    void everyRowIsAccountedFor() {
        if (Files.exists(folder.resolve("silver/platform/data_quality"))) {
            assertThat(table("platform/data_quality")
                            .filter("rows_in <> inserted + updated + deleted + skipped + quarantined")
                            .count())
                    .isZero();
        }
        log.close();
    }

    @Test
    void sessionsWithoutAUserGetOneThatIsMadeUp() throws Exception {
        // two known users with three sessions: 1.5, so two sessions share one that is made up
        drop(
                DAY,
                1,
                row(1, "7", 1, "k1")
                        + row(2, "7", 1, "k2")
                        + row(3, "8", 1, "k3")
                        + row(4, "", 2, "d")
                        + row(5, "", 1, "d")
                        + row(6, "", 1, "b")
                        + row(7, "", 1, "c")
                        + row(8, "", 1, "a")
                        + row(9, "", 1, "e"));

        assertThat(run()).isZero();
        assertThat(users())
                .containsExactly(
                        "a synthetic-2026-03-01-1 true",
                        "b synthetic-2026-03-01-1 true",
                        "c synthetic-2026-03-01-2 true",
                        "d synthetic-2026-03-01-2 true",
                        "d synthetic-2026-03-01-2 true",
                        "e synthetic-2026-03-01-3 true",
                        "k1 7 false",
                        "k2 7 false",
                        "k3 8 false");
        assertThat(quality()).containsExactly("in 9, +9, skipped 0, quarantined 0, users missing 6");
        assertThat(table(SILVER).select("event_date").distinct().collectAsList())
                .singleElement()
                .asString()
                .isEqualTo("[2026-03-01]");
    }

    @Test
    void withoutAnyKnownUserEachSessionGetsItsOwn() throws Exception {
        drop(DAY, 1, row(1, "", 1, "b") + row(2, "", 1, "a"));

        assertThat(run()).isZero();
        assertThat(users()).containsExactly("a synthetic-2026-03-01-1 true", "b synthetic-2026-03-01-2 true");
    }

    @Test
    void aRowWithoutAUserInTheSessionOfAKnownOneIsHis() throws Exception {
        drop(DAY, 1, row(1, "", 1, "a") + row(2, "7", 2, "a") + row(3, "", 3, "a"));

        assertThat(run()).isZero();
        assertThat(users()).containsExactly("a 7 false", "a 7 false", "a 7 false");
    }

    @Test
    void whatDoesNotGoWithItsSessionIsInQuarantine() throws Exception {
        drop(
                DAY,
                1,
                row(1, "7", 1, "gap")
                        + row(2, "7", 2, "gap")
                        + row(3, "7", 4, "gap")
                        + row(4, "7", 5, "gap")
                        + row(5, "7", 1, "twice")
                        + row(6, "7", 1, "twice")
                        + row(7, "7", 2, "twice")
                        + row(8, "8", 1, "two users")
                        + row(9, "9", 2, "two users")
                        + row(10, "", 3, "two users")
                        + row(11, "synthetic-x", 1, "made up")
                        + row(12, "7", 3, "began the day before")
                        + row(13, "7", 4, "began the day before"));

        assertThat(run()).isZero();
        assertThat(reasons())
                .containsExactly(
                        "3 sequence_number follows a gap in its session",
                        "6 sequence_number stands in its session already",
                        "9 user_id is not the one of its session",
                        "11 user_id begins as those do that are made up, with synthetic-");
        assertThat(ids()).containsExactly(1L, 2L, 4L, 5L, 7L, 8L, 10L, 12L, 13L);
        assertThat(users()).contains("two users 8 false").doesNotContain("two users 9 false");
    }

    @Test
    void aRowThatBreaksTheContractCostsNoOtherOneItsPlace() throws Exception {
        drop(
                DAY,
                1,
                row(1, "", 1, "a")
                        + row(2, "", 2, "a").replace("Email", "Bing")
                        + row(3, "", 3, "a").replace("cart", "")
                        + row(4, "", 4, "a")
                        + row(5, "", 1, "b").replace("Chrome", "Opera"));

        assertThat(run()).isZero();
        assertThat(reasons())
                .containsExactly(
                        "2 traffic_source is not an allowed value",
                        "3 event_type is required",
                        "5 browser is not an allowed value");
        assertThat(ids()).containsExactly(1L, 4L);
    }

    @Test
    void anEventCountsOnceHoweverOftenItComes() throws Exception {
        String rows =
                row(1, "", 1, "a") + row(2, "", 2, "a") + row(3, "7", 1, "b").replace("cart", "checkout?");
        drop(DAY, 1, rows + row(2, "", 2, "a"));
        drop(DAY, 2, rows);

        assertThat(run()).isZero();
        assertThat(ids()).containsExactly(1L, 2L);
        assertThat(reasons()).containsExactly("3 event_type is not an allowed value");
        assertThat(quality()).containsExactly("in 7, +2, skipped 4, quarantined 1, users missing 5");
    }

    @Test
    void anIdAtTwoPlacesOfTheDayStaysAtOne() throws Exception {
        drop(DAY, 1, row(1, "", 1, "a") + row(2, "", 1, "b") + row(1, "", 2, "b"));

        assertThat(run()).isZero();
        assertThat(ids()).containsExactly(1L, 2L);
        assertThat(reasons()).containsExactly("1 id stands at another place of the day");
    }

    @Test
    void rowsOfAnotherDayAreInQuarantineAndNoSessionsOfThisOne() throws Exception {
        drop(
                DAY,
                1,
                row(1, "", 1, "b")
                        + row(2, "", 2, "b").replace(DAY, "2026-03-02")
                        + row(3, "", 1, "a").replace(DAY + " 10:00:03", "2026-02-28 23:59:59.999999")
                        + row(4, "", 2, "c").replace("10:00:04", "00:00:00")
                        + row(5, "", 3, "c").replace("10:00:05", "23:59:59.999999"));

        assertThat(run()).isZero();
        assertThat(reasons())
                .containsExactly(
                        "2 created_at is not on the day of its folder", "3 created_at is not on the day of its folder");
        assertThat(users())
                .containsExactly(
                        "b synthetic-2026-03-01-1 true",
                        "c synthetic-2026-03-01-2 true",
                        "c synthetic-2026-03-01-2 true");
    }

    @Test
    void readsTimesHoweverTheyAreWritten() throws Exception {
        drop(
                DAY,
                1,
                Stream.of(
                                "2026-03-01 10:00:00",
                                "2026-03-01T10:00:00",
                                "2026-03-01 10:00:00.000",
                                "2026-03-01 10:00:00+00:00",
                                "2026-03-01 10:00:00 UTC",
                                "2026-03-01T10:00:00Z",
                                "2026-03-01 12:00:00+02:00",
                                "2026-03-01 10:00",
                                "10:00:00",
                                "2026",
                                "2026-03-32 10:00:00",
                                "01/03/2026 10:00")
                        .map(new Object() {
                            int id;

                            String next(String time) {
                                id++;
                                return row(id, "7", 1, "s" + id)
                                        .replace(String.format("2026-03-01 10:00:%02d", id), time);
                            }
                        }::next)
                        .collect(Collectors.joining()));

        assertThat(run()).isZero();
        assertThat(table(SILVER)
                        .selectExpr("cast(created_at as string)")
                        .distinct()
                        .collectAsList())
                .singleElement()
                .asString()
                .isEqualTo("[2026-03-01 10:00:00]");
        assertThat(ids()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
        assertThat(reasons()).hasSize(4).allMatch(reason -> reason.endsWith("created_at is not timestamp"));
    }

    @Test
    void readsQuotesLineBreaksAByteOrderMarkAndWindowsLineEnds() throws Exception {
        write(
                DAY,
                "events_1.csv",
                ("\uFEFF" + HEADER
                                + "1,,1,\"a\",2026-03-01 10:00:00,,\"São \"\"Paulo\"\", SP\",\"x\ny\",,Chrome,Email,\"/a,b\",home\n"
                                + "2,,2,a,2026-03-01 10:00:01,,,,,Chrome,Email\n"
                                + "3,,2,a,2026-03-01 10:00:01,,,,,Chrome,Email,,cart,,\n"
                                + "\n")
                        .replace("\n", "\r\n"));

        assertThat(run()).isZero();
        Row row = table(SILVER).first();
        assertThat(row.<String>getAs("city")).isEqualTo("São \"Paulo\", SP");
        assertThat(row.<String>getAs("state")).isEqualTo("x\ny");
        assertThat(row.<String>getAs("uri")).isEqualTo("/a,b");
        assertThat(texts(table(QUARANTINE).select("reason").sort("reason")))
                .containsExactly("it has 11 fields instead of 13", "it has 15 fields instead of 13");
    }

    @Test
    void aLateFileMakesItsDayAnewAndItAlone() throws Exception {
        drop(DAY, 1, row(1, "", 1, "b"));
        drop("2026-03-02", 1, row(2, "", 1, "z").replace(DAY, "2026-03-02"));
        assertThat(run()).isZero();
        Set<String> files = files("event_date = '2026-03-02'");

        assertThat(run()).isZero();
        assertThat(quality()).hasSize(2);

        drop(DAY, 2, row(3, "", 1, "a"));
        assertThat(run()).isZero();
        assertThat(quality()).hasSize(3).endsWith("in 2, +2, skipped 0, quarantined 0, users missing 2");
        assertThat(users())
                .containsExactly(
                        "a synthetic-2026-03-01-1 true",
                        "b synthetic-2026-03-01-2 true",
                        "z synthetic-2026-03-02-1 true");
        assertThat(files("event_date = '2026-03-02'")).isEqualTo(files);
    }

    @Test
    void aRowThatALateFileMakesGoodComesOutOfNothing() throws Exception {
        drop(DAY, 1, row(1, "7", 1, "a") + row(3, "7", 3, "a"));
        assertThat(run()).isZero();
        assertThat(reasons()).hasSize(1);

        drop(DAY, 2, row(2, "7", 2, "a"));
        assertThat(run()).isZero();
        assertThat(ids()).containsExactly(1L, 2L, 3L);
        assertThat(quality()).endsWith("in 3, +3, skipped 0, quarantined 0, users missing 0");
    }

    @Test
    void aFileThatIsCorrectedReplacesWhatItHad() throws Exception {
        drop(DAY, 1, row(1, "7", 1, "a") + row(2, "7", 2, "a"));
        assertThat(run()).isZero();
        drop(DAY, 1, row(1, "7", 1, "a") + "\n");
        assertThat(run()).isZero();
        assertThat(ids()).containsExactly(1L);

        Files.delete(folder.resolve("landing/events_input/" + DAY + "/events_1.csv"));
        drop(DAY, 2, row(5, "7", 1, "a"));
        assertThat(run("--data-sets", "customers.events", "--days", DAY)).isZero();
        assertThat(ids()).containsExactly(5L);
    }

    @Test
    void theSameDayAgainChangesNothingButTheFiles() throws Exception {
        drop(DAY, 1, row(1, "", 1, "b") + row(2, "", 1, "a") + row(3, "", 1, "a"));
        assertThat(run()).isZero();
        List<String> rows = rows(SILVER);
        List<String> bad = rows(QUARANTINE);

        assertThat(run("--data-sets", "customers.events", "--days", DAY)).isZero();
        assertThat(rows(SILVER)).isEqualTo(rows);
        assertThat(rows(QUARANTINE)).isEqualTo(bad);
        assertThat(quality()).endsWith("in 3, +2, skipped 1, quarantined 0, users missing 3");
    }

    @Test
    void aDayThatARunThatDiedHasPlannedIsGivenUpIfItsFileHasGone() throws Exception {
        drop(DAY, 1, row(1, "7", 1, "a"));
        assertThat(run()).isZero();
        Path gone = folder.resolve("landing/events_input/2026-03-02/events_1.csv");
        DataSet events = DataSet.of(contract("customers.events"), folder + "/landing", folder + "/silver");
        assertThat(new BatchLog(SPARK, events).plan(2, List.of(new FileVersion("file:" + gone, 1, 1))))
                .isTrue();
        drop(DAY, 2, row(2, "7", 1, "b"));

        assertThat(run()).isZero();
        assertThat(ids()).containsExactly(1L, 2L);
        assertThat(quality()).hasSize(2);
    }

    @Test
    void aFileThatCannotBeTakenIsNamedAndHoldsUpNoOther() throws Exception {
        drop(DAY, 1, row(1, "", 1, "a"));
        write(DAY, "events_2.csv", "id;user_id\n1;2\n");
        write(
                DAY,
                "events_3.csv",
                HEADER.replace("session_id,", "") + "1,,1,2026-03-01 10:00:00,,,,,Chrome,Email,,cart\n");
        write(DAY, "events_4.csv", HEADER + "1,,1,\"" + "x".repeat(10 << 20) + "\",,,,,,,,,\n");
        write(DAY, "events_5.csv", HEADER + "1,,1,\"a,2026-03-01 10:00:00,,,,,Chrome,Email,,cart\n");
        write(DAY, "events_6.csv", HEADER);
        write(DAY, "notes.txt", "x");
        write("march", "events_1.csv", HEADER);
        write("2126-03-01", "events_1.csv", HEADER);

        assertThat(run()).isEqualTo(1);
        assertThat(ids()).containsExactly(1L);
        assertThat(log.lines())
                .anyMatch(line -> line.contains("events_2.csv its first line has none of the headings"))
                .anyMatch(line -> line.contains("events_3.csv lacks the columns [session_id]"))
                .anyMatch(
                        line -> line.contains("events_4.csv the row that begins in line 2 has more than 1000000 bytes"))
                .anyMatch(line -> line.contains("events_5.csv a quote in the row that begins in line 2 is not closed"))
                .anyMatch(line -> line.contains("notes.txt is left out: expected "))
                .anyMatch(line -> line.contains("march/events_1.csv is left out: expected "))
                .anyMatch(line ->
                        line.contains("2126-03-01/events_1.csv is of the day 2126-03-01, which is in the future"));
        assertThat(quality()).hasSize(1);

        // what can't be read is tried again, and makes no day anew
        assertThat(run()).isEqualTo(1);
        assertThat(quality()).hasSize(1);

        drop(DAY, 2, row(2, "", 1, "b"));
        run();
        assertThat(ids()).containsExactly(1L, 2L);
    }

    @Test
    void aDayWithoutRowsIsTakenAndOneWithoutFilesIsNot() throws Exception {
        write(DAY, "events_1.csv", HEADER);
        assertThat(run()).isZero();
        assertThat(ids()).isEmpty();

        assertThat(run("--data-sets", "customers.events", "--days", "2026-03-05"))
                .isEqualTo(1);
        assertThat(log.lines())
                .anyMatch(line -> line.contains("events_input/2026-03-05 has no files; put those of the day there"));
        StringWriter errors = new StringWriter();
        assertThat(new CommandLine(new DaysToSilver())
                        .setErr(new PrintWriter(errors))
                        .execute("--landing", "x", "--silver", "y", "--days", "yesterday"))
                .isEqualTo(2);
        assertThat(errors.toString()).contains("cannot convert 'yesterday'");
    }

    /** Days at random, made with any number of tasks, against the rules in plain code. */
    @Test
    void anyDayComesOutAsTheRulesSay() throws Exception {
        for (int seed = 1; seed <= 2; seed++) {
            Random random = new Random(seed);
            List<String> lines = randomDay(random);
            Expected expected = Expected.of(lines);
            List<Expected> seen = new ArrayList<>();
            for (int files : List.of(1, 4)) {
                Path turn = folder.resolve("turn-" + seed + "-" + files);
                Collections.shuffle(lines, random);
                for (int file = 0; file < files; file++) {
                    StringBuilder text = new StringBuilder(HEADER);
                    for (int i = file; i < lines.size(); i += files) {
                        text.append(lines.get(i));
                    }
                    Path path = turn.resolve("landing/events_input/" + DAY + "/events_" + file + ".csv");
                    Files.createDirectories(path.getParent());
                    Files.writeString(path, text);
                }
                assertThat(job(turn)).isZero();
                seen.add(Expected.read(turn));
            }
            assertThat(seen).as("seed %d", seed).allSatisfy(each -> assertThat(each)
                    .isEqualTo(expected));
        }
    }

    /** What a day of these lines comes to: users by the id of the events, and ids by reason. */
    private record Expected(Map<Long, String> users, Map<String, Set<Long>> quarantined) {
        /** Rules as the contract and the job's documentation have them, event by event. */
        static Expected of(List<String> lines) {
            Map<String, List<String[]>> sessions = new TreeMap<>();
            Map<String, Set<Long>> bad = new TreeMap<>();
            for (String line : new HashSet<>(lines)) {
                String[] fields = line.strip().split(",", -1);
                if (!fields[4].startsWith(DAY)) {
                    bad.computeIfAbsent("created_at is not on the day of its folder", each -> new TreeSet<>())
                            .add(Long.parseLong(fields[0]));
                    continue;
                }
                sessions.computeIfAbsent(fields[3], each -> new ArrayList<>()).add(fields);
            }
            Map<Long, String> users = new TreeMap<>();
            Map<String, String> userOf = new TreeMap<>();
            sessions.forEach((session, rows) -> {
                rows.sort((one, other) -> {
                    int byNumber = Integer.compare(Integer.parseInt(one[2]), Integer.parseInt(other[2]));
                    int byValidity = Boolean.compare(one[10].equals("Bing"), other[10].equals("Bing"));
                    return byNumber != 0
                            ? byNumber
                            : byValidity != 0
                                    ? byValidity
                                    : Long.compare(Long.parseLong(one[0]), Long.parseLong(other[0]));
                });
                userOf.put(
                        session,
                        rows.stream()
                                .map(row -> row[1])
                                .filter(user -> !user.isEmpty())
                                .findFirst()
                                .orElse(""));
            });
            Map<String, Long> known = userOf.values().stream()
                    .filter(user -> !user.isEmpty())
                    .collect(Collectors.groupingBy(user -> user, Collectors.counting()));
            long sum = known.values().stream().mapToLong(Long::longValue).sum();
            long share = known.isEmpty() ? 1 : Math.round((double) sum / known.size());
            List<String> nameless = userOf.keySet().stream()
                    .filter(session -> userOf.get(session).isEmpty())
                    .toList();
            for (int i = 0; i < nameless.size(); i++) {
                userOf.put(nameless.get(i), "synthetic-" + DAY + "-" + (i / share + 1));
            }
            sessions.forEach((session, rows) -> {
                int before = -1;
                for (String[] row : rows) {
                    int number = Integer.parseInt(row[2]);
                    List<String> reasons = new ArrayList<>();
                    if (row[10].equals("Bing")) {
                        reasons.add("traffic_source is not an allowed value");
                    } else {
                        if (before == number) {
                            reasons.add("sequence_number stands in its session already");
                        }
                        if (before >= 0 && before < number - 1) {
                            reasons.add("sequence_number follows a gap in its session");
                        }
                        if (!row[1].isEmpty() && !row[1].equals(userOf.get(session))) {
                            reasons.add("user_id is not the one of its session");
                        }
                    }
                    before = number;
                    if (reasons.isEmpty()) {
                        users.put(Long.parseLong(row[0]), userOf.get(session));
                    } else {
                        bad.computeIfAbsent(String.join("; ", reasons), each -> new TreeSet<>())
                                .add(Long.parseLong(row[0]));
                    }
                }
            });
            return new Expected(users, bad);
        }

        static Expected read(Path turn) {
            Map<Long, String> users = new TreeMap<>();
            for (Row row :
                    DaysToSilverTest.read(turn, SILVER).select("id", "user_id").collectAsList()) {
                assertThat(users.put(row.getLong(0), row.getString(1))).isNull();
            }
            Map<String, Set<Long>> bad = new TreeMap<>();
            if (Files.exists(turn.resolve("silver/" + QUARANTINE))) {
                DaysToSilverTest.read(turn, QUARANTINE)
                        .select("reason", "raw_row")
                        .collectAsList()
                        .forEach(row -> bad.computeIfAbsent(row.getString(0), each -> new TreeSet<>())
                                .add(Long.parseLong(row.getString(1).split(",")[0])));
            }
            return new Expected(users, bad);
        }
    }

    private static List<String> randomDay(Random random) {
        List<String> lines = new ArrayList<>();
        Map<String, String> users = new HashMap<>();
        int id = 0;
        int sessions = 1 + random.nextInt(300);
        for (int s = 0; s < sessions; s++) {
            String session = Integer.toString(random.nextInt(1000), 36);
            String user = users.computeIfAbsent(
                    session, each -> random.nextInt(3) == 0 ? "" : Integer.toString(random.nextInt(6)));
            int number = 1 + random.nextInt(2);
            int events = 1 + random.nextInt(random.nextInt(20) == 0 ? 150 : 6);
            for (int e = 0; e < events; e++) {
                String line = row(++id, user, number, session);
                switch (random.nextInt(60)) {
                    case 0 -> line = line.replace("Email", "Bing");
                    case 1 -> line = line.replace(DAY, "2026-03-02");
                    case 2 -> line = row(id, "", number, session);
                    case 3 -> line = row(id, "9", number, session);
                    case 4 -> number++;
                    case 5 -> number--;
                    case 6, 7 -> lines.add(line);
                    default -> {}
                }
                lines.add(line);
                number = Math.max(1, number + 1);
            }
        }
        return lines;
    }

    @Test
    void aReviewIsPositiveIfItHasTheWord() throws Exception {
        Path file = folder.resolve("landing/raw/movie_review/" + DAY + "/movie_review.csv");
        Files.createDirectories(file.getParent());
        Files.writeString(
                file,
                "cid,review_str\n"
                        + "1,Good fun .\n"
                        + "1,\"so\tGOOD, it's good\"\n"
                        + "1,\"bad,\nvery \"\"good\"\" , said nobody\"\n"
                        + "2,goodness and no-good\n"
                        + "2,good\n"
                        + "3,\n"
                        + "x,good\n"
                        + "4\n");

        assertThat(run()).isZero();
        assertThat(texts(table("user_behaviour/movie_review")
                        .selectExpr("concat_ws(' ', review_id, cid, positive_review, insert_date, batch) as row")
                        .sort("row")))
                .containsExactly(
                        "2026-03-01/movie_review.csv:2 1 true 2026-03-01 1",
                        "2026-03-01/movie_review.csv:3 1 true 2026-03-01 1",
                        "2026-03-01/movie_review.csv:4 1 false 2026-03-01 1",
                        "2026-03-01/movie_review.csv:6 2 false 2026-03-01 1",
                        "2026-03-01/movie_review.csv:7 2 true 2026-03-01 1");
        assertThat(texts(table("user_behaviour/movie_review_quarantine")
                        .selectExpr("concat(raw_row, ' ', reason) as row")
                        .sort("row")))
                .containsExactly(
                        "3, review_str is required", "4 it has 1 fields instead of 2", "x,good cid is not int");
    }

    @Test
    void theOtherRowsOfARealShopComeOutWhole() throws Exception {
        Path real = Path.of("../../shared/data/thelook/events.csv.gz");
        assumeThat(real).as("the shared data beside the repository").exists();
        Map<String, StringBuilder> days = new TreeMap<>();
        int rows = 0;
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(real)), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine() + "\n").isEqualTo(HEADER);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String day = line.split(",")[4].substring(0, 10);
                if (day.compareTo("2026-11-20") >= 0) {
                    days.computeIfAbsent(day, each -> new StringBuilder(HEADER))
                            .append(line)
                            .append('\n');
                    rows++;
                }
            }
        }
        for (Map.Entry<String, StringBuilder> day : days.entrySet()) {
            write(day.getKey(), "events_1.csv", day.getValue().toString());
        }

        assertThat(run()).isZero();
        assertThat(table(SILVER).filter("user_id is not null").count()).isEqualTo(rows);
        assertThat(folder.resolve("silver/" + QUARANTINE)).doesNotExist();
        assertThat(table(SILVER)
                        .filter("is_synthetic <> startswith(user_id, 'synthetic-')")
                        .count())
                .isZero();
    }

    /** An event in the cart, so many seconds after ten as its id has. */
    private static String row(int id, String user, int number, String session) {
        return id + "," + user + "," + number + "," + session
                + String.format(
                        ",%s 10:%02d:%02d,10.0.0.1,Berlin,BE,10115,Chrome,Email,/cart,cart%n", DAY, id / 60, id % 60);
    }

    private void drop(String day, int number, String rows) throws IOException {
        write(day, "events_" + number + ".csv", HEADER + rows);
    }

    private void write(String day, String name, String content) throws IOException {
        Path file = folder.resolve("landing/events_input").resolve(day).resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private int run(String... arguments) {
        return job(folder, arguments);
    }

    private static int job(Path folder, String... arguments) {
        return new CommandLine(new DaysToSilver())
                .execute(Stream.concat(
                                Stream.of("--landing", folder + "/landing", "--silver", folder + "/silver"),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    private Dataset<Row> table(String name) {
        return read(folder, name);
    }

    private static Dataset<Row> read(Path folder, String name) {
        return SPARK.read().format("delta").load(folder + "/silver/" + name);
    }

    private List<Long> ids() {
        return table(SILVER).select("id").sort("id").collectAsList().stream()
                .map(row -> row.getLong(0))
                .toList();
    }

    private List<String> users() {
        return texts(table(SILVER)
                .selectExpr("concat_ws(' ', session_id, user_id, is_synthetic) as row")
                .sort("row"));
    }

    private List<String> reasons() {
        return texts(table(QUARANTINE)
                .selectExpr("int(split(raw_row, ',')[0]) as id", "reason")
                .sort("id")
                .selectExpr("concat(id, ' ', reason)"));
    }

    private List<String> quality() {
        return texts(table("platform/data_quality")
                .sort("batch")
                .selectExpr(
                        "concat('in ', rows_in, ', +', inserted, ', skipped ', skipped, ', quarantined ', quarantined,"
                                + " ', users missing ', nulls_by_column['user_id'])"));
    }

    private List<String> rows(String table) {
        return table(table).drop("batch").toJSON().collectAsList().stream()
                .sorted()
                .toList();
    }

    private Set<String> files(String where) {
        return Set.of(table(SILVER).filter(where).inputFiles());
    }

    private static List<String> texts(Dataset<Row> rows) {
        return rows.collectAsList().stream().map(row -> row.getString(0)).toList();
    }
}
