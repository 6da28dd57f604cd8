package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.BucketEncryption;
import software.amazon.awscdk.services.s3.CfnBucket;
import software.amazon.awscdk.services.s3.IBucket;
import software.amazon.awscdk.services.s3.LifecycleRule;
import software.amazon.awscdk.services.s3.ObjectOwnership;
import software.amazon.awscdk.services.s3.StorageClass;
import software.amazon.awscdk.services.s3.Transition;
import software.constructs.Construct;
import software.constructs.IConstruct;

/** The lake: a bucket per layer, and the key that everything at rest is encrypted with. */
public final class LakeStack extends Stack {
    private static final String ACCESS = "access/";
    private static final List<String> USE_KEY = List.of("kms:Decrypt", "kms:GenerateDataKey");

    private final Deployment deployment;
    private final SharedParameter key;

    LakeStack(Construct scope, Deployment deployment) {
        super(scope, deployment.names().of("lake"), deployment.stack("lake", "The lake's buckets and key"));
        this.deployment = deployment;

        Key madeKey = Key.Builder.create(this, "Key")
                .alias("alias/" + deployment.names().of("data"))
                .description("Everything that " + deployment.names().of("data") + " keeps")
                .enableKeyRotation(true)
                .removalPolicy(deployment.data())
                .build();
        allowServices(madeKey);
        this.key = new SharedParameter(this, deployment.names().path("lake/key-arn"), madeKey.getKeyArn());

        Bucket logs = logs();
        Map<LakeBucket, List<LifecycleRule>> layers = new EnumMap<>(LakeBucket.class);
        layers.put(LakeBucket.LANDING, List.of(colder(30), expire(365), forgetVersions(30)));
        layers.put(LakeBucket.BRONZE, bronze());
        // Delta replaces files all the time: older versions are for accidents only
        layers.put(LakeBucket.SILVER, List.of(forgetVersions(7)));
        layers.put(LakeBucket.GOLD, List.of(forgetVersions(7)));
        layers.put(LakeBucket.ARTIFACTS, List.of(forgetVersions(90)));
        layers.put(LakeBucket.ATHENA_RESULTS, List.of(expire(30)));
        layers.forEach((layer, rules) -> {
            Bucket bucket = bucket(layer, rules)
                    .encryption(BucketEncryption.KMS)
                    .encryptionKey(madeKey)
                    .bucketKeyEnabled(true)
                    .versioned(layer != LakeBucket.ATHENA_RESULTS)
                    .serverAccessLogsBucket(logs)
                    .serverAccessLogsPrefix(ACCESS + layer.folder() + "/")
                    .build();
            if (layer == LakeBucket.LANDING || layer == LakeBucket.BRONZE && deployment.webEvents()) {
                // by CloudFormation itself: CDK's own way brings a function that may change every bucket
                ((CfnBucket) bucket.getNode().getDefaultChild())
                        .setNotificationConfiguration(CfnBucket.NotificationConfigurationProperty.builder()
                                .eventBridgeConfiguration(CfnBucket.EventBridgeConfigurationProperty.builder()
                                        .eventBridgeEnabled(true)
                                        .build())
                                .build());
            }
            if (layer == LakeBucket.ATHENA_RESULTS) {
                Waivers.checkov(bucket, "CKV_AWS_21", "An answer can be had again by asking again.");
            }
        });
        waiveForEmptier();
    }

    /** Nothing is deleted that silver is made from, but web events with columns, which their raw files give again. */
    private List<LifecycleRule> bronze() {
        List<LifecycleRule> rules = new ArrayList<>(List.of(colder(90), forgetVersions(30)));
        if (deployment.webEvents()) {
            // S3 may refuse two rules that do the same where one's prefix begins with the other's
            rules.add(LifecycleRule.builder()
                    .id("expire transformed web events")
                    .prefix(Names.TRANSFORMED + "/")
                    .expiration(Duration.days(30))
                    .build());
        }
        return rules;
    }

