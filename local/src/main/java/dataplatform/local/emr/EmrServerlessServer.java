package dataplatform.local.emr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * EMR Serverless on one machine: an application that is always started, whose job runs are {@code spark-submit} of the jar that they name. It knows
 * GetApplication, StartApplication, StartJobRun, GetJobRun and CancelJobRun.
 */
public final class EmrServerlessServer implements AutoCloseable {
    public static final String APPLICATION = "00local";

    private static final Pattern PATH = Pattern.compile("/applications/(\\w+)(?:/(start|jobruns)(?:/(\\w+))?)?");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

    private final SparkRuns spark;
    private final LoopbackServer server;
    private final Map<String, JobRun> jobRuns = new ConcurrentHashMap<>();

    private EmrServerlessServer(SparkRuns spark) throws IOException {
        this.spark = spark;
        this.server = LoopbackServer.start(this::serve);
    }

    /** Starts the API; job runs run by {@code spark}. */
    public static EmrServerlessServer start(SparkRuns spark) throws IOException {
        return new EmrServerlessServer(spark);
    }

    /** Where an AWS SDK in a child process finds it. */
    public Map<String, String> environment() {
        return Map.of("AWS_ENDPOINT_URL_EMR_SERVERLESS", "http://" + server.address());
    }

    private record JobRun(JsonNode request, SparkRuns.Run run) {}

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
            String operation = exchange.getRequestMethod();
            try {
                if (!path.matches()) {
                    throw AwsJson.unknown(operation + " " + exchange.getRequestURI());
                }
                if (!path.group(1).equals(APPLICATION)) {
                    throw new IllegalArgumentException("Application " + path.group(1) + " does not exist");
                }
                AwsJson.respond(exchange, 200, answer(operation, path.group(2), path.group(3), exchange));
            } catch (IllegalArgumentException e) {
                exchange.getResponseHeaders().set("X-Amzn-ErrorType", "ResourceNotFoundException");
                AwsJson.respond(exchange, 404, AwsJson.JSON.createObjectNode().put("message", e.getMessage()));
            }
        }
    }

    private ObjectNode answer(String method, String resource, String id, HttpExchange exchange) throws IOException {
        if (resource == null && method.equals("GET")) {
            return application();
        }
        if ("start".equals(resource)) {
            return AwsJson.JSON.createObjectNode();
        }
        if (resource == null) {
            throw AwsJson.unknown(method + " " + exchange.getRequestURI());
        }
        if (id == null && method.equals("POST")) {
            return start(AwsJson.JSON.readTree(exchange.getRequestBody()));
        }
        JobRun jobRun = id == null ? null : jobRuns.get(id);
        if (jobRun == null) {
            throw new IllegalArgumentException("Job run " + id + " does not exist");
        }
        if (method.equals("DELETE")) {
            jobRun.run().cancel("Job run was cancelled");
            return ids(id);
        }
        return AwsJson.JSON.createObjectNode().set("jobRun", describe(jobRun));
    }

    private static ObjectNode application() {
        ObjectNode response = AwsJson.JSON.createObjectNode();
        response.putObject("application")
                .put("applicationId", APPLICATION)
                .put("name", "local")
                .put("type", "SPARK")
                .put("state", "STARTED");
        return response;
    }

    /** The same token again is the same job run. */
    private ObjectNode start(JsonNode request) {
        String token = request.path("clientToken").asText();
        synchronized (jobRuns) {
            String known = jobRuns.entrySet().stream()
                    .filter(each -> each.getValue()
                            .request()
                            .path("clientToken")
                            .asText()
                            .equals(token))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(null);
            if (known != null) {
                return ids(known);
            }
            JsonNode job = request.path("jobDriver").path("sparkSubmit");
            if (!job.hasNonNull("entryPoint")) {
                throw new IllegalArgumentException("jobDriver.sparkSubmit.entryPoint is missing");
            }
            String id = "00" + UUID.randomUUID().toString().replace("-", "").substring(0, 14);
            List<String> arguments = new ArrayList<>();
            WORD.matcher(job.path("sparkSubmitParameters").asText())
                    .results()
                    .forEach(word -> arguments.add(
                            word.group(1) != null
                                    ? word.group(1)
                                    : word.group(2) != null ? word.group(2) : word.group(3)));
            arguments.add(job.get("entryPoint").asText());
            job.path("entryPointArguments").forEach(argument -> arguments.add(argument.asText()));
            String logs = request.at("/configurationOverrides/monitoringConfiguration/s3MonitoringConfiguration/logUri")
                    .asText();
            String log = logs.isEmpty()
                    ? ""
                    : logs.replaceAll("/$", "") + "/applications/" + APPLICATION + "/jobs/" + id
                            + "/SPARK_DRIVER/stderr.gz";
            SparkRuns.Run run = spark.prepare(id, arguments, log);
            jobRuns.put(id, new JobRun(request, run));
            run.submit();
            return ids(id);
        }
    }

    private static ObjectNode ids(String id) {
        return AwsJson.JSON
                .createObjectNode()
                .put("applicationId", APPLICATION)
                .put("jobRunId", id)
                .put("arn", arn(id));
    }

    private static String arn(String id) {
        return "arn:aws:emr-serverless:" + S3Server.REGION + ":123456789012:/applications/" + APPLICATION + "/jobruns/"
                + id;
    }

    private static ObjectNode describe(JobRun jobRun) {
        SparkRuns.Run run = jobRun.run();
        String state =
                switch (run.state()) {
                    case PENDING -> "PENDING";
                    case RUNNING -> "RUNNING";
                    case SUCCEEDED -> "SUCCESS";
                    case FAILED -> "FAILED";
                    case CANCELLED -> "CANCELLED";
                };
        ObjectNode description = ids(run.id);
        description
                .put("name", jobRun.request().path("name").asText())
                .put("createdBy", "local")
                .put("createdAt", AwsJson.seconds(run.created))
                .put("updatedAt", AwsJson.seconds(run.changed()))
                .put("executionRole", jobRun.request().path("executionRoleArn").asText())
                .put("state", state)
                .put("stateDetails", run.detail())
                .put("releaseLabel", "local")
                .set("jobDriver", jobRun.request().path("jobDriver"));
        return description;
    }

    @Override
    public void close() {
        server.close();
    }
}
