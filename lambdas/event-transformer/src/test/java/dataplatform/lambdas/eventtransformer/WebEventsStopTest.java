package dataplatform.lambdas.eventtransformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.Moto;
import dataplatform.local.events.Traffic;
import dataplatform.local.events.WebEvents;
import dataplatform.local.s3.S3Server;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/** What is stopped, and started again over the same buckets, loses no web event. */
@Timeout(180)
class WebEventsStopTest {
    private static final String KEY = "a write key";

    @TempDir
    private Path folder;

    private final List<String> said = new CopyOnWriteArrayList<>();

    @Test
    void whatWasTakenIsTransformedAtTheStopAndAHalfTransformedObjectAtTheNextStart() throws Exception {
        try (S3Server storage = S3Server.start(folder.resolve("s3"), 0);
                S3Client s3 = storage.client()) {
            TreeSet<String> sent = new TreeSet<>();
            // nothing is due before the stop
            try (Moto moto = Moto.start(folder);
                    WebEvents events = start(moto, storage, Duration.ofDays(1))) {
                Traffic traffic = new Traffic(1, 10);
                HttpClient http = HttpClient.newHttpClient();
                for (int i = 0; i < 30; i++) {
                    List<ObjectNode> batch = new ArrayList<>();
                    for (int j = 0; j < 20; j++) {
                        batch.add(traffic.next(Instant.now()));
                        sent.add(batch.get(j).get("messageId").asText());
                    }
                    Traffic.send(http, events.endpoint(), KEY, batch);
                }
            }
            Map<String, byte[]> files = transformed(s3);
            TreeSet<String> stored = new TreeSet<>();
            for (String key : files.keySet()) {
                Path file = Files.write(folder.resolve("file.parquet"), files.get(key));
                ParquetRows.of(file).forEach(row -> stored.add((String) row.get("message_id")));
            }
            assertThat(stored).isEqualTo(sent);

            // as a start leaves it that is killed when it has written the first table
            assertThat(files).hasSizeGreaterThan(2);
            files.keySet().stream()
                    .skip(1)
                    .forEach(key -> s3.deleteObject(
                            request -> request.bucket(S3Server.BRONZE).key(key)));
            try (Moto moto = Moto.start(folder);
                    WebEvents events = start(moto, storage, Duration.ofSeconds(1))) {
                for (long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
                        events.waiting() > 0 && System.nanoTime() < end; ) {
                    Thread.sleep(50);
                }
            }
            assertThat(transformed(s3)).usingRecursiveComparison().isEqualTo(files);
            assertThat(said).isEmpty();
        }
    }

    private WebEvents start(Moto moto, S3Server storage, Duration interval) throws Exception {
        return WebEvents.start(
                folder.resolve("events"),
                moto,
                storage,
                new WebEvents.Settings(KEY, 4 << 20, interval, Optional.empty()),
                said::add);
    }

    private static Map<String, byte[]> transformed(S3Client s3) {
        Map<String, byte[]> files = new TreeMap<>();
        s3.listObjectsV2Paginator(request -> request.bucket(S3Server.BRONZE).prefix(WebEvents.TRANSFORMED))
                .contents()
                .forEach(object -> files.put(
                        object.key(),
                        s3.getObjectAsBytes(request ->
                                        request.bucket(S3Server.BRONZE).key(object.key()))
                                .asByteArray()));
        return files;
    }
}
