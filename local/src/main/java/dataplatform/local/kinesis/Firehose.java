package dataplatform.local.kinesis;

import com.fasterxml.jackson.core.type.TypeReference;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.Closing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Data Firehose on one machine: takes what comes to a Kinesis stream to objects in S3, with gzip, in the order of each shard. An object is
 * written when its records are of a certain size, or the first of them has waited for so long; its key names the hour of that record in
 * UTC, as Firehose does by {@code !{timestamp:yyyy/MM/dd/HH}}. What S3 refuses is tried again. As with Firehose a record may come twice:
 * where it is killed between an object and the note of how far it came.
 */
public final class Firehose implements AutoCloseable {
    private static final DateTimeFormatter HOUR = DateTimeFormatter.ofPattern("yyyy/MM/dd/HH/");
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyy-MM-dd-HH-mm-ss");
    private static final Duration LOOK = Duration.ofMillis(100);
    /** How long it tries to write the rest when it is closed. */
    private static final Duration LAST = Duration.ofSeconds(5);

    private final KinesisClient kinesis;
    private final S3Client s3;
    private final Delivery delivery;
    private final Path positions;
    private final Clock clock = Clock.systemUTC();
    private final Consumer<String> said;
    private final Map<String, String> iterators = new HashMap<>();
    /** Sequence number of the last record of each shard that is in S3. */
    private final Map<String, String> delivered;

    private final Map<String, String> buffered = new HashMap<>();
    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();
    private Instant first;
    private final Thread thread = new Thread(this::run, "firehose");
    private volatile boolean closing;
    private volatile boolean killed;

    /**
     * What is taken where.
     *
     * @param stream its name
     * @param prefix of the objects, before the hour
     * @param bytes of an object, before it is packed
     * @param interval for which an object's first record waits at most
     */
    public record Delivery(String stream, String bucket, String prefix, long bytes, Duration interval) {}

    private Firehose(KinesisClient kinesis, S3Client s3, Delivery delivery, Path positions, Consumer<String> said)
            throws IOException {
        this.kinesis = kinesis;
        this.s3 = s3;
        this.delivery = delivery;
        this.positions = positions;
        this.said = said;
        this.delivered = Files.exists(positions)
                ? AwsJson.JSON.readValue(positions.toFile(), new TypeReference<TreeMap<String, String>>() {})
                : new TreeMap<>();
    }

    /**
     * Starts it; whoever started the clients closes them, after it.
     *
     * @param positions a file in which it notes how far it has come
     * @param said hears of each object, and of what is tried again
     */
    public static Firehose start(
            KinesisClient kinesis, S3Client s3, Delivery delivery, Path positions, Consumer<String> said)
            throws IOException {
        Firehose firehose = new Firehose(kinesis, s3, delivery, positions, said);
        firehose.thread.start();
        return firehose;
    }

    private void run() {
        while (!closing) {
            try {
                take();
                if (isDue()) {
                    write();
                }
            } catch (SdkException | IOException e) {
                again(e);
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
        if (!killed) {
            writeRest();
        }
    }

    private void writeRest() {
        for (long end = System.nanoTime() + LAST.toNanos(); System.nanoTime() < end; ) {
            try {
                while (take() > 0) {
                    if (isDue()) {
                        write();
                    }
                }
                if (first != null) {
                    write();
                }
                return;
            } catch (SdkException | IOException e) {
                again(e);
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
        said.accept("ended before the rest was written");
    }

    private boolean isDue() {
        return first != null
                && (buffer.size() >= delivery.bytes() || !clock.instant().isBefore(first.plus(delivery.interval())));
    }

    private void again(Exception e) {
        said.accept("tried again: " + e.getMessage());
        iterators.clear();
    }

    /** @return how many records */
    private int take() {
        int taken = 0;
        for (Shard shard : kinesis.listShards(request -> request.streamName(delivery.stream()))
                .shards()) {
            String id = shard.shardId();
            String iterator = iterators.containsKey(id) ? iterators.get(id) : iterator(id);
            GetRecordsResponse response = kinesis.getRecords(
                    request -> request.shardIterator(iterator).limit(1000));
            for (Record record : response.records()) {
                if (first == null) {
                    first = record.approximateArrivalTimestamp();
                }
                buffer.writeBytes(record.data().asByteArrayUnsafe());
                buffered.put(id, record.sequenceNumber());
                taken++;
            }
            iterators.put(id, response.nextShardIterator());
        }
        return taken;
    }

    private String iterator(String shard) {
        String last = buffered.getOrDefault(shard, delivered.get(shard));
        GetShardIteratorRequest.Builder request =
                GetShardIteratorRequest.builder().streamName(delivery.stream()).shardId(shard);
        return kinesis.getShardIterator(
                        last == null
                                ? request.shardIteratorType(ShardIteratorType.TRIM_HORIZON)
                                        .build()
                                : request.shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                                        .startingSequenceNumber(last)
                                        .build())
                .shardIterator();
    }

    private void write() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            buffer.writeTo(gzip);
        }
        String key = delivery.prefix() + HOUR.format(first.atOffset(ZoneOffset.UTC)) + delivery.stream() + "-1-"
                + NAME.format(clock.instant().atOffset(ZoneOffset.UTC)) + "-" + UUID.randomUUID() + ".gz";
        s3.putObject(
                request -> request.bucket(delivery.bucket()).key(key), RequestBody.fromBytes(packed.toByteArray()));
        delivered.putAll(buffered);
        Path next = positions.resolveSibling(positions.getFileName() + ".next");
        AwsJson.JSON.writeValue(next.toFile(), delivered);
        Files.move(next, positions, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        said.accept(key);
        buffer.reset();
        buffered.clear();
        first = null;
    }

    /** Stops it when all that the stream has is written; what can't be is taken from the stream at the next start. */
    @Override
    public void close() {
        closing = true;
        Closing.join(thread);
    }

    /** Stops it whatever it is doing, with nothing more written, as when its process is killed. */
    void kill() {
        killed = true;
        closing = true;
        thread.interrupt();
        Closing.join(thread);
    }
}
