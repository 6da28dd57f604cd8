package dataplatform.lambdas.airflowheartbeat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * What the instance says, every minute or so, of the Airflow on it: a JSON object with these fields, times in ISO 8601 with {@code Z}.
 *
 * @param instance its id, {@code i-...}: what the one before has said is not taken for its own
 * @param at when it says so
 * @param running how many runs of DAGs are running or queued
 * @param lastEnd when the last run ended; absent or null if none has
 * @param nextDue when the next run of a DAG that is not paused is due; absent or null if none is
 */
public record Heartbeat(
        String instance, Instant at, int running, Optional<Instant> lastEnd, Optional<Instant> nextDue) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @throws IllegalArgumentException if it is not such an object; with the step that has failed if the instance says that it could not start Airflow */
    public static Heartbeat parse(String json) {
        try {
            JsonNode object = JSON.readTree(json);
            if (object.hasNonNull("failed")) {
                throw new IllegalArgumentException(object.path("instance").asText() + " failed to "
                        + object.get("failed").asText());
            }
            if (!object.path("instance").isTextual() || !object.path("running").isInt()) {
                throw new IllegalArgumentException("instance must be a text and running a whole number");
            }
            return new Heartbeat(
                    object.get("instance").asText(),
                    time(object, "at").orElseThrow(() -> new IllegalArgumentException("at is missing")),
                    object.get("running").asInt(),
                    time(object, "lastEnd"),
                    time(object, "nextDue"));
        } catch (JsonProcessingException | DateTimeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static Optional<Instant> time(JsonNode object, String field) {
        return object.hasNonNull(field)
                ? Optional.of(Instant.parse(object.get(field).asText()))
                : Optional.empty();
    }
}
