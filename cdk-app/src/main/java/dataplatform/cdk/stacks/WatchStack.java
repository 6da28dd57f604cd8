package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Json;
import dataplatform.cdk.constructs.LandingEvents;
import dataplatform.cdk.constructs.ObjectQueue;
import dataplatform.cdk.policy.Waivers;
import dataplatform.contracts.Contract;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.CfnAlarm;
import software.amazon.awscdk.services.cloudwatch.ComparisonOperator;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.MathExpression;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.cloudwatch.TreatMissingData;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.events.EventField;
import software.amazon.awscdk.services.events.EventPattern;
import software.amazon.awscdk.services.events.Match;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.RuleTargetInput;
import software.amazon.awscdk.services.events.targets.SnsTopic;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.sqs.QueueEncryption;
import software.constructs.Construct;

/** Alarms, their receivers, the budget and a dashboard. Each alarm names its runbook. */
public final class WatchStack extends Stack {
    private static final Duration FIVE_MINUTES = Duration.minutes(5);
    private static final long MEGABYTE = 1L << 20;
    private static final long GIGABYTE = 1L << 30;

    private final Deployment deployment;
    private final Topic topic;

    WatchStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            ReplicationStack replication,
            SparkStack spark,
            Optional<EventsStack> events,
            boolean filesLand) {
        super(scope, deployment.names().of("watch"), deployment.stack("watch", "Alarms, budget and dashboard"));
        this.deployment = deployment;
        Names names = deployment.names();
        Environment environment = deployment.environment();
        this.topic = topic(lake);
        Queue dead = Queue.Builder.create(this, "DeadLetters")
                .queueName(names.of("dead-letters"))
                .encryption(QueueEncryption.KMS)
                .encryptionMasterKey(lake.key(this))
                .enforceSsl(true)
                .retentionPeriod(Duration.days(14))
                .build();
        Waivers.nag(dead, "AwsSolutions-SQS3", "It is the queue of dead letters.");

        replicationLag();
        List<IMetric> database = deployment.source().isPresent() ? List.of() : sourceDatabase();
        alarm(
                "dead-letters",
                "A message could not be delivered; it is kept for two weeks.",
                dead.metricApproximateNumberOfMessagesVisible(),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                TreatMissingData.NOT_BREACHING,
                1);
        alarm(
                "reconciliation",
                "Silver differs from the shop's database: rows are missing, or there are too many.",
                quality("Drift"),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                // sent only when it is not zero
                TreatMissingData.NOT_BREACHING,
                1);
        alarm(
                "files-set-aside",
                "Files could not be read and are not tried any more; the log of the task quality_gate names them.",
                quality("FilesSetAside"),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                TreatMissingData.NOT_BREACHING,
                1);
        if (filesLand) {
            alarm(
                    "landing-files",
                    "Files have come for which no DAG could be started; the queue keeps them for two weeks.",
                    deadLetters(LandingEvents.deadLetters(names)),
                    0,
                    ComparisonOperator.GREATER_THAN_THRESHOLD,
                    TreatMissingData.NOT_BREACHING,
                    1);
        }
        events.ifPresent(this::webEvents);
        if (!environment.rests()) {
            deployment.contracts().forEach(this::staleTable);
        }
        // of this environment alone, where another may share the account; a cluster's id is made up when it starts
        Map<String, Object> failed = spark.applicationId(this)
                .<Map<String, Object>>map(id -> Map.of("state", List.of("FAILED"), "applicationId", List.of(id)))
                .orElse(Map.of("state", List.of("FAILED")));
        notifyOn(
                "failed-job",
                "A Spark job has failed: docs/runbooks/silver.md, docs/runbooks/landing.md",
                EventPattern.builder()
                        .source(List.of("aws.emr-serverless", "aws.emr"))
                        .detailType(List.of("EMR Serverless Job Run State Change", "EMR Step Status Change"))
                        .detail(failed)
                        .build(),
                dead);
        notifyOn(
                "failed-replication",
                "Replication has failed: docs/runbooks/replication-lag.md",
                EventPattern.builder()
                        .source(List.of("aws.dms"))
                        .resources(List.of(replication.arn(this)))
                        .detail(Map.of("category", Match.equalsIgnoreCase("failure")))
                        .build(),
                dead);
        MonthlyBudget.create(this, names, environment.budget(), topic);
        if (!environment.rests()) {
            PlatformDashboard.create(this, names, database, spark.applicationId(this));
        }
    }

    /** Alarms on what the shop's database keeps; the metrics that they look at. One that was there already has its own. */
    private List<IMetric> sourceDatabase() {
        Environment.Database size = deployment.environment().database();
        IMetric slot = database("OldestReplicationSlotLag", "Maximum");
        IMetric storage = database("FreeStorageSpace", "Minimum");
        alarm(
                "replication-slot",
                "Replication stands still while the shop's database keeps its log; at "
                        + SourceDatabaseStack.slotLimitMegabytes(size)
                        + " MB it gives the log up, and everything has to be loaded again.",
                slot,
                SourceDatabaseStack.slotLimitMegabytes(size) * MEGABYTE / 2,
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                TreatMissingData.NOT_BREACHING,
                3);
        alarm(
                "storage",
                "The shop's database has less than a tenth of its disk left.",
                storage,
                size.gigabytes() * GIGABYTE / 10,
                ComparisonOperator.LESS_THAN_THRESHOLD,
                TreatMissingData.NOT_BREACHING,
                3);
        return List.of(slot, storage);
    }

    /** A metric of the quality gate. */
    private IMetric quality(String name) {
        return Metric.Builder.create()
                .namespace(Names.METRICS)
                .metricName(name)
                .dimensionsMap(Map.of("Environment", deployment.names().environment()))
                .statistic("Maximum")
                .period(Duration.hours(1))
                .build();
    }

    private Topic topic(LakeStack lake) {
        Topic made = Topic.Builder.create(this, "Alerts")
                .topicName(deployment.names().of("alerts"))
                .masterKey(lake.key(this))
                .enforceSsl(true)
                .build();
        made.addToResourcePolicy(PolicyStatement.Builder.create()
                .principals(List.of(
                        new ServicePrincipal("cloudwatch.amazonaws.com"),
                        new ServicePrincipal("budgets.amazonaws.com")))
                .actions(List.of("sns:Publish"))
                .resources(List.of(made.getTopicArn()))
                .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", Aws.ACCOUNT_ID)))
                .build());
        if (!deployment.alertEmail().isEmpty()) {
            made.addSubscription(new EmailSubscription(deployment.alertEmail()));
        }
        return made;
    }

    private IMetric database(String metric, String statistic) {
        return Metric.Builder.create()
                .namespace("AWS/RDS")
                .metricName(metric)
                .dimensionsMap(Map.of("DBInstanceIdentifier", SourceDatabaseStack.identifier(deployment.names())))
                .statistic(statistic)
                .period(FIVE_MINUTES)
                .build();
    }

    private static String runbook(String what, String name) {
        return what + " Runbook: docs/runbooks/" + name + ".md";
    }

    private void webEvents(EventsStack events) {
        String name = EventsStack.name(deployment.names());
        webEvents(
                "late",
                "Web events come to raw files more than five minutes late, or not at all.",
                metric("AWS/Firehose", "KinesisMillisBehindLatest", "DeliveryStreamName", name, "Maximum"),
                300_000,
                ComparisonOperator.GREATER_THAN_THRESHOLD);
        webEvents(
                "not-delivered",
                "Web events could not be written to raw files.",
                metric("AWS/Firehose", "DeliveryToS3.Success", "DeliveryStreamName", name, "Minimum"),
                1,
                ComparisonOperator.LESS_THAN_THRESHOLD);
        webEvents(
                "throttled",
                "The stream of web events takes no more; clients wait and send again.",
                metric("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", name, "Sum"),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD);
        webEvents(
                "refused",
                "The API of web events fails; clients wait and send again.",
                metric("AWS/ApiGateway", "5xx", "ApiId", events.apiId(this), "Sum"),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD);
        webEvents(
                "dead",
                "Raw files of web events could not be written with columns; the queue keeps them for two weeks.",
                deadLetters(deployment.names().of(ObjectQueue.deadLetters(EventsStack.QUEUE))),
                0,
                ComparisonOperator.GREATER_THAN_THRESHOLD);
        webEvents(
                "behind",
                "Raw files of web events wait for an hour to be written with columns.",
                metric(
                        "AWS/SQS",
                        "ApproximateAgeOfOldestMessage",
                        "QueueName",
                        deployment.names().of(EventsStack.QUEUE),
                        "Maximum"),
                // one that fails once is worked on again after half an hour
                3600,
                ComparisonOperator.GREATER_THAN_THRESHOLD);
        alarm(
                "web-events-quarantined",
                "web-events",
                "More than one of a hundred web events within an hour went to quarantine.",
                MathExpression.Builder.create()
                        .expression("100 * quarantined / messages")
                        // in one order, which a template keeps
                        .usingMetrics(new TreeMap<>(Map.of(
                                "messages", transformer(Names.MESSAGES),
                                "quarantined", transformer(Names.QUARANTINED_MESSAGES))))
                        .period(Duration.hours(1))
                        .build(),
                1,
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                TreatMissingData.NOT_BREACHING,
                1);
    }

    private IMetric transformer(String name) {
        return metric(Names.METRICS, name, "FunctionName", deployment.names().of("event-transformer"), "Sum");
    }

    private static IMetric deadLetters(String queue) {
        return metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, "Maximum");
    }

    private void webEvents(String name, String what, IMetric metric, Number threshold, ComparisonOperator operator) {
        alarm("web-events-" + name, "web-events", what, metric, threshold, operator, TreatMissingData.NOT_BREACHING, 3);
    }

    private static IMetric metric(String namespace, String name, String dimension, String value, String statistic) {
        return Metric.Builder.create()
                .namespace(namespace)
                .metricName(name)
                .dimensionsMap(Map.of(dimension, value))
                .statistic(statistic)
                .period(FIVE_MINUTES)
                .build();
    }

    private void alarm(
            String name,
            String what,
            IMetric metric,
            Number threshold,
            ComparisonOperator operator,
            TreatMissingData missing,
            int periods) {
        alarm(name, name, what, metric, threshold, operator, missing, periods);
    }

    private void alarm(
            String name,
            String runbook,
            String what,
            IMetric metric,
            Number threshold,
            ComparisonOperator operator,
            TreatMissingData missing,
            int periods) {
        Alarm.Builder.create(this, name)
                .alarmName(deployment.names().of(name))
                .alarmDescription(runbook(what, runbook))
                .metric(metric)
                .threshold(threshold)
                .comparisonOperator(operator)
                .treatMissingData(missing)
                .evaluationPeriods(periods)
                .build()
                .addAlarmAction(new SnsAction(topic));
    }

    /** By a query over the metric of the environment's instance, as the task's own identifier is made up by DMS. */
    private void replicationLag() {
        String name = "replication-lag";
        CfnAlarm.Builder.create(this, name)
                .alarmName(deployment.names().of(name))
                .alarmDescription(runbook(
                        "Changes of the shop's database reach bronze more than a quarter of an hour late, or not at all.",
                        name))
                .metrics(List.of(CfnAlarm.MetricDataQueryProperty.builder()
                        .id("lag")
                        .expression(
                                "SELECT MAX(CDCLatencyTarget) FROM \"AWS/DMS\" WHERE ReplicationInstanceIdentifier = '"
                                        + ReplicationStack.identifier(deployment.names()) + "'")
                        .period(300)
                        .returnData(true)
                        .build()))
                .threshold(900)
                .comparisonOperator("GreaterThanThreshold")
                .evaluationPeriods(3)
                .treatMissingData(deployment.replicationRests() ? "notBreaching" : "breaching")
                .alarmActions(List.of(topic.getTopicArn()))
                .build();
    }

    /** By the ages that the DAG {@code freshness} measures every hour. Its silence is no better than a broken promise. */
    private void staleTable(Contract contract) {
        String name = "stale-tables-" + contract.id();
        Alarm.Builder.create(this, name)
                .alarmName(deployment.names().of(name))
                .alarmDescription(runbook(
                        "Silver's " + contract.id() + " is older than the "
                                + contract.freshness().toHours()
                                + " hours that its contract promises, or nobody knows how old it is.",
                        "stale-tables"))
                .metric(Metric.Builder.create()
                        .namespace(Names.METRICS)
                        .metricName("Age")
                        .dimensionsMap(
                                Map.of("Environment", deployment.names().environment(), "DataSet", contract.id()))
                        .statistic("Maximum")
                        .period(Duration.hours(1))
                        .build())
                .threshold(contract.freshness().toSeconds())
                .comparisonOperator(ComparisonOperator.GREATER_THAN_THRESHOLD)
                .treatMissingData(TreatMissingData.BREACHING)
                // one look may come late
                .evaluationPeriods(2)
                .build()
                .addAlarmAction(new SnsAction(topic));
    }

    private void notifyOn(String name, String message, EventPattern pattern, Queue dead) {
        Rule.Builder.create(this, name)
                .ruleName(deployment.names().of(name))
                .description(message)
                .eventPattern(pattern)
                .targets(List.of(SnsTopic.Builder.create(topic)
                        .message(RuleTargetInput.fromObject(Json.sorted(Map.of(
                                "what", message,
                                "environment", deployment.environment().name(),
                                "event", EventField.fromPath("$.detail")))))
                        .deadLetterQueue(dead)
                        .build()))
                .build();
    }
}
