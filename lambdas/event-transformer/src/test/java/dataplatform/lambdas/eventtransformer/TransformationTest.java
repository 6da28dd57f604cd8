package dataplatform.lambdas.eventtransformer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.process.Project;
import dataplatform.parquet.ParquetFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransformationTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<Contract> CONTRACTS = Contracts.bundled();
    private static final String KEY = "web-data/raw/2026/11/28/05/web-events-1.gz";
    private static final String TIMES = "timestamp is more than ten years before it came, or more than a day after";
    private static final long RECEIVED = 1_795_842_001_500_000L;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"segment_firehose_events.ndjson", "segment_firehose_concatenated.raw"})
    void readsRealMessages(String name) throws Exception {
        Path file = Project.file("..").resolve("shared/data/segment").resolve(name);
        assumeTrue(Files.exists(file), "the real messages are not here");

        Map<String, List<Map<String, Object>>> tables = transformed(Files.readAllBytes(file));

        assertThat(tables.keySet()).containsExactly("events", "posts", "users");
        assertThat(tables.get("events"))
                .extracting(row -> row.get("event_name"))
                .containsExactly("Login Successful", "Login Successful");
        assertThat(tables.get("posts")).extracting(row -> row.get("post_id")).containsExactly("25", "26");
        assertThat(tables.get("posts").get(0))
                .containsEntry("message_id", "73dc769f-221f-4b3f-8697-22e743538eed")
                .containsEntry("user_id", "8")
                .containsEntry("author_id", "8")
                // 2019-12-14T23:24:02.793Z
                .containsEntry("occurred_at", 1_576_365_842_793_000L)
                .containsEntry("original_timestamp", "2019-12-14T23:24:02.758818+00:00")
                .doesNotContainKey("anonymous_id");
        assertThat(tables.get("users").get(0))
                .containsEntry("username", "user_c139")
                .containsEntry("about_me", "Greetings people!");
        assertThat(JSON.readTree((String) tables.get("users").get(0).get("other_fields")))
                .isEqualTo(JSON.readTree("""
                                {"channel": "server", "projectId": "REDACTED", "type": "identify", "version": 2, "writeKey": "REDACTED"}"""));
    }

    @Test
    void putsEachMessageIntoItsTableWithAllThatItSays() throws Exception {
        Map<String, List<Map<String, Object>>> tables = transformed(
                message("1", "identify", "'traits': {'email': 'a@example.com', 'age': 7}"),
                message(
                        "2",
                        "track",
                        "'event': 'Post Created', 'properties': {'id': 25, 'content': 'say \\\"hi\\\" ☃'}"),
                message("3", "track", "'event': 'User Followed', 'properties': {'followed_id': 'u2'}"),
                message("4", "track", "'event': 'User Unfollowed', 'properties': {'followed_id': 'u2'}"),
                message(
                        "5",
                        "track",
                        "'event': 'Order Completed', 'properties': {'products': [{'price': 19.975}]}, 'integrations': {'All': true}"),
                message("6", "page", "'name': 'Feed', 'context': {'ip': '203.0.113.7', 'page': {'path': '/feed'}}"),
                message("7", "group", "'groupId': 'g1', 'traits': {'size': 3}"),
                message("8", "alias", "'previousId': 'a1', '_metadata': {'nodeVersion': 'v20'}"));

        assertThat(tables.keySet()).containsExactly("events", "follows", "posts", "unfollows", "users");
        assertThat(tables.get("users"))
                .containsExactly(Map.of(
                        "message_id",
                        "1",
                        "user_id",
                        "u1",
                        "email",
                        "a@example.com",
                        "traits",
                        "{\"email\":\"a@example.com\",\"age\":7}",
                        "occurred_at",
                        RECEIVED - 500_000,
                        "received_at",
                        RECEIVED,
                        "other_fields",
                        "{\"type\":\"identify\"}"));
        assertThat(tables.get("posts").get(0))
                .containsEntry("post_id", "25")
                .containsEntry("content", "say \"hi\" ☃")
                .containsEntry("properties", "{\"id\":25,\"content\":\"say \\\"hi\\\" ☃\"}");
        assertThat(tables.get("follows").get(0)).containsEntry("followed_id", "u2");
        assertThat(tables.get("unfollows").get(0)).containsEntry("followed_id", "u2");
        List<Map<String, Object>> events = tables.get("events");
        assertThat(events).extracting(row -> row.get("type")).containsExactly("track", "page", "group", "alias");
        assertThat(events.get(0))
                .containsEntry("event_name", "Order Completed")
                .containsEntry("properties", "{\"products\":[{\"price\":19.975}]}")
                .containsEntry("integrations", "{\"All\":true}")
                .doesNotContainKey("other_fields");
        assertThat(events.get(1))
                .containsEntry("name", "Feed")
                .containsEntry("ip", "203.0.113.7")
                .containsEntry("page_path", "/feed")
                .containsEntry("context", "{\"ip\":\"203.0.113.7\",\"page\":{\"path\":\"/feed\"}}");
        assertThat(events.get(2)).containsEntry("group_id", "g1").containsEntry("traits", "{\"size\":3}");
        assertThat(events.get(3))
                .containsEntry("previous_id", "a1")
                .containsEntry("other_fields", "{\"_metadata\":{\"nodeVersion\":\"v20\"}}");
    }

    /** Each row: what stands in the message, and what the table gets of it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "}{"                | }{
            "a\\nb\\t\\"c\\\\"  | `a\nb\t"c\\`
            "\\u0000"           | \ufffd
            "\\ud83d x"         | \ufffd x
            "\\ud83d\\ude80"    | 🚀
            ""                  | ``
            12345678901234567890.50 | 12345678901234567890.50
            -0                  | -0
            true                | true
            {"a": [1, {}]}      | {"a": [1, {}]}
            """)
    void keepsATextAsItIs(String sent, String expected) throws Exception {
        String one =
                message("1", "track", "'event': 'Post Created'").replace("}", ",\"properties\":{\"id\":" + sent + "}}");

        Map<String, List<Map<String, Object>>> tables = transformed(one, message("2", "page", ""));

        assertThat(tables.get("posts")).extracting(row -> row.get("post_id")).containsExactly(expected);
        assertThat(tables.get("posts").get(0)).containsEntry("properties", "{\"id\":" + sent + "}");
        assertThat(ids(tables)).containsExactlyInAnyOrder("1", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "", "\r\n", " \n\n\t"})
    void findsMessagesWhateverStandsBetweenThem(String between) throws Exception {
        List<String> expected = new ArrayList<>();
        StringBuilder object = new StringBuilder();
        // some stand across the ends of what is read at once
        for (int i = 0; i < 4000; i++) {
            String text = "}{".repeat(i % 700);
            object.append(message("m" + i, "page", "'name': '" + text + "'")).append(between);
            expected.add("m" + i);
        }
        object.append(message("long", "page", "'name': '" + "x".repeat(3_000_000) + "'"));
        expected.add("long");

        assertThat(ids(transformed(object.toString().getBytes(UTF_8)))).containsExactlyElementsOf(expected);
    }

    @Test
    void findsMessagesOfSeveralLines() throws Exception {
        String pretty = JSON.readTree(message("1", "page", "'context': {'page': {'path': '/'}}"))
                .toPrettyString();

        assertThat(ids(transformed(pretty + pretty.replace("\"1\"", "\"2\"") + message("3", "page", ""))))
                .containsExactly("1", "2", "3");
    }

    /** Each row: what stands between two messages, and the parts of it that come to quarantine, with the reason of the first. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            x                            | x                        | no object begins here
            {"type":"page"               | {"type":"page"           | it is no JSON
            {"type":"page"}              | {"type":"page"}          | message_id is required
            {}                           | {}                       | type is none of [alias, group, identify, page, screen, track]
            {"type":"poge"}              | {"type":"poge"}          | type is none of [alias, group, identify, page, screen, track]
            {"type":["page"]}            | {"type":["page"]}        | type is none of [alias, group, identify, page, screen, track]
            [{"a":1}]                    | [{"a":1}]                | no object begins here
            "a"                          | "a"                      | no object begins here
            {"a":"b#c"}                  | {"a":"b;c"}              | it is no JSON
            {"a":NaN}                    | {"a":NaN}                | it is no JSON
            {"a":01}                     | {"a":01}                 | it is no JSON
            {"a":{"b":1}                 | {"a":{"b":1}             | it is no JSON
            """)
    void keepsApartWhatIsNoMessage(String line, String parts, String reason) throws Exception {
        String broken = line.replace('#', '\n');
        for (String newline : List.of("\n", "")) {
            String before = message("1", "page", "");
            Map<String, List<Map<String, Object>>> tables =
                    transformed(before + newline + broken + newline + message("2", "page", ""));

            assertThat(tables.get("events"))
                    .extracting(row -> row.get("message_id"))
                    .containsExactly("1", "2");
            List<Map<String, Object>> quarantined = tables.get("quarantined_messages");
            assertThat(quarantined).extracting(row -> row.get("raw_message")).containsExactly((Object[])
                    parts.split(";"));
            assertThat(quarantined.get(0))
                    .containsEntry("object_key", KEY)
                    .containsEntry("byte_offset", (long) (before + newline).getBytes(UTF_8).length)
                    .containsEntry("bytes", (long) parts.split(";")[0].getBytes(UTF_8).length)
                    .containsEntry("reason", reason)
                    // 2026-11-28T05:00:00Z, the object's hour
                    .containsEntry("received_at", 1_795_842_000_000_000L);
        }
    }

    /** Each row: a change to a message, and why it comes to quarantine. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "receivedAt":"2026 | "receivedAt":"12026 | received_at is not timestamp
            :01.000Z"          | :01.000+99:00"      | occurred_at is not timestamp
            "timestamp":"2026  | "timestamp":"0000   | occurred_at is not timestamp
            "timestamp":"2026-11-28T05:00:01.000Z" | "timestamp":true | occurred_at is not timestamp
            "timestamp":       | "time":             | occurred_at is required
            "messageId":"1"    | "messageId":null    | message_id is required
            """)
    void keepsApartAMessageThatATableCanNotHold(String found, String replacement, String reason) throws Exception {
        String broken = message("1", "page", "");
        assertThat(broken).contains(found);

        Map<String, List<Map<String, Object>>> tables =
                transformed(broken.replace(found, replacement) + "\n" + message("2", "page", ""));

        assertThat(ids(tables)).contains("2");
        assertThat(tables.get("quarantined_messages"))
                .extracting(row -> row.get("reason"))
                .containsExactly(reason);
    }

    @Test
    void keepsApartWhatTheCollectorRefused() throws Exception {
        Map<String, List<Map<String, Object>>> tables = transformed("""
                {"messageId":"content-1","receivedAt":"2026-11-28T05:00:01.500Z","source":"web","quarantined":{"reason":"event is missing","raw":"eyJ0eXBlIjoidHJhY2sifQ=="}}
                {"messageId":"content-2","receivedAt":"2026-11-28T05:00:01.500Z","source":"web","quarantined":{"reason":"event is missing","raw":"?"}}""");

        assertThat(tables.keySet()).containsExactly("quarantined_messages");
        assertThat(tables.get("quarantined_messages").get(0))
                .containsEntry("reason", "event is missing")
                .containsEntry("raw_message", "{\"type\":\"track\"}")
                .containsEntry("message_id", "content-1")
                .containsEntry("source", "web")
                .containsEntry("received_at", RECEIVED);
        assertThat(tables.get("quarantined_messages").get(1))
                .containsEntry("reason", "it is no message that was refused");
    }

    @Test
    void isNotHeldUpByWhatIsDeepOrLongOrNoUtf8() throws Exception {
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        byte[][] parts = {
            "{\"a\":".repeat(100_000).getBytes(UTF_8),
            ("{\"a\":" + "1".repeat(100_000) + "}").getBytes(UTF_8),
            ("{\"a\":\"" + "{\"".repeat(100_000)).getBytes(UTF_8),
            message("bad", "page", "'name': '\u00ff\u00fe'").getBytes(ISO_8859_1),
            ("{\"a\":\"" + "x".repeat(9 << 20)).getBytes(UTF_8),
            "{\0\"\0a\0\"\0:\0001\0}\0".getBytes(UTF_8),
        };
        for (int i = 0; i < parts.length; i++) {
            object.writeBytes(parts[i]);
            object.write('\n');
            object.writeBytes(message("m" + i, "page", "").getBytes(UTF_8));
        }

        Map<String, List<Map<String, Object>>> tables = transformed(object.toByteArray());

        assertThat(tables.get("events"))
                .extracting(row -> row.get("message_id"))
                .containsExactly("m0", "m1", "m2", "m3", "m4", "m5");
        long bytes = tables.get("quarantined_messages").stream()
                .mapToLong(row -> (Long) row.get("bytes"))
                .sum();
        assertThat(bytes)
                .isEqualTo(Arrays.stream(parts).mapToLong(part -> part.length).sum());
    }

    /** A bit that has changed makes other values of what was packed, and is noticed at the end at the latest. */
    @Test
    void trustsNothingOfADamagedObject() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        int messages = 300;
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < messages; i++) {
            lines.append(message("m" + i, "page", "'name': '" + random.nextInt(1000) + "'"))
                    .append('\n');
        }
        byte[] packed = gzip(lines.toString().getBytes(UTF_8));
        for (int flip = 0; flip < 100; flip++) {
            byte[] changed = packed.clone();
            // behind the header, of which a few bits have no meaning
            changed[random.nextInt(10, changed.length)] ^= (byte) (1 << random.nextInt(8));

            Map<String, List<Map<String, Object>>> tables = transformed(changed);

            assertThat(tables.keySet()).containsExactly("quarantined_messages");
            assertThat(last(tables.get("quarantined_messages")).get("reason"))
                    .asString()
                    .startsWith("the gzip is damaged");
        }
        Map<String, List<Map<String, Object>>> cut = transformed(Arrays.copyOf(packed, packed.length / 2));
        assertThat(cut.keySet()).containsExactly("quarantined_messages");
        assertThat(cut.get("quarantined_messages")).hasSizeBetween(50, messages - 1);
        assertThat(transformed(Arrays.copyOf(packed, 5)).get("quarantined_messages"))
                .hasSize(1);
        byte[] wrongSum = packed.clone();
        wrongSum[wrongSum.length - 5] ^= 1;
        assertThat(transformed(wrongSum).get("quarantined_messages"))
                // and what was unpacked last is not seen
                .hasSizeBetween(messages - 30, messages)
                .filteredOn(row -> "m7".equals(row.get("message_id")))
                .singleElement()
                .satisfies(row ->
                        assertThat(row.get("reason")).isEqualTo("the gzip is damaged, so it may not be what was sent"));
    }

    /** An object can be several that were packed one by one. */
    @Test
    void missesNothingBehindTheFirstMember() throws Exception {
        byte[] first = gzip(message("1", "page", "").getBytes(UTF_8));
        byte[] second = gzip(message("2", "page", "").getBytes(UTF_8));
        assertThat(ids(transformed(join(first, second)))).containsExactly("1", "2");

        List<byte[]> damaged = new ArrayList<>(
                List.of(Arrays.copyOf(second, 5), message("2", "page", "").getBytes(UTF_8)));
        for (int place = 0; place < 3; place++) {
            byte[] header = second.clone();
            header[place] ^= 1;
            damaged.add(header);
        }
        for (byte[] behind : damaged) {
            assertThat(last(transformed(join(first, behind)).get("quarantined_messages"))
                            .get("reason"))
                    .asString()
                    .startsWith("the gzip is damaged, and what stood behind is lost: ");
        }
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Test
    void refusesWhatBelongsToNobodyOrToNoDayThatCanBe() throws Exception {
        String nobody = message("1", "page", "").replace(",\"userId\":\"u1\"", "");
        List<String> days = Stream.of("1970-01-01", "2016-11-01", "2026-11-29", "2026-11-30", "2970-01-01")
                .map(day -> message(day, "page", "").replaceFirst("2026-11-28", day))
                .toList();

        Map<String, List<Map<String, Object>>> tables =
                transformed(Stream.concat(Stream.of(nobody), days.stream()).toArray(String[]::new));

        assertThat(ids(tables)).containsExactly("2026-11-29");
        assertThat(tables.get("quarantined_messages"))
                .extracting(row -> row.get("reason"))
                .containsExactly("there is neither userId nor anonymousId", TIMES, TIMES, TIMES, TIMES);
    }

    @Test
    void makesTheSameFilesOfTheSameObject() throws Exception {
        byte[] object = gzip((message("1", "page", "") + message("2", "identify", "") + "x").getBytes(UTF_8));

        Path stored = Files.write(folder.resolve("same"), object);
        Map<String, ParquetFile> first = Transformation.run(CONTRACTS, KEY, stored, folder.resolve("1"));
        Map<String, ParquetFile> second = Transformation.run(CONTRACTS, KEY, stored, folder.resolve("2"));

        assertThat(first.keySet())
                .containsExactly(
                        "web-data/transformed/events/2026/11/28/05/web-events-1.gz.parquet",
                        "web-data/transformed/quarantined_messages/2026/11/28/05/web-events-1.gz.parquet",
                        "web-data/transformed/users/2026/11/28/05/web-events-1.gz.parquet");
        for (String key : first.keySet()) {
            assertThat(second.get(key).path())
                    .hasSameBinaryContentAs(first.get(key).path());
        }
        assertThat(transformed(new byte[0])).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "web-data/raw/a.gz",
                "web-data/transformed/2026/11/28/05/a.gz",
                "web-data/raw/2026/13/28/05/a.gz",
                "web-data/raw/2026/11/28/05/",
                "web-data/raw/2026/11/28/05/_a.gz",
                "web-data/raw/2026/11/28/05/.a.gz"
            })
    void refusesAnObjectOfNoHour(String key) {
        assertThatThrownBy(() -> Transformation.run(CONTRACTS, key, folder.resolve("none"), folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(key);
    }

    /**
     * Changes bytes of an object at random: each message that none of them is in stands in its table, once; each other one makes a row or is
     * in a part that is in quarantine, and every byte of the object is in a message or in such a part.
     */
    @Test
    void losesNoMessageBesideBytesThatWereChanged() throws Exception {
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            boolean hasNewlines = random.nextBoolean();
            int messages = 200;
            ByteArrayOutputStream object = new ByteArrayOutputStream();
            int[] begins = new int[messages];
            int[] ends = new int[messages];
            for (int i = 0; i < messages; i++) {
                begins[i] = object.size();
                object.writeBytes(randomMessage(i, random).getBytes(UTF_8));
                ends[i] = object.size();
                if (hasNewlines) {
                    object.write('\n');
                }
            }
            byte[] changed = object.toByteArray();
            Set<Integer> places = new HashSet<>();
            int changes = random.nextInt(1, changed.length / 100);
            for (int i = 0; i < changes; i++) {
                int place = random.nextInt(changed.length);
                places.add(place);
                changed[place] = random.nextBoolean()
                        ? (byte) random.nextInt(256)
                        : (byte) "{}[]\":,\n\\".charAt(random.nextInt(9));
            }

            Map<String, List<Map<String, Object>>> tables = transformed(random.nextBoolean() ? gzip(changed) : changed);

            List<Map<String, Object>> quarantined = tables.getOrDefault("quarantined_messages", List.of());
            List<Object> ids = ids(tables);
            int whole = 0;
            for (int i = 0; i < messages; i++) {
                int begin = begins[i];
                int end = ends[i];
                if (places.stream().noneMatch(place -> place >= begin && place < end)) {
                    assertThat(ids).as("seed %d, message %d", seed, i).containsOnlyOnce(id(i));
                }
                if (quarantined.stream().noneMatch(row -> overlaps(row, begin, end))) {
                    whole++;
                }
            }
            assertThat(ids.size()).as("seed %d", seed).isBetween(whole, messages);
        }
    }

    private static boolean overlaps(Map<String, Object> quarantined, int begin, int end) {
        long from = (Long) quarantined.get("byte_offset");
        return from < end && from + (Long) quarantined.get("bytes") > begin;
    }

    private static String randomMessage(int i, SplittableRandom random) throws IOException {
        String[] texts = {"}{", "\n{\"type\":\"page\"}", "\\", "\"", "☃🚀", "plain", "{\"messageId\":\"x\"}", ""};
        ObjectNode message = (ObjectNode) JSON.readTree(message(id(i), "page", ""));
        ObjectNode properties = message.putObject("properties");
        for (int n = random.nextInt(5); n > 0; n--) {
            properties.put(texts[random.nextInt(texts.length)], texts[random.nextInt(texts.length)]);
            properties.putObject("nested").put("messageId", texts[random.nextInt(texts.length)]);
        }
        if (random.nextInt(10) == 0) {
            message.put("type", "identify");
        }
        return JSON.writeValueAsString(message);
    }

    /** One that a changed byte does not make of another. */
    private static String id(int i) {
        return new UUID(new SplittableRandom(i).nextLong(), i).toString();
    }

    /** @param more fields, in single quotes */
    static String message(String id, String type, String more) {
        return "{'type':'%s','messageId':'%s','userId':'u1','timestamp':'2026-11-28T05:00:01.000Z','receivedAt':'2026-11-28T05:00:01.500Z'%s}"
                .formatted(
                        type,
                        id,
                        more.isEmpty() ? "" : "," + more.replace(": ", ":").replace(", ", ","))
                .replace('\'', '"');
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    private static List<Object> ids(Map<String, List<Map<String, Object>>> tables) {
        return tables.entrySet().stream()
                .filter(table -> !table.getKey().equals("quarantined_messages"))
                .map(Map.Entry::getValue)
                .flatMap(Collection::stream)
                .map(row -> row.get("message_id"))
                .toList();
    }

    private static <T> T last(List<T> all) {
        return all.get(all.size() - 1);
    }

    private Map<String, List<Map<String, Object>>> transformed(String... messages) throws IOException {
        return transformed(String.join("\n", messages).getBytes(UTF_8));
    }

    /** The rows by table. */
    private Map<String, List<Map<String, Object>>> transformed(byte[] object) throws IOException {
        Path files = Files.createTempDirectory(folder, "files");
        Path stored = Files.write(files.resolve("object"), object);
        Map<String, List<Map<String, Object>>> tables = new TreeMap<>();
        for (Map.Entry<String, ParquetFile> file :
                Transformation.run(CONTRACTS, KEY, stored, files).entrySet()) {
            List<Map<String, Object>> rows = ParquetRows.of(file.getValue().path());
            assertThat(rows).hasSize((int) file.getValue().rows());
            tables.put(file.getKey().split("/")[2], rows);
        }
        return tables;
    }
}
