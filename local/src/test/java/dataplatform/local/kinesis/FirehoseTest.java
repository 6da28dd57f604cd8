package dataplatform.local.kinesis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import dataplatform.local.s3.S3Server;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.s3.S3Client;

@Timeout(120)
class FirehoseTest {
    private static final String KEY =
            "web-data/raw/\\d{4}/\\d\\d/\\d\\d/\\d\\d/events-1-\\d{4}(-\\d\\d){5}-[0-9a-f-]{36}\\.gz";

    @TempDir
    Path folder;

    private final List<String> said = new CopyOnWriteArrayList<>();

    @Test
    void everyRecordComesToAnObjectInItsOrderThoughItIsKilledAndTheStoreFails() throws Exception {
        System.setProperty("aws.cborEnabled", "false");
        try (Moto moto = Moto.start(folder);
                S3Server server = S3Server.start(folder.resolve("s3"), 0);
                KinesisClient kinesis = moto.client(KinesisClient.builder());
                S3Client store = server.client()) {
            kinesis.createStream(request -> request.streamName("events").shardCount(2));
            kinesis.waiter().waitUntilStreamExists(request -> request.streamName("events"));

            // by size
            put(kinesis, 0, 300);
            Firehose killed = start(kinesis, store, 1000, Duration.ofDays(1));
            await(store, 300);
            put(kinesis, 300, 330);
            // so that it has read them
            Thread.sleep(500);
            killed.kill();
            assertThat(lines(store)).hasSize(300);
            put(kinesis, 330, 600);
            // by time, and what was read and not written before is read again
            try (Firehose firehose = start(kinesis, failing(store), Long.MAX_VALUE, Duration.ofMillis(200))) {
                for (int batch = 6; batch < 20; batch++) {
                    put(kinesis, batch * 100, (batch + 1) * 100);
                    await(store, (batch + 1) * 100);
                }
            }

            List<String> lines = lines(store);
            assertThat(lines.stream().distinct()).hasSize(2000);
            Map<String, List<Integer>> byPerson = new TreeMap<>();
            lines.stream().distinct().forEach(line -> byPerson.computeIfAbsent(
                            line.split(" ")[0], person -> new ArrayList<>())
                    .add(Integer.parseInt(line.split(" ")[1])));
            assertThat(byPerson).hasSize(7);
            assertThat(byPerson.values())
                    .allSatisfy(numbers -> assertThat(numbers).isSorted());
            assertThat(keys()).hasSizeGreaterThan(3).allMatch(key -> key.matches(KEY));
            assertThat(said).anyMatch(line -> line.startsWith("tried again: "));
        }
    }

    @Test
    void whatIsInTheStreamIsWrittenBeforeItIsClosed() throws Exception {
        System.setProperty("aws.cborEnabled", "false");
        try (Moto moto = Moto.start(folder);
                S3Server server = S3Server.start(folder.resolve("s3"), 0);
                KinesisClient kinesis = moto.client(KinesisClient.builder());
                S3Client store = server.client()) {
            kinesis.createStream(request -> request.streamName("events").shardCount(2));
            kinesis.waiter().waitUntilStreamExists(request -> request.streamName("events"));
            try (Firehose firehose = start(kinesis, failing(store), Long.MAX_VALUE, Duration.ofDays(1))) {
                for (int batch = 0; batch < 25; batch++) {
                    put(kinesis, batch * 100, (batch + 1) * 100);
                }
            }

            assertThat(lines(store)).hasSize(2500).doesNotHaveDuplicates();
            assertThat(said).contains("tried again: the connection was refused");
        }
    }

    /** The client, of whose writes one in two fails: before it is done, or when it is done and the answer is lost. */
    private static S3Client failing(S3Client client) {
        AtomicInteger writes = new AtomicInteger();
        return (S3Client) Proxy.newProxyInstance(
                FirehoseTest.class.getClassLoader(), new Class<?>[] {S3Client.class}, (proxy, method, arguments) -> {
                    int write = method.getName().equals("putObject") ? writes.incrementAndGet() : 0;
                    if (write % 4 == 1) {
                        throw SdkClientException.create("the connection was refused");
                    }
                    Object answer = method.invoke(client, arguments);
                    if (write % 4 == 3) {
                        throw SdkClientException.create("the connection was reset");
                    }
                    return answer;
                });
    }

    private Firehose start(KinesisClient kinesis, S3Client s3, long bytes, Duration wait) throws IOException {
        return Firehose.start(
                kinesis,
                s3,
                new Firehose.Delivery("events", S3Server.BRONZE, "web-data/raw/", bytes, wait),
                folder.resolve("positions.json"),
                said::add);
    }

    private static void put(KinesisClient kinesis, int from, int to) {
        kinesis.putRecords(request -> request.streamName("events")
                .records(IntStream.range(from, to)
                        .mapToObj(number -> PutRecordsRequestEntry.builder()
                                .partitionKey("person" + number % 7)
                                .data(SdkBytes.fromUtf8String("person" + number % 7 + " " + number + "\n"))
                                .build())
                        .toList()));
    }

    private void await(S3Client s3, int lines) throws Exception {
        while (lines(s3).stream().distinct().count() < lines) {
            Thread.sleep(50);
        }
    }

    /** Those that it knows of, in the order of their writing: of one more the answer may have been lost. */
    private List<String> keys() {
        return said.stream().filter(line -> !line.startsWith("tried again")).toList();
    }

    private List<String> lines(S3Client s3) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String key : keys()) {
            byte[] packed = s3.getObjectAsBytes(
                            request -> request.bucket(S3Server.BRONZE).key(key))
                    .asByteArray();
            try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(packed))) {
                new String(gzip.readAllBytes(), UTF_8).lines().forEach(lines::add);
            }
        }
        return lines;
    }
}
