package dataplatform.cdk.stacks;

import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.cloudwatch.Dashboard;
import software.amazon.awscdk.services.cloudwatch.GraphWidget;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.constructs.Construct;

/** What a person looks at first: replication, Spark, Athena and the warehouse on one page. */
final class PlatformDashboard {
    private PlatformDashboard() {}

    /**
     * Adds the dashboard.
     *
     * @param database of the source: log that replication holds back and free disk, in bytes; empty if it is not the platform's
     * @param application id of the EMR Serverless application, where there is one
     */
    static void create(Construct scope, Names names, List<IMetric> database, Optional<String> application) {
        Dashboard dashboard = Dashboard.Builder.create(scope, "Dashboard")
                .dashboardName(names.of("platform"))
                .build();
        if (!database.isEmpty()) {
            dashboard.addWidgets(
                    graph("Log that replication holds back (bytes)", database.get(0)),
                    graph("Free disk of the shop's database (bytes)", database.get(1)));
        }
        application.ifPresent(id -> dashboard.addWidgets(
                graph("Spark jobs done", job(id, names.of("spark"), "SuccessJobs")),
                graph("Spark jobs failed", job(id, names.of("spark"), "FailedJobs"))));
        dashboard.addWidgets(
                graph(
                        "Athena: bytes read",
                        hourly("AWS/Athena", "ProcessedBytes", Map.of("WorkGroup", AthenaStack.workGroup(names)))),
                graph(
                        "Warehouse: capacity",
                        Metric.Builder.create()
                                .namespace("AWS/Redshift-Serverless")
                                .metricName("ComputeCapacity")
                                .dimensionsMap(Map.of("Workgroup", WarehouseStack.identifier(names)))
                                .statistic("Maximum")
                                .period(Duration.minutes(5))
                                .build()));
    }

    private static Metric job(String application, String name, String metric) {
        // both, as EMR publishes them from release 7.10 on
        return hourly("AWS/EMRServerless", metric, Map.of("ApplicationId", application, "ApplicationName", name));
    }

    private static Metric hourly(String namespace, String metric, Map<String, String> dimensions) {
        return Metric.Builder.create()
                .namespace(namespace)
                .metricName(metric)
                .dimensionsMap(dimensions)
                .statistic("Sum")
                .period(Duration.hours(1))
                .build();
    }

    private static GraphWidget graph(String title, IMetric metric) {
        return GraphWidget.Builder.create()
                .title(title)
                .left(List.of(metric))
                .width(12)
                .build();
    }
}
