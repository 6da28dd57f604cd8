package dataplatform.local.events;

import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.Moto;
import dataplatform.local.kinesis.Firehose;
import dataplatform.local.lambda.HttpApi;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.QueueTrigger;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Project;
import dataplatform.local.s3.ObjectCreated;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.Names;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/**
 * The way of web events on one machine, from the HTTP API to typed Parquet: the packed functions, and moto's Kinesis and SQS between them. What
 * stands in for Firehose writes to S3, and announces each object to the transformer's queue as EventBridge does.
 */
public final class WebEvents implements AutoCloseable {
    /** Under it, raw objects stand by the hour. */
    public static final String RAW = Names.RAW + "/";

    /** Under it, the rows of each table stand by the hour. */
    public static final String TRANSFORMED = Names.TRANSFORMED + "/";

    private static final String STREAM = "web-events";
    private static final String SECRET = "write-keys";
    /** After which what was not transformed is tried again. */
    private static final int VISIBILITY_SECONDS = 5;

    /** More than on AWS: here a laptop's load and tests that kill the function take some, and what takes longer than the seconds above another. */
    private static final int TRIES = 30;

    /** How many raw objects may have been in work when a start was killed: more than the trigger gives the function at a time. */
    private static final int IN_WORK = 10;

    /** In the order in which they are closed. */
    private final Deque<AutoCloseable> parts;

    private final S3Client s3;
    private final SqsClient sqs;
    private final String queue;
    private final String dead;
    private final LambdaRuntime transformer;
    private final HttpApi api;

    /**
     * What is started.
     *
     * @param writeKey that clients send
     * @param bytes of a raw object, before it is packed
     * @param interval for which a raw object's first event waits at most
     * @param kinesis where the collector finds the stream, if not in moto
     */
    public record Settings(String writeKey, long bytes, Duration interval, Optional<URI> kinesis) {}

    private WebEvents(
            Path state,
            Moto moto,
            S3Server storage,
            Settings settings,
            Consumer<String> said,
            Deque<AutoCloseable> parts)
            throws IOException {
        this.parts = parts;
        this.s3 = open(storage.client());
        KinesisClient kinesis = open(moto.client(KinesisClient.builder()));
        kinesis.createStream(request -> request.streamName(STREAM).shardCount(2));
        kinesis.waiter().waitUntilStreamExists(request -> request.streamName(STREAM));
        try (SecretsManagerClient secrets = moto.client(SecretsManagerClient.builder())) {
            String keys = AwsJson.JSON
                    .createObjectNode()
                    .put("web", settings.writeKey())
                    .toString();
            secrets.createSecret(request -> request.name(SECRET).secretString(keys));
        }
        this.sqs = open(moto.client(SqsClient.builder()));
        this.dead =
                sqs.createQueue(request -> request.queueName("web-events-dead")).queueUrl();
        String deadArn = sqs.getQueueAttributes(
                        request -> request.queueUrl(dead).attributeNames(QueueAttributeName.QUEUE_ARN))
                .attributes()
                .get(QueueAttributeName.QUEUE_ARN);
        this.queue = sqs.createQueue(request -> request.queueName("web-events")
                        .attributes(Map.of(
                                QueueAttributeName.VISIBILITY_TIMEOUT,
                                Integer.toString(VISIBILITY_SECONDS),
                                QueueAttributeName.REDRIVE_POLICY,
                                AwsJson.JSON
                                        .createObjectNode()
                                        .put("deadLetterTargetArn", deadArn)
                                        .put("maxReceiveCount", TRIES)
                                        .toString())))
                .queueUrl();
        Map<String, String> ofCollector = new HashMap<>(moto.environment());
        ofCollector.putAll(Map.of("EVENT_STREAM", STREAM, "WRITE_KEYS_SECRET", SECRET, "CBOR_ENABLED", "false"));
        settings.kinesis().ifPresent(uri -> ofCollector.put("AWS_ENDPOINT_URL_KINESIS", uri.toString()));
        LambdaRuntime collector =
                open(function("event-collector", "eventcollector.EventCollector", ofCollector, state));
        this.transformer =
                open(function("event-transformer", "eventtransformer.EventTransformer", storage.environment(), state));
        open(QueueTrigger.start(sqs, queue, TRIES, transformer, said));
        announceWhatIsLeft();
        open(Firehose.start(
                kinesis,
                s3,
                new Firehose.Delivery(STREAM, S3Server.BRONZE, RAW, settings.bytes(), settings.interval()),
                // moto forgets its stream, too
                Files.createTempDirectory(state, "firehose").resolve("positions.json"),
                delivered -> {
                    if (delivered.startsWith(RAW)) {
                        announce(delivered);
                    } else {
                        said.accept("Firehose " + delivered);
                    }
                }));
        this.api = open(HttpApi.start(collector));
    }

