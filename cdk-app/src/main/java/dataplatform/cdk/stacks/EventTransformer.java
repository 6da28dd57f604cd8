package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.ObjectQueue;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.List;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.eventsources.SqsEventSource;
import software.amazon.awscdk.services.sqs.Queue;
import software.constructs.Construct;

/** Has raw files of web events written as files with columns when they come: bucket, EventBridge, queue, function. */
final class EventTransformer extends Construct {
    /** An object takes seconds. */
    private static final Duration TIMEOUT = Duration.minutes(5);

    private static final int TRIES = 5;

    /** What is beyond waits: the collector needs the account's other functions. */
    private static final int AT_ONCE = 5;

    EventTransformer(Construct scope, Deployment deployment, LakeStack lake) {
        super(scope, "Transformer");
        Queue queue = ObjectQueue.of(
                this,
                deployment,
                lake.key(this),
                EventsStack.QUEUE,
                "A raw file of web events has come",
                LakeBucket.BRONZE,
                List.of(EventsStack.RAW),
                // as Lambda wants it
                Duration.minutes(6 * TIMEOUT.toMinutes().intValue()),
                TRIES);
        Function function = JavaFunction.of(
                this,
                deployment,
                lake.key(this),
                "event-transformer",
                "EventTransformer",
                builder -> builder.description("Writes the events of raw files as files with columns")
                        // a whole core
                        .memorySize(1769)
                        .timeout(TIMEOUT));
        Role role = JavaFunction.role(function);
        lake.allowObjects(role, LakeBucket.BRONZE, EventsStack.RAW, List.of("s3:GetObject"));
        lake.allowObjects(role, LakeBucket.BRONZE, Names.TRANSFORMED + "/", List.of("s3:PutObject"));
        Waivers.checkov(function, "CKV_AWS_117", "It calls S3 alone, which is not in our network.");
        function.addEventSource(SqsEventSource.Builder.create(queue)
                // one that ends the function takes no other with it
                .batchSize(1)
                .maxConcurrency(AT_ONCE)
                .reportBatchItemFailures(true)
                .build());
    }
}
