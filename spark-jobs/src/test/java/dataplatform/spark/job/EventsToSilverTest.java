package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contract;
import dataplatform.spark.SparkTest;
import dataplatform.spark.silver.ContractColumns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EventsToSilverTest extends SparkTest {
    private static final Instant MIDNIGHT = Instant.parse("2026-11-28T00:00:00Z");

    @TempDir
    private Path folder;

    @Test
    void aMessageThatComesAgainIsThereOnceAsItCameFirst() throws Exception {
        // the client's clock was put right between two tries
        drop("events", "1", event("a", 10, 20, "first"), event("a", 15, 30, "again"), event("b", 11, 20, ""));
        drop("posts", "1", event("a", 10, 20, "a post"));
        assertThat(run()).isZero();
        assertThat(rows("events")).containsExactly("a 00:00:10 first", "b 00:00:11 ");
        assertThat(rows("posts")).containsExactly("a 00:00:10 a post");
        assertThat(quality("web.events")).containsExactly("in 3, +2 ~0 -0, skipped 1, quarantined 0");

        drop("events", "2", event("a", 12, 40, "later"), event("c", 13, 40, ""));
        drop("events", "3", event("b", 11, 20, ""));
        assertThat(run()).isZero();

        assertThat(rows("events")).containsExactly("a 00:00:10 first", "b 00:00:11 ", "c 00:00:13 ");
        assertThat(quality("web.events")).last().isEqualTo("in 3, +1 ~0 -0, skipped 2, quarantined 0");
    }

    @Test
    void whatCameFirstHasTheSayThoughItsFileComesLast() throws Exception {
        // before and after midnight: it leaves one day and comes to another
        drop("events", "1", event("a", 1, 30, "second"), event("b", 5, 30, ""));
        assertThat(run()).isZero();

        drop("events", "2", event("a", -1, 20, "first"));
        assertThat(run()).isZero();

        assertThat(rows("events")).containsExactly("a 23:59:59 first", "b 00:00:05 ");
        assertThat(days("events")).containsExactly("2026-11-27 a", "2026-11-28 b");
    }

    @Test
    void aLateEventChangesItsOwnDayAlone() throws Exception {
        int day = 24 * 60 * 60;
        drop(
                "events",
                "1",
                event("a", -10 * day, -10 * day, ""),
                event("b", -9 * day, -9 * day, ""),
                event("c", 1, 2, ""));
        assertThat(run()).isZero();
        List<String> before = files("events");

        drop("events", "2", event("d", -9 * day, 10, ""), event("c", 1, 11, "again"));
        assertThat(run()).isZero();

        assertThat(days("events")).containsExactly("2026-11-18 a", "2026-11-19 b", "2026-11-19 d", "2026-11-28 c");
        assertThat(files("events")).containsAll(before).hasSize(before.size() + 1);
    }

    @Test
    void anotherRunFindsNothingToDo() throws Exception {
        drop("events", "1", event("a", 1, 2, ""));
        assertThat(run()).isZero();
        List<String> commits = commits("events");

        assertThat(run()).isZero();
        assertThat(commits("events")).isEqualTo(commits);

        // the same messages from the same object, made anew
        drop("events", "1", event("a", 1, 2, ""));
        assertThat(run()).isZero();
        assertThat(rows("events")).containsExactly("a 00:00:01 ");
    }

    @Test
    void aColumnThatTheContractGotLaterIsEmptyInOlderFiles() throws Exception {
        Dataset<Row> rows = rows("events", event("a", 1, 2, "x")).drop("page_title", "properties");
        writeFile(rows, folder.resolve("transformed/events/2026/11/28/00/old.parquet"));
        drop("events", "new", event("b", 1, 2, "y"));

        assertThat(run()).isZero();

        assertThat(rows("events")).containsExactly("a 00:00:01 ", "b 00:00:01 y");
    }

    @Test
    void aFileThatIsBrokenLeavesTheOthersAlone() throws Exception {
        drop("events", "1", event("a", 1, 2, ""));
        Path broken = folder.resolve("transformed/events/2026/11/28/00/2.parquet");
        Files.writeString(broken, "no Parquet");

        assertThat(run()).isOne();
        assertThat(rows("events")).containsExactly("a 00:00:01 ");

        drop("events", "2", event("b", 1, 2, ""));
        assertThat(run()).isZero();
        assertThat(rows("events")).containsExactly("a 00:00:01 ", "b 00:00:01 ");
    }

    @Test
    void refusesADataSetThatIsNoStream() {
        assertThat(run("--data-sets", "ecommerce.orders")).isEqualTo(2);
    }

    /** Copies of messages, each with its own times, in any files in any order: the table has of each the one that came first. */
    @Test
    void theTableIsTheSameInWhateverOrderFilesCome() throws Exception {
        for (long seed = 1; seed <= 4; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Map<String, Integer> first = new HashMap<>();
            Map<String, String> expected = new HashMap<>();
            for (int file = 0; file < 8; file++) {
                List<String> events = new ArrayList<>();
                for (int i = random.nextInt(1, 12); i > 0; i--) {
                    String id = "m" + random.nextInt(25);
                    int received = random.nextInt(200_000);
                    int occurred = received - random.nextInt(200_000);
                    if (received < first.getOrDefault(id, Integer.MAX_VALUE)) {
                        first.put(id, received);
                        expected.put(id, id + " " + MIDNIGHT.plusSeconds(occurred) + " " + file);
                    } else if (received == first.get(id)) {
                        continue;
                    }
                    events.add(event(id, occurred, received, Integer.toString(file)));
                }
                drop("events", seed + "-" + file, events.toArray(String[]::new));
                if (random.nextBoolean()) {
                    assertThat(run("--silver", folder + "/silver" + seed)).isZero();
                }
            }
            assertThat(run("--silver", folder + "/silver" + seed)).isZero();

            assertThat(SPARK.read()
                            .format("delta")
                            .load(folder + "/silver" + seed + "/web/events")
                            .selectExpr(
                                    "concat_ws(' ', message_id, date_format(occurred_at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\"), page_title)")
                            .as(Encoders.STRING())
                            .collectAsList())
                    .as("seed %d", seed)
                    .containsExactlyInAnyOrderElementsOf(expected.values());
            try (Stream<Path> files = Files.walk(folder.resolve("transformed"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** @param occurred seconds after midnight, as received */
    private static String event(String id, int occurred, int received, String text) {
        return ("{\"message_id\":\"%s\",\"type\":\"page\",\"occurred_at\":\"%s\",\"received_at\":\"%s\",\"page_title\":\"%s\","
                        + "\"content\":\"%s\"}")
                .formatted(id, MIDNIGHT.plusSeconds(occurred), MIDNIGHT.plusSeconds(received), text, text);
    }

    private void drop(String table, String name, String... events) throws IOException {
        writeFile(rows(table, events), folder.resolve("transformed/" + table + "/2026/11/28/00/" + name + ".parquet"));
    }

    private static Dataset<Row> rows(String table, String... events) {
        Contract contract = contract("web." + table);
        StructType schema = new StructType();
        for (dataplatform.contracts.Column column : contract.columns()) {
            schema = schema.add(column.name(), ContractColumns.sparkType(column.type()));
        }
        return SPARK.read().schema(schema).json(SPARK.createDataset(List.of(events), Encoders.STRING()));
    }

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--transformed", folder + "/transformed"));
        if (!List.of(arguments).contains("--silver")) {
            all.addAll(List.of("--silver", folder + "/silver"));
        }
        all.addAll(List.of(arguments));
        return new CommandLine(new EventsToSilver()).execute(all.toArray(String[]::new));
    }

    private Dataset<Row> table(String name) {
        return SPARK.read().format("delta").load(folder + "/silver/" + name);
    }

    private List<String> rows(String table) {
        return texts(table("web/" + table)
                .selectExpr("concat(message_id, date_format(occurred_at, ' HH:mm:ss '), coalesce("
                        + (table.equals("posts") ? "content" : "page_title") + ", '')) as row")
                .sort("row"));
    }

    private List<String> days(String table) {
        return texts(table("web/" + table)
                .selectExpr("concat_ws(' ', occurred_on, message_id) as row")
                .sort("row"));
    }

    private List<String> files(String table) {
        return Stream.of(table("web/" + table).inputFiles()).sorted().toList();
    }

    private List<String> commits(String table) throws IOException {
        try (Stream<Path> log = Files.list(folder.resolve("silver/web/" + table + "/_delta_log"))) {
            return log.map(Path::toString)
                    .filter(name -> name.endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    private List<String> quality(String dataSet) {
        return texts(table("platform/data_quality")
                .filter("data_set = '" + dataSet + "'")
                .sort("batch")
                .selectExpr(
                        "concat('in ', rows_in, ', +', inserted, ' ~', updated, ' -', deleted, ', skipped ', skipped, ', quarantined ',"
                                + " quarantined)"));
    }

    private static List<String> texts(Dataset<Row> rows) {
        return rows.as(Encoders.STRING()).collectAsList();
    }
}
