package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import java.util.List;
import java.util.Optional;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Aspects;

/** The parts of the platform in one environment, and what each takes from the others. */
public final class Platform {
    private Platform() {}

    /** Adds an environment's stacks to an app. */
    public static void add(App app, Deployment deployment) {
        add(app, deployment, deployment.landingPrefixes());
    }

    /**
     * Adds an environment's stacks to an app.
     *
     * @param landingPrefixes prefixes of the files in the landing bucket that DAGs wait for
     */
    public static void add(App app, Deployment deployment, List<String> landingPrefixes) {
        LakeStack lake = new LakeStack(app, deployment);
        NetworkStack network = new NetworkStack(app, deployment, lake);
        SourceDatabaseStack database = new SourceDatabaseStack(app, deployment, lake, network);
        SourceUpkeepStack upkeep = new SourceUpkeepStack(app, deployment, lake, network, database);
        ReplicationStack replication = new ReplicationStack(app, deployment, lake, network, database);
        // DMS fails for good when it starts and finds no table
        replication.addStackDependency(upkeep);
        CatalogStack catalog = new CatalogStack(app, deployment, lake);
        new AthenaStack(app, deployment, lake);
        SparkStack spark = new SparkStack(app, deployment, lake, network);
        WarehouseStack warehouse = new WarehouseStack(app, deployment, lake, network, catalog);
        Optional<EventsStack> events =
                deployment.webEvents() ? Optional.of(new EventsStack(app, deployment, lake)) : Optional.empty();
        new PeopleStack(app, deployment, lake, warehouse);
        new AirflowStack(
                app, deployment, lake, network, database, upkeep, replication, spark, warehouse, landingPrefixes);
        new WatchStack(app, deployment, lake, replication, spark, events, !landingPrefixes.isEmpty());
        // whoever owns the repository may deploy: there is none by default
        if (!deployment.repository().isEmpty()) {
            new DeliveryStack(app, deployment);
        }
    }

    /** Lets the app's synthesis fail where a stack breaks a rule of AWS Solutions. */
    public static void check(App app) {
        Aspects.of(app).add(new AwsSolutionsChecks());
    }
}
