package dataplatform.cdk;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Tags;
import software.amazon.awscdk.services.ec2.AmazonLinux2023ImageSsmParameterProps;
import software.amazon.awscdk.services.ec2.AmazonLinuxCpuType;
import software.amazon.awscdk.services.ec2.BlockDevice;
import software.amazon.awscdk.services.ec2.BlockDeviceVolume;
import software.amazon.awscdk.services.ec2.CfnLaunchTemplate;
import software.amazon.awscdk.services.ec2.EbsDeviceOptions;
import software.amazon.awscdk.services.ec2.EbsDeviceVolumeType;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.InstanceInitiatedShutdownBehavior;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.LaunchTemplate;
import software.amazon.awscdk.services.ec2.MachineImage;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.CompositePrincipal;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.mwaa.CfnEnvironment;
import software.amazon.awscdk.services.s3.assets.AssetOptions;
import software.amazon.awscdk.services.s3.deployment.BucketDeployment;
import software.amazon.awscdk.services.s3.deployment.Source;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.ScheduleTargetInput;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.amazon.awscdk.services.ssm.StringParameter;
import software.constructs.Construct;

/** Airflow, which says when what runs: MWAA, or an instance that is there only while there is work. */
final class AirflowStack extends Stack {
    private static final String FOLDER = "airflow";

    /** Where the instance says what it does. */
    private static final String HEARTBEAT = "airflow/heartbeat";

    private final Deployment deployment;
    private final LakeStack lake;
    private final IKey key;

    AirflowStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            NetworkStack network,
            SparkStack spark,
            WarehouseStack warehouse) {
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
        spark.allowStarting(role);
        warehouse.allowSigningIn(role);
        String requirements = deploy();
        if (runsOn instanceof Environment.Airflow.Managed managed) {
            managed(managed, role, group, network.privateSubnetIds(this, 2), requirements);
        } else {
            onDemand((Environment.Airflow.OnDemand) runsOn, role, group, network.publicSubnetId(this));
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
        lake.allowReading(role, Layer.ARTIFACTS, FOLDER + "/");
        lake.allowReading(role, Layer.LANDING, "");
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

    /**
     * Brings the folder to where Airflow looks for it.
     *
     * @return key of the requirements; it changes with them, as Airflow is only set up anew when it does
     */
    private String deploy() {
        String folder = deployment.file(FOLDER);
        String requirements = FOLDER + "/requirements/" + FileSystem.fingerprint(folder + "/requirements.txt");
        LogGroup logs = LogGroup.Builder.create(this, "DeployLogs")
                .logGroupName(deployment.names().path("deploy-dags"))
                .encryptionKey(key)
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        copy("Dags", folder, List.of("tests", "**/__pycache__"), FOLDER, true, logs);
        copy("Requirements", folder, List.of("*", "!requirements.txt"), requirements, false, logs);
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
        return requirements + "/requirements.txt";
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
            Environment.Airflow.Managed managed,
            Role role,
            SecurityGroup group,
            List<String> subnets,
            String requirements) {
        String name = deployment.names().of("airflow");
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
                .dagS3Path(FOLDER + "/dags")
                .requirementsS3Path(requirements)
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

    /** An instance that a function starts and another ends. It has an address of its own to reach AWS by, and takes no connection. */
    private void onDemand(Environment.Airflow.OnDemand onDemand, Role role, SecurityGroup group, String subnet) {
        Names names = deployment.names();
        role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName("AmazonSSMManagedInstanceCore"));
        role.addToPolicy(Iam.allow(List.of("ssm:PutParameter"), Iam.arn("ssm", "parameter" + names.path(HEARTBEAT))));
        Waivers.nag(
                role, "AwsSolutions-IAM4", "AWS keeps this policy for Session Manager, the only way to the instance.");
        LaunchTemplate template = LaunchTemplate.Builder.create(this, "Airflow")
                .launchTemplateName(names.of("airflow"))
                .instanceType(new InstanceType(onDemand.instance()))
                .machineImage(MachineImage.latestAmazonLinux2023(AmazonLinux2023ImageSsmParameterProps.builder()
                        .cpuType(AmazonLinuxCpuType.ARM_64)
                        .build()))
                .role(role)
                .securityGroup(group)
                .associatePublicIpAddress(true)
                .requireImdsv2(true)
                .httpPutResponseHopLimit(1)
                .detailedMonitoring(true)
                .instanceInitiatedShutdownBehavior(InstanceInitiatedShutdownBehavior.TERMINATE)
                .blockDevices(List.of(BlockDevice.builder()
                        .deviceName("/dev/xvda")
                        .volume(BlockDeviceVolume.ebs(
                                20,
                                EbsDeviceOptions.builder()
                                        .encrypted(true)
                                        .volumeType(EbsDeviceVolumeType.GP3)
                                        .deleteOnTermination(true)
                                        .build()))
                        .build()))
                .build();
        // the stack's own tags do not reach what is started from it
        names.tags().forEach((name, value) -> Tags.of(template).add(name, value));
        ((CfnLaunchTemplate) template.getNode().getDefaultChild())
                .addPropertyOverride("LaunchTemplateData.NetworkInterfaces.0.SubnetId", subnet);
        Waivers.checkov(
                template, "CKV_AWS_88", "An address for an hour a day is cheaper than NAT; it takes no connection.");
        launcher(template, role, group, subnet);
        reaper(template);
    }

    private void launcher(LaunchTemplate template, Role instanceRole, SecurityGroup group, String subnet) {
        Names names = deployment.names();
        StringParameter launches = StringParameter.Builder.create(this, "Launches")
                .parameterName(names.path("airflow/launches"))
                .description("Number of the last launch; the launcher counts it up")
                .stringValue("1")
                .build();
        Function function = JavaFunction.of(
                this, deployment, lake, "airflow-launcher", "AirflowLauncher", builder -> builder.description(
                                "Starts the instance that Airflow runs on, unless it is there")
                        .timeout(Duration.minutes(1))
                        .environment(Map.of(
                                "LAUNCH_TEMPLATE_ID",
                                template.getLaunchTemplateId(),
                                "LAUNCHES_PARAMETER",
                                launches.getParameterName())));
        Role role = JavaFunction.role(function);
        String instances = Iam.arn("ec2", "instance/*");
        String volumes = Iam.arn("ec2", "volume/*");
        role.addToPolicy(Iam.allow(List.of("ec2:DescribeInstances"), "*"));
        // from this template, with nothing in it overridden
        role.addToPolicy(Iam.allow(
                List.of("ec2:RunInstances"),
                Map.of(
                        "ArnEquals",
                        Map.of("ec2:LaunchTemplate", arn(template)),
                        "Bool",
                        Map.of("ec2:IsLaunchTemplateResource", "true")),
                arn(template),
                instances,
                volumes,
                Iam.arn("ec2", "network-interface/*"),
                Iam.arn("ec2", "security-group/" + group.getSecurityGroupId()),
                Iam.arn("ec2", "subnet/" + subnet),
                "arn:" + Aws.PARTITION + ":ec2:" + Aws.REGION + "::image/*"));
        role.addToPolicy(Iam.allow(
                List.of("ec2:CreateTags"),
                Map.of("StringEquals", Map.of("ec2:CreateAction", "RunInstances")),
                instances,
                volumes));
        role.addToPolicy(Iam.passRole(instanceRole.getRoleArn(), "ec2"));
        role.addToPolicy(Iam.allow(List.of("ssm:GetParameter", "ssm:PutParameter"), launches.getParameterArn()));
        waive(function, "What is started has no name before; the template is the condition.");
        new Handover(this, names.path("airflow-launcher-function"), function.getFunctionName());
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
        waive(function, "The instance has no name before it runs; its tags are the condition.");
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

    private static void waive(Function function, String reason) {
        Role role = JavaFunction.role(function);
        Waivers.nag(role, "AwsSolutions-IAM5", "/^Resource::arn:<AWS::Partition>:ec2:/", reason);
        Waivers.nag(role, "AwsSolutions-IAM5", "/^Resource::\\*$/", "EC2 describes all instances or none.");
        Waivers.checkov(function, "CKV_AWS_117", "It calls EC2 and SSM alone, which are not in our network.");
        Waivers.checkov(function, "CKV_AWS_173", "Names and times are no secrets: Lambda's own key does for them.");
    }

    private static String arn(LaunchTemplate template) {
        return Iam.arn("ec2", "launch-template/" + template.getLaunchTemplateId());
    }
}
