package dataplatform.lambdas.eventcollector;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Takes the events of web applications and servers, from the HTTP API that stands before it (events and answers of its payload format 2.0), and
 * writes them to a Kinesis stream. Answers 200 when the stream has them, and else as {@link Collector} says, with the reason as JSON.
 * Environment:
 *
 * <ul>
 *   <li>{@code EVENT_STREAM}, name of the Kinesis stream
 *   <li>{@code WRITE_KEYS_SECRET}, ARN of the secret with the {@link WriteKeys}
 * </ul>
 */
public final class EventCollector implements RequestStreamHandler {
    /** Of Lambda's own time, to answer in. */
    private static final Duration RESERVE = Duration.ofSeconds(2);

    private static final String SECONDS_OF_A_DAY = "86400";

    private final Collector collector;
    private final Clock clock;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public EventCollector() {
        this(
                KinesisClient.builder()
                        // what fails is tried again by EventStream, which knows how much time is left
                        .overrideConfiguration(settings -> settings.apiCallAttemptTimeout(Duration.ofSeconds(2))
                                .retryStrategy(DefaultRetryStrategy.doNotRetry()))
                        .build(),
                SecretsManagerClient.builder()
                        .overrideConfiguration(settings -> settings.apiCallAttemptTimeout(Duration.ofSeconds(1))
                                .apiCallTimeout(Duration.ofSeconds(2)))
                        .build(),
                Clock.systemUTC());
    }

    /**
     * The function with other clients.
     *
     * @param clock tells when messages come
     */
    public EventCollector(KinesisClient kinesis, SecretsManagerClient secrets, Clock clock) {
        this.clock = clock;
        this.collector = new Collector(
                new WriteKeys(
                        () -> secrets.getSecretValue(request -> request.secretId(System.getenv("WRITE_KEYS_SECRET")))
                                .secretString(),
                        clock),
                new EventStream(kinesis, System.getenv("EVENT_STREAM")));
    }

    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        int status = 200;
        String reason = "";
        try {
            Request request = request(Json.MAPPER.readTree(input), clock.instant());
            if (request.method().equals("OPTIONS")) {
                status = 204;
            } else {
                collector.take(
                        request,
                        Duration.ofMillis(context.getRemainingTimeInMillis()).minus(RESERVE));
            }
        } catch (Refusal e) {
            status = e.status();
            reason = e.getMessage();
            if (status >= 500) {
                context.getLogger().log("a request was answered " + status + ": " + reason, LogLevel.WARN);
            }
        } catch (RuntimeException e) {
            // what it says may quote what was sent
            context.getLogger()
                    .log("a request failed with " + e.getClass().getName() + " at " + place(e), LogLevel.ERROR);
            status = 500;
            reason = "it failed; try again";
        }
        answer(output, status, reason);
    }

    private static String place(RuntimeException e) {
        return e.getStackTrace().length == 0 ? "?" : e.getStackTrace()[0].toString();
    }

    private static Request request(JsonNode event, Instant receivedAt) throws Refusal {
        Map<String, String> headers = new HashMap<>();
        event.path("headers")
                .properties()
                .forEach(header -> headers.put(
                        header.getKey().toLowerCase(Locale.ROOT),
                        header.getValue().asText()));
        JsonNode http = event.at("/requestContext/http");
        String body = event.path("body").asText("");
        return new Request(
                http.path("method").asText(""),
                event.path("rawPath").asText(""),
                headers,
                event.path("isBase64Encoded").asBoolean()
                        ? Base64.getDecoder().decode(body)
                        : body.getBytes(StandardCharsets.UTF_8),
                http.path("sourceIp").asText(""),
                receivedAt);
    }

    private static void answer(OutputStream output, int status, String reason) throws IOException {
        try (JsonGenerator json = Json.MAPPER.createGenerator(output)) {
            json.writeStartObject();
            json.writeNumberField("statusCode", status);
            json.writeObjectFieldStart("headers");
            json.writeStringField("content-type", "application/json");
            // any page may send events; which are taken, the write key says
            json.writeStringField("access-control-allow-origin", "*");
            json.writeStringField("access-control-expose-headers", "retry-after");
            if (status == 204) {
                json.writeStringField("access-control-allow-methods", "POST");
                json.writeStringField(
                        "access-control-allow-headers", "authorization, content-type, content-encoding, x-retry-count");
                json.writeStringField("access-control-max-age", SECONDS_OF_A_DAY);
            }
            if (status == 429 || status == 503) {
                json.writeStringField("retry-after", "1");
            }
            json.writeEndObject();
            if (status == 200) {
                json.writeStringField("body", "{\"success\":true}");
            } else if (status != 204) {
                json.writeStringField(
                        "body",
                        Json.MAPPER
                                .createObjectNode()
                                .put("success", false)
                                .put("message", reason)
                                .toString());
            }
            json.writeEndObject();
        }
    }
}
