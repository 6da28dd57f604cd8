package dataplatform.local.events;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.process.Project;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The pages of a small social application, which sends events with Segment's own client for browsers and shows where they have arrived. It
 * also answers what that client asks Segment for: its code and where events go.
 */
public final class EventsPage implements AutoCloseable {
    private static final String CODE = "/analytics-next/bundles/";
    private static final String ARRIVALS = "/arrivals";

    private final URI api;
    private final String writeKey;
    private final Arrivals arrivals;
    private final Path code =
            Project.file("lambdas/event-collector/clients/node_modules/@segment/analytics-next/dist/umd");
    private final LoopbackServer server;

    private EventsPage(URI api, String writeKey, Arrivals arrivals) throws IOException {
        this.api = api;
        this.writeKey = writeKey;
        this.arrivals = arrivals;
        this.server = LoopbackServer.start(this::serve);
    }

    /**
     * Starts it.
     *
     * @param api where the client sends events to
     * @param arrivals tells where they have come
     */
    public static EventsPage start(URI api, String writeKey, Arrivals arrivals) throws IOException {
        return new EventsPage(api, writeKey, arrivals);
    }

    /** Where it answers. */
    public URI address() {
        return URI.create("http://" + server.address() + "/");
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.equals("/")) {
                String page = Project.resource(EventsPage.class, "page.html").replace("WRITE_KEY", writeKey);
                respond(exchange, 200, "text/html; charset=utf-8", page.getBytes(StandardCharsets.UTF_8));
            } else if (path.startsWith(CODE)) {
                Path file = code.resolve(path.substring(path.lastIndexOf('/') + 1));
                respond(
                        exchange,
                        Files.exists(file) ? 200 : 404,
                        "text/javascript; charset=utf-8",
                        Files.exists(file) ? Files.readAllBytes(file) : new byte[0]);
            } else if (path.endsWith("/settings")) {
                respond(exchange, 200, "application/json", settings().toString().getBytes(StandardCharsets.UTF_8));
            } else if (path.equals(ARRIVALS)) {
                ObjectNode found = AwsJson.JSON.createObjectNode();
                for (String id : query(exchange).split(",")) {
                    arrivals.of(id).forEach(found.withObject("/" + id)::put);
                }
                respond(exchange, 200, "application/json", found.toString().getBytes(StandardCharsets.UTF_8));
            } else {
                respond(exchange, 404, "text/plain", new byte[0]);
            }
        }
    }

    private static String query(HttpExchange exchange) {
        String query = exchange.getRequestURI().getRawQuery();
        return query == null ? "" : URLDecoder.decode(query.substring(query.indexOf('=') + 1), StandardCharsets.UTF_8);
    }

    private ObjectNode settings() {
        ObjectNode settings = AwsJson.JSON.createObjectNode();
        settings.putObject("integrations")
                .putObject("Segment.io")
                .put("apiKey", writeKey)
                .put("apiHost", api.getAuthority() + "/v1")
                .put("protocol", api.getScheme());
        return settings;
    }

    private static void respond(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.close();
    }
}
