package dataplatform.lambdas.startreplication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * DMS with one task on an instance, as strict as AWS documents it: a task starts only after a successful test of both connections, and
 * for the first time only by {@code start-replication}, later by any other way.
 */
final class DmsTasks implements AutoCloseable {
    static final String TASK = "arn:aws:dms:us-east-1:123456789012:task:SHOP";
    private static final String INSTANCE = "arn:aws:dms:us-east-1:123456789012:rep:INSTANCE";
    private static final List<String> ENDPOINTS = List.of(
            "arn:aws:dms:us-east-1:123456789012:endpoint:SOURCE", "arn:aws:dms:us-east-1:123456789012:endpoint:TARGET");

    /** What it was ordered to do. */
    final List<String> orders = new ArrayList<>();

    private final LoopbackServer server;
    private final Map<String, String> connections = new LinkedHashMap<>();
    private String mappings;
    private String status = "ready";
    private boolean exists = true;
    private boolean hasRun;
    private int failures;

    /** @param failures so many tests of connections fail, as while a role is not known everywhere yet */
    DmsTasks(String mappings, int failures) throws IOException {
        this.mappings = mappings;
        this.failures = failures;
        this.server = LoopbackServer.start(this::handle);
    }

    /** What an AWS SDK in a child process needs to find it. */
    Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE", "http://" + server.address(),
                "AWS_ACCESS_KEY_ID", "test",
                "AWS_SECRET_ACCESS_KEY", "test",
                "AWS_REGION", "us-east-1");
    }

    String status() {
        return status;
    }

    /** The task is deleted. */
    void forget() {
        exists = false;
    }

    private synchronized void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = AwsJson.JSON.readTree(exchange.getRequestBody());
            String operation = AwsJson.operation(exchange);
            if (!operation.startsWith("Describe")) {
                orders.add(operation + request.path("StartReplicationTaskType").asText(""));
            }
            switch (operation) {
                case "DescribeReplicationTasks" -> {
                    if (exists) {
                        AwsJson.respond(exchange, 200, list("ReplicationTasks", List.of(task())));
                    } else {
                        fault(exchange, "ResourceNotFoundFault", "No tasks found");
                    }
                }
                case "DescribeConnections" -> AwsJson.respond(exchange, 200, list("Connections", tests()));
                case "TestConnection" -> {
                    connections.put(request.path("EndpointArn").asText(), "testing");
                    AwsJson.respond(exchange, 200, AwsJson.JSON.createObjectNode());
                }
                case "StartReplicationTask" ->
                    start(exchange, request.path("StartReplicationTaskType").asText());
                case "StopReplicationTask" -> {
                    status = "stopped";
                    AwsJson.respond(exchange, 200, AwsJson.JSON.createObjectNode());
                }
                default -> AwsJson.respond(exchange, 400, AwsJson.error("UnknownOperation", operation));
            }
        }
    }

    private void start(HttpExchange exchange, String type) throws IOException {
        if (!ENDPOINTS.stream().allMatch(endpoint -> "successful".equals(connections.get(endpoint)))) {
            fault(
                    exchange,
                    "InvalidResourceStateFault",
                    "Test connection for replication instance and endpoint should be successful");
        } else if (hasRun == type.equals("start-replication")) {
            fault(
                    exchange,
                    "InvalidParameterCombinationException",
                    "Start Type : " + type + ", valid only for tasks running for the first time");
        } else {
            hasRun = true;
            status = "running";
            AwsJson.respond(exchange, 200, AwsJson.JSON.createObjectNode());
        }
    }

    /** The tests so far; each look finds those that were being made done. */
    private List<ObjectNode> tests() {
        List<ObjectNode> found = new ArrayList<>();
        connections.forEach((endpoint, state) -> {
            ObjectNode connection = AwsJson.JSON
                    .createObjectNode()
                    .put("ReplicationInstanceArn", INSTANCE)
                    .put("EndpointArn", endpoint)
                    .put("Status", state);
            if (state.equals("failed")) {
                connection.put("LastFailureMessage", "the role can't be assumed");
            }
            found.add(connection);
        });
        connections.replaceAll((endpoint, state) -> {
            if (!state.equals("testing")) {
                return state;
            }
            failures--;
            return failures >= 0 ? "failed" : "successful";
        });
        return found;
    }

    private ObjectNode task() {
        ObjectNode task = AwsJson.JSON
                .createObjectNode()
                .put("ReplicationTaskArn", TASK)
                .put("ReplicationInstanceArn", INSTANCE)
                .put("SourceEndpointArn", ENDPOINTS.get(0))
                .put("TargetEndpointArn", ENDPOINTS.get(1))
                .put("Status", status)
                .put("TableMappings", mappings);
        if (hasRun) {
            task.putObject("ReplicationTaskStats").put("FreshStartDate", AwsJson.seconds(Instant.now()));
        }
        return task;
    }

    private static ObjectNode list(String name, List<ObjectNode> items) {
        ObjectNode answer = AwsJson.JSON.createObjectNode();
        ArrayNode array = answer.putArray(name);
        items.forEach(array::add);
        return answer;
    }

    private static void fault(HttpExchange exchange, String type, String message) throws IOException {
        AwsJson.respond(exchange, 400, AwsJson.error(type, message));
    }

    @Override
    public void close() {
        server.close();
    }
}
