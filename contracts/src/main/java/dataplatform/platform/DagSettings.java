package dataplatform.platform;

import static java.util.Map.entry;

import java.util.Map;

/**
 * What the DAGs have to know of the environment, so that no name is typed in them. It stands as JSON in the parameter
 * {@link #PARAMETER}.
 *
 * @param landing name of the bucket
 * @param bronze name of the bucket
 * @param silver name of the bucket
 * @param gold name of the bucket
 * @param goldDatabase of the Glue catalog
 * @param spectrumDatabase of the Glue catalog, with silver as Redshift Spectrum reads it
 * @param replication ARN of the DMS task
 * @param replicationInstance identifier of the instance that it runs on
 * @param replicationMayRest whether it is all right that it is stopped
 * @param sourceKeysFunction name or ARN of the function that looks which rows the source has
 * @param warehouse how it is reached
 */
public record DagSettings(
        String landing,
        String bronze,
        String silver,
        String gold,
        String goldDatabase,
        String spectrumDatabase,
        String replication,
        String replicationInstance,
        boolean replicationMayRest,
        String sourceKeysFunction,
        Warehouse warehouse) {
    /** In SSM, for {@link Names#path}. */
    public static final String PARAMETER = "airflow/settings";

    /**
     * The warehouse.
     *
     * @param host of its endpoint
     * @param port a number, which may be known only when the platform is deployed
     * @param identifier of the workgroup or cluster
     * @param unloadRole ARN of the role that writes to gold
     */
    public record Warehouse(String host, Object port, String database, String identifier, String unloadRole) {}

    /** The JSON's fields. */
    public Map<String, Object> fields() {
        return Map.ofEntries(
                entry("landing", landing),
                entry("bronze", bronze),
                entry("replicated", Names.REPLICATED),
                entry("transformed", Names.TRANSFORMED),
                entry("silver", silver),
                entry(
                        "state",
                        Map.of(
                                "reports", SilverState.REPORTS,
                                "passed", SilverState.PASSED,
                                "freshness", SilverState.FRESHNESS,
                                "done", SilverState.DONE,
                                "source_keys", SilverState.SOURCE_KEYS)),
                entry("gold", gold),
                entry("gold_database", goldDatabase),
                entry("spectrum_database", spectrumDatabase),
                entry("replication", replication),
                entry("replication_instance", replicationInstance),
                entry("replication_may_rest", replicationMayRest),
                entry("source_keys_function", sourceKeysFunction),
                entry(
                        "warehouse",
                        Map.of(
                                "host", warehouse.host,
                                "port", warehouse.port,
                                "database", warehouse.database,
                                "identifier", warehouse.identifier,
                                "unload_role", warehouse.unloadRole)));
    }
}
