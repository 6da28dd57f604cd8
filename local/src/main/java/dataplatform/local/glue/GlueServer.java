package dataplatform.local.glue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.Moto;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Glue on one machine: the catalog is moto's, and its crawler, of which moto only changes the state, really crawls. */
public final class GlueServer implements AutoCloseable {
    private static final List<String> PASSED_ON =
            List.of("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date");

    private final Moto moto;
    private final Callable<?> crawl;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final LoopbackServer server;
    private boolean crawling;
    private String failure = "";

    private GlueServer(Moto moto, Callable<?> crawl) throws IOException {
        this.moto = moto;
        this.crawl = crawl;
        this.server = LoopbackServer.start(this::serve);
    }

    /** @param crawl what a crawler does, whatever its name */
    public static GlueServer start(Moto moto, Callable<?> crawl) throws IOException {
        return new GlueServer(moto, crawl);
    }

    /** Where an AWS SDK in a child process finds it. */
    public Map<String, String> environment() {
        return Map.of("AWS_ENDPOINT_URL_GLUE", "http://" + server.address());
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            switch (AwsJson.operation(exchange)) {
                case "StartCrawler" -> start(exchange);
                case "GetCrawler" ->
                    AwsJson.respond(
                            exchange,
                            200,
                            crawler(AwsJson.JSON.readTree(body).path("Name").asText()));
                default -> forward(exchange, body);
            }
        } catch (InterruptedException e) {
            // the server is closed
            Thread.currentThread().interrupt();
        }
    }

    private void start(HttpExchange exchange) throws IOException {
        synchronized (this) {
            if (crawling) {
                AwsJson.respond(
                        exchange, 400, AwsJson.error("CrawlerRunningException", "The crawler is running already"));
                return;
            }
            crawling = true;
        }
        server.execute(this::crawl);
        AwsJson.respond(exchange, 200, AwsJson.JSON.createObjectNode());
    }

    private void crawl() {
        String failed = "";
        try {
            crawl.call();
        } catch (Exception e) {
            failed = e.toString();
        }
        synchronized (this) {
            crawling = false;
            failure = failed;
        }
    }

    private synchronized ObjectNode crawler(String name) {
        ObjectNode response = AwsJson.JSON.createObjectNode();
        ObjectNode last = response.putObject("Crawler")
                .put("Name", name)
                .put("State", crawling ? "RUNNING" : "READY")
                .putObject("LastCrawl")
                .put("Status", failure.isEmpty() ? "SUCCEEDED" : "FAILED");
        if (!failure.isEmpty()) {
            last.put("ErrorMessage", failure);
        }
        return response;
    }

    private void forward(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(moto.endpoint() + "/"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        for (String header : PASSED_ON) {
            String value = exchange.getRequestHeaders().getFirst(header);
            if (value != null) {
                request.header(header, value);
            }
        }
        HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(response.statusCode(), response.body().length == 0 ? -1 : response.body().length);
        exchange.getResponseBody().write(response.body());
    }

    @Override
    public void close() {
        server.close();
    }
}
