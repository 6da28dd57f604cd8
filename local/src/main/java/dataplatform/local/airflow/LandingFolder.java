package dataplatform.local.airflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.s3.ObjectCreated;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
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
public final class LandingFolder {
    private final Path folder;
    private final S3Client s3;
    private final LambdaRuntime function;
    private final Duration pause;
    private final Consumer<String> log;
    private final Map<Path, Seen> seen = new HashMap<>();

    /**
     * @param pause after which a file that was not taken is tried again
     * @param log hears of each file, and once why it is not taken
     */
    public LandingFolder(Path folder, S3Client s3, LambdaRuntime function, Duration pause, Consumer<String> log) {
        this.folder = folder;
        this.s3 = s3;
        this.function = function;
        this.pause = pause;
        this.log = log;
    }

    /** A file as it was at the last look. */
    private static final class Seen {
        final FileTime changed;
        /** Of its upload; empty before. */
        private String event = "";

        private String reason = "";
        private long next = System.nanoTime();

        Seen(FileTime changed) {
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
        Map<String, Path> ready = new LinkedHashMap<>();
        for (Path file : files) {
            try {
                FileTime changed = Files.getLastModifiedTime(file);
                Seen known = seen.get(file);
                if (known == null || !known.changed.equals(changed)) {
                    seen.put(file, new Seen(changed));
                } else if (System.nanoTime() >= known.next) {
                    upload(file, known);
                    ready.put(Integer.toString(ready.size()), file);
                }
            } catch (NoSuchFileException e) {
                seen.remove(file);
            } catch (IOException | SdkException e) {
                later(file, e.toString());
            }
        }
        if (ready.isEmpty()) {
            return;
        }
        try {
            announce(ready);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            ready.values().forEach(file -> later(file, e.toString()));
        }
    }

    private void upload(Path file, Seen known) throws IOException {
        String key = folder.relativize(file).toString();
        if (known.event.isEmpty()) {
            long size = Files.size(file);
            PutObjectResponse put =
                    s3.putObject(request -> request.bucket(S3Server.LANDING).key(key), file);
            known.event = event(key, size, put.eTag());
        }
    }

    /** Gives the function the events of files, as one batch of messages whose ids are the keys. */
    private void announce(Map<String, Path> files) throws IOException, InterruptedException {
        ObjectNode batch = AwsJson.JSON.createObjectNode();
        ArrayNode records = batch.putArray("Records");
        files.forEach((id, file) -> records.addObject().put("messageId", id).put("body", seen.get(file).event));
        int logged = function.log().length();
        LambdaRuntime.Answer answer = function.invoke(batch.toString());
        if (answer.failed()) {
            files.values().forEach(file -> later(file, answer.body()));
            return;
        }
        List<String> failed = AwsJson.JSON.readTree(answer.body()).findValuesAsText("itemIdentifier");
        List<String> complaints = complaints(function.log().substring(logged));
        for (Map.Entry<String, Path> each : files.entrySet()) {
            Path file = each.getValue();
            String key = folder.relativize(file).toString();
            if (failed.contains(each.getKey())) {
                List<String> own = complaints.stream()
                        .filter(line -> line.contains("/" + key) || line.startsWith("message " + each.getKey() + ":"))
                        .toList();
                later(file, own.isEmpty() ? "the function's log says why" : String.join("; ", own));
                continue;
            }
            log.accept(key + " is in the landing bucket, and its DAG takes it");
            try {
                forget(file);
            } catch (IOException e) {
                later(file, e.toString());
            }
        }
    }

    /** Deletes a file that has been taken, unless it was put anew meanwhile: then it is another one. */
    private void forget(Path file) throws IOException {
        if (Files.exists(file) && Files.getLastModifiedTime(file).equals(seen.get(file).changed)) {
            Files.delete(file);
        }
        seen.remove(file);
    }

    private void later(Path file, String reason) {
        Seen known = seen.get(file);
        known.next = System.nanoTime() + pause.toNanos();
        if (!reason.equals(known.reason)) {
            log.accept(folder.relativize(file) + " has not started a DAG, and is tried again: " + reason);
            known.reason = reason;
        }
    }

    /** What a function has written of warnings and errors, as Lambda's logs have them. */
    private static List<String> complaints(String log) {
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
        return complaints;
    }

    /** S3's event as EventBridge delivers it. */
    private static String event(String key, long size, String etag) {
        ObjectNode event = ObjectCreated.event(S3Server.LANDING, key);
        event.withObject("/detail/object")
                .put("size", size)
                .put("etag", etag.replace("\"", ""))
                .put("sequencer", Long.toHexString(System.currentTimeMillis()));
        return event.toString();
    }
}
