package dataplatform.cdk;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Tags;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.LaunchTemplate;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.UserData;
import software.amazon.awscdk.services.iam.CompositePrincipal;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.mwaa.CfnEnvironment;
import software.amazon.awscdk.services.s3.assets.Asset;
import software.amazon.awscdk.services.s3.assets.AssetOptions;
import software.amazon.awscdk.services.s3.deployment.BucketDeployment;
import software.amazon.awscdk.services.s3.deployment.Source;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.ScheduleTargetInput;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.amazon.awscdk.services.ssm.CfnDocument;
import software.constructs.Construct;

/** Airflow, which says when what runs: MWAA, or an instance that is there only while there is work. */
final class AirflowStack extends Stack {
    /** What is built for Airflow: DAGs and their locked requirements. */
    private static final String BUNDLE = "airflow/target/bundle";

    /** What makes an instance the one that Airflow runs on. */
    private static final String PROGRAMS = "airflow/instance";

    /** Where MWAA finds it in the bucket. */
    private static final String PREFIX = "airflow";

    /** Where the instance writes its logs. */
    private static final String LOGS = "airflow";

    /** Where the instance says what it does. */
    static final String HEARTBEAT = "airflow/heartbeat";

    /** Namespace of the metrics of DAGs. */
    static final String METRICS = "DataPlatform";

    private final Deployment deployment;
    private final LakeStack lake;
    private final IKey key;

    AirflowStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            NetworkStack network,
            SourceDatabaseStack database,
            ReplicationStack replication,
            SparkStack spark,
            WarehouseStack warehouse,
            List<String> dropped) {
        super(scope, deployment.names().of("airflow"), deployment.stack("airflow", "Says when what runs"));
        this.deployment = deployment;
        this.lake = lake;
        this.key = lake.key(this);
        IVpc vpc = network.vpc(this);
        SecurityGroup group = NetworkStack.securityGroup(this, "Reach", vpc, "Airflow");
        group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to AWS");
        warehouse.allowConnecting(group);

        Environment.Airflow runsOn = deployment.environment().airflow();
        Role role = role(runsOn);
        replication.allowWatching(role);
        String sourceKeys = database.sourceKeysArn(this);
        role.addToPolicy(Iam.allow(List.of("lambda:InvokeFunction"), sourceKeys));
        spark.allowStarting(role);
        warehouse.allowSigningIn(role);
        warehouse.allowStatements(role);
        allowGold(role);
        new Handover(
                this,
                deployment.names().path("airflow/settings"),
                Json.text(this, settings(replication.arn(this), sourceKeys, warehouse.connection(this))));
        if (runsOn instanceof Environment.Airflow.Managed managed) {
            managed(managed, role, group, network.privateSubnetIds(this, 2), deploy());
        } else {
            onDemand((Environment.Airflow.OnDemand) runsOn, role, group, network.publicSubnetId(this));
        }
        if (!dropped.isEmpty()) {
            new DroppedFiles(this, deployment, lake, dropped);
        }
    }

    private Role role(Environment.Airflow runsOn) {
        Role role = Role.Builder.create(this, "Role")
                .assumedBy(
                        runsOn instanceof Environment.Airflow.Managed
                                ? new CompositePrincipal(
                                        new ServicePrincipal("airflow.amazonaws.com"),
                                        new ServicePrincipal("airflow-env.amazonaws.com"))
                                : new ServicePrincipal("ec2.amazonaws.com"))
                .description("What DAGs may do")
                .build();
        Names names = deployment.names();
        // as whom the warehouse knows it
        Tags.of(role).add("RedshiftDbUser", "dbt");
        lake.allowReading(role, Layer.LANDING, "");
        lake.allowReading(role, Layer.SILVER, "_state/reports/");
        lake.allowWriting(role, Layer.SILVER, "_state/passed/");
        lake.allowWriting(role, Layer.SILVER, "_state/freshness/");
        lake.allowListing(role, Layer.BRONZE);
        role.addToPolicy(Iam.allow(List.of("cloudwatch:GetMetricData"), "*"));
        role.addToPolicy(Iam.allow(
                List.of("cloudwatch:PutMetricData"),
                Map.of("StringEquals", Map.of("cloudwatch:namespace", METRICS)),
                "*"));
        role.addToPolicy(Iam.allow(
                List.of("glue:StartCrawler", "glue:GetCrawler"),
                Iam.arn("glue", "crawler/" + names.of("bronze")),
                Iam.arn("glue", "crawler/" + names.of("silver"))));
        role.addToPolicy(Iam.allow(
                List.of("ssm:GetParameter", "ssm:GetParameters"), Iam.arn("ssm", "parameter" + names.path("*"))));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:ssm:/",
                "What the parts tell each other stands under one path, and is no secret.");
        return role;
    }

    /** Lets a role show in the catalog what has been written to gold, and delete what nobody reads any more. */
    private void allowGold(Role role) {
        String database = deployment.names().catalog(Layer.GOLD);
        lake.allowWriting(role, Layer.GOLD, "");
        role.addToPolicy(
                Iam.allow(List.of("glue:GetTable", "glue:CreateTable", "glue:UpdateTable"), Iam.glueTables(database)));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:glue:/",
                "Tables come with marts; the grant ends at gold's database.");
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::\\*$/",
                "Statements and metrics have no ARN, and conditions stand for it; DMS describes all replications or none.");
    }

    /** What DAGs have to know; {@code settings.py} says what it means. */
    private Map<String, Object> settings(String replication, String sourceKeys, Map<String, Object> warehouse) {
        return Map.of(
                "landing", deployment.bucket(Layer.LANDING),
                "silver", deployment.bucket(Layer.SILVER),
                "gold", deployment.bucket(Layer.GOLD),
                "gold_database", deployment.names().catalog(Layer.GOLD),
                "crawler", deployment.names().of("silver"),
                "replication", replication,
                "replication_may_rest", deployment.environment().rests(),
                "source_keys_function", sourceKeys,
                "warehouse", warehouse);
    }

    /**
     * Brings DAGs to where MWAA looks for them.
     *
     * @return keys of the requirements and of the start-up script; they change with what they are the keys of, as MWAA is only set up
     *     anew when they do
     */
    private Managed deploy() {
        LogGroup logs = LogGroup.Builder.create(this, "DeployLogs")
                .logGroupName(deployment.names().path("deploy-dags"))
                .encryptionKey(key)
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        copy("Dags", deployment.file(BUNDLE + "/dags"), List.of(), PREFIX + "/dags", true, logs);
        Managed managed = new Managed(
                single("Requirements", "mwaa-requirements.txt", logs), single("Startup", "startup.sh", logs));
        getNode().findAll().stream()
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
        return managed;
    }

    private record Managed(String requirements, String startup) {}

    /** Copies one file of the bundle, and gives its key. */
    private String single(String id, String file, LogGroup logs) {
        String prefix = PREFIX + "/" + FileSystem.fingerprint(deployment.file(BUNDLE + "/" + file));
        copy(id, deployment.file(BUNDLE), List.of("*", "!" + file), prefix, false, logs);
        return prefix + "/" + file;
    }

    private void copy(String id, String folder, List<String> exclude, String prefix, boolean prune, LogGroup logs) {
        BucketDeployment copied = BucketDeployment.Builder.create(this, id)
                .sources(List.of(Source.asset(
                        folder, AssetOptions.builder().exclude(exclude).build())))
                .destinationBucket(lake.bucket(this, Layer.ARTIFACTS))
                .destinationKeyPrefix(prefix)
                .prune(prune)
                .memoryLimit(512)
                .logGroup(logs)
                .build();
        copied.getHandlerRole()
                .addToPrincipalPolicy(Iam.allow(List.of("kms:Decrypt", "kms:GenerateDataKey"), key.getKeyArn()));
    }

    private void managed(
            Environment.Airflow.Managed managed, Role role, SecurityGroup group, List<String> subnets, Managed files) {
        String name = deployment.names().of("airflow");
        lake.allowReading(role, Layer.ARTIFACTS, PREFIX + "/");
        group.addIngressRule(group, Port.allTcp(), "among its own");
        group.addEgressRule(group, Port.allTcp(), "among its own");
        String logs = Iam.arn("logs", "log-group:airflow-" + name + "-*");
        role.addToPolicy(Iam.allow(List.of("airflow:PublishMetrics"), Iam.arn("airflow", "environment/" + name)));
        role.addToPolicy(Iam.allow(
                List.of("s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"),
                lake.bucket(this, Layer.ARTIFACTS).getBucketArn()));
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
        CfnEnvironment environment = CfnEnvironment.Builder.create(this, "Airflow")
                .name(name)
                .airflowVersion(managed.version())
                .environmentClass(managed.size())
                .minWorkers(1)
                .maxWorkers(2)
                .schedulers(2)
                .executionRoleArn(role.getRoleArn())
                .kmsKey(key.getKeyArn())
                .sourceBucketArn(lake.bucket(this, Layer.ARTIFACTS).getBucketArn())
                .dagS3Path(PREFIX + "/dags")
                .requirementsS3Path(files.requirements())
                .airflowConfigurationOptions(options())
                .startupScriptS3Path(files.startup())
                .webserverAccessMode("PRIVATE_ONLY")
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
        getNode().findAll().stream()
                .filter(BucketDeployment.class::isInstance)
                .forEach(copied -> environment.getNode().addDependency(copied));
    }

    /** An instance that one function starts and another ends. */
    private void onDemand(Environment.Airflow.OnDemand onDemand, Role role, SecurityGroup group, String subnet) {
        Names names = deployment.names();
        role.addToPolicy(Iam.allow(List.of("ssm:PutParameter"), Iam.arn("ssm", "parameter" + names.path(HEARTBEAT))));
        // of the instance and of tasks, to be read when it is gone
        lake.allowReading(role, Layer.LOGS, LOGS + "/");
        role.addToPolicy(
                Iam.allow(List.of("s3:PutObject"), lake.bucket(this, Layer.LOGS).arnForObjects(LOGS + "/*")));
        OnDemandInstance instance = new OnDemandInstance(
                this, deployment, lake, "airflow", onDemand.instance(), role, group, subnet, userData(role));
        reaper(instance.template());
        developerMachine(group, subnet);
        CfnDocument.Builder.create(this, "CallAirflow")
                .name(callDocument(names))
                .documentType("Command")
                .documentFormat("JSON")
                .targetType("/AWS::EC2::Instance")
                .updateMethod("NewVersion")
                .content(Json.read(deployment.text(PROGRAMS + "/call.json")))
                .build();
    }

    /** Airflow's configuration, where it is not as Airflow brings it. */
    private Map<String, String> options() {
        Map<String, String> options = new TreeMap<>(Map.of(
                "dataplatform.environment", deployment.names().environment(),
                "dataplatform.keeps_promises",
                        Boolean.toString(!deployment.environment().rests()),
                "dataplatform.spark", spark(),
                "dataplatform.warehouse", warehouse()));
        if (deployment.tellsLineage()) {
            options.put("openlineage.namespace", deployment.names().namespace());
            options.put(
                    "openlineage.transport", "{\"type\": \"http\", \"url\": \"" + deployment.openLineageUrl() + "\"}");
        }
        return options;
    }

    /** How DAGs start Spark. */
    private String spark() {
        return deployment.environment().spark() instanceof Environment.Spark.Serverless ? "serverless" : "cluster";
    }

    /** What the warehouse's name is the name of. */
    private String warehouse() {
        boolean serverless = deployment.environment().warehouse() instanceof Environment.Warehouse.Serverless;
        return serverless ? "serverless" : "cluster";
    }

    /** The command that calls Airflow's API on its instance. */
    static String callDocument(Names names) {
        return names.of("call-airflow");
    }

    /** Where people develop as on their own machine, in the network and on the system that Airflow runs on. It ends itself, whatever it does. */
    private void developerMachine(SecurityGroup group, String subnet) {
        Role role = Role.Builder.create(this, "DeveloperRole")
                .assumedBy(new ServicePrincipal("ec2.amazonaws.com"))
                .description("What a developer's machine may do: be reached; people bring their own rights")
                .build();
        UserData userData = UserData.forLinux();
        userData.addCommands(
                "shutdown -h +600 'ten hours are over'",
                "dnf install --assumeyes --quiet git java-17-amazon-corretto-devel make nodejs20 python3.12");
        new OnDemandInstance(this, deployment, lake, "dev-env", "m7g.xlarge", role, group, subnet, userData);
    }

    /** What makes a new instance the one that Airflow runs on. Its DAGs and programs are named by what they hold, so it never mixes those of two deployments. */
    private UserData userData(Role role) {
        Names names = deployment.names();
        Map<String, String> values = new TreeMap<>(Map.of(
                "AWS_DEFAULT_REGION",
                Aws.REGION,
                "BUNDLE_ZIP",
                archive("Bundle", BUNDLE, List.of(), role),
                "PROGRAMS_ZIP",
                archive("Programs", PROGRAMS, List.of("user-data.sh", "call.json", "**/__pycache__"), role),
                "ENVIRONMENT",
                names.environment(),
                "HEARTBEAT",
                names.path(HEARTBEAT),
                "LOGS",
                deployment.s3(Layer.LOGS, LOGS),
                "OPENLINEAGE_URL",
                deployment.openLineageUrl(),
                "SPARK",
                spark(),
                "WAREHOUSE",
                warehouse()));
        UserData userData = UserData.forLinux();
        values.forEach((name, value) -> userData.addCommands("export " + name + "='" + value + "'"));
        userData.addCommands(deployment.text(PROGRAMS + "/user-data.sh"));
        return userData;
    }

    private String archive(String id, String folder, List<String> exclude, Role reader) {
        Asset archive = Asset.Builder.create(this, id)
                .path(deployment.file(folder))
                .exclude(exclude)
                .build();
        reader.addToPolicy(
                Iam.allow(List.of("s3:GetObject"), archive.getBucket().arnForObjects(archive.getS3ObjectKey())));
        return archive.getS3ObjectUrl();
    }

    private void reaper(LaunchTemplate template) {
        Names names = deployment.names();
        Function function = JavaFunction.of(
                this, deployment, lake, "airflow-reaper", "AirflowReaper", builder -> builder.description(
                                "Ends the instance that Airflow runs on when it has nothing to do")
                        .timeout(Duration.minutes(1))
                        .environment(Map.of(
                                "LAUNCH_TEMPLATE_ID",
                                template.getLaunchTemplateId(),
                                "HEARTBEAT_PARAMETER",
                                names.path(HEARTBEAT),
                                "AGE",
                                "PT8H",
                                "SILENCE",
                                "PT15M",
                                "IDLE",
                                "PT30M")));
        Role role = JavaFunction.role(function);
        role.addToPolicy(Iam.allow(List.of("ec2:DescribeInstances"), "*"));
        Map<String, Object> ours =
                new HashMap<>(Map.of("aws:ResourceTag/aws:ec2launchtemplate:id", template.getLaunchTemplateId()));
        names.tags().forEach((name, value) -> ours.put("aws:ResourceTag/" + name, value));
        role.addToPolicy(Iam.allow(
                List.of("ec2:TerminateInstances"), Map.of("StringEquals", ours), Iam.arn("ec2", "instance/*")));
        role.addToPolicy(Iam.allow(List.of("ssm:GetParameter"), Iam.arn("ssm", "parameter" + names.path(HEARTBEAT))));
        OnDemandInstance.waive(function, "The instance has no name before it runs; its tags are the condition.");
        new Handover(this, names.path("airflow-reaper-function"), function.getFunctionName());
        Schedule.Builder.create(this, "Reap")
                .scheduleName(names.of("reap-airflow"))
                .description("Looks whether Airflow has anything to do")
                .schedule(ScheduleExpression.rate(Duration.minutes(10)))
                .target(Universal.Builder.create()
                        .service("lambda")
                        .action("invoke")
                        .input(ScheduleTargetInput.fromObject(Json.sorted(
                                Map.of("FunctionName", function.getFunctionName(), "InvocationType", "Event"))))
                        .policyStatements(
                                List.of(Iam.allow(List.of("lambda:InvokeFunction"), function.getFunctionArn())))
                        // the next look is near
                        .retryAttempts(0)
                        .build())
                .build();
    }
}
