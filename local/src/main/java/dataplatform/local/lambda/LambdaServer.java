package dataplatform.local.lambda;

import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.lambda.LambdaRuntime.Answer;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lambda's Invoke API on one machine, for calls that wait for the answer. */
public final class LambdaServer implements AutoCloseable {
    private static final Pattern INVOKE = Pattern.compile("/2015-03-31/functions/([^/]+)/invocations");

    private final Map<String, LambdaRuntime> functions;
    private final LoopbackServer server;

    private LambdaServer(Map<String, LambdaRuntime> functions) throws IOException {
        this.functions = functions;
        this.server = LoopbackServer.start(this::serve);
    }

    /**
     * Starts it.
     *
     * @param functions by their names; whoever started them closes them
     */
    public static LambdaServer start(Map<String, LambdaRuntime> functions) throws IOException {
        return new LambdaServer(Map.copyOf(functions));
    }

    /** What an AWS SDK in a child process needs to find this server and nothing else. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_LAMBDA", "http://" + server.address(),
                "AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY,
                "AWS_REGION", S3Server.REGION);
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String event = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            Matcher path = INVOKE.matcher(exchange.getRequestURI().getPath());
            LambdaRuntime function = path.matches() ? functions.get(path.group(1)) : null;
            if (function == null) {
                exchange.getResponseHeaders().set("X-Amzn-ErrorType", "ResourceNotFoundException");
                respond(exchange, 404, "{\"Message\":\"Function not found\"}");
                return;
            }
            Answer answer = function.invoke(event);
            if (answer.failed()) {
                exchange.getResponseHeaders().set("X-Amz-Function-Error", "Unhandled");
            }
            respond(exchange, 200, answer.body());
        } catch (InterruptedException e) {
            // the server is closed
            Thread.currentThread().interrupt();
        }
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.close();
    }
}
