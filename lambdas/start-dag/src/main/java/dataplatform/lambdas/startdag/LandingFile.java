package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * A file that has come into the landing bucket, as EventBridge reports it. The key is as it is: unlike in notifications straight from S3 it is not URL-encoded.
 *
 * @param version the object's in a bucket that keeps versions; else empty
 * @param sequencer by which S3 orders what happens to one key
 */
record LandingFile(String bucket, String key, String version, String etag, String sequencer, long size) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @throws IllegalArgumentException if it is no such event, or the key leads to no DAG */
    static LandingFile parse(String event) {
        JsonNode root;
        try {
            root = JSON.readTree(event);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the message is no JSON: " + e.getOriginalMessage(), e);
        }
        JsonNode detail = root.path("detail");
        JsonNode object = detail.path("object");
        if (!root.path("detail-type").asText().equals("Object Created")) {
            throw new IllegalArgumentException("the message is no event of a created object");
        }
        for (JsonNode needed : List.of(detail.path("bucket").path("name"), object.path("key"), object.path("size"))) {
            if (needed.asText().isEmpty()) {
                throw new IllegalArgumentException("the event lacks the object's bucket, key or size");
            }
        }
        LandingFile file = new LandingFile(
                detail.path("bucket").path("name").asText(),
                object.path("key").asText(),
                object.path("version-id").asText(),
                object.path("etag").asText(),
                object.path("sequencer").asText(),
                object.path("size").asLong());
        if (!file.dag().matches("[A-Za-z0-9_-]+") || !file.key().contains("/")) {
            throw new IllegalArgumentException(file + " stands in no folder that is named as a DAG");
        }
        return file;
    }

    /** Whether it only makes a folder show, as the console and other tools put it there. */
    boolean isFolder() {
        return size == 0 && key.endsWith("/");
    }

    /** The DAG that it is for: the first folder. */
    String dag() {
        return key.split("/", 2)[0];
    }

    /** The same for the same event, and another one for another object under the same key. */
    String id() {
        return hash(String.join("\0", bucket, key, version, etag, sequencer));
    }

    /** The request for a run that takes files; its id follows from which they are. */
    static ObjectNode run(Collection<LandingFile> files) {
        List<String> ids =
                files.stream().map(LandingFile::id).sorted().distinct().toList();
        ObjectNode run = JSON.createObjectNode();
        run.put("dag_run_id", "files__" + hash(String.join("\0", ids))).putNull("logical_date");
        ArrayNode sent = run.putObject("conf").putArray("files");
        files.stream().map(LandingFile::toString).sorted().distinct().forEach(sent::add);
        return run;
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "s3://" + bucket + "/" + key;
    }
}
