package dataplatform.local.airflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpHandler;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** MWAA on one machine, as far as it passes on calls of Airflow's REST API: InvokeRestApi. */
public final class MwaaServer implements AutoCloseable {
    private final URI airflow;
    private final LoopbackServer server;

    private MwaaServer(URI airflow, LoopbackServer server) {
        this.airflow = airflow;
        this.server = server;
    }

    /** Starts it before an Airflow that gives a token to everybody. */
    public static MwaaServer start(URI airflow) throws IOException {
        return new MwaaServer(airflow, LoopbackServer.start(handler(airflow)));
    }

    /**
     * Where an AWS SDK of a Java program in a child process finds it.
     *
     * @param folder for a file of names
     */
    public Map<String, String> environment(Path folder) throws IOException {
        // the SDK puts "env." before MWAA's name, whoever's it is
        Path hosts = Files.writeString(folder.resolve("hosts"), "127.0.0.1 env.localhost localhost\n");
        return Map.of(
                "AWS_ENDPOINT_URL_MWAA",
                "http://" + server.address().replace("127.0.0.1", "localhost"),
                "JAVA_TOOL_OPTIONS",
                "-Djdk.net.hosts.file=" + hosts);
    }

    /** What answers the calls, for a server that has other things to do too. */
    public static HttpHandler handler(URI airflow) {
        return exchange -> {
            try (exchange) {
                JsonNode request = AwsJson.JSON.readTree(exchange.getRequestBody());
                HttpResponse<String> answer = call(
                        airflow,
                        request.get("Method").asText(),
                        request.get("Path").asText() + query(request.path("QueryParameters")),
                        request.has("Body") ? request.get("Body").toString() : "");
                boolean failed = answer.statusCode() >= 400;
                if (failed) {
                    exchange.getResponseHeaders().set("X-Amzn-ErrorType", "RestApiClientException");
                }
                ObjectNode response = AwsJson.JSON.createObjectNode().put("RestApiStatusCode", answer.statusCode());
                response.set("RestApiResponse", AwsJson.JSON.readTree(answer.body()));
                AwsJson.respond(exchange, failed ? 400 : 200, response);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    private static String query(JsonNode parameters) {
        return parameters.properties().stream()
                .map(each -> each.getKey() + "=" + each.getValue().asText())
                .collect(Collectors.collectingAndThen(
                        Collectors.joining("&"), query -> query.isEmpty() ? "" : "?" + query));
    }

    /** What Airflow's API says at a path. */
    public JsonNode get(String path) throws IOException, InterruptedException {
        return AwsJson.JSON.readTree(call(airflow, "GET", path, "").body());
    }

    private static HttpResponse<String> call(URI airflow, String method, String path, String body)
            throws IOException, InterruptedException {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest forToken =
                HttpRequest.newBuilder(airflow.resolve("/auth/token")).build();
        String token = AwsJson.JSON
                .readTree(client.send(forToken, HttpResponse.BodyHandlers.ofString())
                        .body())
                .get("access_token")
                .asText();
        HttpRequest request = HttpRequest.newBuilder(airflow.resolve("/api/v2" + path))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        server.close();
    }
}
