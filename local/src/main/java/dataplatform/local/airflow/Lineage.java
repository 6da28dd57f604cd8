package dataplatform.local.airflow;

import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.process.Project;
import java.nio.file.Path;
import java.util.List;

/**
 * What Airflow's tasks and Spark's jobs read and write, as OpenLineage events in a file, one a line.
 *
 * @param file that events are added to
 */
public record Lineage(Path file) {
    private static final String NAMESPACE = LocalEnvironment.NAMES.namespace();

    /** The parameters of {@code spark-submit}. */
    public List<String> sparkOptions() {
        return List.of(
                "--jars",
                Project.file("spark-jobs/target/openlineage-spark.jar").toString(),
                "--conf",
                "spark.extraListeners=io.openlineage.spark.agent.OpenLineageSparkListener",
                "--conf",
                "spark.openlineage.namespace=" + NAMESPACE,
                "--conf",
                "spark.openlineage.transport.type=file",
                "--conf",
                "spark.openlineage.transport.location=" + file);
    }

    /** Lets an Airflow emit what its tasks read and write. */
    public Airflow emitFrom(Airflow airflow) {
        String transport = AwsJson.JSON
                .createObjectNode()
                .put("type", "file")
                .put("log_file_path", file.toString())
                .put("append", true)
                .toString();
        return airflow.with("AIRFLOW__OPENLINEAGE__TRANSPORT", transport)
                .with("AIRFLOW__OPENLINEAGE__NAMESPACE", NAMESPACE);
    }
}
