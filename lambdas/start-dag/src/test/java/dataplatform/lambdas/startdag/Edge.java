package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dataplatform.local.airflow.AirflowMachine;
import dataplatform.local.airflow.MwaaServer;
import dataplatform.local.aws.Moto;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/** What of AWS has nothing behind it here but a machine that runs Airflow: its commands of Systems Manager. */
final class Edge implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NEW = "not known yet";
    private static final Path DOCUMENT = Path.of("..", "..", "airflow", "instance", "call.json");

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Map<String, String> outputs = new ConcurrentHashMap<>();
    private final Moto moto;
    private final AirflowMachine machine;
    private final HttpServer server;

    private Edge(Moto moto, AirflowMachine machine) throws IOException {
        this.moto = moto;
        this.machine = machine;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", handler(this::systemsManager));
        server.createContext("/restapi/", MwaaServer.handler(machine.api()));
        server.start();
    }

    static Edge start(Moto moto, AirflowMachine machine) throws IOException {
        return new Edge(moto, machine);
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private interface Service {
        void answer(HttpExchange exchange, byte[] body) throws IOException, InterruptedException;
    }

    private static HttpHandler handler(Service service) {
        return exchange -> {
            try (exchange) {
                service.answer(exchange, exchange.getRequestBody().readAllBytes());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    private void systemsManager(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        JsonNode request = JSON.readTree(body);
        switch (target) {
            case "AmazonSSM.SendCommand" -> {
                String id = UUID.randomUUID().toString();
                JsonNode document = JSON.readTree(DOCUMENT.toFile());
                String command = document.at("/mainSteps/0/inputs/runCommand/0").asText();
                for (Map.Entry<String, JsonNode> parameter :
                        document.get("parameters").properties()) {
                    String value = request.at("/Parameters/" + parameter.getKey() + "/0")
                            .asText();
                    if (!value.matches(
                            parameter.getValue().get("allowedPattern").asText())) {
                        error(exchange, "InvalidParameters", parameter.getKey() + " is " + value);
                        return;
                    }
                    command = command.replace("{{ " + parameter.getKey() + " }}", value);
                }
                outputs.put(id, NEW);
                respond(exchange, 200, JSON.writeValueAsString(Map.of("Command", Map.of("CommandId", id))));
                outputs.put(id, machine.execute(command));
            }
            case "AmazonSSM.GetCommandInvocation" -> {
                String output = outputs.get(request.get("CommandId").asText());
                if (output.equals(NEW)) {
                    error(exchange, "InvocationDoesNotExist", output);
                } else {
                    respond(
                            exchange,
                            200,
                            JSON.writeValueAsString(Map.of("Status", "Success", "StandardOutputContent", output)));
                }
            }
            default -> {
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(moto.endpoint())
                                .header("X-Amz-Target", target)
                                .header("Content-Type", "application/x-amz-json-1.1")
                                .header(
                                        "Authorization",
                                        exchange.getRequestHeaders().getFirst("Authorization"))
                                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                respond(exchange, answer.statusCode(), answer.body());
            }
        }
    }

    private static void error(HttpExchange exchange, String type, String message) throws IOException {
        respond(exchange, 400, JSON.writeValueAsString(Map.of("__type", type, "message", message)));
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.getResponseBody().flush();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
