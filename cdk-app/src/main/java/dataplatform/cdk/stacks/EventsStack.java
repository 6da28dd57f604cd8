package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.aws_apigatewayv2_integrations.HttpLambdaIntegration;
import software.amazon.awscdk.services.apigatewayv2.CfnStage;
import software.amazon.awscdk.services.apigatewayv2.HttpApi;
import software.amazon.awscdk.services.apigatewayv2.HttpStage;
import software.amazon.awscdk.services.apigatewayv2.ThrottleSettings;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kinesis.Stream;
import software.amazon.awscdk.services.kinesis.StreamEncryption;
import software.amazon.awscdk.services.kinesis.StreamMode;
import software.amazon.awscdk.services.kinesisfirehose.CfnDeliveryStream;
import software.amazon.awscdk.services.lambda.Alias;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.SnapStartConf;
import software.amazon.awscdk.services.logs.CfnLogStream;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.secretsmanager.SecretStringGenerator;
import software.constructs.Construct;

/**
 * Web events: an API that takes them from Segment's clients, the stream that they go into, its way to raw files, and from there to files with
 * columns.
 */
public final class EventsStack extends Stack {
    /** Under it, raw events stand by the hour in which they came. */
    static final String RAW = Names.RAW + "/";

    /** The queue of raw files that have come, without the environment in its name. */
    static final String QUEUE = "web-events";

    /** What the API takes in a second before it answers 429, upon which clients wait and send again. */
    private static final int REQUESTS = 1000;

    private final Deployment deployment;
    private final LakeStack lake;
    private final SharedParameter api;

    EventsStack(Construct scope, Deployment deployment, LakeStack lake) {
        super(
                scope,
                deployment.names().of("events"),
                deployment.stack("events", "Web events, from clients to files with columns"));
        this.deployment = deployment;
        this.lake = lake;
        Names names = deployment.names();
        Stream stream = Stream.Builder.create(this, "Stream")
                .streamName(name(names))
                .streamMode(StreamMode.PROVISIONED)
                .shardCount(deployment.environment().eventShards())
                .encryption(StreamEncryption.KMS)
                .encryptionKey(lake.key(this))
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        Waivers.nag(stream, "AwsSolutions-KDS3", "As all of the lake it is encrypted with the platform's own key.");
        HttpApi made = api(collector(stream));
        deliver(stream);
        new EventTransformer(this, deployment, lake);
        this.api = new SharedParameter(this, names.path("web-events/api"), made.getApiId());
        // what clients are given for a host
        new SharedParameter(this, names.path("web-events/endpoint"), made.getApiEndpoint());
    }

    /** Of the stream, of what delivers it and of the API. */
    static String name(Names names) {
        return names.of("web-events");
    }

    /** The API's id, for another stack. */
    String apiId(Construct scope) {
        return api.in(scope);
    }

    private Alias collector(Stream stream) {
        Secret keys = Secret.Builder.create(this, "WriteKeys")
                .secretName(deployment.names().of("write-keys"))
                .description("The keys by which clients may send events, by the name of what sends them")
                .encryptionKey(lake.key(this))
                .generateSecretString(SecretStringGenerator.builder()
                        .secretStringTemplate("{}")
                        .generateStringKey("web")
                        .excludePunctuation(true)
                        .passwordLength(32)
                        .build())
                .build();
        Waivers.nag(keys, "AwsSolutions-SMG4", "The key stands in every page; a new one goes out with new pages.");
        Waivers.checkov(keys, "CKV_AWS_149", "It is encrypted with the platform's own key, whose name comes from SSM.");
        Function function = JavaFunction.of(
                this, deployment, lake.key(this), "event-collector", "EventCollector", builder -> builder.description(
                                "Takes the events of Segment's clients, and writes them to the stream")
                        .memorySize(1769)
                        .timeout(Duration.seconds(15))
                        // a page waits for the answer, and a new function of Java takes half a second to give the first
                        .snapStart(SnapStartConf.ON_PUBLISHED_VERSIONS)
                        .environmentEncryption(lake.key(this))
                        .environment(Map.of(
                                "EVENT_STREAM", stream.getStreamName(), "WRITE_KEYS_SECRET", keys.getSecretArn())));
        Role role = JavaFunction.role(function);
        role.addToPolicy(Iam.allow(List.of("kinesis:PutRecords"), stream.getStreamArn()));
        role.addToPolicy(Iam.allow(List.of("secretsmanager:GetSecretValue"), keys.getSecretArn()));
        // of the stream; and of the secret and the function's own variables
        role.addToPolicy(Iam.allow(
                List.of("kms:GenerateDataKey", "kms:Decrypt"), lake.key(this).getKeyArn()));
        function.getNode().addDependency(role);
        Waivers.checkov(
                function,
                "CKV_AWS_117",
                "It needs no network of ours, and would wait for an interface in one when many come.");
        return Alias.Builder.create(this, "Live")
                .aliasName("live")
                .version(function.getCurrentVersion())
                .build();
    }

