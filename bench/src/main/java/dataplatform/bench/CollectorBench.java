package dataplatform.bench;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dataplatform.lambdas.eventcollector.EventCollector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequest;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResultEntry;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

/**
 * What the event collector takes a second on the core that it is given, warm and without the call of Kinesis; and when a fresh JVM gives its
 * first answer, with that call over the loopback address.
 */
public final class CollectorBench {
    private static final Duration TURN = Duration.ofSeconds(3);
    private static final int TURNS = 5;
    private static final int BATCH = 500;
    private static final int STARTS = 7;
    private static final String SECRET = "{\"web\":\"key\"}";
    private static final ObjectMapper JSON = new ObjectMapper();

    private CollectorBench() {}

    /** Measures and prints; with the argument {@code first} answers once, and says when. */
    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            answer(new EventCollector(), request("/v1/track", message(0)));
            System.out.println(System.currentTimeMillis()
                    - ManagementFactory.getRuntimeMXBean().getStartTime());
            return;
        }
        EventCollector collector = new EventCollector(new Stream(), new Secrets(), Clock.systemUTC());
        String batch = IntStream.range(0, BATCH)
                .mapToObj(CollectorBench::message)
                .collect(Collectors.joining(",", "{\"sentAt\":\"2026-11-24T18:25:01.870Z\",\"batch\":[", "]}"));
        measure(collector, "one by one", request("/v1/track", message(0)), 1);
        measure(collector, "in batches of " + BATCH, request("/v1/batch", batch), BATCH);
        first();
    }

    private static void measure(EventCollector collector, String how, byte[] request, int events) throws IOException {
        for (int turn = 1; turn <= TURNS; turn++) {
            List<Long> times = new ArrayList<>();
            long end = System.nanoTime() + TURN.toNanos();
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                answer(collector, request);
                times.add(System.nanoTime() - start);
            }
            Collections.sort(times);
            // the first ones warm it up
            if (turn == TURNS) {
                System.out.printf(
                        "collector, %s: %,d events a second, p99 of a request %.2f ms%n",
                        how, times.size() * events / TURN.toSeconds(), times.get(times.size() * 99 / 100) / 1e6);
            }
        }
    }

    private static void first() throws Exception {
        HttpServer aws = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        aws.createContext("/", CollectorBench::aws);
        aws.start();
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(), "-cp", System.getProperty("java.class.path")));
        ManagementFactory.getRuntimeMXBean().getInputArguments().forEach(flag -> command.add(1, flag));
        command.addAll(List.of(CollectorBench.class.getName(), "first"));
        List<Integer> times = new ArrayList<>();
        for (int start = 0; start < STARTS; start++) {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment()
                    .putAll(Map.of(
                            "AWS_ENDPOINT_URL",
                                    "http://127.0.0.1:" + aws.getAddress().getPort(),
                            "AWS_ACCESS_KEY_ID", "key",
                            "AWS_SECRET_ACCESS_KEY", "secret",
                            "AWS_REGION", "us-east-1",
                            "CBOR_ENABLED", "false",
                            "EVENT_STREAM", "events",
                            "WRITE_KEYS_SECRET", "write-keys"));
            Process process = builder.start();
            times.add(Integer.parseInt(
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip()));
        }
        aws.stop(0);
        Collections.sort(times);
        System.out.printf(
                "collector, first answer of a fresh JVM: %d ms (median of %s)%n", times.get(STARTS / 2), times);
    }

    private static void aws(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            boolean kinesis =
                    exchange.getRequestHeaders().getFirst("X-Amz-Target").startsWith("Kinesis");
            byte[] answer = JSON.writeValueAsBytes(
                    kinesis
                            ? Map.of("FailedRecordCount", 0, "Records", List.of(Map.of("SequenceNumber", "1")))
                            : Map.of("SecretString", SECRET));
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    private static String message(int number) {
        return """
                {"type":"track","messageId":"a1a67d90-ff4f-471b-b3f2-%012d","timestamp":"2026-11-24T18:25:01.830Z","userId":"u%d",\
                "context":{"sessionId":"s1","ip":"203.0.113.7","library":{"name":"analytics-java","version":"3.5.4"}},"integrations":{},\
                "event":"Order Completed","properties":{"revenue":39.95,"currency":"EUR","products":[{"product_id":"p1","price":19.975,\
                "quantity":2}]}}""".formatted(number, number % 7);
    }

    private static byte[] request(String path, String body) throws IOException {
        ObjectNode event = JSON.createObjectNode().put("rawPath", path).put("body", body);
        event.putObject("headers").put("authorization", "Bearer key");
        event.putObject("requestContext")
                .putObject("http")
                .put("method", "POST")
                .put("sourceIp", "192.0.2.1");
        return JSON.writeValueAsBytes(event);
    }

    private static void answer(EventCollector collector, byte[] request) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        collector.handleRequest(new ByteArrayInputStream(request), answer, new FifteenSeconds());
        if (!answer.toString(StandardCharsets.UTF_8).startsWith("{\"statusCode\":200,")) {
            throw new IllegalStateException(answer.toString(StandardCharsets.UTF_8));
        }
    }

    private static final class Stream implements KinesisClient {
        @Override
        public PutRecordsResponse putRecords(PutRecordsRequest request) {
            PutRecordsResultEntry[] taken =
                    new PutRecordsResultEntry[request.records().size()];
            Arrays.fill(
                    taken, PutRecordsResultEntry.builder().sequenceNumber("1").build());
            return PutRecordsResponse.builder().records(taken).build();
        }

        @Override
        public String serviceName() {
            return "kinesis";
        }

        @Override
        public void close() {}
    }

    private static final class Secrets implements SecretsManagerClient {
        @Override
        public GetSecretValueResponse getSecretValue(GetSecretValueRequest request) {
            return GetSecretValueResponse.builder().secretString(SECRET).build();
        }

        @Override
        public String serviceName() {
            return "secretsmanager";
        }

        @Override
        public void close() {}
    }

    private record FifteenSeconds() implements Context {
        @Override
        public int getRemainingTimeInMillis() {
            return 15_000;
        }

        @Override
        public String getAwsRequestId() {
            return "";
        }

        @Override
        public String getLogGroupName() {
            return "";
        }

        @Override
        public String getLogStreamName() {
            return "";
        }

        @Override
        public String getFunctionName() {
            return "";
        }

        @Override
        public String getFunctionVersion() {
            return "";
        }

        @Override
        public String getInvokedFunctionArn() {
            return "";
        }

        @Override
        public CognitoIdentity getIdentity() {
            return null;
        }

        @Override
        public ClientContext getClientContext() {
            return null;
        }

        @Override
        public int getMemoryLimitInMB() {
            return 1769;
        }

        @Override
        public LambdaLogger getLogger() {
            return null;
        }
    }
}
