package dataplatform.lambdas.startreplication;

import java.util.Optional;
import java.util.stream.Stream;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
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
        Filter byArn = Filter.builder().name("replication-task-arn").values(arn).build();
        try {
            return dms.describeReplicationTasks(request -> request.filters(byArn)).replicationTasks().stream()
                    .findFirst()
                    .map(task -> new State(task.status(), phase(task), task.tableMappings()));
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        }
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

    @Override
    public void start() {
        start(StartReplicationTaskTypeValue.START_REPLICATION);
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