    /**
     * Starts all of it.
     *
     * @param state folder for logs
     * @param moto has the streams, queues and secrets; whoever started it closes it, after this
     * @param storage has the buckets, and what was in them before
     * @param said hears of what is tried again
     */
    public static WebEvents start(Path state, Moto moto, S3Server storage, Settings settings, Consumer<String> said)
            throws IOException {
        // what moto does not understand
        System.setProperty("aws.cborEnabled", "false");
        Deque<AutoCloseable> parts = new ArrayDeque<>();
        try {
            return new WebEvents(Files.createDirectories(state), moto, storage, settings, said, parts);
        } catch (IOException | RuntimeException e) {
            Closing.after(e, parts.toArray(AutoCloseable[]::new));
            throw e;
        }
    }

    private <T extends AutoCloseable> T open(T part) {
        parts.push(part);
        return part;
    }

    private static LambdaRuntime function(String name, String handler, Map<String, String> environment, Path state)
            throws IOException {
        return LambdaRuntime.start(
                Project.file("lambdas/" + name + "/target/" + name + ".jar"),
                "dataplatform.lambdas." + handler,
                environment,
                state);
    }

    /** Where clients send events to. */
    public URI endpoint() {
        return api.endpoint();
    }

    /** Tells the transformer's queue of a raw object, once more if it has been told before. */
    public void announce(String key) {
        String event = ObjectCreated.event(S3Server.BRONZE, key).toString();
        sqs.sendMessage(request -> request.queueUrl(queue).messageBody(event));
    }

    /**
     * A start that ended before its last objects were transformed has left them. Those of which it wrote tables last are announced as well: if
     * it was killed between two tables of one, the others are missing. To transform an object twice changes nothing.
     */
    private void announceWhatIsLeft() {
        Set<String> transformed = objects(TRANSFORMED)
                .sorted(Comparator.comparing(S3Object::lastModified).reversed())
                .map(S3Object::key)
                .map(key -> key.split("/", 4)[3])
                .map(key -> key.substring(0, key.length() - ".parquet".length()))
                .distinct()
                .skip(IN_WORK)
                .collect(Collectors.toSet());
        keys(RAW).stream()
                .filter(key -> !transformed.contains(key.substring(RAW.length())))
                .forEach(this::announce);
    }

    /** The function that makes Parquet of raw objects. */
    public LambdaRuntime transformer() {
        return transformer;
    }

    /** The keys of the bronze bucket under a folder. */
    public List<String> keys(String prefix) {
        return objects(prefix).map(S3Object::key).toList();
    }

    private Stream<S3Object> objects(String prefix) {
        return s3
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.BRONZE).prefix(prefix))
                .contents()
                .stream();
    }

    /** How many messages the queue and its dead letters have. */
    public int waiting() {
        return List.of(queue, dead).stream()
                .map(url -> sqs.getQueueAttributes(
                                request -> request.queueUrl(url).attributeNames(QueueAttributeName.ALL))
                        .attributes())
                .mapToInt(found -> Integer.parseInt(found.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES))
                        + Integer.parseInt(found.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE)))
                .sum();
    }

    /** Stops it: the API first, so that what it took is delivered and transformed. */
    @Override
    public void close() {
        Closing.all(List.copyOf(parts));
    }
}
