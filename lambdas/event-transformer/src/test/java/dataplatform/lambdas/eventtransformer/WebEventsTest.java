package dataplatform.lambdas.eventtransformer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.segment.analytics.Analytics;
import com.segment.analytics.messages.TrackMessage;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.Moto;
import dataplatform.local.events.Arrivals;
import dataplatform.local.events.EventsPage;
import dataplatform.local.events.Traffic;
import dataplatform.local.events.WebEvents;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.SparkJob;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/** Web events all the way from clients to silver. */
class WebEventsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KEY = "a write key";
    private static final int SENT = 90_000;
    private static final int BATCH = 250;
    private static final int DAMAGED = 10_000;
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final List<String> TABLES = List.of("events", "follows", "posts", "unfollows", "users");

    @TempDir
    private static Path folder;

    private static final HttpClient http = HttpClient.newHttpClient();
    private static final SplittableRandom random = new SplittableRandom(7);
    private static Moto moto;
    private static LoopbackServer kinesis;
    private static LocalPlatform engines;
    private static WebEvents events;
    private static volatile boolean faulty;
    private static final Map<String, JsonNode> sent = new HashMap<>();
    private static Map<String, boolean[]> damaged;
    /** The rows of silver by message. */
    private static Map<String, Map<String, Object>> rows;

    /**
     * Clients send; then Kinesis refuses parts, throttles, and fails after it took everything; clients send again; the transformer is killed at
     * work and told of objects twice and out of order; and of some objects one byte in a hundred is another than was written.
     */
    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        engines = LocalPlatform.start(folder.resolve("platform"));
        kinesis = LoopbackServer.start(WebEventsTest::kinesis);
        events = WebEvents.start(
                folder.resolve("events"),
                moto,
                engines.s3(),
                new WebEvents.Settings(
                        KEY, 4 << 20, Duration.ofSeconds(1), Optional.of(URI.create("http://" + kinesis.address()))),
                line -> {});
        clients();
        trouble();
        silver();
        rows = rows();
    }

    @AfterAll
    static void stop() {
        events.close();
        kinesis.close();
        engines.close();
        moto.close();
    }

    @Test
    void ofAHundredThousandEventsNoneIsLostOrTwiceWhateverGoesWrong() throws Exception {
        for (Map.Entry<String, JsonNode> each : sent.entrySet()) {
            assertThat(rows).containsKey(each.getKey());
            isAsSent(rows.get(each.getKey()), each.getValue());
        }
    }

    /** Each row of the clients' own events: they sent a hundred of them each way, and four of other types. */
    @ParameterizedTest
    @CsvSource({"@segment/analytics-node, 104", "analytics-python, 208", "analytics-java, 100"})
    void clientsUnchangedFindEachEventOnceAsTheySentIt(String library, int count) throws Exception {
        List<Map<String, Object>> own = of(library);
        List<Integer> numbers = new ArrayList<>();
        for (Map<String, Object> row : own) {
            JsonNode properties = JSON.readTree((String) row.getOrDefault("properties", "{}"));
            if (row.get("table").equals("events") && row.get("type").equals("track")) {
                int number = properties.get("number").asInt();
                numbers.add(number);
                assertThat(row).containsEntry("event_name", "Clicked").containsEntry("user_id", "u" + number % 7);
                if (!library.equals("analytics-java")) {
                    assertThat(properties.get("price").toString()).isEqualTo("19.975");
                    assertThat(properties.get("nested").toString()).isEqualTo("{\"list\":[1,{\"a\":null}]}");
                    assertThat(row).containsEntry("ip", "203.0.113.7");
                }
            }
        }

        assertThat(own).hasSize(count);
        assertThat(numbers.stream().sorted())
                .containsExactlyElementsOf(IntStream.range(0, 100)
                        .flatMap(number -> IntStream.generate(() -> number).limit(count / 100))
                        .boxed()
                        .toList());
        if (!library.equals("analytics-java")) {
            assertThat(own)
                    .filteredOn(row -> row.get("table").equals("users"))
                    .allSatisfy(row -> assertThat(row).containsEntry("name", "Ångström 🚀"))
                    .hasSize(count / 100);
        }
    }

    @Test
    void theBrowsersClientUnchangedFindsEachEventOnce() {
        assumeTrue(Files.exists(CHROMIUM), "there is no " + CHROMIUM);
        assertThat(of("analytics.js"))
                .filteredOn(row -> row.getOrDefault("user_agent", "").toString().contains("Headless"))
                .extracting(row -> row.get("table"))
                .containsExactlyInAnyOrder("users", "users", "posts", "follows", "unfollows", "events");
    }

    private static List<Map<String, Object>> of(String library) {
        return rows.values().stream()
                .filter(row -> row.getOrDefault("context", "").toString().contains("\"name\":\"" + library + "\""))
                .toList();
    }

    private static void clients() throws Exception {
        Analytics analytics =
                Analytics.builder(KEY).endpoint(events.endpoint() + "/").build();
        for (int i = 0; i < 100; i++) {
            analytics.enqueue(
                    TrackMessage.builder("Clicked").userId("u" + i % 7).properties(Map.of("number", i)));
        }
        analytics.flush();
        String clients = Project.file("lambdas/event-collector/clients").toString();
        String python = Project.file(".venv/bin/python").toString();
        List<List<String>> commands = new ArrayList<>(List.of(
                List.of("node", clients + "/send.mjs", events.endpoint().toString(), KEY, "100"),
                List.of(python, clients + "/send.py", events.endpoint().toString(), KEY, "100", "plain"),
                List.of(python, clients + "/send.py", events.endpoint().toString(), KEY, "100", "gzip")));
        try (Arrivals arrivals = Arrivals.start(engines.s3Client(), folder.resolve("arrivals"));
                EventsPage page = EventsPage.start(events.endpoint(), KEY, arrivals)) {
            if (Files.exists(CHROMIUM)) {
                commands.add(List.of(
                        CHROMIUM.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--user-data-dir=" + folder.resolve("chromium"),
                        "--virtual-time-budget=20000",
                        "--dump-dom",
                        page.address() + "#all"));
            }
            for (List<String> command : commands) {
                try (ChildProcess client =
                        ChildProcess.start("client", command, Map.of(), folder.resolve("client.log"))) {
                    client.await(line -> {});
                }
            }
        }
        analytics.shutdown();
    }

    private static void trouble() throws Exception {
        faulty = true;
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            send(threads);
            Future<Void> killer = threads.submit(WebEventsTest::killNowAndThen);
            damaged = putDamaged();
            awaitAllTransformed(sent.keySet());
            faulty = false;
            killer.get();
            awaitEmptyQueue();
        } finally {
            threads.shutdownNow();
        }
    }

    private static void send(ExecutorService threads) throws Exception {
        Traffic traffic = new Traffic(1, 2000);
        Instant start = Instant.now().minus(Duration.ofHours(30));
        List<Future<Void>> sending = new ArrayList<>();
        for (int i = 0; i < SENT / BATCH; i++) {
            List<ObjectNode> batch = new ArrayList<>();
            for (int j = 0; j < BATCH; j++) {
                ObjectNode message = traffic.next(start.plusSeconds(i * BATCH + j));
                sent.put(message.get("messageId").asText(), message);
                batch.add(message);
            }
            // a client that did not hear the answer sends all of it again
            int times = i % 20 == 0 ? 2 : 1;
            for (int time = 0; time < times; time++) {
                sending.add(threads.submit(() -> {
                    Traffic.send(http, events.endpoint(), KEY, batch);
                    return null;
                }));
            }
        }
        for (Future<Void> each : sending) {
            each.get();
        }
    }

    /** So often that no message is given up. */
    private static Void killNowAndThen() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            Thread.sleep(random.nextInt(1000, 3000));
            events.transformer().kill();
        }
        return null;
    }

    /** Raw objects with bursts of changed bytes; of each object which of its messages have none of them. */
    private static Map<String, boolean[]> putDamaged() throws IOException {
        Map<String, boolean[]> damaged = new HashMap<>();
        int objects = 10;
        for (int object = 0; object < objects; object++) {
            ByteArrayOutputStream raw = new ByteArrayOutputStream();
            int messages = DAMAGED / objects;
            int[] ends = new int[messages];
            for (int i = 0; i < messages; i++) {
                raw.writeBytes(TransformationTest.message(object + "-damaged-" + i, "page", "'name': 'Feed'")
                        .getBytes(UTF_8));
                ends[i] = raw.size();
                raw.write('\n');
            }
            byte[] bytes = raw.toByteArray();
            boolean[] whole = new boolean[messages];
            Arrays.fill(whole, true);
            for (int changed = 0; changed < bytes.length / 100; ) {
                int place = random.nextInt(bytes.length);
                for (int length = random.nextInt(1, 30); length > 0 && place < bytes.length; length--) {
                    bytes[place] = (byte) random.nextInt(256);
                    int message = Arrays.binarySearch(ends, place);
                    if (message < 0) {
                        whole[-message - 1] = false;
                    }
                    place++;
                    changed++;
                }
            }
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write(bytes);
            }
            String key = WebEvents.RAW + "2026/11/28/05/damaged-" + object + ".gz";
            engines.s3Client()
                    .putObject(
                            request -> request.bucket(S3Server.BRONZE).key(key),
                            RequestBody.fromBytes(packed.toByteArray()));
            damaged.put(Integer.toString(object), whole);
            events.announce(key);
        }
        return damaged;
    }

    private static void awaitAllTransformed(Set<String> ids) throws Exception {
        Set<String> missing = new TreeSet<>(ids);
        Set<String> read = new TreeSet<>();
        Set<String> again = new TreeSet<>();
        for (long end = System.nanoTime() + Duration.ofMinutes(3).toNanos(); !missing.isEmpty(); ) {
            assertThat(System.nanoTime()).as("%d are missing", missing.size()).isLessThan(end);
            for (String key : events.keys(WebEvents.TRANSFORMED)) {
                if (key.contains("/quarantined_messages/") || !read.add(key)) {
                    continue;
                }
                try {
                    for (Map<String, Object> row : parquet(key)) {
                        missing.remove((String) row.get("message_id"));
                    }
                } catch (NoSuchKeyException e) {
                    // S3Proxy takes it away for a moment while it is written again
                    read.remove(key);
                }
                // once more, as SQS does, and after others that came later
                String raw = key.replaceFirst("transformed/[^/]*", "raw").replaceFirst("\\.parquet$", "");
                if (again.add(raw)) {
                    events.announce(raw);
                }
            }
            Thread.sleep(100);
        }
    }

    private static void awaitEmptyQueue() throws InterruptedException {
        for (long end = System.nanoTime() + Duration.ofMinutes(3).toNanos(); events.waiting() > 0; ) {
            assertThat(System.nanoTime())
                    .as("%d wait, dead letters included", events.waiting())
                    .isLessThan(end);
            Thread.sleep(100);
        }
    }

    private static void silver() throws Exception {
        try (ChildProcess spark = engines.start(SparkJob.EVENTS_TO_SILVER, List.of())) {
            spark.await(line -> {});
        }
    }

    /** The rows of silver by message; fails if one is there twice. */
    private static Map<String, Map<String, Object>> rows() throws IOException {
        Map<String, Map<String, Object>> rows = new HashMap<>();
        for (String table : TABLES) {
            for (String file : files("web/" + table)) {
                for (Map<String, Object> row : parquet(S3Server.SILVER, file)) {
                    row.put("table", table);
                    assertThat(rows.put((String) row.get("message_id"), row)).isNull();
                }
            }
        }
        return rows;
    }

    /** The Parquet files of a table, as its manifests name them. */
    private static List<String> files(String table) {
        return engines
                .s3Client()
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.SILVER).prefix(table + "/_symlink_format_manifest/"))
                .contents()
                .stream()
                .flatMap(manifest -> engines.s3Client()
                        .getObjectAsBytes(
                                request -> request.bucket(S3Server.SILVER).key(manifest.key()))
                        .asUtf8String()
                        .lines())
                .map(file -> URI.create(file).getPath().substring(1))
                .toList();
    }

    private static void isAsSent(Map<String, Object> row, JsonNode sent) throws IOException {
        assertThat(row.get("user_id"))
                .isEqualTo(sent.has("userId") ? sent.get("userId").asText() : null);
        assertThat(row).containsEntry("anonymous_id", sent.get("anonymousId").asText());
        assertThat(row)
                .containsEntry("original_timestamp", sent.get("timestamp").asText());
        String of = sent.get("type").asText().equals("identify") ? "traits" : "properties";
        assertThat(JSON.readTree((String) row.get(of))).isEqualTo(sent.get(of));
        assertThat(JSON.readTree((String) row.get("context"))).isEqualTo(sent.get("context"));
        String event = sent.path("event").asText();
        assertThat(row.get("table"))
                .isEqualTo(
                        switch (event) {
                            case "Post Created" -> "posts";
                            case "User Followed" -> "follows";
                            case "User Unfollowed" -> "unfollows";
                            default -> of.equals("traits") ? "users" : "events";
                        });
    }

    @Test
    void eachDamagedMessageIsARowOrInQuarantineAndNoOtherOneIs() throws Exception {
        int length = TransformationTest.message("0-damaged-0", "page", "'name': 'Feed'")
                .length();
        List<Map<String, Object>> quarantined = new ArrayList<>();
        for (String file : files("web/quarantined_messages")) {
            quarantined.addAll(parquet(S3Server.SILVER, file));
        }
        assertThat(quarantined)
                .extracting(row -> row.get("object_key") + " " + row.get("byte_offset"))
                .doesNotHaveDuplicates();
        int changed = 0;
        int quarantinedMessages = 0;
        for (Map.Entry<String, boolean[]> object : damaged.entrySet()) {
            int begin = 0;
            for (int i = 0; i < object.getValue().length; i++) {
                String id = object.getKey() + "-damaged-" + i;
                int from = begin;
                int to = begin + length + Integer.toString(i).length() - 1;
                boolean isQuarantined = quarantined.stream()
                        .anyMatch(row -> ((String) row.get("object_key")).endsWith("damaged-" + object.getKey() + ".gz")
                                && (Long) row.get("byte_offset") < to
                                && (Long) row.get("byte_offset") + (Long) row.get("bytes") > from);
                if (object.getValue()[i]) {
                    assertThat(rows).containsKey(id);
                    assertThat(isQuarantined).as(id).isFalse();
                } else {
                    changed++;
                    quarantinedMessages += isQuarantined ? 1 : 0;
                }
                begin = to + 1;
            }
        }
        assertThat(changed).isGreaterThan(DAMAGED / 100);
        // what is changed and still a message may have another id
        long ofDamaged = rows.values().stream()
                .filter(row -> row.getOrDefault("name", "").equals("Feed"))
                .count();
        assertThat(ofDamaged).isBetween((long) DAMAGED - changed, (long) DAMAGED);
        assertThat(quarantinedMessages).isGreaterThanOrEqualTo(changed / 2);
    }

    private static List<Map<String, Object>> parquet(String key) throws IOException {
        return parquet(S3Server.BRONZE, key);
    }

    private static List<Map<String, Object>> parquet(String bucket, String key) throws IOException {
        Path file = Files.createTempDirectory(folder, "rows").resolve("file.parquet");
        engines.s3Client().getObject(request -> request.bucket(bucket).key(key), file);
        return ParquetRows.of(file);
    }

    /** Kinesis, which does now and then what it may do. */
    private static void kinesis(HttpExchange exchange) throws IOException {
        try (exchange) {
            ObjectNode request = (ObjectNode) JSON.readTree(exchange.getRequestBody());
            int fault = faulty ? fault() : 0;
            if (fault == 1) {
                respond(
                        exchange,
                        400,
                        "{\"__type\":\"ProvisionedThroughputExceededException\",\"message\":\"too much\"}");
                return;
            }
            ArrayNode records = (ArrayNode) request.get("Records");
            List<JsonNode> all = new ArrayList<>();
            records.forEach(all::add);
            int taken = fault == 2 ? all.size() / 2 : all.size();
            request.set("Records", JSON.createArrayNode().addAll(all.subList(0, taken)));
            ObjectNode answer = JSON.createObjectNode();
            answer.putArray("Records");
            if (taken > 0) {
                answer = (ObjectNode) JSON.readTree(forward(exchange, request.toString()));
            }
            for (int i = taken; i < all.size(); i++) {
                ((ArrayNode) answer.get("Records"))
                        .addObject()
                        .put("ErrorCode", "ProvisionedThroughputExceededException")
                        .put("ErrorMessage", "too much");
            }
            answer.put("FailedRecordCount", all.size() - taken);
            if (fault == 3) {
                respond(exchange, 500, "{\"__type\":\"InternalFailure\"}");
            } else {
                respond(exchange, 200, answer.toString());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static synchronized int fault() {
        return random.nextInt(12);
    }

    private static String forward(HttpExchange exchange, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(moto.endpoint().resolve("/"))
                .version(HttpClient.Version.HTTP_1_1)
                .POST(HttpRequest.BodyPublishers.ofString(body));
        for (String header : List.of("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")) {
            request.header(header, exchange.getRequestHeaders().getFirst(header));
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(status, body.getBytes(UTF_8).length);
        exchange.getResponseBody().write(body.getBytes(UTF_8));
    }
}
