package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.lambdas.airflowheartbeat.Heartbeat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.CommandInvocationStatus;
import software.amazon.awssdk.services.ssm.model.GetCommandInvocationResponse;
import software.amazon.awssdk.services.ssm.model.InvocationDoesNotExistException;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;

/** The instance that is started when there is work. Its API listens to itself alone: a command of Systems Manager makes the call there. */
final class AirflowOnDemand implements Airflow {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A heartbeat comes every minute. */
    private static final Duration FRESH = Duration.ofMinutes(5);

    private static final Duration ANSWER = Duration.ofSeconds(20);
    private static final Set<CommandInvocationStatus> GOING_ON = Set.of(
            CommandInvocationStatus.PENDING, CommandInvocationStatus.IN_PROGRESS, CommandInvocationStatus.DELAYED);

    private final LambdaClient lambda;
    private final SsmClient ssm;
    private final String launcher;
    private final String heartbeat;
    private final String document;
    private String instance;

    /**
     * @param launcher name of the function that starts the instance or finds it
     * @param heartbeat name of the parameter
     * @param document name of the command that calls the API
     */
    AirflowOnDemand(LambdaClient lambda, SsmClient ssm, String launcher, String heartbeat, String document) {
        this.lambda = lambda;
        this.ssm = ssm;
        this.launcher = launcher;
        this.heartbeat = heartbeat;
        this.document = document;
    }

    @Override
    public void wake() {
        instance = launch();
        Optional<Instant> said = lastHeartbeat();
        if (said.isEmpty()) {
            throw new IllegalStateException("Airflow is starting on " + instance);
        }
        if (said.get().plus(FRESH).isBefore(Instant.now())) {
            throw new IllegalStateException("Airflow on " + instance + " has said nothing since " + said.get());
        }
    }

    private String launch() {
        InvokeResponse response =
                lambda.invoke(request -> request.functionName(launcher).payload(SdkBytes.fromUtf8String("{}")));
        JsonNode answer = read(response.payload().asUtf8String());
        if (response.functionError() != null) {
            throw new IllegalStateException(
                    launcher + " failed: " + answer.path("errorMessage").asText());
        }
        return answer.get("instanceId").asText();
    }

    private Optional<Instant> lastHeartbeat() {
        try {
            Heartbeat last = Heartbeat.parse(ssm.getParameter(request -> request.name(heartbeat))
                    .parameter()
                    .value());
            return Optional.of(last)
                    .filter(of -> of.instance().equals(instance))
                    .map(Heartbeat::at);
        } catch (ParameterNotFoundException | IllegalArgumentException e) {
            // what the one before has said
            return Optional.empty();
        }
    }

    @Override
    public Answer call(String method, String path, Optional<JsonNode> body) {
        String encoded = Base64.getEncoder()
                .encodeToString(body.map(JsonNode::toString).orElse("").getBytes(StandardCharsets.UTF_8));
        String command = ssm.sendCommand(request -> request.documentName(document)
                        .instanceIds(instance)
                        .parameters(Map.of("method", List.of(method), "path", List.of(path), "body", List.of(encoded))))
                .command()
                .commandId();
        GetCommandInvocationResponse done = await(command);
        if (done.status() != CommandInvocationStatus.SUCCESS) {
            throw new IllegalStateException("command " + command + " on " + instance + " ended with "
                    + done.statusAsString() + ": " + done.standardErrorContent());
        }
        JsonNode answer = read(done.standardOutputContent());
        return new Answer(answer.get("status").asInt(), answer.get("body"));
    }

    private GetCommandInvocationResponse await(String command) {
        Instant limit = Instant.now().plus(ANSWER);
        while (Instant.now().isBefore(limit)) {
            try {
                Thread.sleep(500);
                GetCommandInvocationResponse state = ssm.getCommandInvocation(
                        request -> request.commandId(command).instanceId(instance));
                if (!GOING_ON.contains(state.status())) {
                    return state;
                }
            } catch (InvocationDoesNotExistException e) {
                // it is not known there yet
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while " + command + " ran", e);
            }
        }
        throw new IllegalStateException(
                "command " + command + " on " + instance + " has not ended within " + ANSWER.toSeconds() + " s");
    }

    private static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no JSON: " + json, e);
        }
    }
}
