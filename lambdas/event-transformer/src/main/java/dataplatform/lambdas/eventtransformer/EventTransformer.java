package dataplatform.lambdas.eventtransformer;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.Source;
import dataplatform.parquet.ParquetFile;
import dataplatform.platform.Names;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * The function that makes typed Parquet of raw web events: of each new object under {@code web-data/raw/} a file for each table that has
 * rows in it, under {@code web-data/transformed/<table>/}. What is no message goes to the table of the contract whose messages are
 * {@code quarantined}, with its place. An object that comes again makes the same files under the same keys.
 */
public final class EventTransformer implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private static final ObjectMapper JSON = new JsonMapper();

    private final Path folder = Path.of(System.getProperty("java.io.tmpdir"), "transformed");
    private final S3Client s3 = S3Client.create();
    private final List<Contract> contracts = Contracts.bundled();
    private final String quarantine = contracts.stream()
            .filter(contract -> contract.source() instanceof Source.Stream stream
                    && stream.messages() == Source.Messages.QUARANTINED)
            .map(Contract::sourceFolder)
            .findFirst()
            .orElseThrow();

    /** An object that a notification names. */
    private record Place(String bucket, String key) {}

    /**
     * Transforms objects.
     *
     * @param event messages of SQS, each with a notification of S3, its own or EventBridge's
     * @return the messages that come again, until the queue gives them up: those that can't be read, and those whose object could not be
     *     read or written
     */
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        LambdaLogger log = context.getLogger();
        List<Map<String, String>> failed = new ArrayList<>();
        for (Object record : (List<?>) event.get("Records")) {
            Map<?, ?> message = (Map<?, ?>) record;
            String id = (String) message.get("messageId");
            try {
                for (Place place : places((String) message.get("body"))) {
                    transform(place, log);
                }
            } catch (IllegalArgumentException | SdkException | IOException | UncheckedIOException e) {
                log.log("message " + id + " comes again: " + e.getMessage(), LogLevel.ERROR);
                failed.add(Map.of("itemIdentifier", id));
            }
        }
        return Map.of("batchItemFailures", failed);
    }

    private static List<Place> places(String body) {
        JsonNode notification;
        try {
            notification = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it is no notification of S3, but no JSON", e);
        }
        if (notification.path("Event").asText().equals("s3:TestEvent")) {
            return List.of();
        }
        JsonNode detail = notification.path("detail");
        List<Place> places = new ArrayList<>();
        if (detail.has("object")) {
            places.add(new Place(
                    detail.at("/bucket/name").asText(), detail.at("/object/key").asText()));
        }
        for (JsonNode record : notification.path("Records")) {
            places.add(new Place(
                    record.at("/s3/bucket/name").asText(),
                    URLDecoder.decode(record.at("/s3/object/key").asText(), StandardCharsets.UTF_8)));
        }
        if (places.isEmpty()) {
            throw new IllegalArgumentException("it is no notification of S3: it names no object");
        }
        return places;
    }

    private void transform(Place place, LambdaLogger log) throws IOException {
        long start = System.nanoTime();
        clear();
        // first of all to the disk: what breaks on the way is no damage of the object, and comes again
        Path stored = folder.resolve("object");
        long bytes = s3.getObject(request -> request.bucket(place.bucket()).key(place.key()), stored)
                .contentLength();
        if (Files.size(stored) != bytes) {
            throw new IOException("S3 has sent " + Files.size(stored) + " of " + bytes + " bytes of " + place.key());
        }
        Map<String, ParquetFile> files = Transformation.run(contracts, place.key(), stored, folder);
        StringBuilder rows = new StringBuilder();
        files.forEach((key, file) -> {
            s3.putObject(request -> request.bucket(place.bucket()).key(key), RequestBody.fromFile(file.path()));
            rows.append(", ").append(file.rows()).append(" to ").append(key);
        });
        count(files);
        clear();
        long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        log.log("s3://" + place.bucket() + "/" + place.key() + ": " + milliseconds + " ms" + rows, LogLevel.INFO);
    }

    /** Prints CloudWatch's embedded metric format, which becomes metrics where it stands in a log alone. */
    private void count(Map<String, ParquetFile> files) {
        ObjectNode line = JSON.createObjectNode();
        ObjectNode aws = line.putObject("_aws");
        aws.put("Timestamp", System.currentTimeMillis());
        ObjectNode metrics = aws.putArray("CloudWatchMetrics").addObject();
        metrics.put("Namespace", Names.METRICS);
        metrics.putArray("Dimensions").addArray().add("FunctionName");
        for (String metric : List.of(Names.MESSAGES, Names.QUARANTINED_MESSAGES)) {
            metrics.withArray("Metrics").addObject().put("Name", metric).put("Unit", "Count");
        }
        line.put("FunctionName", System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
        line.put(Names.MESSAGES, rows(files, ""));
        line.put(Names.QUARANTINED_MESSAGES, rows(files, Names.TRANSFORMED + "/" + quarantine + "/"));
        System.out.println(line);
    }

    private static long rows(Map<String, ParquetFile> files, String under) {
        return files.entrySet().stream()
                .filter(file -> file.getKey().startsWith(under))
                .mapToLong(file -> file.getValue().rows())
                .sum();
    }

    /** Before too, as Lambda's next process finds on the disk what one that took too long has left. */
    private void clear() throws IOException {
        Files.createDirectories(folder);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
