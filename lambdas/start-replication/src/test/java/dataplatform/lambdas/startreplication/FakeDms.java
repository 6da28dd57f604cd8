package dataplatform.lambdas.startreplication;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.Connection;
import software.amazon.awssdk.services.databasemigration.model.DescribeConnectionsRequest;
import software.amazon.awssdk.services.databasemigration.model.DescribeConnectionsResponse;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationTasksRequest;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationTasksResponse;
import software.amazon.awssdk.services.databasemigration.model.InvalidResourceStateException;
import software.amazon.awssdk.services.databasemigration.model.ModifyReplicationTaskRequest;
import software.amazon.awssdk.services.databasemigration.model.ModifyReplicationTaskResponse;
import software.amazon.awssdk.services.databasemigration.model.ReplicationTask;
import software.amazon.awssdk.services.databasemigration.model.ResourceNotFoundException;
import software.amazon.awssdk.services.databasemigration.model.StartReplicationTaskRequest;
import software.amazon.awssdk.services.databasemigration.model.StartReplicationTaskResponse;
import software.amazon.awssdk.services.databasemigration.model.StopReplicationTaskRequest;
import software.amazon.awssdk.services.databasemigration.model.StopReplicationTaskResponse;

/** One task, whose states no engine on this machine goes through: at each look it is in the next of them, and it notes its orders. */
final class FakeDms implements DatabaseMigrationClient {
    static final String ARN = "arn:aws:dms:us-east-1:123456789012:task:SHOP";

    final List<String> orders = new ArrayList<>();
    private final Deque<ReplicationTask> states = new ArrayDeque<>();
    private String tableMappings;
    private int refusals;

    FakeDms(String tableMappings, String... statuses) {
        this.tableMappings = tableMappings;
        then(statuses);
    }

    FakeDms then(String... statuses) {
        for (String status : statuses) {
            then(ReplicationTask.builder().status(status).build());
        }
        return this;
    }

    FakeDms then(ReplicationTask state) {
        states.add(state);
        return this;
    }

    /** Refuses so many orders, as DMS does when a state is newer than what it returned. */
    FakeDms refuse(int count) {
        refusals = count;
        return this;
    }

    @Override
    public DescribeReplicationTasksResponse describeReplicationTasks(DescribeReplicationTasksRequest request) {
        assertArn(request.filters().get(0).values().get(0));
        if (states.isEmpty()) {
            throw ResourceNotFoundException.builder().message("not found").build();
        }
        ReplicationTask state = states.size() > 1 ? states.remove() : states.element();
        return DescribeReplicationTasksResponse.builder()
                .replicationTasks(state.copy(task -> task.tableMappings(tableMappings)
                        .replicationInstanceArn("instance")
                        .sourceEndpointArn("source")
                        .targetEndpointArn("target")))
                .build();
    }

    /** Both were tested. */
    @Override
    public DescribeConnectionsResponse describeConnections(DescribeConnectionsRequest request) {
        return DescribeConnectionsResponse.builder()
                .connections(
                        Connection.builder()
                                .endpointArn("source")
                                .status("successful")
                                .build(),
                        Connection.builder()
                                .endpointArn("target")
                                .status("successful")
                                .build())
                .build();
    }

    @Override
    public StartReplicationTaskResponse startReplicationTask(StartReplicationTaskRequest request) {
        order(request.startReplicationTaskTypeAsString(), request.replicationTaskArn());
        return StartReplicationTaskResponse.builder().build();
    }

    @Override
    public StopReplicationTaskResponse stopReplicationTask(StopReplicationTaskRequest request) {
        order("stop", request.replicationTaskArn());
        return StopReplicationTaskResponse.builder().build();
    }

    @Override
    public ModifyReplicationTaskResponse modifyReplicationTask(ModifyReplicationTaskRequest request) {
        order("modify", request.replicationTaskArn());
        tableMappings = request.tableMappings();
        return ModifyReplicationTaskResponse.builder().build();
    }

    private void order(String order, String arn) {
        assertArn(arn);
        if (refusals > 0) {
            refusals--;
            throw InvalidResourceStateException.builder()
                    .message("Replication is in MODIFYING state")
                    .build();
        }
        orders.add(order);
    }

    private static void assertArn(String arn) {
        if (!arn.equals(ARN)) {
            throw new AssertionError("asked for " + arn);
        }
    }

    @Override
    public String serviceName() {
        return SERVICE_NAME;
    }

    @Override
    public void close() {}
}
