package dataplatform.lambdas.eventtransformer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.process.Project;
import dataplatform.local.s3.ObjectCreated;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.Names;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** The packed function under Lambda's runtime interface client, with S3 beside it. */
class EventTransformerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RAW = "web-data/raw/2026/11/28/05/";
    private static final String TRANSFORMED = "web-data/transformed/";

    @TempDir
    private static Path folder;

    private static S3Server storage;
    private static S3Client s3;
    private static LambdaRuntime function;

    @BeforeAll
    static void start() throws Exception {
        storage = S3Server.start(folder.resolve("s3"), 0);
        s3 = storage.client();
        function = start(folder.resolve("function"), storage.environment());
    }

    private static LambdaRuntime start(Path home, Map<String, String> environment) throws IOException {
        return LambdaRuntime.start(
                Project.file("lambdas/event-transformer/target/event-transformer.jar"),
                EventTransformer.class.getName(),
                environment,
                Files.createDirectories(home));
    }

    @AfterAll
    static void stop() {
        function.close();
        s3.close();
        storage.close();
    }

    @BeforeEach
    void empty() {
        for (String key : keys("web-data/")) {
            s3.deleteObject(request -> request.bucket(S3Server.BRONZE).key(key));
        }
    }

    @Test
    void transformsWhatANotificationOfEitherKindNames() throws Exception {
        put(RAW + "a b+c.gz", TransformationTest.message("1", "page", ""));
        put(
                RAW + "d.gz",
                TransformationTest.message("2", "page", "") + TransformationTest.message("3", "identify", ""));

        assertThat(failed(
                        notification(RAW + "a+b%2Bc.gz"), ofEventBridge(RAW + "d.gz"), "{\"Event\":\"s3:TestEvent\"}"))
                .isEmpty();

        assertThat(rows().keySet())
                .containsExactly(
                        TRANSFORMED + "events/2026/11/28/05/a b+c.gz.parquet",
                        TRANSFORMED + "events/2026/11/28/05/d.gz.parquet",
                        TRANSFORMED + "users/2026/11/28/05/d.gz.parquet");
        assertThat(rows().values().stream().flatMap(List::stream))
                .extracting(row -> row.get("message_id"))
                .containsExactly("1", "2", "3");
    }

    @Test
    void countsMessagesForCloudWatch() throws Exception {
        put(
                RAW + "counted.gz",
                TransformationTest.message("1", "page", "") + "?" + TransformationTest.message("2", "page", ""));

        assertThat(failed(notification(RAW + "counted.gz"))).isEmpty();

        String line = function.log()
                .lines()
                .filter(each -> each.startsWith("{\"_aws\""))
                .reduce("", (before, after) -> after);
        JsonNode metrics = JSON.readTree(line);
        assertThat(metrics.at("/_aws/CloudWatchMetrics/0/Metrics").findValuesAsText("Name"))
                .containsExactly(Names.MESSAGES, Names.QUARANTINED_MESSAGES);
        assertThat(metrics.get(Names.MESSAGES).asInt()).isEqualTo(3);
        assertThat(metrics.get(Names.QUARANTINED_MESSAGES).asInt()).isEqualTo(1);
        assertThat(metrics.get(metrics.at("/_aws/CloudWatchMetrics/0/Dimensions/0/0")
                                .asText())
                        .asText())
                .isEqualTo(EventTransformer.class.getName());
    }

    @Test
    void leavesMessagesInTheQueueWhoseObjectItCanNotTransform() throws Exception {
        put(RAW + "good.gz", TransformationTest.message("1", "page", ""));
        put("web-data/raw/nowhere.gz", TransformationTest.message("2", "page", ""));

        assertThat(failed(
                        notification(RAW + "gone.gz"),
                        notification(RAW + "good.gz"),
                        notification("web-data/raw/nowhere.gz"),
                        "{}",
                        "no JSON"))
                .containsExactly("m0", "m2", "m3", "m4");

        assertThat(rows().keySet()).containsExactly(TRANSFORMED + "events/2026/11/28/05/good.gz.parquet");
        assertThat(function.log())
                .contains(
                        "message m0 comes again: ",
                        "message m2 comes again: web-data/raw/nowhere.gz is not web-data/raw/yyyy/MM/dd/HH/<name>",
                        "message m3 comes again: it is no notification of S3: it names no object",
                        "message m4 comes again: it is no notification of S3, but no JSON");
    }

    @Test
    void addsNothingWhenAMessageComesAgain() throws Exception {
        put(RAW + "a.gz", TransformationTest.message("1", "page", "") + "?");
        assertThat(failed(notification(RAW + "a.gz"))).isEmpty();
        Map<String, List<Map<String, Object>>> first = rows();

        assertThat(failed(notification(RAW + "a.gz"), ofEventBridge(RAW + "a.gz")))
                .isEmpty();

        assertThat(rows()).isEqualTo(first).hasSize(2);
    }

    /** S3 takes one of three files, and then the function is killed; its next process, on the same disk, gets the message again. */
    @Test
    void losesNothingWhenItIsKilledMidway() throws Exception {
        put(
                RAW + "a.gz",
                TransformationTest.message("1", "page", "") + TransformationTest.message("2", "identify", "") + "?");
        ExecutorService threads = Executors.newCachedThreadPool();
        try (ServerSocket gate = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            CountDownLatch second = new CountDownLatch(2);
            AtomicBoolean open = new AtomicBoolean();
            threads.submit(() -> letOnePutThrough(gate, second, open, threads));
            Map<String, String> environment = new HashMap<>(storage.environment());
            environment.put("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:" + gate.getLocalPort());
            try (LambdaRuntime killed = start(folder.resolve("killed"), environment)) {
                threads.submit(() -> killed.invoke(event(notification(RAW + "a.gz"))));
                second.await();
                killed.kill();
                assertThat(rows()).hasSize(1);
                Path disk = folder.resolve("killed")
                        .resolve(EventTransformer.class.getName())
                        .resolve("tmp/transformed");
                assertThat(disk).isNotEmptyDirectory();

                open.set(true);
                LambdaRuntime.Answer answer = killed.invoke(event(notification(RAW + "a.gz")));

                assertThat(answer.body()).isEqualTo("{\"batchItemFailures\":[]}");
                assertThat(disk).isEmptyDirectory();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(rows()).hasSize(3);
        assertThat(rows().values().stream().flatMap(List::stream)).hasSize(3);
    }

    /** Passes on what comes to S3, but for what comes after the first object that is put, until it is opened. */
    private static Void letOnePutThrough(
            ServerSocket gate, CountDownLatch second, AtomicBoolean open, ExecutorService threads) throws IOException {
        while (true) {
            Socket client = gate.accept();
            Socket server = new Socket(
                    InetAddress.getLoopbackAddress(), storage.endpoint().getPort());
            threads.submit(() -> server.getInputStream().transferTo(client.getOutputStream()));
            threads.submit(() -> {
                try (client;
                        server) {
                    byte[] chunk = new byte[1 << 16];
                    for (int read = client.getInputStream().read(chunk);
                            read > 0;
                            read = client.getInputStream().read(chunk)) {
                        if (new String(chunk, 0, 4, UTF_8).equals("PUT ")) {
                            second.countDown();
                        }
                        if (second.getCount() > 0 || open.get()) {
                            server.getOutputStream().write(chunk, 0, read);
                        }
                    }
                }
                return null;
            });
        }
    }

    private static void put(String key, String object) {
        s3.putObject(request -> request.bucket(S3Server.BRONZE).key(key), RequestBody.fromString(object));
    }

    private static List<String> keys(String prefix) {
        return s3
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.BRONZE).prefix(prefix))
                .contents()
                .stream()
                .map(S3Object::key)
                .toList();
    }

    /** The rows of the transformed objects by key. */
    private static Map<String, List<Map<String, Object>>> rows() throws IOException {
        Map<String, List<Map<String, Object>>> rows = new TreeMap<>();
        for (String key : keys(TRANSFORMED)) {
            Path file = Files.createTempDirectory(folder, "rows").resolve("file.parquet");
            s3.getObject(request -> request.bucket(S3Server.BRONZE).key(key), file);
            rows.put(key, ParquetRows.of(file));
        }
        return rows;
    }

    private static String notification(String key) {
        return JSON.createObjectNode()
                .set(
                        "Records",
                        JSON.createArrayNode()
                                .add(JSON.createObjectNode()
                                        .set(
                                                "s3",
                                                JSON.createObjectNode()
                                                        .<ObjectNode>set(
                                                                "bucket",
                                                                JSON.createObjectNode()
                                                                        .put("name", S3Server.BRONZE))
                                                        .set(
                                                                "object",
                                                                JSON.createObjectNode()
                                                                        .put("key", key)))))
                .toString();
    }

    private static String ofEventBridge(String key) {
        return ObjectCreated.event(S3Server.BRONZE, key).toString();
    }

    /** An event with messages of SQS, whose ids are m0, m1, … */
    private static String event(String... bodies) {
        ObjectNode event = JSON.createObjectNode();
        ArrayNode records = event.putArray("Records");
        for (int i = 0; i < bodies.length; i++) {
            records.addObject().put("messageId", "m" + i).put("body", bodies[i]);
        }
        return event.toString();
    }

    private static List<String> failed(String... bodies) throws Exception {
        LambdaRuntime.Answer answer = function.invoke(event(bodies));
        assertThat(answer.failed()).as(answer.body()).isFalse();
        return JSON.readTree(answer.body()).get("batchItemFailures").findValuesAsText("itemIdentifier");
    }
}
