package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.eventsources.SqsEventSource;
import software.amazon.awscdk.services.sqs.Queue;
import software.constructs.Construct;

/** Has a DAG run for the files that come into the landing bucket: bucket, EventBridge, queue, function, Airflow. */
public final class LandingEvents extends Construct {
    private static final String QUEUE = "landing-files";

    /** An instance that is not there is up after some minutes; one that fails is ended after 15, and another started. */
    private static final int TRIES = 40;

    private static final Duration PAUSE = Duration.minutes(1);

    /** For that long what comes is gathered. */
    private static final Duration WINDOW = Duration.seconds(20);

    private final Deployment deployment;

    /**
     * @param key that logs and messages are encrypted with
     * @param prefixes of the files, such as {@code finance/}; there is at least one
     */
    public LandingEvents(Construct scope, Deployment deployment, IKey key, List<String> prefixes) {
        super(scope, "LandingEvents");
        this.deployment = deployment;
        Queue queue = ObjectQueue.of(
                this,
                deployment,
                key,
                QUEUE,
                "A file has come that a DAG waits for",
                LakeBucket.LANDING,
                prefixes,
                // a message may not come again while it is worked on
                PAUSE.plus(WINDOW),
                TRIES);
        function(key)
                .addEventSource(SqsEventSource.Builder.create(queue)
                        // many files at once are one run
                        .batchSize(100)
                        .maxBatchingWindow(WINDOW)
                        .maxConcurrency(2)
                        .reportBatchItemFailures(true)
                        .build());
    }

    /** The queue of the files for which no run could be started. */
    public static String deadLetters(Names names) {
        return names.of(ObjectQueue.deadLetters(QUEUE));
    }

    private Function function(IKey key) {
        Names names = deployment.names();
        boolean managed = deployment.environment().airflow() instanceof Environment.Airflow.Managed;
        Function function =
                JavaFunction.of(this, deployment, key, "start-dag", "StartDag", builder -> builder.description(
                                "Starts a run of a DAG for the files that have come")
                        .timeout(PAUSE)
                        .environment(
                                managed
                                        ? Map.of("MWAA_ENVIRONMENT", names.of("airflow"))
                                        : Map.of(
                                                "LAUNCHER_FUNCTION",
                                                names.of("airflow-launcher"),
                                                "HEARTBEAT_PARAMETER",
                                                names.path(OnDemandAirflow.HEARTBEAT),
                                                "CALL_DOCUMENT",
                                                OnDemandAirflow.callDocument(names))));
        Role role = JavaFunction.role(function);
        if (managed) {
            // as a user of Airflow: who may see DAGs and start runs, and no more
            role.addToPolicy(Iam.allow(
                    List.of("airflow:InvokeRestApi"), Iam.arn("airflow", "role/" + names.of("airflow") + "/User")));
        } else {
            allowCalling(role);
        }
        Waivers.checkov(function, "CKV_AWS_117", "It calls AWS alone, which is not in our network.");
        Waivers.checkov(function, "CKV_AWS_173", "Names are no secrets: Lambda's own key does for them.");
        return function;
    }

    /** Lets it start the instance, and give it that one command. */
    private void allowCalling(Role role) {
        Names names = deployment.names();
        role.addToPolicy(Iam.allow(
                List.of("lambda:InvokeFunction"), Iam.arn("lambda", "function:" + names.of("airflow-launcher"))));
        role.addToPolicy(Iam.allow(
                List.of("ssm:GetParameter"), Iam.arn("ssm", "parameter" + names.path(OnDemandAirflow.HEARTBEAT))));
        role.addToPolicy(Iam.allow(
                List.of("ssm:SendCommand"), Iam.arn("ssm", "document/" + OnDemandAirflow.callDocument(names))));
        Map<String, Object> airflows = new HashMap<>(Map.of("ssm:resourceTag/" + OnDemandInstance.PART, "airflow"));
        names.tags().forEach((name, value) -> airflows.put("ssm:resourceTag/" + name, value));
        role.addToPolicy(
                Iam.allow(List.of("ssm:SendCommand"), Map.of("StringEquals", airflows), Iam.arn("ec2", "instance/*")));
        role.addToPolicy(Iam.allow(List.of("ssm:GetCommandInvocation"), "*"));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:ec2:/",
                "The instance has no name before it runs; its tags are the condition.");
        Waivers.nag(role, "AwsSolutions-IAM5", "/^Resource::\\*$/", "A command's answer has no ARN.");
    }
}
