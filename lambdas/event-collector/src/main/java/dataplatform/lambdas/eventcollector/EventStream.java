package dataplatform.lambdas.eventcollector;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;

/**
 * Writes events to a Kinesis stream, a line each; lines that come together share a record, as Kinesis and Firehose bill by the record. What the
 * stream refuses of a request is sent again, and only that.
 */
final class EventStream {
    /** Of a request's events: what one shard takes in the time that the function has. */
    static final int MAX_BYTES = 10_000_000;
    /** Of one call, the keys of its records included: Kinesis takes no more, nor more records. */
    private static final int CALL = 5 * 1024 * 1024;

    private static final int CALL_RECORDS = 500;
    private static final int RECORD = 250_000;
    /** A call is given no less, though little time is left. */
    private static final Duration SHORTEST = Duration.ofMillis(200);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final String THROTTLED = "ProvisionedThroughputExceededException";

    private final KinesisClient kinesis;
    private final String stream;

    EventStream(KinesisClient kinesis, String stream) {
        this.kinesis = kinesis;
        this.stream = stream;
    }

    /**
     * Writes them, in as many calls as it takes, one after the other, so that they keep their order; when it returns, the stream has all
     * of them.
     *
     * @param events of at most {@link #MAX_BYTES}, with a line's end after each
     * @param end until which it may try, by {@link System#nanoTime}
     * @throws Refusal with 429 if the stream takes no more for now, with 503 if it does not answer; it may have taken some
     */
    void put(List<Event> events, long end) throws Refusal {
        for (List<PutRecordsRequestEntry> call : calls(records(events))) {
            call(call, end);
        }
    }

    private void call(List<PutRecordsRequestEntry> records, long end) throws Refusal {
        List<PutRecordsRequestEntry> left = records;
        Duration pause = FIRST_PAUSE;
        while (!left.isEmpty()) {
            List<PutRecordsRequestEntry> now = left;
            Duration limit = Duration.ofNanos(Math.max(SHORTEST.toNanos(), end - System.nanoTime()));
            Refusal refusal;
            try {
                PutRecordsResponse response = kinesis.putRecords(request -> request.streamName(stream)
                        .records(now)
                        .overrideConfiguration(settings -> settings.apiCallTimeout(limit)));
                left = new ArrayList<>();
                boolean throttled = false;
                for (int i = 0; i < now.size(); i++) {
                    String error = response.records().get(i).errorCode();
                    if (error != null) {
                        left.add(now.get(i));
                        throttled |= error.equals(THROTTLED);
                    }
                }
                refusal = throttled ? overloaded() : unavailable();
            } catch (ProvisionedThroughputExceededException e) {
                refusal = overloaded();
            } catch (SdkException e) {
                refusal = unavailable();
            }
            if (!left.isEmpty()) {
                if (System.nanoTime() + pause.toNanos() > end) {
                    throw refusal;
                }
                sleep(pause);
                pause = pause.multipliedBy(2);
            }
        }
    }

    private static Refusal overloaded() {
        return new Refusal(429, "too much at once; try again");
    }

    private static Refusal unavailable() {
        return new Refusal(503, "the stream does not answer; try again");
    }

    /** With up to a half more or less, so that those that were refused together don't come together again. */
    private static void sleep(Duration pause) throws Refusal {
        try {
            Thread.sleep((long) (pause.toMillis() * ThreadLocalRandom.current().nextDouble(0.5, 1.5)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable();
        }
    }

    private static List<PutRecordsRequestEntry> records(List<Event> events) {
        List<PutRecordsRequestEntry> records = new ArrayList<>();
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        String key = null;
        for (Event event : events) {
            if (lines.size() > 0 && lines.size() + event.json().length >= RECORD) {
                records.add(record(key, lines));
            }
            if (lines.size() == 0) {
                key = event.key();
            }
            lines.writeBytes(event.json());
            lines.write('\n');
        }
        if (lines.size() > 0) {
            records.add(record(key, lines));
        }
        return records;
    }

    private static List<List<PutRecordsRequestEntry>> calls(List<PutRecordsRequestEntry> records) {
        List<List<PutRecordsRequestEntry>> calls = new ArrayList<>();
        List<PutRecordsRequestEntry> call = new ArrayList<>();
        int bytes = 0;
        for (PutRecordsRequestEntry record : records) {
            int size = record.data().asByteArrayUnsafe().length
                    + record.partitionKey().length();
            if (bytes + size > CALL || call.size() == CALL_RECORDS) {
                calls.add(call);
                call = new ArrayList<>();
                bytes = 0;
            }
            call.add(record);
            bytes += size;
        }
        if (!call.isEmpty()) {
            calls.add(call);
        }
        return calls;
    }

    private static PutRecordsRequestEntry record(String key, ByteArrayOutputStream lines) {
        PutRecordsRequestEntry record = PutRecordsRequestEntry.builder()
                .partitionKey(key)
                .data(SdkBytes.fromByteArrayUnsafe(lines.toByteArray()))
                .build();
        lines.reset();
        return record;
    }
}
