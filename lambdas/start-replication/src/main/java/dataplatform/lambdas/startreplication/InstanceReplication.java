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
record InstanceReplication(DatabaseMigrationClient dms, String arn) implements Replication {
    @Override
    public Optional<State> find() {
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

    /** DMS starts no task on an instance from which both endpoints have not been reached once. */
    @Override
    public Optional<String> waitsFor() {
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

    @Override
    public void start() {
        start(StartReplicationTaskTypeValue.START_REPLICATION);
    }

    @Override
    public void reload() {
        start(StartReplicationTaskTypeValue.RELOAD_TARGET);
    }

    @Override
    public void resume() {
        start(StartReplicationTaskTypeValue.RESUME_PROCESSING);
    }

    private void start(StartReplicationTaskTypeValue type) {
        dms.startReplicationTask(request -> request.replicationTaskArn(arn).startReplicationTaskType(type));
    }

    @Override
    public void stop() {
        dms.stopReplicationTask(request -> request.replicationTaskArn(arn));
    }

    @Override
    public void map(String tableMappings) {
        dms.modifyReplicationTask(request -> request.replicationTaskArn(arn).tableMappings(tableMappings));
    }
}
