package dataplatform.local.airflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * What a partner does, and S3, EventBridge and SQS then do: a file put into the folder is uploaded to the landing
 * bucket under its path in the folder, and the event of it goes to a function, again and again until the function has
 * taken it. Files do not wait for each other.
 */
public final class DropFolder {
    private final Path folder;
    private final S3Client s3;
    private final LambdaRuntime function;
    private final Duration pause;
    private final Consumer<String> log;
    private final Map<Path, Dropped> seen = new HashMap<>();

    /**
     * @param pause after which a file that was not taken is tried again
     * @param log hears of each file, and once why it is not taken
     */
    public DropFolder(Path folder, S3Client s3, LambdaRuntime function, Duration pause, Consumer<String> log) {
        this.folder = folder;
        this.s3 = s3;
        this.function = function;
        this.pause = pause;
        this.log = log;
    }

    /** A file as it was at the last look. */
    private static final class Dropped {
        final FileTime changed;
        /** Of its upload; empty before. */
        private String event = "";

        private String reason = "";
        private long next = System.nanoTime();

        Dropped(FileTime changed) {
            this.changed = changed;
        }
    }

    /**
     * Looks once; a file is taken when it has not changed since the look before, and deleted when it has been taken.
     * Interrupted, it leaves the rest to the next look.
     */
    public void look() {
        List<Path> files;
        try {
            Files.createDirectories(folder);
            try (Stream<Path> walk = Files.walk(folder)) {
                files = walk.filter(Files::isRegularFile).sorted().toList();
            }
        } catch (IOException | UncheckedIOException e) {
            // something was moved meanwhile
            return;
        }
        seen.keySet().retainAll(files);
        for (Path file : files) {
            try {
                FileTime changed = Files.getLastModifiedTime(file);
                Dropped dropped = seen.get(file);
                if (dropped == null || !dropped.changed.equals(changed)) {
                    seen.put(file, new Dropped(changed));
                } else if (System.nanoTime() >= dropped.next) {
                    take(file, dropped);
                }
            } catch (NoSuchFileException e) {
                seen.remove(file);
            } catch (IOException | SdkException e) {
                later(file, e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void take(Path file, Dropped dropped) throws IOException, InterruptedException {
        String key = folder.relativize(file).toString();
        if (dropped.event.isEmpty()) {
            long size = Files.size(file);
            PutObjectResponse put =
                    s3.putObject(request -> request.bucket(S3Server.LANDING).key(key), file);
            dropped.event = event(key, size, put.eTag());
        }
        int logged = function.log().length();
        LambdaRuntime.Answer answer = function.invoke(dropped.event);
        if (answer.failed()) {
            later(file, answer.body());
        } else if (answer.body().contains("itemIdentifier")) {
            later(file, complaints(function.log().substring(logged)));
        } else {
            log.accept(key + " is in the landing bucket, and its DAG runs");
            // put anew meanwhile it is another file
            if (Files.getLastModifiedTime(file).equals(dropped.changed)) {
                Files.delete(file);
            }
            seen.remove(file);
        }
    }

    private void later(Path file, String reason) {
        Dropped dropped = seen.get(file);
        dropped.next = System.nanoTime() + pause.toNanos();
        if (!reason.equals(dropped.reason)) {
            log.accept(folder.relativize(file) + " has not started a DAG, and is tried again: " + reason);
            dropped.reason = reason;
        }
    }

    /** What a function has written of warnings and errors, as Lambda's logs have them. */
    private static String complaints(String log) {
        List<String> complaints = new ArrayList<>();
        for (String line : log.lines().toList()) {
            try {
                JsonNode entry = AwsJson.JSON.readTree(line);
                if (List.of("WARN", "ERROR").contains(entry.path("level").asText())) {
                    complaints.add(entry.path("message").asText());
                }
            } catch (JsonProcessingException e) {
                // not the logger's
            }
        }
        return complaints.isEmpty() ? "the function's log says why" : String.join("; ", complaints);
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
