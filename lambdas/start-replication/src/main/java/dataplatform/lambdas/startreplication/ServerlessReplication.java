package dataplatform.lambdas.startreplication;

import java.util.Optional;
import java.util.stream.Stream;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.Filter;
import software.amazon.awssdk.services.databasemigration.model.ReplicationConfig;
import software.amazon.awssdk.services.databasemigration.model.ResourceNotFoundException;

/**
 * A DMS Serverless replication.
 *
 * @param arn of its configuration, by which DMS names it
 */
record ServerlessReplication(DatabaseMigrationClient dms, String arn) implements Replication {
    @Override
    public Optional<State> find() {
        Filter byArn =
                Filter.builder().name("replication-config-arn").values(arn).build();
        try {
            Optional<ReplicationConfig> config =
                    dms.describeReplicationConfigs(request -> request.filters(byArn)).replicationConfigs().stream()
                            .findFirst();
            return config.map(
                    found -> dms.describeReplications(request -> request.filters(byArn)).replications().stream()
                            .findFirst()
                            .map(replication ->
                                    new State(replication.status(), phase(replication), found.tableMappings()))
                            .orElse(new State("created", Phase.NEW, found.tableMappings())));
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        }
    }

    private static Phase phase(software.amazon.awssdk.services.databasemigration.model.Replication replication) {
        return switch (replication.status()) {
            // a change of one that ran may make it ready again
            case "created", "ready", "failed" -> loadedNothing(replication) ? Phase.NEW : Phase.STOPPED;
            case "running" -> Phase.RUNNING;
            case "stopped" -> Phase.STOPPED;
            // what stood still for two days loses its capacity, and with that its place in the log
            case "deprovisioned" -> Phase.LOST;
            case "initializing",
                    "preparing_metadata_resources",
                    "testing_connection",
                    "fetching_metadata",
                    "calculating_capacity",
                    "provisioning_capacity",
                    "replication_starting" -> Phase.STARTING;
            // modifying, stopping, deprovisioning, deleting, and what may be new
            default -> Phase.CHANGING;
        };
    }

    /** One that failed before it had any capacity. Of one that failed later and lost its capacity since, DMS keeps no statistics, but the dates. */
    private static boolean loadedNothing(
            software.amazon.awssdk.services.databasemigration.model.Replication replication) {
        return Stream.of(
                        Optional.ofNullable(replication.replicationStats()).map(stats -> stats.freshStartDate()),
                        Optional.ofNullable(replication.provisionData()).map(data -> data.dateProvisioned()),
                        Optional.ofNullable(replication.replicationDeprovisionTime()),
                        Optional.ofNullable(replication.recoveryCheckpoint())
                                .filter(checkpoint -> !checkpoint.isBlank()))
                .allMatch(Optional::isEmpty);
    }

    /** It tests its connections by itself. */
    @Override
    public Optional<String> waitsFor() {
        return Optional.empty();
    }

    @Override
    public void reload() {
        dms.startReplication(request -> request.replicationConfigArn(arn).startReplicationType("reload-target"));
    }

    @Override
    public void start() {
        dms.startReplication(request -> request.replicationConfigArn(arn).startReplicationType("start-replication"));
    }

    @Override
    public void resume() {
        dms.startReplication(request -> request.replicationConfigArn(arn).startReplicationType("resume-processing"));
    }

    @Override
    public void stop() {
        dms.stopReplication(request -> request.replicationConfigArn(arn));
    }

    @Override
    public void map(String tableMappings) {
        dms.modifyReplicationConfig(request -> request.replicationConfigArn(arn).tableMappings(tableMappings));
    }
}
