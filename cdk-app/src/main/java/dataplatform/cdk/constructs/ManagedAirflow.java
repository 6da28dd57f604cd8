package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.policy.Waivers;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.mwaa.CfnEnvironment;
import software.amazon.awscdk.services.s3.IBucket;
import software.amazon.awscdk.services.s3.assets.AssetOptions;
import software.amazon.awscdk.services.s3.deployment.BucketDeployment;
import software.amazon.awscdk.services.s3.deployment.Source;

/** MWAA, and its DAGs and requirements in the artifacts bucket. */
public final class ManagedAirflow {
    /** Where MWAA finds them in the bucket. */
    public static final String PREFIX = "airflow";

    private final Stack stack;
    private final Deployment deployment;
    private final IKey key;
    private final IBucket artifacts;

    /** @param key that everything here is encrypted with */
    public ManagedAirflow(Stack stack, Deployment deployment, IKey key, IBucket artifacts) {
        this.stack = stack;
        this.deployment = deployment;
        this.key = key;
        this.artifacts = artifacts;
    }

    /**
     * Brings DAGs to where MWAA looks for them.
     *
     * @return keys of the requirements and of the start-up script; they change with what they are the keys of, as MWAA is only set up
     *     anew when they do
     */
    private Files deploy() {
        LogGroup logs = LogGroup.Builder.create(stack, "DeployLogs")
                .logGroupName(deployment.names().path("deploy-dags"))
                .encryptionKey(key)
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        copy("Dags", deployment.file(AirflowOptions.BUNDLE + "/dags"), List.of(), PREFIX + "/dags", true, logs);
        Files files = new Files(
                deployment.emitsLineage()
                        ? Optional.of(single("Requirements", "mwaa-requirements.txt", logs))
                        : Optional.empty(),
                single("Startup", "startup.sh", logs));
        stack.getNode().findAll().stream()
                .filter(construct -> construct.getNode().getPath().matches("[^/]+/Custom::CDKBucketDeployment[^/]+"))
                .forEach(handler -> {
                    Waivers.nag(handler, "AwsSolutions-L1", "CDK brings this function and keeps it.");
                    Waivers.nag(
                            handler,
                            "AwsSolutions-IAM4",
                            "CDK brings this function; the policy allows to write its log.");
                    Waivers.nag(
                            handler,
                            "AwsSolutions-IAM5",
                            "CDK brings this function; it copies from its own bucket to the artifacts.");
                    String reason = "CDK brings this function; it runs in deployments alone.";
                    List.of("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173")
                            .forEach(rule -> Waivers.checkov(handler, rule, reason));
                });
        return files;
    }

    private record Files(Optional<String> requirements, String startup) {}

    /** Copies one file of the bundle, and gives its key. */
    private String single(String id, String file, LogGroup logs) {
        String prefix = PREFIX + "/" + FileSystem.fingerprint(deployment.file(AirflowOptions.BUNDLE + "/" + file));
        copy(id, deployment.file(AirflowOptions.BUNDLE), List.of("*", "!" + file), prefix, false, logs);
        return prefix + "/" + file;
    }

    private void copy(String id, String folder, List<String> exclude, String prefix, boolean prune, LogGroup logs) {
        BucketDeployment copied = BucketDeployment.Builder.create(stack, id)
                .sources(List.of(Source.asset(
                        folder, AssetOptions.builder().exclude(exclude).build())))
                .destinationBucket(artifacts)
                .destinationKeyPrefix(prefix)
                .prune(prune)
                .memoryLimit(512)
                .logGroup(logs)
                .build();
        copied.getHandlerRole()
                .addToPrincipalPolicy(Iam.allow(List.of("kms:Decrypt", "kms:GenerateDataKey"), key.getKeyArn()));
    }

