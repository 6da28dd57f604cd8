package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.Json;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.constructs.TableMappings;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.CustomResource;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.dms.CfnEndpoint;
import software.amazon.awscdk.services.dms.CfnReplicationInstance;
import software.amazon.awscdk.services.dms.CfnReplicationSubnetGroup;
import software.amazon.awscdk.services.dms.CfnReplicationTask;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleTargetInput;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.constructs.Construct;

/** Replication: DMS writes every row of the shop's database, and then every change, to bronze. */
public final class ReplicationStack extends Stack {
    private final Deployment deployment;
    private final SharedParameter arn;
    private final LakeStack lake;
    private final IKey key;

    ReplicationStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            NetworkStack network,
            SourceDatabaseStack database) {
        super(
                scope,
                deployment.names().of("replication"),
                deployment.stack("replication", "From the shop's database to bronze"));
        this.deployment = deployment;
        this.lake = lake;
        this.key = lake.key(this);
        Names names = deployment.names();

        SecurityGroup group = NetworkStack.securityGroup(this, "Reach", network.vpc(this), "Replication");
        group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to S3 and Secrets Manager");
        database.allowConnecting(group);
        CfnReplicationSubnetGroup subnets = CfnReplicationSubnetGroup.Builder.create(this, "Subnets")
                .replicationSubnetGroupIdentifier(names.of("replication"))
                .replicationSubnetGroupDescription("Where replication runs")
                .subnetIds(network.privateSubnetIds(this))
                .build();
        CfnEndpoint source = source(database);
        CfnEndpoint target = target();

        Environment.Replication size = deployment.environment().replication();
        CfnReplicationInstance instance = CfnReplicationInstance.Builder.create(this, "Instance")
                .replicationInstanceIdentifier(identifier(names))
                .replicationInstanceClass(size.instance())
                // as much as its price includes
                .allocatedStorage(50)
                // of the engine's versions DMS takes its default: one that is named here takes no new instances one day
                .multiAz(size.multiAz())
                .publiclyAccessible(false)
                .autoMinorVersionUpgrade(true)
                .kmsKeyId(key.getKeyArn())
                .replicationSubnetGroupIdentifier(subnets.getRef())
                .vpcSecurityGroupIds(List.of(group.getSecurityGroupId()))
                .build();
        CfnReplicationTask task = CfnReplicationTask.Builder.create(this, "Replication")
                .replicationTaskIdentifier(names.of("replication"))
                .migrationType("full-load-and-cdc")
                .replicationInstanceArn(instance.getRef())
                .sourceEndpointArn(source.getRef())
                .targetEndpointArn(target.getRef())
                .tableMappings(Json.text(this, TableMappings.UNTIL_STARTED))
                .replicationTaskSettings(Json.text(this, settings()))
                .build();
        this.arn = new SharedParameter(this, names.path("replication/arn"), task.getRef());
        start(task.getRef(), List.of(instance.getRef(), source.getRef(), target.getRef()));
        if (deployment.replicationRests()) {
            stopInTheEvening(task.getRef());
        }
    }

    /** What the instance is called. */
    static String identifier(Names names) {
        return names.of("replication");
    }

    /** Lets a role see how replication goes, from another stack. */
    void allowWatching(Role role) {
        // DMS describes all replications or none
        role.addToPolicy(Iam.allow(List.of("dms:DescribeReplicationTasks"), "*"));
    }

    /** ARN of the task, for another stack. */
    String arn(Construct scope) {
        return arn.in(scope);
    }

    private CfnEndpoint source(SourceDatabaseStack database) {
        String secret = database.secretArn(this);
        Role role = Role.Builder.create(this, "SourceRole")
                .assumedBy(Iam.service("dms." + Aws.REGION))
                .description("How replication gets the database's password")
                .build();
        database.allowSecret(role, secret, "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret");
        CfnEndpoint source = CfnEndpoint.Builder.create(this, "Source")
                .endpointIdentifier(deployment.names().of("source"))
                .endpointType("source")
                .engineName("postgres")
                .databaseName(database.database())
                .sslMode("require")
                .kmsKeyId(key.getKeyArn())
                .postgreSqlSettings(CfnEndpoint.PostgreSqlSettingsProperty.builder()
                        .secretsManagerSecretId(secret)
                        .secretsManagerAccessRoleArn(role.getRoleArn())
                        // so that a database in which nothing happens does not keep its log for ever
                        .heartbeatEnable(true)
                        .heartbeatFrequency(5)
                        // its audit table is for an administrator to make, and nobody reads it
                        .captureDdls(deployment.source().isEmpty())
                        .build())
                .build();
        source.getNode().addDependency(role);
        return source;
    }

    private CfnEndpoint target() {
        Role role = Role.Builder.create(this, "TargetRole")
                .assumedBy(Iam.service("dms"))
                .description("How replication writes to bronze")
                .build();
        lake.allowWriting(role, LakeBucket.BRONZE, Names.REPLICATED + "/");
        // as DMS documents it for a target that is encrypted with a key of one's own
        role.addToPolicy(Iam.allow(
                List.of("s3:PutObjectTagging"),
                lake.bucket(this, LakeBucket.BRONZE).arnForObjects(Names.REPLICATED + "/*")));
        role.addToPolicy(Iam.allow(List.of("kms:DescribeKey", "kms:Encrypt"), key.getKeyArn()));
        CfnEndpoint target = CfnEndpoint.Builder.create(this, "Target")
                .endpointIdentifier(deployment.names().of("bronze"))
                .endpointType("target")
                .engineName("s3")
                .kmsKeyId(key.getKeyArn())
                .s3Settings(CfnEndpoint.S3SettingsProperty.builder()
                        .bucketName(deployment.bucket(LakeBucket.BRONZE))
                        .bucketFolder(Names.REPLICATED)
                        .serviceAccessRoleArn(role.getRoleArn())
                        .dataFormat("parquet")
                        .parquetVersion("parquet-2-0")
                        .compressionType("gzip")
                        .includeOpForFullLoad(true)
                        .timestampColumnName("extracted_at")
                        .parquetTimestampInMillisecond(false)
                        .cdcMaxBatchInterval(60)
                        .encryptionMode("sse-kms")
                        .serverSideEncryptionKmsKeyId(key.getKeyArn())
                        .build())
                .build();
        target.getNode().addDependency(role);
        return target;
    }

    /** Bronze is never emptied, and a row that can't be written stops the replication: nothing is dropped silently. */
    private static Map<String, Object> settings() {
        return Map.of(
                "FullLoadSettings",
                Map.of("TargetTablePrepMode", "DO_NOTHING"),
                "TargetMetadata",
                Map.of("SupportLobs", true, "FullLobMode", false, "LimitedSizeLobMode", true, "LobMaxSize", 1024),
                "Logging",
                Map.of("EnableLogging", true),
                "ErrorBehavior",
                Map.of(
                        "DataErrorPolicy", "STOP_TASK",
                        "DataTruncationErrorPolicy", "STOP_TASK",
                        "TableErrorPolicy", "STOP_TASK",
                        "RecoverableErrorCount", -1,
                        "FailOnNoTablesCaptured", true));
    }

    /** Starting is a call of its own; going on from where it stopped is another one, and the function knows which. */
    private void start(String arn, List<String> connected) {
        Function function = JavaFunction.of(
                this,
                deployment,
                lake.key(this),
                "start-replication",
                "StartReplication",
                builder -> builder.description("Starts the replication, and stops it before it is deleted"));
        Role role = JavaFunction.role(function);
        role.addToPolicy(Iam.allow(
                List.of("dms:StartReplicationTask", "dms:StopReplicationTask", "dms:ModifyReplicationTask"), arn));
        // DMS starts no task before the instance has reached both endpoints
        role.addToPolicy(Iam.allow(List.of("dms:TestConnection"), connected.toArray(String[]::new)));
        role.addToPolicy(Iam.allow(List.of("dms:DescribeReplicationTasks", "dms:DescribeConnections"), "*"));
        Waivers.nag(role, "AwsSolutions-IAM5", "/^Resource::\\*$/", "DMS describes all replications or none.");
        Waivers.checkov(function, "CKV_AWS_117", "It calls DMS alone, which is not in our network.");
        CustomResource started = CustomResource.Builder.create(this, "Start")
                .resourceType("Custom::StartReplication")
                .serviceToken(function.getFunctionArn())
                .properties(Map.of(
                        "ReplicationTaskArn",
                        arn,
                        "TableMappings",
                        Json.text(this, TableMappings.of(deployment.contracts())),
                        // another function is called again, also for one that was told of success before DMS failed
                        "Version",
                        FileSystem.fingerprint(deployment.file(JavaFunction.jar("start-replication")))))
                .build();
        // as long as it is there the function may stop the replication
        started.getNode().addDependency(role);
    }

    private void stopInTheEvening(String arn) {
        Schedule.Builder.create(this, "Stop")
                .scheduleName(deployment.names().of("stop-replication"))
                .description("Stops the replication for the night")
                // before the database: a task that loses it fails
                .schedule(SourceUpkeepStack.daily("19", "30"))
                .target(Universal.Builder.create()
                        .service("databasemigration")
                        .action("stopReplicationTask")
                        .input(ScheduleTargetInput.fromObject(Map.of("ReplicationTaskArn", arn)))
                        .policyStatements(List.of(Iam.allow(List.of("dms:StopReplicationTask"), arn)))
                        // that it is stopped already is no failure
                        .retryAttempts(0)
                        .build())
                .build();
    }
}