    private HttpApi api(Alias collector) {
        HttpApi made = HttpApi.Builder.create(this, "Api")
                .apiName(name(deployment.names()))
                .description("Segment's HTTP tracking API")
                .createDefaultStage(false)
                .defaultIntegration(new HttpLambdaIntegration("Collector", collector))
                .build();
        LogGroup logs = logs("ApiLogs", "web-events-api");
        HttpStage stage = HttpStage.Builder.create(this, "Stage")
                .httpApi(made)
                .stageName("$default")
                .autoDeploy(true)
                .throttle(ThrottleSettings.builder()
                        .rateLimit(REQUESTS)
                        .burstLimit(2 * REQUESTS)
                        .build())
                .build();
        ((CfnStage) stage.getNode().getDefaultChild())
                .setAccessLogSettings(CfnStage.AccessLogSettingsProperty.builder()
                        .destinationArn(logs.getLogGroupArn())
                        // no header, which may hold a key, and no address of a person
                        .format("{\"request\":\"$context.requestId\",\"time\":\"$context.requestTime\","
                                + "\"path\":\"$context.path\",\"status\":\"$context.status\","
                                + "\"error\":\"$context.error.message\",\"milliseconds\":\"$context.responseLatency\"}")
                        .build());
        Waivers.nag(
                made,
                "AwsSolutions-APIG4",
                "Clients of Segment's send a write key, which the function compares: no authorizer knows it.");
        Waivers.checkov(
                made.getNode().findChild("DefaultRoute"),
                "CKV_AWS_309",
                "Clients of Segment's send a write key, which the function compares: no authorizer knows it.");
        return made;
    }

    private void deliver(Stream stream) {
        Role role = Role.Builder.create(this, "DeliveryRole")
                .assumedBy(Iam.service("firehose"))
                .description("How events of the stream come to raw files")
                .build();
        lake.allow(
                role,
                LakeBucket.BRONZE,
                Names.WEB_DATA + "/",
                List.of("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"));
        role.addToPolicy(Iam.allow(
                List.of(
                        "kinesis:DescribeStream",
                        "kinesis:GetShardIterator",
                        "kinesis:GetRecords",
                        "kinesis:ListShards"),
                stream.getStreamArn()));
        LogGroup logs = logs("DeliveryLogs", "web-events-delivery");
        CfnLogStream log = CfnLogStream.Builder.create(this, "DeliveryLog")
                .logGroupName(logs.getLogGroupName())
                .logStreamName("delivery")
                .build();
        logs.grantWrite(role);
        CfnDeliveryStream delivery = CfnDeliveryStream.Builder.create(this, "Delivery")
                .deliveryStreamName(name(deployment.names()))
                .deliveryStreamType("KinesisStreamAsSource")
                .kinesisStreamSourceConfiguration(CfnDeliveryStream.KinesisStreamSourceConfigurationProperty.builder()
                        .kinesisStreamArn(stream.getStreamArn())
                        .roleArn(role.getRoleArn())
                        .build())
                .extendedS3DestinationConfiguration(
                        CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty.builder()
                                .bucketArn(lake.bucket(this, LakeBucket.BRONZE).getBucketArn())
                                .roleArn(role.getRoleArn())
                                .prefix(RAW + "!{timestamp:yyyy/MM/dd/HH}/")
                                .errorOutputPrefix(Names.WEB_DATA
                                        + "/failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/")
                                // whichever comes first
                                .bufferingHints(CfnDeliveryStream.BufferingHintsProperty.builder()
                                        .sizeInMBs(64)
                                        .intervalInSeconds(60)
                                        .build())
                                .compressionFormat("GZIP")
                                .encryptionConfiguration(CfnDeliveryStream.EncryptionConfigurationProperty.builder()
                                        .kmsEncryptionConfig(CfnDeliveryStream.KMSEncryptionConfigProperty.builder()
                                                .awskmsKeyArn(lake.key(this).getKeyArn())
                                                .build())
                                        .build())
                                .cloudWatchLoggingOptions(CfnDeliveryStream.CloudWatchLoggingOptionsProperty.builder()
                                        .enabled(true)
                                        .logGroupName(logs.getLogGroupName())
                                        .logStreamName(log.getLogStreamName())
                                        .build())
                                .build())
                .build();
        delivery.getNode().addDependency(role, log);
        Waivers.nag(
                delivery,
                "AwsSolutions-KDF1",
                "Its source is encrypted; Firehose encrypts what is put into it directly.");
    }

    private LogGroup logs(String id, String name) {
        return LogGroup.Builder.create(this, id)
                .logGroupName(deployment.names().path(name))
                .encryptionKey(lake.key(this))
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
    }
}
