package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.services.events.EventPattern;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.targets.SqsQueue;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.sqs.DeadLetterQueue;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.sqs.QueueEncryption;
import software.constructs.Construct;

/** A queue of the objects that come into a bucket which tells EventBridge of them, and one of those that could not be worked on. */
public final class ObjectQueue {
    private ObjectQueue() {}

    /**
     * Declares both, and the rule that fills the first.
     *
     * @param key that messages are encrypted with
     * @param name of the queue and of the rule
     * @param description of the rule
     * @param prefixes of the objects' keys; there is at least one
     * @param visibilityTimeout after which a message comes again
     * @param tries before a message is given up
     */
    public static Queue of(
            Construct scope,
            Deployment deployment,
            IKey key,
            String name,
            String description,
            LakeBucket layer,
            List<String> prefixes,
            Duration visibilityTimeout,
            int tries) {
        Names names = deployment.names();
        Queue dead = queue(scope, key, "Dead", names.of(deadLetters(name))).build();
        Waivers.nag(dead, "AwsSolutions-SQS3", "It is the queue of dead letters.");
        Queue queue = queue(scope, key, "Queue", names.of(name))
                .visibilityTimeout(visibilityTimeout)
                .deadLetterQueue(DeadLetterQueue.builder()
                        .queue(dead)
                        .maxReceiveCount(tries)
                        .build())
                .build();
        Rule.Builder.create(scope, "Rule")
                .ruleName(names.of(name))
                .description(description)
                .eventPattern(EventPattern.builder()
                        .source(List.of("aws.s3"))
                        .detailType(List.of("Object Created"))
                        .detail(Map.of(
                                "bucket",
                                Map.of("name", List.of(deployment.bucket(layer))),
                                "object",
                                Map.of(
                                        "key",
                                        prefixes.stream()
                                                .map(prefix -> Map.of("prefix", prefix))
                                                .toList())))
                        .build())
                .targets(List.of(
                        SqsQueue.Builder.create(queue).deadLetterQueue(dead).build()))
                .build();
        return queue;
    }

    /** The name of the queue of those that could not be worked on. */
    public static String deadLetters(String name) {
        return name + "-dead";
    }

    private static Queue.Builder queue(Construct scope, IKey key, String id, String name) {
        return Queue.Builder.create(scope, id)
                .queueName(name)
                .encryption(QueueEncryption.KMS)
                .encryptionMasterKey(key)
                .enforceSsl(true)
                .retentionPeriod(Duration.days(14));
    }
}