    /** What empties the buckets before they are deleted, if both keys are there. */
    private void waiveForEmptier() {
        IConstruct emptier = getNode().tryFindChild("Custom::S3AutoDeleteObjectsCustomResourceProvider");
        if (emptier != null) {
            for (String rule : List.of("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117")) {
                Waivers.checkov(
                        emptier.getNode().findChild("Handler"),
                        rule,
                        "CDK brings this function; it runs once, when the buckets go.");
            }
        }
    }

    /** The key, for another stack. */
    IKey key(Construct scope) {
        String id = "DataKey";
        Stack stack = Stack.of(scope);
        IKey known = (IKey) stack.getNode().tryFindChild(id);
        return known != null ? known : Key.fromKeyArn(stack, id, key.in(scope));
    }

    /** A layer's bucket, for another stack. */
    IBucket bucket(Construct scope, LakeBucket layer) {
        Stack stack = Stack.of(scope);
        stack.addStackDependency(this);
        String id = "Bucket-" + layer.folder();
        IBucket known = (IBucket) stack.getNode().tryFindChild(id);
        return known != null ? known : Bucket.fromBucketName(stack, id, deployment.bucket(layer));
    }

    /**
     * Lets a role read what stands under a prefix.
     *
     * @param prefix such as {@code ecommerce_rds/}; all of the layer if empty
     */
    void allowReading(Role role, LakeBucket layer, String prefix) {
        allow(role, layer, prefix, List.of("s3:GetObject"));
        allowLocating(role, layer);
        // crawlers and Spectrum have files of their own
        role.addToPolicy(Iam.allow(USE_KEY, key(role).getKeyArn()));
    }

    /** Lets a role see which objects there are. */
    void allowListing(Role role, LakeBucket layer) {
        role.addToPolicy(Iam.allow(List.of("s3:ListBucket"), bucket(role, layer).getBucketArn()));
    }

    /** What AWS's engines ask before they read or write. */
    private void allowLocating(Role role, LakeBucket layer) {
        role.addToPolicy(
                Iam.allow(List.of("s3:GetBucketLocation"), bucket(role, layer).getBucketArn()));
    }

    /** Lets a role read, write and delete what stands under a prefix. */
    void allowWriting(Role role, LakeBucket layer, String prefix) {
        allowLocating(role, layer);
        allow(
                role,
                layer,
                prefix,
                List.of(
                        "s3:GetObject",
                        "s3:PutObject",
                        "s3:DeleteObject",
                        "s3:AbortMultipartUpload",
                        "s3:ListMultipartUploadParts"));
    }

    /** Lets a role do that with the objects under a prefix, and see which there are. */
    void allow(Role role, LakeBucket layer, String prefix, List<String> objectActions) {
        allowListing(role, layer);
        allowObjects(role, layer, prefix, objectActions);
    }

