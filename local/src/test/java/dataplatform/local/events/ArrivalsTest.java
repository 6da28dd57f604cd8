package dataplatform.local.events;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.s3.S3Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

class ArrivalsTest {
    @TempDir
    private Path folder;

    @Test
    void anObjectThatCanNotBeReadHidesNoOtherAndIsReadWhenItCan() throws Exception {
        try (S3Server storage = S3Server.start(folder.resolve("s3"), 0);
                S3Client s3 = storage.client()) {
            put(s3, "a.gz", "no gzip".getBytes(StandardCharsets.UTF_8));
            put(s3, "b.gz", gzip("{\"messageId\":\"m1\"}\n{\"messageId\":\"m2\""));
            try (Arrivals arrivals = Arrivals.start(s3, folder.resolve("scratch"))) {
                await(arrivals, "m1");

                put(s3, "a.gz", gzip("{\"messageId\":\"m3\"}"));
                await(arrivals, "m3");
            }
        }
    }

    private static void await(Arrivals arrivals, String id) throws InterruptedException {
        for (long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
                !arrivals.of(id).containsKey("raw"); ) {
            assertThat(System.nanoTime()).as(id).isLessThan(end);
            Thread.sleep(20);
        }
    }

    private static void put(S3Client s3, String name, byte[] object) {
        s3.putObject(
                request -> request.bucket(S3Server.BRONZE).key(WebEvents.RAW + "2026/11/28/05/" + name),
                RequestBody.fromBytes(object));
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return packed.toByteArray();
    }
}
