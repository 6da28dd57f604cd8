package dataplatform.cdk.config;

import dataplatform.platform.Names;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How large an environment is and what it may do. All environments stand here; a developer's own is {@code dev-} and a name, and is
 * like {@code dev}.
 *
 * @param name such as {@code dev}
 * @param rests whether it costs next to nothing when nobody works: the database and replication stop in the evening, nothing is
 *     crawled by schedule, and stale tables raise no alarm
 * @param dataMayBeDeleted the first of the two keys to delete data; the second is given with the command
 * @param demoData whether the made-up shop may be loaded into the source database
 * @param nat whether private subnets reach the internet
 * @param database of the source
 * @param replication what it runs on
 * @param eventShards of the stream of web events; one takes 1,000 requests or 1 MB a second
 * @param spark what it runs on
 * @param airflow what it runs on
 * @param warehouse what it runs on
 * @param budget in USD a month
 */
public record Environment(
        String name,
        boolean rests,
        boolean dataMayBeDeleted,
        boolean demoData,
        boolean nat,
        Database database,
        Replication replication,
        int eventShards,
        Spark spark,
        Airflow airflow,
        Warehouse warehouse,
        int budget) {

    /**
     * The size of the source database.
     *
     * @param instance such as {@code t4g.micro}
     * @param gigabytes of storage at first; it grows to five times that
     * @param multiAz whether a second instance stands by
     * @param backupDays how far back it can be restored
     */
    public record Database(String instance, int gigabytes, boolean multiAz, int backupDays) {}

    /**
     * The instance that DMS runs on, always: docs/decisions/0026-dms-on-an-instance.md.
     *
     * @param instance such as {@code dms.t3.micro}
     * @param multiAz whether a second one stands by
     */
    public record Replication(String instance, boolean multiAz) {}

    /** What Spark runs on. */
    public sealed interface Spark {
        /** EMR Serverless, growing to so many vCPUs. */
        record Serverless(int vcpus) implements Spark {}

        /** A cluster for each run, on such instances, growing to so many of them. */
        record Clusters(String instance, int instances) implements Spark {}
    }

    /** What Airflow runs on. */
    public sealed interface Airflow {
        /** MWAA, which is always on. */
        record Managed(String version, String size) implements Airflow {}

        /** An instance that is started when there is work. */
        record OnDemand(String instance) implements Airflow {}
    }

    /** What the warehouse runs on. */
    public sealed interface Warehouse {
        /** Redshift Serverless with so many units to begin with and at most. */
        record Serverless(int units, int mostUnits) implements Warehouse {}

        /** A cluster of RA3 nodes. */
        record Cluster(String node, int nodes) implements Warehouse {}
    }

    /** The newest that MWAA offers. */
    private static final String AIRFLOW = "3.0.6";

    private static final String OWN = "dev-";

    private static final Environment DEV = new Environment(
            "dev",
            true,
            true,
            true,
            false,
            new Database("t4g.micro", 20, false, 1),
            new Replication("dms.t3.micro", false),
            1,
            new Spark.Serverless(16),
            new Airflow.OnDemand("t4g.medium"),
            new Warehouse.Serverless(4, 8),
            50);

    private static final Environment STAGING = new Environment(
            "staging",
            false,
            false,
            true,
            true,
            new Database("t4g.small", 50, false, 7),
            new Replication("dms.t3.small", false),
            1,
            new Spark.Serverless(32),
            new Airflow.Managed(AIRFLOW, "mw1.small"),
            new Warehouse.Serverless(8, 16),
            900);

    private static final Environment PRODUCTION = new Environment(
            "production",
            false,
            false,
            false,
            true,
            new Database("m7g.large", 200, true, 30),
            new Replication("dms.t3.medium", true),
            2,
            new Spark.Serverless(128),
            new Airflow.Managed(AIRFLOW, "mw1.small"),
            new Warehouse.Serverless(16, 64),
            2500);

    /** Those that have a name of their own. */
    public static final List<Environment> ALL = List.of(DEV, STAGING, PRODUCTION);

    /**
     * The environment of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Environment named(String name) {
        if (name.startsWith(OWN)) {
            return new Environment(
                    name,
                    DEV.rests,
                    DEV.dataMayBeDeleted,
                    DEV.demoData,
                    DEV.nat,
                    DEV.database,
                    DEV.replication,
                    DEV.eventShards,
                    DEV.spark,
                    DEV.airflow,
                    DEV.warehouse,
                    DEV.budget);
        }
        return ALL.stream()
                .filter(environment -> environment.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no environment '" + name + "': take one of "
                        + ALL.stream().map(Environment::name).collect(Collectors.joining(", "))
                        + ", or a developer's own such as dev-anna"));
    }

    /** Its names and tags. */
    public Names names() {
        return new Names(name);
    }
}
