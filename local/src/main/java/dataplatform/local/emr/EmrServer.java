package dataplatform.local.emr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * EMR on one machine: clusters that are there at once, whose steps are {@code spark-submit} of the jar that they name. It knows RunJobFlow,
 * AddJobFlowSteps, CancelSteps, DescribeCluster, DescribeStep, ListClusters, ListSteps and TerminateJobFlows.
 */
public final class EmrServer implements AutoCloseable {
    private final SparkRuns spark;
    private final LoopbackServer server;
    private final Map<String, Cluster> clusters = new ConcurrentHashMap<>();

    private EmrServer(SparkRuns spark) throws IOException {
        this.spark = spark;
        this.server = LoopbackServer.start(AwsJson.handler("InvalidRequestException", this::answer));
    }

    /** Starts the API; steps run by {@code spark}. */
    public static EmrServer start(SparkRuns spark) throws IOException {
        return new EmrServer(spark);
    }

    /** Where an AWS SDK in a child process finds it. */
    public Map<String, String> environment() {
        return Map.of("AWS_ENDPOINT_URL_EMR", "http://" + server.address());
    }

    private JsonNode answer(String operation, JsonNode request) {
        ObjectNode response = AwsJson.JSON.createObjectNode();
        switch (operation) {
            case "RunJobFlow" -> {
                Cluster cluster = new Cluster(request);
                clusters.put(cluster.id, cluster);
                server.execute(cluster::run);
                response.put("JobFlowId", cluster.id);
            }
            case "AddJobFlowSteps" -> {
                ArrayNode ids = response.putArray("StepIds");
                cluster(request.path("JobFlowId")).add(request.path("Steps")).forEach(ids::add);
            }
            case "CancelSteps" -> {
                Cluster cluster = cluster(request.path("ClusterId"));
                ArrayNode canceled = response.putArray("CancelStepsInfoList");
                request.path("StepIds").forEach(id -> {
                    cluster.step(id.asText()).cancel("the user cancelled it");
                    canceled.addObject().put("StepId", id.asText()).put("Status", "SUBMITTED");
                });
            }
            case "DescribeCluster" ->
                response.set("Cluster", cluster(request.path("ClusterId")).describe());
            case "DescribeStep" ->
                response.set(
                        "Step",
                        cluster(request.path("ClusterId"))
                                .step(request.path("StepId").asText())
                                .describe());
            case "ListClusters" -> {
                ArrayNode all = response.putArray("Clusters");
                clusters.values().forEach(cluster -> all.add(cluster.describe()));
            }
            case "ListSteps" -> {
                ArrayNode steps = response.putArray("Steps");
                List<Step> all = cluster(request.path("ClusterId")).steps();
                // the newest first, as EMR does
                for (int i = all.size() - 1; i >= 0; i--) {
                    if (wanted(request.path("StepIds"), all.get(i).id)
                            && wanted(request.path("StepStates"), all.get(i).state())) {
                        steps.add(all.get(i).describe());
                    }
                }
            }
            case "TerminateJobFlows" ->
                request.path("JobFlowIds")
                        .forEach(id -> cluster(id).terminate("USER_REQUEST", "Terminated by user request"));
            default -> throw AwsJson.unknown(operation);
        }
        return response;
    }

    private static boolean wanted(JsonNode any, String value) {
        if (any.isEmpty()) {
            return true;
        }
        for (JsonNode each : any) {
            if (each.asText().equals(value)) {
                return true;
            }
        }
        return false;
    }

    private Cluster cluster(JsonNode id) {
        Cluster cluster = clusters.get(id.asText());
        if (cluster == null) {
            throw new IllegalArgumentException("Cluster id '" + id.asText() + "' is not valid.");
        }
        return cluster;
    }

    private static String id(String kind) {
        return kind
                + UUID.randomUUID().toString().replace("-", "").substring(0, 13).toUpperCase(java.util.Locale.ROOT);
    }

    /** A cluster and its steps, which it runs in their order. */
    private final class Cluster {
        final String id = id("j-");
        private final JsonNode request;
        private final Instant created = Instant.now();
        private final boolean stays;
        private final List<Step> steps = new ArrayList<>();
        private String state = "STARTING";
        private String code = "";
        private String reason = "";

        Cluster(JsonNode request) {
            this.request = request;
            this.stays = request.at("/Instances/KeepJobFlowAliveWhenNoSteps").asBoolean();
            add(request.path("Steps"));
        }

        synchronized List<String> add(JsonNode requests) {
            if (state.startsWith("TERMINAT")) {
                throw new IllegalArgumentException(
                        "A job flow that is shutting down, terminated, or finished may not be modified.");
            }
            List<String> ids = new ArrayList<>();
            for (JsonNode each : requests) {
                Step step = new Step(id, request.path("LogUri").asText(), each);
                steps.add(step);
                ids.add(step.id);
            }
            notifyAll();
            return ids;
        }

