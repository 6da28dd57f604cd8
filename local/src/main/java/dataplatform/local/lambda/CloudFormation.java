package dataplatform.local.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.process.Closing;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** CloudFormation's side of a custom resource on one machine: sends a function its events, and takes its answers where it must put them. */
public final class CloudFormation implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LambdaRuntime function;
    private final LoopbackServer server;
    private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();

    private CloudFormation(LambdaRuntime function) throws IOException {
        this.function = function;
        this.server = LoopbackServer.start(this::take);
    }

    /**
     * What a function answered.
     *
     * @param status {@code SUCCESS} or {@code FAILED}
     * @param reason empty if it gave none
     */
    public record Answer(String status, String physicalResourceId, String reason) {}

    /** Puts it before a function, which it closes in the end. */
    public static CloudFormation start(LambdaRuntime function) throws IOException {
        return new CloudFormation(function);
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            answers.add(JSON.readTree(exchange.getRequestBody()));
            exchange.sendResponseHeaders(200, -1);
        }
    }

    /** Sends the event for a new resource. */
    public Answer create(Map<String, String> properties) throws IOException, InterruptedException {
        return send("Create", Map.of(), properties);
    }

    /** Sends the event for changed properties. */
    public Answer update(String physicalResourceId, Map<String, String> properties)
            throws IOException, InterruptedException {
        return send("Update", Map.of("PhysicalResourceId", physicalResourceId), properties);
    }

    /** Sends the event for a resource that goes. */
    public Answer delete(String physicalResourceId, Map<String, String> properties)
            throws IOException, InterruptedException {
        return send("Delete", Map.of("PhysicalResourceId", physicalResourceId), properties);
    }

    private Answer send(String type, Map<String, String> more, Map<String, String> properties)
            throws IOException, InterruptedException {
        Map<String, Object> event = new HashMap<>(more);
        event.put("RequestType", type);
        event.put("ResponseURL", "http://" + server.address() + "/answer?signature=secret");
        event.put("StackId", "arn:aws:cloudformation:us-east-1:123456789012:stack/dataplatform/1");
        event.put("RequestId", "1");
        event.put("ResourceType", "Custom::Resource");
        event.put("LogicalResourceId", "Resource");
        event.put("ResourceProperties", properties);
        LambdaRuntime.Answer returned = function.invoke(JSON.writeValueAsString(event));
        JsonNode answer = answers.poll();
        if (answer == null) {
            throw new IllegalStateException("the function sent no answer; it returned " + returned.body());
        }
        return new Answer(
                answer.path("Status").asText(),
                answer.path("PhysicalResourceId").asText(),
                answer.path("Status").asText().equals("SUCCESS")
                        ? ""
                        : answer.path("Reason").asText());
    }

    /** What the function has logged so far. */
    public String log() throws IOException {
        return function.log();
    }

    @Override
    public void close() {
        Closing.all(function, server);
    }
}
