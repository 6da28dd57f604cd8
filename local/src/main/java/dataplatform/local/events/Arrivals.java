package dataplatform.local.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.Closing;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Looks when each web event arrived where: in a raw object, in Parquet, in silver. For people who watch, and for measuring. */
public final class Arrivals implements AutoCloseable {
    private static final String SILVER = "web/";
    private static final String LOG = "/_delta_log/";
    private static final Duration LOOK = Duration.ofMillis(200);

    private final S3Client s3;
    private final Path scratch;
    private final Set<String> read = new HashSet<>();
    private final Map<String, Map<String, Long>> arrived = new ConcurrentHashMap<>();
    private final Thread thread = new Thread(this::run, "arrivals");
    private volatile boolean closing;

    private Arrivals(S3Client s3, Path scratch) {
        this.s3 = s3;
        this.scratch = scratch;
    }

    /**
     * Starts to look; what is there already counts as arrived now.
     *
     * @param s3 whoever started it closes it, after this
     * @param scratch folder for copies of files
     */
    public static Arrivals start(S3Client s3, Path scratch) throws IOException {
        Arrivals arrivals = new Arrivals(s3, Files.createDirectories(scratch));
        arrivals.thread.start();
        return arrivals;
    }

    /**
     * When it was first seen where.
     *
     * @return milliseconds since 1970 by {@code raw}, {@code transformed} and {@code silver}
     */
    public Map<String, Long> of(String messageId) {
        return arrived.getOrDefault(messageId, Map.of());
    }

    private void run() {
        while (!closing) {
            try {
                look();
                Thread.sleep(LOOK.toMillis());
            } catch (InterruptedException e) {
                // it is closed
                return;
            } catch (SdkException e) {
                // S3 does not answer, or it is closed
                LockSupport.parkNanos(LOOK.toNanos());
            }
        }
    }

    private void look() {
        each(S3Server.BRONZE, WebEvents.RAW, key -> note("raw", ofLines(get(S3Server.BRONZE, key))));
        each(S3Server.BRONZE, WebEvents.TRANSFORMED, key -> note("transformed", ofParquet(S3Server.BRONZE, key)));
        each(S3Server.SILVER, SILVER, key -> {
            if (key.contains(LOG) && key.endsWith(".json")) {
                for (String file : added(key)) {
                    note("silver", ofParquet(S3Server.SILVER, file));
                }
            }
        });
    }

    private interface Reader {
        void read(String key) throws IOException;
    }

    /** Reads the objects that were not read before; one that can't be read is tried again at the next look. */
    private void each(String bucket, String prefix, Reader reader) {
        List<String> keys =
                s3.listObjectsV2Paginator(request -> request.bucket(bucket).prefix(prefix)).contents().stream()
                        .map(S3Object::key)
                        .filter(key -> !read.contains(bucket + "/" + key))
                        .toList();
        for (String key : keys) {
            try {
                reader.read(key);
                read.add(bucket + "/" + key);
            } catch (SdkException | IOException e) {
                // it is being written, or is damaged
                continue;
            }
        }
    }

    private byte[] get(String bucket, String key) {
        return s3.getObjectAsBytes(request -> request.bucket(bucket).key(key)).asByteArray();
    }

    private void note(String stage, List<String> ids) {
        long now = System.currentTimeMillis();
        ids.forEach(id ->
                arrived.computeIfAbsent(id, each -> new ConcurrentHashMap<>()).putIfAbsent(stage, now));
    }

    private static List<String> ofLines(byte[] packed) throws IOException {
        List<String> ids = new ArrayList<>();
        try (GZIPInputStream lines = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            for (String line : new String(lines.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                try {
                    ids.add(AwsJson.JSON.readTree(line).path("messageId").asText());
                } catch (JsonProcessingException e) {
                    // it is damaged
                    continue;
                }
            }
        }
        return ids;
    }

    /** The files that a commit of Delta adds. */
    private List<String> added(String commit) throws IOException {
        List<String> files = new ArrayList<>();
        String table = commit.substring(0, commit.indexOf(LOG) + 1);
        for (String line : new String(get(S3Server.SILVER, commit), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            String path = AwsJson.JSON.readTree(line).at("/add/path").asText();
            if (!path.isEmpty()) {
                files.add(table + URLDecoder.decode(path, StandardCharsets.UTF_8));
            }
        }
        return files;
    }

    private List<String> ofParquet(String bucket, String key) throws IOException {
        Path file = Files.createTempFile(scratch, "arrived", ".parquet");
        try {
            Files.write(file, get(bucket, key));
            List<String> ids = new ArrayList<>();
            try (ParquetReader<Group> rows = ParquetFile.read(file)) {
                for (Group row = rows.read(); row != null; row = rows.read()) {
                    if (row.getType().containsField("message_id") && row.getFieldRepetitionCount("message_id") > 0) {
                        ids.add(row.getString("message_id", 0));
                    }
                }
            }
            return ids;
        } finally {
            Files.delete(file);
        }
    }

    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        Closing.join(thread);
    }
}
