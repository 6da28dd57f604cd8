package dataplatform.local.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;

/** The protocol of many AWS services: the operation's name in a header, JSON in and out. */
public final class AwsJson {
    public static final ObjectMapper JSON = new ObjectMapper();
    private static final String TARGET = "X-Amz-Target";

    private AwsJson() {}

    /** What a service does. */
    public interface Operations {
        /**
         * Answers a request.
         *
         * @param operation such as {@code DescribeStep}
         * @throws IllegalArgumentException if it refuses the request
         */
        JsonNode answer(String operation, JsonNode request);
    }

    /**
     * A handler of a service's requests.
     *
     * @param refusal the type of error that the service's clients know for a request that can't be served
     */
    public static HttpHandler handler(String refusal, Operations operations) {
        return exchange -> {
            try (exchange) {
                JsonNode request = JSON.readTree(exchange.getRequestBody());
                String operation = operation(exchange);
                try {
                    respond(exchange, 200, operations.answer(operation, request));
                } catch (IllegalArgumentException e) {
                    respond(exchange, 400, error(refusal, e.getMessage()));
                }
            }
        };
    }

    /** The name of the operation that is asked for. */
    public static String operation(HttpExchange exchange) {
        String target = exchange.getRequestHeaders().getFirst(TARGET);
        return target == null ? "" : target.substring(target.indexOf('.') + 1);
    }

    /** Seconds since 1970, as AWS writes times. */
    public static double seconds(java.time.Instant time) {
        return time.toEpochMilli() / 1000.0;
    }

    /** The error of an operation that the stand-in does not have. */
    public static IllegalArgumentException unknown(String operation) {
        return new IllegalArgumentException(operation + " is not answered on this machine");
    }

    /**
     * An error as AWS's JSON protocol has it.
     *
     * @param type its code, such as {@code ValidationException}
     */
    public static ObjectNode error(String type, String message) {
        return JSON.createObjectNode().put("__type", type).put("message", message);
    }

    /** Answers a request and ends the exchange. */
    public static void respond(HttpExchange exchange, int status, JsonNode response) throws IOException {
        byte[] body = JSON.writeValueAsBytes(response);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }
}
