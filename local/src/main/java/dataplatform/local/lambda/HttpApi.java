package dataplatform.local.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.lambda.LambdaRuntime.Answer;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An HTTP API of API Gateway on one machine, with a function behind all of its paths, by payload format 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
public final class HttpApi implements AutoCloseable {
    private static final int MAX_BODY = 10 * 1024 * 1024;
    /** Types whose bodies come as a text; all others, and none, come in Base64. */
    private static final List<String> TEXTS =
            List.of("text/", "application/json", "application/xml", "application/javascript");

    private final LambdaRuntime function;
    private final LoopbackServer server;

    private HttpApi(LambdaRuntime function) throws IOException {
        this.function = function;
        this.server = LoopbackServer.start(this::serve);
    }

    /**
     * Starts it.
     *
     * @param function whoever started it closes it
     */
    public static HttpApi start(LambdaRuntime function) throws IOException {
        return new HttpApi(function);
    }

    /** Where it answers. */
    public URI endpoint() {
        return URI.create("http://" + server.address());
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY + 1);
            if (body.length > MAX_BODY) {
                respond(exchange, 413, "{\"message\":\"Request Entity Too Large\"}");
                return;
            }
            Answer answer = function.invoke(event(exchange, body).toString());
            if (answer.failed()) {
                respond(exchange, 500, "{\"message\":\"Internal Server Error\"}");
                return;
            }
            JsonNode response = AwsJson.JSON.readTree(answer.body());
            response.path("headers").properties().forEach(header -> exchange.getResponseHeaders()
                    .set(header.getKey(), header.getValue().asText()));
            respond(
                    exchange,
                    response.path("statusCode").asInt(),
                    response.path("body").asText(""));
        } catch (InterruptedException e) {
            // the server is closed
            Thread.currentThread().interrupt();
        }
    }

    private static ObjectNode event(HttpExchange exchange, byte[] body) {
        ObjectNode event = AwsJson.JSON.createObjectNode().put("version", "2.0").put("routeKey", "$default");
        String path = path(exchange.getRequestURI());
        event.put("rawPath", path);
        Map<String, String> headers = new TreeMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), String.join(",", values)));
        headers.forEach(event.putObject("headers")::put);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", exchange.getRequestMethod())
                .put("path", path)
                .put("sourceIp", exchange.getRemoteAddress().getAddress().getHostAddress())
                .put("userAgent", headers.getOrDefault("user-agent", ""));
        String type = headers.getOrDefault("content-type", "");
        // what it does with a text that is compressed, or not in UTF-8, AWS does not say: here it is not broken
        boolean isText =
                TEXTS.stream().anyMatch(type::startsWith) && !headers.containsKey("content-encoding") && isUtf8(body);
        event.put("isBase64Encoded", !isText);
        return event.put(
                "body",
                isText
                        ? new String(body, StandardCharsets.UTF_8)
                        : Base64.getEncoder().encodeToString(body));
    }

    private static boolean isUtf8(byte[] body) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** Java takes what stands after two slashes for a host. */
    private static String path(URI uri) {
        return uri.getRawAuthority() == null ? uri.getRawPath() : "//" + uri.getRawAuthority() + uri.getRawPath();
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.close();
    }
}