    /** Lets a role do that with the objects under a prefix whose keys it knows. */
    void allowObjects(Role role, LakeBucket layer, String prefix, List<String> objectActions) {
        role.addToPolicy(Iam.allow(objectActions, bucket(role, layer).arnForObjects(prefix + "*")));
        if (layer != LakeBucket.LOGS) {
            List<String> use = objectActions.contains("s3:PutObject") ? USE_KEY : List.of("kms:Decrypt");
            role.addToPolicy(Iam.allow(use, key(role).getKeyArn()));
        }
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:s3:::" + deployment.names().of(layer.folder()) + "-/",
                "Objects come and go, so the grant names the prefix that they stand under.");
    }

    /** Written by S3 and by VPC flow logs, neither of which can use our key for it. */
    private Bucket logs() {
        Bucket logs = bucket(LakeBucket.LOGS, List.of(expire(365)))
                .encryption(BucketEncryption.S3_MANAGED)
                .objectOwnership(ObjectOwnership.BUCKET_OWNER_ENFORCED)
                .build();
        Map<String, Map<String, Object>> here = Map.of("StringEquals", Map.of("aws:SourceAccount", Aws.ACCOUNT_ID));
        ServicePrincipal delivery = new ServicePrincipal("delivery.logs.amazonaws.com");
        logs.addToResourcePolicy(PolicyStatement.Builder.create()
                .principals(List.of(delivery))
                .actions(List.of("s3:PutObject"))
                .resources(List.of(logs.arnForObjects(NetworkStack.FLOW_LOGS + "*")))
                .conditions(here)
                .build());
        logs.addToResourcePolicy(PolicyStatement.Builder.create()
                .principals(List.of(delivery))
                .actions(List.of("s3:GetBucketAcl", "s3:ListBucket"))
                .resources(List.of(logs.getBucketArn()))
                .conditions(here)
                .build());
        Waivers.nag(logs, "AwsSolutions-S1", "Logging access to the access logs would log itself for ever.");
        Waivers.checkov(logs, "CKV_AWS_18", "Logging access to the access logs would log itself for ever.");
        Waivers.checkov(logs, "CKV_AWS_21", "Logs are written once and never changed.");
        return logs;
    }

    private Bucket.Builder bucket(LakeBucket layer, List<LifecycleRule> rules) {
        return Bucket.Builder.create(this, layer.folder())
                .bucketName(deployment.bucket(layer))
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .enforceSsl(true)
                .minimumTlsVersion(1.2)
                .lifecycleRules(Stream.concat(
                                rules.stream(),
                                Stream.of(LifecycleRule.builder()
                                        .id("forget unfinished uploads")
                                        .abortIncompleteMultipartUploadAfter(Duration.days(7))
                                        .build()))
                        .toList())
                .removalPolicy(deployment.data())
                .autoDeleteObjects(deployment.data() == RemovalPolicy.DESTROY);
    }

    private static LifecycleRule colder(int days) {
        return LifecycleRule.builder()
                .id("colder")
                .transitions(List.of(Transition.builder()
                        .storageClass(StorageClass.INTELLIGENT_TIERING)
                        .transitionAfter(Duration.days(days))
                        .build()))
                .build();
    }

    private static LifecycleRule expire(int days) {
        return LifecycleRule.builder()
                .id("expire")
                .expiration(Duration.days(days))
                .build();
    }

    private static LifecycleRule forgetVersions(int days) {
        return LifecycleRule.builder()
                .id("forget old versions")
                .noncurrentVersionExpiration(Duration.days(days))
                .build();
    }

    /** What writes encrypted logs and messages on behalf of this account. */
    private static void allowServices(Key key) {
        key.addToResourcePolicy(PolicyStatement.Builder.create()
                .sid("Logs")
                .principals(List.of(new ServicePrincipal("logs." + Aws.REGION + ".amazonaws.com")))
                // as CloudWatch Logs documents it
                .actions(List.of(
                        "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"))
                .resources(List.of("*"))
                .conditions(Map.of("ArnLike", Map.of("kms:EncryptionContext:aws:logs:arn", Iam.arn("logs", "*"))))
                .build());
        key.addToResourcePolicy(PolicyStatement.Builder.create()
                .sid("Alerts")
                .principals(List.of(
                        new ServicePrincipal("cloudwatch.amazonaws.com"),
                        new ServicePrincipal("budgets.amazonaws.com")))
                .actions(USE_KEY)
                .resources(List.of("*"))
                .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", Aws.ACCOUNT_ID)))
                .build());
        // EventBridge names no account when it sends to an encrypted topic
        key.addToResourcePolicy(PolicyStatement.Builder.create()
                .sid("Events")
                .principals(List.of(new ServicePrincipal("events.amazonaws.com")))
                .actions(USE_KEY)
                .resources(List.of("*"))
                .build());
    }
}