    /** Declares the environment, and what the role of its tasks may do beside its own work. */
    public void declare(Environment.Airflow.Managed managed, Role role, SecurityGroup group, List<String> subnets) {
        Files files = deploy();
        String name = deployment.names().of("airflow");
        group.addIngressRule(group, Port.allTraffic(), "among its own");
        group.addEgressRule(group, Port.allTraffic(), "among its own");
        String logs = Iam.arn("logs", "log-group:airflow-" + name + "-*");
        role.addToPolicy(Iam.allow(List.of("airflow:PublishMetrics"), Iam.arn("airflow", "environment/" + name)));
        // as MWAA documents it
        role.addToPolicy(Iam.allow(
                List.of("s3:GetObject*", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:List*"),
                artifacts.getBucketArn(),
                artifacts.arnForObjects("*")));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^(Action::s3:|Resource::arn:<AWS::Partition>:s3:::"
                        + deployment.names().of("artifacts") + ")/",
                "MWAA asks for these, and for no more than the bucket of its own files.");
        role.addToPolicy(Iam.allow(
                List.of(
                        "logs:CreateLogStream",
                        "logs:CreateLogGroup",
                        "logs:PutLogEvents",
                        "logs:GetLogEvents",
                        "logs:GetLogRecord",
                        "logs:GetLogGroupFields",
                        "logs:GetQueryResults"),
                logs));
        role.addToPolicy(Iam.allow(
                List.of("logs:DescribeLogGroups", "cloudwatch:PutMetricData", "s3:GetAccountPublicAccessBlock"), "*"));
        role.addToPolicy(Iam.allow(
                List.of(
                        "sqs:ChangeMessageVisibility",
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:GetQueueUrl",
                        "sqs:ReceiveMessage",
                        "sqs:SendMessage"),
                "arn:" + Aws.PARTITION + ":sqs:" + Aws.REGION + ":*:airflow-celery-*"));
        role.addToPolicy(Iam.allow(
                List.of("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt"),
                Map.of(
                        "StringLike",
                        Map.of(
                                "kms:ViaService",
                                List.of(
                                        "sqs." + Aws.REGION + ".amazonaws.com",
                                        "s3." + Aws.REGION + ".amazonaws.com"))),
                key.getKeyArn()));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:(logs|sqs):/",
                "MWAA names its logs by the environment, and its queue stands in an account of AWS.");
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::\\*$/",
                "Metrics, the list of log groups and the account's public access block have no ARN.");
        CfnEnvironment.ModuleLoggingConfigurationProperty log =
                CfnEnvironment.ModuleLoggingConfigurationProperty.builder()
                        .enabled(true)
                        .logLevel("INFO")
                        .build();
        CfnEnvironment environment = CfnEnvironment.Builder.create(stack, "Airflow")
                .name(name)
                .airflowVersion(managed.version())
                .environmentClass(managed.size())
                .minWorkers(1)
                .maxWorkers(2)
                .schedulers(2)
                .executionRoleArn(role.getRoleArn())
                .kmsKey(key.getKeyArn())
                .sourceBucketArn(artifacts.getBucketArn())
                .dagS3Path(PREFIX + "/dags")
                .requirementsS3Path(files.requirements().orElse(null))
                .airflowConfigurationOptions(AirflowOptions.of(deployment))
                .startupScriptS3Path(files.startup())
                // TLS and a token that IAM gives out: docs/decisions/0025-airflows-page.md
                .webserverAccessMode("PUBLIC_ONLY")
                .networkConfiguration(CfnEnvironment.NetworkConfigurationProperty.builder()
                        .securityGroupIds(List.of(group.getSecurityGroupId()))
                        .subnetIds(subnets)
                        .build())
                .loggingConfiguration(CfnEnvironment.LoggingConfigurationProperty.builder()
                        .dagProcessingLogs(log)
                        .schedulerLogs(log)
                        .taskLogs(log)
                        .webserverLogs(log)
                        .workerLogs(log)
                        .build())
                .build();
        environment.getNode().addDependency(role);
        stack.getNode().findAll().stream()
                .filter(BucketDeployment.class::isInstance)
                .forEach(copied -> environment.getNode().addDependency(copied));
    }
}
