package dataplatform.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * What a partner does, and S3, EventBridge and SQS then do: a file put into the folder is uploaded to the landing bucket under its path in the folder, and the
 * event of it goes to a function, again and again until the function has taken it.
 */
final class DropFolder {
    private final Path folder;
    private final S3Client s3;
    private final LambdaRuntime function;
    private final Consumer<String> log;
    private final Map<Path, Instant> seen = new HashMap<>();

    /** @param log hears of each file */
    DropFolder(Path folder, S3Client s3, LambdaRuntime function, Consumer<String> log) {
        this.folder = folder;
        this.s3 = s3;
        this.function = function;
        this.log = log;
    }

    /** Looks once; a file is taken when it has not changed since the look before, and deleted when it has been taken. */
    void look() throws IOException, InterruptedException {
        Files.createDirectories(folder);
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            Instant changed = Files.getLastModifiedTime(file).toInstant();
            if (changed.equals(seen.put(file, changed))) {
                take(file);
            }
        }
    }

    private void take(Path file) throws IOException, InterruptedException {
        String key = folder.relativize(file).toString();
        long size = Files.size(file);
        PutObjectResponse put =
                s3.putObject(request -> request.bucket(S3Server.LANDING).key(key), file);
        String event = event(key, size, put.eTag());
        LambdaRuntime.Answer answer = function.invoke(event);
        while (answer.failed() || answer.body().contains("itemIdentifier")) {
            log.accept(key + " has not started its DAG yet; the function's log says why");
            // as long as a message is out of sight in the queue
            TimeUnit.SECONDS.sleep(10);
            answer = function.invoke(event);
        }
        log.accept(key + " is in the landing bucket, and its DAG runs");
        seen.remove(file);
        Files.delete(file);
    }

    /** A batch of one message of SQS with S3's event as EventBridge tells it. */
    private static String event(String key, long size, String etag) {
        ObjectNode event = AwsJson.JSON.createObjectNode();
        event.put("detail-type", "Object Created")
                .put("source", "aws.s3")
                .put("time", Instant.now().toString());
        ObjectNode detail = event.putObject("detail");
        detail.putObject("bucket").put("name", S3Server.LANDING);
        detail.putObject("object")
                .put("key", key)
                .put("size", size)
                .put("etag", etag.replace("\"", ""))
                .put("sequencer", Long.toHexString(System.currentTimeMillis()));
        ObjectNode batch = AwsJson.JSON.createObjectNode();
        batch.putArray("Records").addObject().put("messageId", "1").put("body", event.toString());
        return batch.toString();
    }
}
