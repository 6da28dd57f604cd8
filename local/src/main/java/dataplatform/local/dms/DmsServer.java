package dataplatform.local.dms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;

/** DMS on one machine, as far as it is asked how replication goes: DescribeReplicationTasks. */
public final class DmsServer implements AutoCloseable {
    public static final String ARN = "arn:aws:dms:" + S3Server.REGION + ":123456789012:task:local";

    /**
     * How replication is.
     *
     * @param status {@code ready}, {@code running}, {@code stopped} or {@code failed}
     * @param failure what it failed of; empty if it did not
     */
    public record Status(String status, String failure) {}

    private final Supplier<Status> replication;
    private final LoopbackServer server;

    private DmsServer(Supplier<Status> replication) throws IOException {
        this.replication = replication;
        this.server = LoopbackServer.start(AwsJson.handler("ResourceNotFoundFault", this::answer));
    }

    /**
     * Starts the API.
     *
     * @param replication how replication goes, asked at each request
     */
    public static DmsServer start(Supplier<Status> replication) throws IOException {
        return new DmsServer(replication);
    }

    /** Where an AWS SDK in a child process finds it. */
    public Map<String, String> environment() {
        return Map.of("AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE", "http://" + server.address());
    }

    private JsonNode answer(String operation, JsonNode request) {
        if (!operation.equals("DescribeReplicationTasks")) {
            throw AwsJson.unknown(operation);
        }
        Status now = replication.get();
        ObjectNode response = AwsJson.JSON.createObjectNode();
        ObjectNode described = response.putArray("ReplicationTasks")
                .addObject()
                .put("ReplicationTaskIdentifier", "local")
                .put("ReplicationTaskArn", ARN)
                .put("Status", now.status());
        if (!now.failure().isEmpty()) {
            described.put("LastFailureMessage", now.failure());
        }
        return response;
    }

    @Override
    public void close() {
        server.close();
    }
}
