package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import java.util.Map;
import java.util.TreeMap;

/** The settings of Airflow's configuration, for Airflow and its DAGs. */
public final class AirflowOptions {
    /** What is built for Airflow: DAGs and their locked requirements. */
    static final String BUNDLE = "airflow/target/bundle";

    private AirflowOptions() {}

    /** Airflow's configuration, where it is not as Airflow brings it. */
    static Map<String, String> of(Deployment deployment) {
        Map<String, String> options = new TreeMap<>(Map.of(
                "core.dags_are_paused_at_creation", "False",
                "dataplatform.environment", deployment.names().environment(),
                "dataplatform.keeps_promises",
                        Boolean.toString(!deployment.environment().rests()),
                "dataplatform.spark", spark(deployment),
                "dataplatform.warehouse", warehouse(deployment),
                "dataplatform.web_events", Boolean.toString(deployment.webEvents())));
        if (deployment.emitsLineage()) {
            options.put("openlineage.namespace", deployment.names().namespace());
            options.put(
                    "openlineage.transport", "{\"type\": \"http\", \"url\": \"" + deployment.openLineageUrl() + "\"}");
        }
        return options;
    }

    /** How DAGs start Spark. */
    static String spark(Deployment deployment) {
        return deployment.environment().spark() instanceof Environment.Spark.Serverless ? "serverless" : "cluster";
    }

    /** What the warehouse's name is the name of. */
    static String warehouse(Deployment deployment) {
        boolean serverless = deployment.environment().warehouse() instanceof Environment.Warehouse.Serverless;
        return serverless ? "serverless" : "cluster";
    }
}
