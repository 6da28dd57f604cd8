package dataplatform.lambdas.startreplication;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.Connection;
import software.amazon.awssdk.services.databasemigration.model.Filter;
import software.amazon.awssdk.services.databasemigration.model.ReplicationTask;
import software.amazon.awssdk.services.databasemigration.model.ResourceNotFoundException;
import software.amazon.awssdk.services.databasemigration.model.StartReplicationTaskTypeValue;

/**
 * A task on a DMS replication instance.
 *
 * @param arn of the task
 */
record Replication(DatabaseMigrationClient dms, String arn) {
    /** What it can be asked to do. */
    enum Phase {
        /** It has never loaded anything. */
        NEW,
        /** It is on its way to running. */
        STARTING,
        RUNNING,
        /** It has run before and does not now: it was stopped, is through, or failed. */
        STOPPED,
        /** It is between two of the others and takes no orders. */
        CHANGING
    }

    /**
     * How it is.
     *
     * @param status in DMS's words
     * @param phase what that means
     * @param tableMappings as JSON
     */
    record State(String status, Phase phase, String tableMappings) {}

    /** How it is; empty if it does not exist (any more). */
    Optional<State> find() {
        try {
            return dms.describeReplicationTasks(request -> request.filters(byArn())).replicationTasks().stream()
                    .findFirst()
                    .map(task -> new State(task.status(), phase(task), task.tableMappings()));
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        }
    }

    private Filter byArn() {
        return Filter.builder().name("replication-task-arn").values(arn).build();
    }

    private static Phase phase(ReplicationTask task) {
        return switch (task.status()) {
            // a change of one that ran makes it ready again
            case "ready", "failed", "failed-move" -> loadedNothing(task) ? Phase.NEW : Phase.STOPPED;
            case "starting" -> Phase.STARTING;
            case "running" -> Phase.RUNNING;
            case "stopped" -> Phase.STOPPED;
            // creating, modifying, moving, stopping, testing, deleting, and what may be new
            default -> Phase.CHANGING;
        };
    }

    private static boolean loadedNothing(ReplicationTask task) {
        return Stream.of(
                        Optional.ofNullable(task.replicationTaskStats()).map(stats -> stats.freshStartDate()),
                        Optional.ofNullable(task.recoveryCheckpoint()).filter(checkpoint -> !checkpoint.isBlank()))
                .allMatch(Optional::isEmpty);
    }

    /**
     * What its start has to wait for; empty if it can start. DMS starts no task on an instance from which both endpoints have not
     * been reached once: this begins the tests that are missing or have failed.
     */
    Optional<String> waitsFor() {
        Optional<ReplicationTask> task =
                dms.describeReplicationTasks(request -> request.filters(byArn())).replicationTasks().stream()
                        .findFirst();
        if (task.isEmpty()) {
            return Optional.empty();
        }
        String instance = task.get().replicationInstanceArn();
        Filter ofInstance = Filter.builder()
                .name("replication-instance-arn")
                .values(instance)
                .build();
        Map<String, Connection> tested = new HashMap<>();
        try {
            dms.describeConnectionsPaginator(request -> request.filters(ofInstance)).stream()
                    .flatMap(page -> page.connections().stream())
                    .forEach(connection -> tested.put(connection.endpointArn(), connection));
        } catch (ResourceNotFoundException e) {
            // none was tested yet
            tested.clear();
        }
        List<String> missing = new ArrayList<>();
        for (String endpoint :
                List.of(task.get().sourceEndpointArn(), task.get().targetEndpointArn())) {
            Connection connection = tested.get(endpoint);
            String status = connection == null ? "not tested" : connection.status();
            if (status.equals("successful")) {
                continue;
            }
            // a failed one is tried again: what it needs may have come meanwhile
            if (!status.equals("testing")) {
                dms.testConnection(
                        request -> request.replicationInstanceArn(instance).endpointArn(endpoint));
            }
            boolean failed = connection != null && connection.lastFailureMessage() != null;
            missing.add(endpoint + " is " + status + (failed ? ": " + connection.lastFailureMessage() : ""));
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("the connection of the instance with " + String.join(", and with ", missing));
    }

    /** Has it load all tables and then follow their changes; only for a {@link Phase#NEW} one. */
    void start() {
        start(StartReplicationTaskTypeValue.START_REPLICATION);
    }

    /** Has it go on where it stopped; only for a {@link Phase#STOPPED} one. */
    void resume() {
        start(StartReplicationTaskTypeValue.RESUME_PROCESSING);
    }

    private void start(StartReplicationTaskTypeValue type) {
        dms.startReplicationTask(request -> request.replicationTaskArn(arn).startReplicationTaskType(type));
    }

    /** Asks a {@link Phase#RUNNING} one to stop. */
    void stop() {
        dms.stopReplicationTask(request -> request.replicationTaskArn(arn));
    }

    /** Changes which tables it replicates; only for one that neither runs nor changes. */
    void map(String tableMappings) {
        dms.modifyReplicationTask(request -> request.replicationTaskArn(arn).tableMappings(tableMappings));
    }
}
