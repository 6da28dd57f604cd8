package dataplatform.lambdas.eventcollector;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.segment.analytics.Analytics;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.TrackMessage;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.HttpApi;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.process.Project;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** The packed function behind an HTTP API, with moto's Kinesis behind it, which does what {@link #fault} says. */
class EventCollectorTest {
    private static final ObjectMapper JSON = new ObjectMapper(new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build());
    private static final String STREAM = "events";
    private static final Path CLIENTS = Project.file("../shared/data/segment/clients");
    private static final String EVENT = "{\"userId\":\"u1\",\"event\":\"Clicked\",\"messageId\":\"m1\"}";

    /** Answers PutRecords in place of moto, or lets it pass to it. */
    private interface Fault {
        /** @return whether it has answered */
        boolean answers(HttpExchange exchange, ObjectNode request) throws Exception;
    }

    private static final Fault NONE = (exchange, request) -> false;
    private static final AtomicReference<Fault> fault = new AtomicReference<>(NONE);

    @TempDir
    static Path folder;

    private static Moto moto;
    private static LoopbackServer kinesis;
    private static LambdaRuntime function;
    private static HttpApi api;
    private static KinesisClient stream;
    private static String position;
    private static final HttpClient http = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws Exception {
        System.setProperty("aws.cborEnabled", "false");
        moto = Moto.start(folder);
        stream = moto.client(KinesisClient.builder());
        stream.createStream(request -> request.streamName(STREAM).shardCount(1));
        stream.waiter().waitUntilStreamExists(request -> request.streamName(STREAM));
        String shard = stream.listShards(request -> request.streamName(STREAM))
                .shards()
                .get(0)
                .shardId();
        position = stream.getShardIterator(request ->
                        request.streamName(STREAM).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                .shardIterator();
        try (SecretsManagerClient secrets = moto.client(SecretsManagerClient.builder())) {
            secrets.createSecret(request -> request.name("write-keys")
                    .secretString("{\"shop\": \"wk\", \"social\": [\"new key\", \"old key\"]}"));
        }
        kinesis = LoopbackServer.start(EventCollectorTest::kinesis);
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("AWS_ENDPOINT_URL_KINESIS", "http://" + kinesis.address());
        environment.put("CBOR_ENABLED", "false");
        environment.put("EVENT_STREAM", STREAM);
        environment.put("WRITE_KEYS_SECRET", "write-keys");
        function = LambdaRuntime.start(
                Project.file("lambdas/event-collector/target/event-collector.jar"),
                EventCollector.class.getName(),
                environment,
                folder);
        api = HttpApi.start(function);
    }

    @AfterAll
    static void stop() {
        api.close();
        function.close();
        kinesis.close();
        stream.close();
        moto.close();
    }

    @BeforeEach
    void drain() {
        events();
    }

    @AfterEach
    void mend() {
        fault.set(NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"application/json", "text/plain", "application/x-www-form-urlencoded", "gzip", "bearer", "body"})
    void whatClientsSentComesOutAsTheySentIt(String form) throws Exception {
        assumeTrue(Files.isDirectory(CLIENTS), CLIENTS + " is not there");
        for (Path recorded : recorded()) {
            JsonNode request = JSON.readTree(recorded.toFile());
            byte[] body = JSON.writeValueAsBytes(request.get("body"));
            HttpRequest.Builder builder = HttpRequest.newBuilder(
                    api.endpoint().resolve(request.get("path").asText()));
            builder.header("Content-Type", form.contains("/") ? form : "application/json");
            if (form.equals("bearer")) {
                builder.header("Authorization", "Bearer wk");
            } else if (!form.equals("body")) {
                builder.header("Authorization", "Basic " + Base64.getEncoder().encodeToString("wk:".getBytes(UTF_8)));
            }
            if (form.equals("gzip")) {
                builder.header("Content-Encoding", "gzip");
                body = gzip(body);
            }
            Instant before = Instant.now();
            HttpResponse<String> answer = http.send(
                    builder.POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(), ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            compare(request.get("body"), events(), before);
        }
    }

    /** Each message once, in its order, with the fields it was sent with. */
    private static void compare(JsonNode body, List<JsonNode> events, Instant before) {
        assertThat(events).hasSize(body.get("batch").size());
        for (int i = 0; i < events.size(); i++) {
            JsonNode sent = body.get("batch").get(i);
            JsonNode event = events.get(i);
            sent.properties().stream()
                    .filter(field -> !field.getValue().isNull())
                    .filter(field -> !List.of("timestamp", "context").contains(field.getKey()))
                    .forEach(field -> assertThat(event.get(field.getKey()))
                            .as(field.getKey())
                            .isEqualTo(field.getValue()));
            ObjectNode context = JSON.createObjectNode();
            List.of(body.path("context"), sent.path("context"))
                    .forEach(part -> part.properties().forEach(field -> context.set(field.getKey(), field.getValue())));
            assertThat(event.get("context")).isEqualTo(context);
            assertThat(event.get("originalTimestamp")).isEqualTo(sent.get("timestamp"));
            assertThat(event.get("source").asText()).isEqualTo("shop");
            assertThat(event.has("writeKey")).isFalse();
            assertThat(event.hasNonNull("userId") || event.hasNonNull("anonymousId"))
                    .isTrue();
            Instant received = Instant.parse(event.get("receivedAt").asText());
            assertThat(received).isBetween(before.minusMillis(1), Instant.now());
            Duration age = Duration.between(
                    Times.parse(sent.get("timestamp").asText()),
                    Times.parse(body.get("sentAt").asText()));
            assertThat(Instant.parse(event.get("timestamp").asText())).isEqualTo(received.minus(age));
        }
    }

    private static List<Path> recorded() throws IOException {
        try (Stream<Path> files = Files.list(CLIENTS)) {
            return files.sorted().toList();
        }
    }

    @Test
    void theJavaClientUnchangedIsAnsweredAsItExpects() throws Exception {
        Analytics analytics = Analytics.builder("old key")
                .endpoint(api.endpoint() + "/")
                .flushQueueSize(100)
                .build();
        for (int i = 0; i < 250; i++) {
            analytics.enqueue(TrackMessage.builder("Clicked")
                    .userId("u" + i % 7)
                    .properties(Map.of("number", i, "text", "Ängström 🚀")));
        }
        analytics.enqueue(IdentifyMessage.builder().anonymousId("a1").traits(Map.of("name", "Ada")));
        analytics.flush();
        List<JsonNode> events = new ArrayList<>();
        for (int attempt = 0; attempt < 300 && events.size() < 251; attempt++) {
            events.addAll(events());
            Thread.sleep(50);
        }
        analytics.shutdown();

        assertThat(events).hasSize(251);
        assertThat(events.stream()
                        .filter(event -> event.get("type").asText().equals("track"))
                        .map(event -> event.at("/properties/number").asInt()))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 250).boxed().toList());
        assertThat(events)
                .allMatch(event -> event.get("source").asText().equals("social")
                        && event.at("/context/library/name").asText().equals("analytics-java"));
        assertThat(events.stream().map(event -> event.get("messageId").asText()).distinct())
                .hasSize(251);
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "plain", "gzip"})
    void theClientsForNodeAndPythonUnchangedAreAnsweredAsTheyExpect(String form) throws Exception {
        int count = 100;
        List<String> arguments = List.of(api.endpoint().toString(), "new key", Integer.toString(count));
        List<String> command = new ArrayList<>(
                form.equals("node")
                        ? List.of("node", client("send.mjs"))
                        : List.of(Project.file(".venv/bin/python").toString(), client("send.py")));
        command.addAll(arguments);
        command.add(form);
        try (ChildProcess client = ChildProcess.start("client", command, Map.of(), folder.resolve("client.log"))) {
            client.await(line -> {});
        }

        List<JsonNode> events = events();
        assertThat(events).hasSize(count + 4);
        assertThat(events).allSatisfy(event -> {
            assertThat(event.has("quarantined")).isFalse();
            assertThat(event.get("source").asText()).isEqualTo("social");
            assertThat(event.at("/context/library/version").asText()).isNotEmpty();
            assertThat(event.has("ip")).isFalse();
        });
        assertThat(events.stream().map(event -> event.get("messageId").asText()).distinct())
                .hasSize(count + 4);
        Map<String, List<JsonNode>> byType = events.stream()
                .collect(Collectors.groupingBy(event -> event.get("type").asText()));
        assertThat(byType.keySet()).containsExactlyInAnyOrder("identify", "track", "page", "group", "alias");
        for (JsonNode event : byType.get("track")) {
            int number = event.at("/properties/number").asInt();
            assertThat(event.get("userId").asText()).isEqualTo("u" + number % 7);
            assertThat(event.at("/properties/price").toString()).isEqualTo("19.975");
            assertThat(event.at("/properties/nested").toString()).isEqualTo("{\"list\":[1,{\"a\":null}]}");
            assertThat(event.at("/context/ip").asText()).isEqualTo("203.0.113.7");
            // less what passed between the reading of the clock and the answer
            Instant sent = Instant.parse("2020-02-29T03:04:05Z").plusMillis(number);
            assertThat(Times.parse(event.get("originalTimestamp").asText())).isEqualTo(sent);
            assertThat(Instant.parse(event.get("timestamp").asText())).isBetween(sent, sent.plusSeconds(30));
        }
        assertThat(byType.get("track").stream()
                        .map(event -> event.at("/properties/number").asInt()))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, count).boxed().toList());
        assertThat(byType.get("identify").get(0).at("/traits/name").asText()).isEqualTo("Ångström 🚀");
        assertThat(byType.get("page").get(0).get("anonymousId").asText()).isEqualTo("a1");
        assertThat(byType.get("page").get(0).has("userId")).isFalse();
    }

    private static String client(String program) {
        return Project.file("lambdas/event-collector/clients/" + program).toString();
    }

    @Test
    void aBrowserPostsToShortPathsAndHearsThatItMay() throws Exception {
        Map<String, String> types =
                Map.of("t", "track", "p", "page", "i", "identify", "s", "screen", "g", "group", "a", "alias");
        for (String path : types.keySet()) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(api.endpoint().resolve("/v1/" + path))
                            .header("Content-Type", "text/plain")
                            .header("Origin", "https://shop.example")
                            .header("User-Agent", "a browser")
                            .POST(HttpRequest.BodyPublishers.ofString("""
                                    {"writeKey":"wk","anonymousId":"a","userId":"","event":"Clicked","groupId":"g","previousId":"p"}
                                    """))
                            .build(),
                    ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.headers().firstValue("access-control-allow-origin"))
                    .hasValue("*");
            JsonNode event = events().get(0);
            assertThat(event.get("type").asText()).isEqualTo(types.get(path));
            assertThat(event.at("/context/ip").asText()).isEqualTo("127.0.0.1");
            assertThat(event.at("/context/userAgent").asText()).isEqualTo("a browser");
            assertThat(event.has("userId")).isFalse();
        }
        HttpResponse<String> preflight = http.send(
                HttpRequest.newBuilder(api.endpoint().resolve("/v1/batch"))
                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                        .header("Origin", "https://shop.example")
                        .build(),
                ofString());
        assertThat(preflight.statusCode()).isEqualTo(204);
        assertThat(preflight.headers().firstValue("access-control-allow-headers"))
                .hasValueSatisfying(headers -> assertThat(headers).contains("content-type", "authorization"));
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                request("no key", "/v1/track", "{\"userId\":\"u\",\"event\":\"e\"}", "", 401, "there is no write key"),
                request("an unknown key", "/v1/track", EVENT, "Bearer nobody", 401, "the write key is not known"),
                request("an unknown path", "/v1/tracks", EVENT, 404, "there is no such path"),
                request("another path", "/", EVENT, 404, "there is no such path"),
                request("broken JSON", "/v1/track", "{\"userId\":\"u\"", 400, "the body is broken JSON"),
                request("nothing", "/v1/track", "", 400, "the body is no JSON object"),
                request("an array", "/v1/track", "[" + EVENT + "]", 400, "the body is no JSON object"),
                request("two objects", "/v1/track", EVENT + EVENT, 400, "there is more after the JSON object"),
                request("no batch", "/v1/batch", EVENT, 400, "there is no batch"),
                request("a batch that is none", "/v1/batch", "{\"batch\":{}}", 400, "batch is no array"),
                request(
                        "a long message",
                        "/v1/track",
                        "{\"userId\":\"u\",\"event\":\"" + "x".repeat(33_000) + "\"}",
                        400,
                        "the message is longer than 32768 bytes"),
                request(
                        "a long context for many",
                        "/v1/batch",
                        batch("\"context\":{\"a\":\"" + "y".repeat(33_000) + "\"},", EVENT),
                        400,
                        "context is longer than 32768 bytes"),
                request(
                        "a megabyte",
                        "/v1/track",
                        "{\"userId\":\"" + "x".repeat(1_000_000) + "\"}",
                        400,
                        "the body is longer than 512000 bytes"),
                request(
                        "many messages",
                        "/v1/import/",
                        batch("", String.join(",", Collections.nCopies(2501, "1"))),
                        400,
                        "the batch has more than 2500 messages"),
                request(
                        "long integrations for many",
                        "/v1/batch",
                        batch("\"integrations\":{\"a\":\"" + "y".repeat(33_000) + "\"},", EVENT),
                        400,
                        "integrations is longer than 32768 bytes"),
                request(
                        "UTF-16",
                        "/v1/batch",
                        new String(batch("", EVENT).getBytes(UTF_16BE), ISO_8859_1),
                        400,
                        "the body is broken JSON"));
    }

    private static Arguments request(String what, String path, String body, int status, String reason) {
        return request(what, path, body, "Bearer wk", status, reason);
    }

    private static Arguments request(String what, String path, String body, String key, int status, String reason) {
        return Arguments.of(what, path, body, key, status, reason);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refused(String what, String path, String body, String key, int status, String reason) throws Exception {
        HttpResponse<String> answer = post(path, body.getBytes(UTF_8), key);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(JSON.readTree(answer.body()).get("message").asText()).contains(reason);
        assertThat(answer.body()).doesNotContain("nobody", "Exception", "xxx");
        assertThat(events()).isEmpty();
        assertThat(function.log()).doesNotContain("nobody", "\tat ");
    }

    @Test
    void aGzipBombIsRefusedBeforeItIsUnpacked() throws Exception {
        HttpResponse<String> answer = post("/v1/track", gzip(new byte[200_000_000]), "Bearer wk");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("longer than 512000 bytes");
        assertThat(post("/v1/track", Arrays.copyOf(gzip(EVENT.getBytes(UTF_8)), 30), "Bearer wk")
                        .body())
                .contains("broken gzip");
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        for (int member = 0; member < 20_000; member++) {
            members.writeBytes(gzip(new byte[0]));
        }
        assertThat(post("/v1/track", members.toByteArray(), "Bearer wk").statusCode())
                .isEqualTo(400);
    }

    static Stream<Arguments> quarantined() {
        return Stream.of(
                Arguments.of("{\"a\":NaN}", "no JSON"),
                Arguments.of("{\"a\":01}", "no JSON"),
                Arguments.of("{\"a\":\"\t\"}", "no JSON"),
                Arguments.of("{\"a\":1e99999999999}", "a number that is too long"),
                Arguments.of("{\"" + "n".repeat(60_000) + "\":1}", "longer than 32768 bytes"),
                Arguments.of(
                        "{\"type\":\"identify\",\"userId\":\"u\",\"timestamp\":\"2026-02-30\"}",
                        "timestamp is no time"),
                Arguments.of("{\"userId\":\"u\",\"type\":\"buy\"}", "type is none of"),
                Arguments.of("{\"userId\":\"u\"}", "type is none of"),
                Arguments.of("{\"type\":\"track\",\"event\":\"e\"}", "neither userId nor anonymousId"),
                Arguments.of(
                        "{\"type\":\"track\",\"event\":\"e\",\"userId\":null,\"anonymousId\":\"\"}",
                        "neither userId nor"),
                Arguments.of("{\"type\":\"track\",\"userId\":\"u\"}", "event, the name of what happened, is missing"),
                Arguments.of("{\"type\":\"group\",\"userId\":\"u\"}", "groupId is missing"),
                Arguments.of("{\"type\":\"alias\",\"userId\":\"u\"}", "previousId is missing"),
                Arguments.of("{\"type\":\"identify\",\"userId\":{}}", "userId is no text"),
                Arguments.of("{\"type\":\"identify\",\"userId\":\"u\",\"traits\":[]}", "traits is no object"),
                Arguments.of("{\"type\":\"identify\",\"userId\":\"u\",\"context\":\"x\"}", "context is no object"),
                Arguments.of("{\"type\":\"identify\",\"userId\":\"u\",\"timestamp\":\"soon\"}", "timestamp is no time"),
                Arguments.of(
                        "{\"type\":\"identify\",\"userId\":\"u\",\"timestamp\":\"+12026-01-01\"}",
                        "timestamp is no time"),
                Arguments.of(
                        "{\"type\":\"identify\",\"userId\":\"u\",\"traits\":" + "[".repeat(1000) + "]".repeat(1000)
                                + "}",
                        "too deep"),
                Arguments.of(
                        "{\"type\":\"identify\",\"userId\":\"" + "x".repeat(40_000) + "\"}", "longer than 32768 bytes"),
                Arguments.of(
                        "{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{\"n\":1" + "0".repeat(5000) + "}}",
                        "too long"),
                Arguments.of("[1]", "it is no object"),
                Arguments.of("null", "it is no object"),
                Arguments.of("\"text\"", "it is no object"),
                Arguments.of("12", "it is no object"));
    }

    @ParameterizedTest
    @MethodSource
    void quarantined(String bad, String reason) throws Exception {
        String good = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"messageId\":\"%s\"}";
        HttpResponse<String> answer = post(
                "/v1/batch",
                batch("", good.formatted("before"), bad, good.formatted("after"))
                        .getBytes(UTF_8),
                "Bearer wk");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        List<JsonNode> events = events();
        assertThat(events).hasSize(3);
        assertThat(events.get(0).get("messageId").asText()).isEqualTo("before");
        assertThat(events.get(2).get("messageId").asText()).isEqualTo("after");
        JsonNode quarantined = events.get(1).get("quarantined");
        assertThat(quarantined.get("reason").asText()).contains(reason);
        assertThat(new String(Base64.getDecoder().decode(quarantined.get("raw").asText()), UTF_8))
                .isEqualTo(bad);
    }

    @Test
    void aNameWithHalfAPairIsTakenAsItIs() throws Exception {
        String message = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"properties\":{\"\\ud83d\":1}}";
        assertThat(post("/v1/batch", batch("", message, message).getBytes(UTF_8), "Bearer wk")
                        .statusCode())
                .isEqualTo(200);
        List<JsonNode> events = events();
        assertThat(events).hasSize(2);
        assertThat(events.get(0).get("properties").fieldNames().next()).isEqualTo("\ud83d");
    }

    @Test
    void aMarkAtTheBeginningAndAnEmptyBatchAreNoFault() throws Exception {
        assertThat(post("/v1/track", ("\ufeff" + EVENT).getBytes(UTF_8), "Bearer wk")
                        .statusCode())
                .isEqualTo(200);
        assertThat(post(
                                "/v1/batch",
                                ("\ufeff" + batch("", "{\"type\":\"track\"," + EVENT.substring(1))).getBytes(UTF_8),
                                "Bearer wk")
                        .statusCode())
                .isEqualTo(200);
        assertThat(events())
                .hasSize(2)
                .allMatch(event -> event.get("userId").asText().equals("u1"));
        assertThat(post("/v1/batch", batch("").getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        assertThat(events()).isEmpty();
    }

    /** Of a hash that is the same, where names stand in a table that all requests share: what is 33 more in one place is 1 less before it. */
    @Test
    void namesThatSomebodyHasChosenHurtNobodyElse() throws Exception {
        for (int round = 0; round < 10; round++) {
            IntStream chosen = IntStream.range(round * 300, (round + 1) * 300);
            post(
                    "/v1/track",
                    names(chosen.mapToObj(EventCollectorTest::colliding)).getBytes(UTF_8),
                    "Bearer wk");
            IntStream others = IntStream.range(round * 500, (round + 1) * 500);
            String innocent = names(others.mapToObj(number -> "name" + number));
            assertThat(post("/v1/track", innocent.getBytes(UTF_8), "Bearer wk").statusCode())
                    .isEqualTo(200);
        }
        assertThat(events()).hasSize(20).noneMatch(event -> event.has("quarantined"));
    }

    private static String colliding(int number) {
        return IntStream.range(0, 12)
                .mapToObj(bit -> (number >>> bit & 1) == 0 ? "aB" : "b!")
                .collect(Collectors.joining());
    }

    private static String names(Stream<String> names) {
        return names.map(name -> "\"" + name + "\":1")
                .collect(Collectors.joining(",", "{\"userId\":\"u\",\"event\":\"e\",", "}"));
    }

    @Test
    void aBatchDoesNotGrowWithoutEndByWhatItSaysOfAll() throws Exception {
        String context = "\"context\":{\"a\":\"" + "y".repeat(30_000) + "\"},";
        String[] messages = IntStream.range(0, 400)
                .mapToObj(i -> "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\"}")
                .toArray(String[]::new);
        HttpResponse<String> answer = post("/v1/batch", batch(context, messages).getBytes(UTF_8), "Bearer wk");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("with what it says of all its messages");
        assertThat(post(
                                "/v1/batch",
                                batch(context, Arrays.copyOf(messages, 300)).getBytes(UTF_8),
                                "Bearer wk")
                        .statusCode())
                .isEqualTo(200);
        assertThat(events()).hasSize(300);
    }

    @Test
    void whatOneCallOfKinesisCannotTakeComesInSeveral() throws Exception {
        List<JsonNode> calls = new ArrayList<>();
        fault.set((exchange, request) -> {
            calls.add(request.get("Records"));
            if (calls.size() != 2) {
                return false;
            }
            respond(exchange, 400, "{\"__type\":\"ProvisionedThroughputExceededException\",\"message\":\"no\"}");
            return true;
        });
        // what Segment's clients may send: 2,500 messages, in less than 500 KB
        byte[] body = batch(
                        "\"context\":{\"app\":\"" + "z".repeat(2000) + "\"},",
                        IntStream.range(0, 2500)
                                .mapToObj(i -> "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"messageId\":\""
                                        + i + "\"}")
                                .toArray(String[]::new))
                .getBytes(UTF_8);
        HttpResponse<String> answer = post("/v1/batch", body, "Bearer wk");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(calls).hasSize(3);
        assertThat(calls.get(2)).as("only what was refused comes again").isEqualTo(calls.get(1));
        assertThat(events().stream().map(event -> event.get("messageId").asText()))
                .containsExactlyElementsOf(
                        IntStream.range(0, 2500).mapToObj(Integer::toString).toList());
    }

    static Stream<Arguments> besideTheMessages() {
        String deep = "[".repeat(1000) + "]".repeat(1000);
        return Stream.of(
                Arguments.of("context", "[]", "the batch's context is no object"),
                Arguments.of("context", "\"x\"", "the batch's context is no object"),
                Arguments.of("context", deep, "the batch's context: it is no JSON, or too deep"),
                Arguments.of("context", "{\"a\":1e99999999999}", "a number that is too long"),
                Arguments.of(
                        "context",
                        "{\"messageId\":\"m\",\"a\":" + "{\"a\":".repeat(120) + "1" + "}".repeat(120) + "}",
                        "too deep"),
                Arguments.of("integrations", "[]", "the batch's integrations is no object"),
                Arguments.of("timestamp", "1575000000.5", "the batch's timestamp is no text"),
                Arguments.of("timestamp", "1575000000", "the batch's timestamp is no time"),
                Arguments.of("timestamp", "\"soon\"", "the batch's timestamp is no time"),
                Arguments.of("sentAt", "1575000000.5", ""),
                Arguments.of("sentAt", "true", ""),
                Arguments.of("sentAt", "NaN", ""),
                Arguments.of("sentAt", "\"now\"", ""));
    }

    @ParameterizedTest
    @MethodSource
    void besideTheMessages(String name, String value, String reason) throws Exception {
        String message =
                "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"originalTimestamp\":\"2026-01-02T03:04:05Z\"}";
        String others = "\"context\":{\"a\":1},\"integrations\":{\"b\":2},";
        String withoutTime = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\"}";
        byte[] body = batch(others + "\"" + name + "\":" + value + ",", message, "1", withoutTime)
                .getBytes(UTF_8);
        for (int attempt = 0; attempt < 2; attempt++) {
            HttpResponse<String> answer = post("/v1/batch", body, "Bearer wk");
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            List<JsonNode> events = events();
            assertThat(events).hasSize(reason.isEmpty() ? 3 : 4);
            assertThat(events.get(0).path("timestamp").asText()).isEqualTo("2026-01-02T03:04:05Z");
            assertThat(events.get(2).path("timestamp")).isEqualTo(events.get(2).path("receivedAt"));
            for (JsonNode event : List.of(events.get(0), events.get(2))) {
                assertThat(event.has("quarantined")).isFalse();
                assertThat(event.at("/context/a").isMissingNode()).isEqualTo(name.equals("context"));
                assertThat(event.at("/integrations/b").isMissingNode()).isEqualTo(name.equals("integrations"));
            }
            assertThat(events.get(1).at("/quarantined/reason").asText()).isEqualTo("it is no object");
            if (!reason.isEmpty()) {
                JsonNode unusable = events.get(3);
                assertThat(unusable.at("/quarantined/reason").asText()).contains(reason);
                assertThat(new String(
                                Base64.getDecoder()
                                        .decode(unusable.at("/quarantined/raw").asText()),
                                UTF_8))
                        .isEqualTo(value);
                assertThat(unusable.get("messageId").asText()).startsWith("content-");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1575000000.5", "true", "{}"})
    void aMessageWithATimeOfSendingThatIsNoneIsTaken(String sentAt) throws Exception {
        String body =
                "{\"userId\":\"u\",\"event\":\"e\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"sentAt\":" + sentAt + "}";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        JsonNode event = events().get(0);
        assertThat(event.path("timestamp").asText()).isEqualTo("2026-01-02T03:04:05Z");
        assertThat(event.has("sentAt")).isFalse();
    }

    @Test
    void noWriteKeyIsStoredAndAClockThatCannotBeReadCostsNothing() throws Exception {
        post(
                "/v1/identify",
                "{\"userId\":\"u\",\"traits\":\"x\",\"writeKey\":\"wk\",\"sentAt\":\"now\"}".getBytes(UTF_8),
                "");
        JsonNode quarantined = events().get(0).get("quarantined");
        assertThat(new String(Base64.getDecoder().decode(quarantined.get("raw").asText()), UTF_8))
                .isEqualTo("{\"userId\":\"u\",\"traits\":\"x\"}");
        String body = batch(
                "\"sentAt\":\"now\",",
                "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"timestamp\":\"2026-01-02T03:04:05Z\"}");
        post("/v1/batch", body.getBytes(UTF_8), "Bearer wk");
        assertThat(events().get(0).path("timestamp").asText()).isEqualTo("2026-01-02T03:04:05Z");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "null", "{}", "{\"shop\":[]}", "{\"shop\":1}", "no JSON"})
    void aSecretThatHoldsNoKeysIsNoReasonToDropWhatComes(String secret) {
        WriteKeys keys = new WriteKeys(() -> secret, Clock.systemUTC());
        assertThatThrownBy(() -> keys.source("wk")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> keys.source("wk")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void keysThatWereReadAreUsedWhileTheSecretCannotBeRead() {
        AtomicReference<String> secret = new AtomicReference<>("{\"shop\":\"old\"}");
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
        WriteKeys keys = new WriteKeys(secret::get, StandingClock.of(now));
        assertThat(keys.source("old")).contains("shop");
        assertThat(keys.source("new")).isEmpty();
        secret.set("{\"shop\":[\"new\",\"old\"]}");
        now.set(now.get().plusSeconds(2));
        assertThat(keys.source("new")).as("a new one works at once").contains("shop");
        secret.set("broken");
        now.set(now.get().plusSeconds(600));
        assertThat(keys.source("old")).contains("shop");
        now.set(now.get().plusSeconds(2));
        assertThatThrownBy(() -> keys.source("unknown")).isInstanceOf(IllegalStateException.class);
    }

    /** A clock that stands until it is moved. */
    private static final class StandingClock extends Clock {
        private final AtomicReference<Instant> now;

        private StandingClock(AtomicReference<Instant> now) {
            this.now = now;
        }

        static Clock of(AtomicReference<Instant> now) {
            return new StandingClock(now);
        }

        @Override
        public Instant instant() {
            return now.get();
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    @Test
    void aMessageThatIsNotInUtf8CostsNoOther() throws Exception {
        String good = "{\"type\":\"track\",\"userId\":\"ü\",\"event\":\"e\",\"messageId\":\"good\"}";
        String bad = good.replace("\"e\"", "\"\u00ff\"");
        byte[] body = batch("", good, "BAD", good).getBytes(UTF_8);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        int at = new String(body, ISO_8859_1).indexOf("BAD");
        sent.write(body, 0, at);
        sent.writeBytes(bad.getBytes(ISO_8859_1));
        sent.write(body, at + 3, body.length - at - 3);

        assertThat(post("/v1/batch", gzip(sent.toByteArray()), "Bearer wk").statusCode())
                .isEqualTo(200);
        List<JsonNode> events = events();
        assertThat(events).hasSize(3);
        assertThat(events.get(0).get("userId").asText()).isEqualTo("ü");
        assertThat(events.get(1).at("/quarantined/reason").asText()).contains("UTF-8");
        assertThat(Base64.getDecoder()
                        .decode(events.get(1).at("/quarantined/raw").asText()))
                .isEqualTo(bad.getBytes(ISO_8859_1));
        assertThat(events.get(2).get("messageId").asText()).isEqualTo("good");
    }

    @Test
    void aPersonMayBeCalledWhateverKinesisTakesNotForAKey() throws Exception {
        for (String id : List.of("\\ud83d", "x".repeat(255) + "🚀🚀", "x".repeat(3000))) {
            String body = "{\"userId\":\"" + id + "\",\"event\":\"e\"}";
            assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                    .isEqualTo(200);
            assertThat(events().get(0).get("userId").asText()).isEqualTo(id.replace("\\ud83d", "\ud83d"));
        }
    }

    @Test
    void textsComeOutAsTheyWereSentWhateverIsInThem() throws Exception {
        // escaped, as UTF-8 can't hold half of a pair; NUL; what looks like the end of an event
        String properties =
                "{\"a\":\"\\ud83d\",\"b\":\"\\u0000\",\"c\":\"}{\\n\",\"d\":1.10,\"e\":12345678901234567890123,\"f\":1e400,"
                        + "\"\\ude80🚀\":\"🚀\\ud83d🚀\"}";
        String body = "{\"userId\":\"ü🚀\",\"event\":\"e\",\"properties\":" + properties + "}";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        String line = lines().get(0);
        assertThat(line).contains("\"d\":1.10,", "\"a\":\"\\uD83D\"", "\\u0000", "\"\\uDE80🚀\":\"🚀\\uD83D🚀\"");
        JsonNode event = JSON.readTree(line);
        assertThat(event.get("userId").asText()).isEqualTo("ü🚀");
        assertThat(event.at("/properties/a").asText()).isEqualTo("\ud83d");
        assertThat(event.at("/properties/e").asText()).isEqualTo("12345678901234567890123");
    }

    @Test
    void aMessageOfEmojiIsNoLongerThanItWasSent() throws Exception {
        String content = "🚀".repeat(5600);
        String body = "{\"userId\":\"u\",\"event\":\"Post Created\",\"properties\":{\"content\":\"" + content + "\"}}";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        String line = lines().get(0);
        assertThat(line).contains(content).doesNotContain("quarantined");
        assertThat(line.getBytes(UTF_8).length).isLessThan(body.getBytes(UTF_8).length + 500);
    }

    @Test
    void aMessageMayBeAsLongAsItsPartsMayBeTogether() throws Exception {
        String half = "x".repeat(32_000);
        String message =
                "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"properties\":{\"a\":\"" + half + "\"}}";
        String fields = "\"context\":{\"b\":\"" + half + "\"},\"integrations\":{\"c\":\""
                + half.replace("x", "🚀").substring(0, 16_000) + "\"},";
        assertThat(post("/v1/batch", batch(fields, message, message).getBytes(UTF_8), "Bearer wk")
                        .statusCode())
                .isEqualTo(200);
        assertThat(events()).hasSize(2).allSatisfy(event -> {
            assertThat(event.at("/properties/a").asText()).isEqualTo(half);
            assertThat(event.at("/context/b").asText()).isEqualTo(half);
            assertThat(event.at("/integrations/c").asText()).hasSize(16_000);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-01-02T03:04:05Z,2026-01-02T03:04:05Z",
                "2026-01-02T03:04:05.123456789Z,2026-01-02T03:04:05.123456789Z",
                "2026-01-02T03:04:05.123456+05:30,2026-01-01T21:34:05.123456Z",
                "2026-01-02T03:04:05.1-0800,2026-01-02T11:04:05.100Z",
                "2026-01-02 03:04:05,2026-01-02T03:04:05Z",
                "2026-01-02T03:04Z,2026-01-02T03:04:00Z",
                "2026-01-02,2026-01-02T00:00:00Z",
                "1970-01-01T00:00:00Z,1970-01-01T00:00:00Z",
                "2970-01-01T00:00:00Z,2970-01-01T00:00:00Z"
            })
    void timesAreReadAsTheyWereWritten(String times) throws Exception {
        String[] pair = times.split(",");
        String body = "{\"userId\":\"u\",\"event\":\"e\",\"timestamp\":\"" + pair[0] + "\"}";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        JsonNode event = events().get(0);
        assertThat(event.path("timestamp").asText()).isEqualTo(pair[1]);
        assertThat(event.path("originalTimestamp").asText()).isEqualTo(pair[0]);
    }

    @Test
    void aClockThatIsWrongByYearsIsPutRight() throws Exception {
        String body = """
                {"userId":"u","event":"e","originalTimestamp":"2970-01-01T00:00:00Z","sentAt":"2970-01-01T00:00:10Z"}""";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        JsonNode event = events().get(0);
        assertThat(Instant.parse(event.get("timestamp").asText()))
                .isEqualTo(Instant.parse(event.get("receivedAt").asText()).minusSeconds(10));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"})
    void aClockThatIsWrongByMoreYearsThanThereAreCostsNothing(String sentAt) throws Exception {
        String own = sentAt.startsWith("0") ? "9990-01-02T03:04:05Z" : "0002-01-02T03:04:05Z";
        String body = "{\"userId\":\"u\",\"event\":\"e\",\"timestamp\":\"" + own + "\",\"sentAt\":\"" + sentAt + "\"}";
        assertThat(post("/v1/track", body.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        JsonNode event = events().get(0);
        assertThat(event.path("timestamp").asText()).isEqualTo(own);
        assertThat(event.path("sentAt").asText()).isEqualTo(sentAt);
    }

    @Test
    void anIdThatTablesCannotKeepGivesWayToOneOfTheContent() throws Exception {
        List<String> sent =
                List.of("sx\\u0000", "sx\\ud800", "sx\\udc00", "sx\\ud800\\ud800", "sx\\ufffd", "sx\\ud83d\\ude80");
        String[] messages = sent.stream()
                .map(id -> "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"e\",\"messageId\":\"" + id + "\"}")
                .toArray(String[]::new);
        List<List<String>> ids = new ArrayList<>();
        for (int attempt = 0; attempt < 2; attempt++) {
            post("/v1/batch", batch("", messages).getBytes(UTF_8), "Bearer wk");
            ids.add(events().stream()
                    .map(event -> event.get("messageId").asText())
                    .toList());
        }
        assertThat(ids.get(0)).doesNotHaveDuplicates().endsWith("sx\ufffd", "sx🚀");
        assertThat(ids.get(0).subList(0, 4)).allMatch(id -> id.startsWith("content-"));
        assertThat(ids.get(1)).isEqualTo(ids.get(0));
    }

    static Stream<Arguments> idsOfRefused() {
        return Stream.of(
                Arguments.of("{\"messageId\":\"badretry\",\"a\":{\"messageId\":\"inner\"}}", "badretry"),
                Arguments.of("{\"a\":NaN,\"messageId\":\"badretry\"}", "badretry"),
                Arguments.of(
                        "{\"a\":" + "[".repeat(1000) + "]".repeat(1000) + ",\"messageId\":\"badretry\"}", "badretry"),
                Arguments.of("{\"a\":\"" + "x".repeat(40_000) + "\",\"messageId\":7}", "7"),
                Arguments.of("{\"messageId\":\"ü\"}", "ü"),
                Arguments.of("{\"messageId\":\"" + "x".repeat(101) + "\"}", "content-"),
                Arguments.of("{\"messageId\":\"sx\\u0000\"}", "content-"),
                Arguments.of("{\"messageId\":\"sx\\ud800\"}", "content-"),
                Arguments.of("{\"messageId\":[\"badretry\"]}", "content-"),
                Arguments.of("[\"messageId\"]", "content-"));
    }

    @ParameterizedTest
    @MethodSource
    void idsOfRefused(String bad, String id) throws Exception {
        List<String> ids = new ArrayList<>();
        for (String sentAt : List.of("2026-01-02T03:04:06Z", "2026-01-02T03:05:06Z", "2026-01-02T03:06:06Z")) {
            String body = batch("\"sentAt\":\"" + sentAt + "\",", bad);
            assertThat(post("/v1/batch", body.getBytes(UTF_8), "Bearer wk").statusCode())
                    .isEqualTo(200);
            JsonNode event = events().get(0);
            assertThat(event.has("quarantined")).isTrue();
            ids.add(event.get("messageId").asText());
        }
        assertThat(ids).hasSize(3).containsOnly(ids.get(0));
        assertThat(ids.get(0)).startsWith(id);
    }

    @Test
    void aRetryIsTheSameMessageAndTheSameTwiceInOneRequestIsNot() throws Exception {
        String without = "{\"type\":\"track\",\"userId\":7,\"event\":\"e\",\"timestamp\":\"2026-01-02T03:04:05Z\"}";
        String tooLong =
                "{\"type\":\"track\",\"userId\":\"7\",\"event\":\"e\",\"messageId\":\"" + "x".repeat(101) + "\"}";
        List<List<String>> ids = new ArrayList<>();
        for (String sentAt : List.of("2026-01-02T03:04:06Z", "2026-01-02T03:05:06Z")) {
            post(
                    "/v1/batch",
                    batch("\"sentAt\":\"" + sentAt + "\",", without, without, tooLong)
                            .getBytes(UTF_8),
                    "Bearer wk");
            ids.add(events().stream()
                    .map(event -> event.get("messageId").asText())
                    .toList());
        }
        assertThat(ids.get(0)).doesNotHaveDuplicates().hasSize(3).allMatch(id -> id.length() <= 100);
        assertThat(ids.get(1)).isEqualTo(ids.get(0));
    }

    @Test
    void whatTheStreamRefusesIsSentAgainAndOnlyThat() throws Exception {
        List<Integer> sizes = new ArrayList<>();
        fault.set((exchange, request) -> {
            int records = request.get("Records").size();
            sizes.add(records);
            if (sizes.size() > 2) {
                return false;
            }
            // the second half is refused
            ObjectNode taken = request.deepCopy();
            taken.putArray("Records")
                    .addAll(IntStream.range(0, records / 2)
                            .mapToObj(request.get("Records")::get)
                            .toList());
            ObjectNode answer = (ObjectNode) JSON.readTree(
                    forward(exchange, JSON.writeValueAsBytes(taken)).body());
            for (int i = records / 2; i < records; i++) {
                answer.withArray("Records")
                        .addObject()
                        .put("ErrorCode", "ProvisionedThroughputExceededException")
                        .put("ErrorMessage", "Rate exceeded");
            }
            respond(
                    exchange,
                    200,
                    answer.put("FailedRecordCount", records - records / 2).toString());
            return true;
        });
        assertThat(post("/v1/batch", large(), "Bearer wk").statusCode()).isEqualTo(200);
        assertThat(sizes).hasSize(3).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(events().stream().map(event -> event.get("messageId").asText()))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 2000).mapToObj(Integer::toString).toList());
    }

    @Test
    void anAnswerThatIsLostMayDoubleAndLosesNothing() throws Exception {
        AtomicReference<Boolean> first = new AtomicReference<>(true);
        fault.set((exchange, request) -> {
            if (!first.getAndSet(false)) {
                return false;
            }
            forward(exchange, JSON.writeValueAsBytes(request));
            exchange.close();
            return true;
        });
        assertThat(post("/v1/track", EVENT.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        assertThat(events().stream().map(event -> event.get("messageId").asText()))
                .isNotEmpty()
                .containsOnly("m1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"429", "503"})
    void aStreamThatTakesNothingIsAnsweredSoThatTheClientTriesAgain(String status) throws Exception {
        fault.set((exchange, request) -> {
            boolean throttled = status.equals("429");
            respond(
                    exchange,
                    throttled ? 400 : 500,
                    "{\"__type\":\"" + (throttled ? "ProvisionedThroughputExceededException" : "InternalFailure")
                            + "\",\"message\":\"no\"}");
            return true;
        });
        HttpResponse<String> answer = post("/v1/track", EVENT.getBytes(UTF_8), "Bearer wk");
        assertThat(answer.statusCode()).isEqualTo(Integer.parseInt(status));
        assertThat(answer.headers().firstValue("retry-after")).hasValue("1");
        fault.set(NONE);
        assertThat(events()).isEmpty();
        assertThat(post("/v1/track", EVENT.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        assertThat(events()).hasSize(1);
    }

    @Test
    void aConnectionThatIsSlowOrBreaksHoldsUpNobody() throws Exception {
        URI endpoint = api.endpoint();
        byte[] request =
                ("POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wk\r\nConnection: close\r\nContent-Length: "
                                + EVENT.length() + "\r\n\r\n" + EVENT)
                        .getBytes(UTF_8);
        try (Socket slow = new Socket(endpoint.getHost(), endpoint.getPort());
                Socket broken = new Socket(endpoint.getHost(), endpoint.getPort())) {
            broken.getOutputStream().write(request, 0, request.length - 5);
            slow.getOutputStream().write(request, 0, request.length - 20);
            for (int at = request.length - 20; at < request.length; at++) {
                assertThat(post("/v1/track", EVENT.getBytes(UTF_8), "Bearer wk").statusCode())
                        .isEqualTo(200);
                slow.getOutputStream().write(request[at]);
            }
            assertThat(new String(slow.getInputStream().readAllBytes(), UTF_8)).startsWith("HTTP/1.1 200 ");
        }
        assertThat(post("/v1/track", EVENT.getBytes(UTF_8), "Bearer wk").statusCode())
                .isEqualTo(200);
        assertThat(events()).hasSize(22);
    }

    @Test
    void aSingleMessageThatIsBadIsKeptToo() throws Exception {
        String deep =
                EVENT.substring(0, EVENT.length() - 1) + ",\"properties\":" + "[".repeat(1000) + "]".repeat(1000) + "}";
        byte[] latin = EVENT.replace("\"u1\"", "\"\u00fc\"").getBytes(ISO_8859_1);
        for (byte[] body : List.of(deep.getBytes(UTF_8), latin)) {
            HttpResponse<String> answer = post("/v1/track", body, "Bearer wk");
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(Base64.getDecoder()
                            .decode(events().get(0).at("/quarantined/raw").asText()))
                    .isEqualTo(body);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/plain", "application/octet-stream"})
    void bytesComeAsTheyAreWhateverTheirTypeSays(String type) throws Exception {
        byte[] latin = EVENT.replace("\"u1\"", "\"\u00fc\"").getBytes(ISO_8859_1);
        for (byte[] body : List.of(latin, gzip(EVENT.getBytes(UTF_8)))) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(api.endpoint().resolve("/v1/track"))
                            .header("Content-Type", type)
                            .header("Authorization", "Bearer wk")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                            .build(),
                    ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
        List<JsonNode> events = events();
        assertThat(events).hasSize(2);
        assertThat(events.get(0).at("/quarantined/reason").asText()).contains("UTF-8");
        assertThat(Base64.getDecoder()
                        .decode(events.get(0).at("/quarantined/raw").asText()))
                .isEqualTo(latin);
        assertThat(events.get(1).path("userId").asText()).isEqualTo("u1");
    }

    @Test
    void aQuestionForTheHeadAloneIsAnsweredWithoutABody() throws Exception {
        List<String> warnings = Collections.synchronizedList(new ArrayList<>());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord log) {
                warnings.add(log.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("com.sun.net.httpserver");
        logger.addHandler(handler);
        try {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(api.endpoint().resolve("/v1/track"))
                            .method("HEAD", HttpRequest.BodyPublishers.noBody())
                            .build(),
                    ofString());
            assertThat(answer.statusCode()).isEqualTo(405);
            assertThat(answer.body()).isEmpty();
        } finally {
            logger.removeHandler(handler);
        }
        assertThat(warnings).isEmpty();
    }

    private static byte[] large() {
        String padding = "x".repeat(150);
        return batch(
                        "\"context\":{\"padding\":\"" + "y".repeat(500) + "\"},",
                        IntStream.range(0, 2000)
                                .mapToObj(i -> "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"" + padding
                                        + "\",\"messageId\":\"" + i + "\"}")
                                .toArray(String[]::new))
                .getBytes(UTF_8);
    }

    private static String batch(String fields, String... messages) {
        return "{" + fields + "\"batch\":[" + String.join(",", messages) + "]}";
    }

    private static HttpResponse<String> post(String path, byte[] body, String key) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(api.endpoint().resolve(path)).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (!key.isEmpty()) {
            request.header("Authorization", key);
        }
        return http.send(request.build(), ofString());
    }

    private static HttpResponse.BodyHandler<String> ofString() {
        return HttpResponse.BodyHandlers.ofString();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    /** What has come to the stream since it was last asked. */
    private static List<JsonNode> events() {
        return lines().stream()
                .map(line -> {
                    try {
                        return JSON.readTree(line);
                    } catch (IOException e) {
                        throw new IllegalStateException(line, e);
                    }
                })
                .collect(Collectors.toList());
    }

    private static List<String> lines() {
        List<String> lines = new ArrayList<>();
        GetRecordsResponse response;
        do {
            response = stream.getRecords(request -> request.shardIterator(position));
            position = response.nextShardIterator();
            response.records()
                    .forEach(record -> record.data().asUtf8String().lines().forEach(lines::add));
        } while (!response.records().isEmpty());
        return lines;
    }

    private static void kinesis(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (!fault.get().answers(exchange, (ObjectNode) JSON.readTree(body))) {
                HttpResponse<String> answer = forward(exchange, body);
                respond(exchange, answer.statusCode(), answer.body());
            }
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static HttpResponse<String> forward(HttpExchange exchange, byte[] body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(moto.endpoint().resolve("/"))
                .version(HttpClient.Version.HTTP_1_1)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        for (String header : List.of("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")) {
            request.header(header, exchange.getRequestHeaders().getFirst(header));
        }
        return http.send(request.build(), ofString());
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