        synchronized List<Step> steps() {
            return List.copyOf(steps);
        }

        Step step(String stepId) {
            return steps().stream()
                    .filter(step -> step.id.equals(stepId))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("Step id '" + stepId + "' is not valid."));
        }

        void run() {
            try {
                for (Optional<Step> next = next(); next.isPresent(); next = next()) {
                    Step step = next.get();
                    step.run();
                    if (step.state().equals("FAILED")) {
                        switch (step.onFailure()) {
                            case "CONTINUE" -> {}
                            case "CANCEL_AND_WAIT" -> steps().forEach(each -> each.cancel("an earlier step failed"));
                            default -> terminate("STEP_FAILURE", "Shut down as step failed");
                        }
                    }
                }
                terminate("ALL_STEPS_COMPLETED", "Steps completed");
            } catch (InterruptedException e) {
                terminate("INTERNAL_ERROR", "the machine was shut down");
            }
        }

        /** The next step to run; nothing when the cluster is to end. */
        private synchronized Optional<Step> next() throws InterruptedException {
            while (true) {
                if (state.equals("TERMINATING") || state.startsWith("TERMINATED")) {
                    return Optional.empty();
                }
                Optional<Step> pending = steps.stream()
                        .filter(step -> step.state().equals("PENDING"))
                        .findFirst();
                if (pending.isPresent() || !stays) {
                    state = "RUNNING";
                    return pending;
                }
                state = "WAITING";
                wait();
            }
        }

        void terminate(String why, String message) {
            synchronized (this) {
                if (state.startsWith("TERMINAT")) {
                    return;
                }
                state = "TERMINATING";
                notifyAll();
            }
            steps().forEach(step -> step.cancel("Job terminated"));
            synchronized (this) {
                state = why.equals("STEP_FAILURE") || why.equals("INTERNAL_ERROR")
                        ? "TERMINATED_WITH_ERRORS"
                        : "TERMINATED";
                code = why;
                reason = message;
            }
        }

        synchronized ObjectNode describe() {
            ObjectNode description = AwsJson.JSON
                    .createObjectNode()
                    .put("Id", id)
                    .put("Name", request.path("Name").asText())
                    .put("LogUri", request.path("LogUri").asText())
                    .put("ReleaseLabel", request.path("ReleaseLabel").asText());
            ObjectNode status = description.putObject("Status").put("State", state);
            status.putObject("StateChangeReason").put("Code", code).put("Message", reason);
            status.putObject("Timeline").put("CreationDateTime", AwsJson.seconds(created));
            return description;
        }
    }

    private final class Step {
        final String id = id("s-");
        private final JsonNode request;
        private final SparkRuns.Run run;

        Step(String cluster, String logUri, JsonNode request) {
            List<String> arguments = new ArrayList<>();
            request.at("/HadoopJarStep/Args").forEach(argument -> arguments.add(argument.asText()));
            if (!request.at("/HadoopJarStep/Jar").asText().equals("command-runner.jar")
                    || arguments.isEmpty()
                    || !arguments.remove(0).equals("spark-submit")) {
                throw new IllegalArgumentException(
                        "only command-runner.jar with spark-submit is run on this machine, not "
                                + request.path("HadoopJarStep"));
            }
            this.request = request;
            String log =
                    logUri.isEmpty() ? "" : logUri.replaceAll("/$", "") + "/" + cluster + "/steps/" + id + "/stderr.gz";
            this.run = spark.prepare(id, arguments, log);
        }

        String onFailure() {
            return request.path("ActionOnFailure").asText("TERMINATE_CLUSTER");
        }

        void run() throws InterruptedException {
            run.submit();
            run.await();
        }

        void cancel(String why) {
            run.cancel(why);
        }

        String state() {
            return switch (run.state()) {
                case PENDING -> "PENDING";
                case RUNNING -> "RUNNING";
                case SUCCEEDED -> "COMPLETED";
                case FAILED -> "FAILED";
                case CANCELLED -> "CANCELLED";
            };
        }

        ObjectNode describe() {
            ObjectNode description = AwsJson.JSON
                    .createObjectNode()
                    .put("Id", id)
                    .put("Name", request.path("Name").asText())
                    .put("ActionOnFailure", onFailure());
            description.set("Config", request.path("HadoopJarStep"));
            ObjectNode status = description.putObject("Status").put("State", state());
            status.putObject("StateChangeReason").put("Message", run.detail());
            if (state().equals("FAILED")) {
                status.putObject("FailureDetails").put("Message", run.detail());
            }
            status.putObject("Timeline").put("CreationDateTime", AwsJson.seconds(run.created));
            return description;
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
