package dataplatform.lambdas.startdag;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.lambdas.startdag.Airflow.Answer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.mwaa.MwaaClient;
import software.amazon.awssdk.services.ssm.SsmClient;

/**
 * Starts a run of a DAG for the files that come into the landing bucket, from the queue that EventBridge puts its events in: one for those that
 * come together, and none while a run waits to start, which will take them. The DAG is named as the files' first folder; the run's id
 * follows from the events, so that events which come twice start one. Environment: for MWAA
 *
 * <ul>
 *   <li>{@code MWAA_ENVIRONMENT}, its name
 * </ul>
 *
 * and for Airflow on demand
 *
 * <ul>
 *   <li>{@code LAUNCHER_FUNCTION} that starts the instance
 *   <li>{@code HEARTBEAT_PARAMETER} in SSM
 *   <li>{@code CALL_DOCUMENT}, the command that calls Airflow's API on the instance
 * </ul>
 */
public final class StartDag implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private static final String QUEUED = "/dagRuns?state=queued";

    private final Airflow airflow;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public StartDag() {
        this(
                System.getenv("MWAA_ENVIRONMENT") != null
                        ? new ManagedAirflow(MwaaClient.create(), System.getenv("MWAA_ENVIRONMENT"))
                        : new AirflowOnDemand(
                                LambdaClient.create(),
                                SsmClient.create(),
                                System.getenv("LAUNCHER_FUNCTION"),
                                System.getenv("HEARTBEAT_PARAMETER"),
                                System.getenv("CALL_DOCUMENT")));
    }

    StartDag(Airflow airflow) {
        this.airflow = airflow;
    }

    /**
     * Starts the runs.
     *
     * @param event messages of SQS
     * @return the messages that come again, until the queue gives them up: those that can't be read, and those for which no run could be started
     */
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        List<String> failed =
                start(event, (level, message) -> context.getLogger().log(message, level));
        return Map.of(
                "batchItemFailures",
                failed.stream().map(id -> Map.of("itemIdentifier", id)).toList());
    }

    List<String> start(Map<String, Object> event, BiConsumer<LogLevel, String> log) {
        List<String> failed = new ArrayList<>();
        Map<String, LandingFile> files = new LinkedHashMap<>();
        for (Object record : (List<?>) event.get("Records")) {
            Map<?, ?> message = (Map<?, ?>) record;
            String id = (String) message.get("messageId");
            try {
                LandingFile file = LandingFile.parse((String) message.get("body"));
                if (file.isFolder()) {
                    log.accept(LogLevel.INFO, file + " is a folder: nothing to do");
                } else {
                    files.put(id, file);
                }
            } catch (IllegalArgumentException e) {
                log.accept(LogLevel.ERROR, "message " + id + ": " + e.getMessage());
                failed.add(id);
            }
        }
        if (files.isEmpty()) {
            return failed;
        }
        try {
            airflow.wake();
        } catch (RuntimeException e) {
            log.accept(LogLevel.WARN, files.values() + " wait: " + e.getMessage());
            failed.addAll(files.keySet());
            return failed;
        }
        Map<String, Map<String, LandingFile>> byDag = new LinkedHashMap<>();
        files.forEach((id, file) ->
                byDag.computeIfAbsent(file.dag(), dag -> new LinkedHashMap<>()).put(id, file));
        byDag.forEach((dag, those) -> {
            try {
                String done = start(dag, those.values());
                those.values().forEach(file -> log.accept(LogLevel.INFO, file + ": " + done));
            } catch (RuntimeException e) {
                those.values().forEach(file -> log.accept(LogLevel.ERROR, file + ": " + e.getMessage()));
                failed.addAll(those.keySet());
            }
        });
        return failed;
    }

    /** What has been done for files of one DAG, in words. */
    private String start(String dag, Collection<LandingFile> files) {
        String path = "/dags/" + dag;
        Answer found = airflow.call("GET", path, Optional.empty());
        if (found.status() == 404) {
            throw new IllegalStateException("there is no DAG " + dag);
        }
        // of a DAG that is paused Airflow takes runs, and does not start them
        if (expect(200, found).body().path("is_paused").asBoolean()) {
            throw new IllegalStateException("the DAG " + dag + " is paused");
        }
        // it takes what is there when it starts, these files among it
        Answer queued = expect(200, airflow.call("GET", path + QUEUED, Optional.empty()));
        if (queued.body().path("total_entries").asInt() > 0) {
            return "a run of " + dag + " that waits will take it";
        }
        ObjectNode run = LandingFile.run(files);
        String id = run.path("dag_run_id").asText();
        Answer started = airflow.call("POST", path + "/dagRuns", Optional.of(run));
        if (started.status() == 409) {
            return "run " + id + " of " + dag + " was started before";
        }
        expect(200, started);
        return "started run " + id + " of " + dag;
    }

    private static Answer expect(int status, Answer answer) {
        if (answer.status() != status) {
            throw new IllegalStateException("Airflow answers " + answer.status() + ": " + answer.body());
        }
        return answer;
    }
}
