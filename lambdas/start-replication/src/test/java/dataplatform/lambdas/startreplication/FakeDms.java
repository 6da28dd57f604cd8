package dataplatform.lambdas.startreplication;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationConfigsRequest;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationConfigsResponse;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationsRequest;
import software.amazon.awssdk.services.databasemigration.model.DescribeReplicationsResponse;
import software.amazon.awssdk.services.databasemigration.model.InvalidResourceStateException;
import software.amazon.awssdk.services.databasemigration.model.ModifyReplicationConfigRequest;
import software.amazon.awssdk.services.databasemigration.model.ModifyReplicationConfigResponse;
import software.amazon.awssdk.services.databasemigration.model.Replication;
import software.amazon.awssdk.services.databasemigration.model.ReplicationConfig;
import software.amazon.awssdk.services.databasemigration.model.ResourceNotFoundException;
import software.amazon.awssdk.services.databasemigration.model.StartReplicationRequest;
import software.amazon.awssdk.services.databasemigration.model.StartReplicationResponse;
import software.amazon.awssdk.services.databasemigration.model.StopReplicationRequest;
import software.amazon.awssdk.services.databasemigration.model.StopReplicationResponse;

/** One serverless replication, which no engine on this machine has: at each look it is in the next of its states, and it notes its orders. */
final class FakeDms implements DatabaseMigrationClient {
    static final String ARN = "arn:aws:dms:us-east-1:123456789012:replication-config:SHOP";

    final List<String> orders = new ArrayList<>();
    private final Deque<Replication> states = new ArrayDeque<>();
    private String tableMappings;
    private int refusals;

    FakeDms(String tableMappings, String... statuses) {
        this.tableMappings = tableMappings;
        then(statuses);
    }

    FakeDms then(String... statuses) {
        for (String status : statuses) {
            then(Replication.builder().status(status).build());
        }
        return this;
    }

    FakeDms then(Replication state) {
        states.add(state);
        return this;
    }

    /** Refuses so many orders, as DMS does when a state is newer than what it returned. */
    FakeDms refuse(int count) {
        refusals = count;
        return this;
    }

    @Override
    public DescribeReplicationConfigsResponse describeReplicationConfigs(DescribeReplicationConfigsRequest request) {
        assertArn(request.filters().get(0).values().get(0));
        if (states.isEmpty()) {
            throw ResourceNotFoundException.builder().message("not found").build();
        }
        return DescribeReplicationConfigsResponse.builder()
                .replicationConfigs(
                        ReplicationConfig.builder().tableMappings(tableMappings).build())
                .build();
    }

    @Override
    public DescribeReplicationsResponse describeReplications(DescribeReplicationsRequest request) {
        assertArn(request.filters().get(0).values().get(0));
        Replication state = states.size() > 1 ? states.remove() : states.element();
        return DescribeReplicationsResponse.builder().replications(state).build();
    }

    @Override
    public StartReplicationResponse startReplication(StartReplicationRequest request) {
        order(request.startReplicationType(), request.replicationConfigArn());
        return StartReplicationResponse.builder().build();
    }

    @Override
    public StopReplicationResponse stopReplication(StopReplicationRequest request) {
        order("stop", request.replicationConfigArn());
        return StopReplicationResponse.builder().build();
    }

    @Override
    public ModifyReplicationConfigResponse modifyReplicationConfig(ModifyReplicationConfigRequest request) {
        order("modify", request.replicationConfigArn());
        tableMappings = request.tableMappings();
        return ModifyReplicationConfigResponse.builder().build();
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
