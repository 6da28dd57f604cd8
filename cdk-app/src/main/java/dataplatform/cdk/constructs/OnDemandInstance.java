package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Tags;
import software.amazon.awscdk.services.ec2.AmazonLinux2023ImageSsmParameterProps;
import software.amazon.awscdk.services.ec2.AmazonLinuxCpuType;
import software.amazon.awscdk.services.ec2.BlockDevice;
import software.amazon.awscdk.services.ec2.BlockDeviceVolume;
import software.amazon.awscdk.services.ec2.CfnLaunchTemplate;
import software.amazon.awscdk.services.ec2.EbsDeviceOptions;
import software.amazon.awscdk.services.ec2.EbsDeviceVolumeType;
import software.amazon.awscdk.services.ec2.InstanceInitiatedShutdownBehavior;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.LaunchTemplate;
import software.amazon.awscdk.services.ec2.MachineImage;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.UserData;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.ssm.StringParameter;
import software.constructs.Construct;

/**
 * An instance that a function starts, unless it is there, and that is terminated when it is shut down. It has an address of its own to reach AWS by, takes no
 * connection, and is reached by Session Manager.
 */
public final class OnDemandInstance extends Construct {
    /** The tag by which instances of one environment are found. */
    static final String PART = "part";

    private final Names names;
    private final LaunchTemplate template;

    /**
     * @param key that logs are encrypted with
     * @param part its name and the value of its tag {@code part}, such as {@code airflow}
     * @param size such as {@code t4g.medium}
     * @param gigabytes of its disk
     * @param role of the instance
     */
    OnDemandInstance(
            Construct scope,
            Deployment deployment,
            IKey key,
            String part,
            String size,
            int gigabytes,
            Role role,
            SecurityGroup group,
            String subnet,
            UserData userData) {
        super(scope, part);
        this.names = deployment.names();
        role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName("AmazonSSMManagedInstanceCore"));
        Waivers.nag(
                role, "AwsSolutions-IAM4", "AWS keeps this policy for Session Manager, the only way to the instance.");
        this.template = template(part, size, gigabytes, role, group, subnet, userData);
        launcher(deployment, key, part, role, group, subnet);
    }

    LaunchTemplate template() {
        return template;
    }

    private LaunchTemplate template(
            String part, String size, int gigabytes, Role role, SecurityGroup group, String subnet, UserData userData) {
        LaunchTemplate made = LaunchTemplate.Builder.create(this, "Template")
                .launchTemplateName(names.of(part))
                .instanceType(new InstanceType(size))
                .machineImage(MachineImage.latestAmazonLinux2023(AmazonLinux2023ImageSsmParameterProps.builder()
                        .cpuType(AmazonLinuxCpuType.ARM_64)
                        .build()))
                .role(role)
                .userData(userData)
                .securityGroup(group)
                .associatePublicIpAddress(true)
                .requireImdsv2(true)
                .httpPutResponseHopLimit(1)
                .detailedMonitoring(true)
                .instanceInitiatedShutdownBehavior(InstanceInitiatedShutdownBehavior.TERMINATE)
                .blockDevices(List.of(BlockDevice.builder()
                        .deviceName("/dev/xvda")
                        .volume(BlockDeviceVolume.ebs(
                                gigabytes,
                                EbsDeviceOptions.builder()
                                        .encrypted(true)
                                        .volumeType(EbsDeviceVolumeType.GP3)
                                        .deleteOnTermination(true)
                                        .build()))
                        .build()))
                .build();
        // the stack's own tags do not reach what is started from it
        names.tags().forEach((name, value) -> Tags.of(made).add(name, value));
        Tags.of(made).add(PART, part);
        ((CfnLaunchTemplate) made.getNode().getDefaultChild())
                .addPropertyOverride("LaunchTemplateData.NetworkInterfaces.0.SubnetId", subnet);
        Waivers.checkov(
                made, "CKV_AWS_88", "An address for an hour a day is cheaper than NAT; it takes no connection.");
        return made;
    }

    private void launcher(
            Deployment deployment, IKey key, String part, Role instanceRole, SecurityGroup group, String subnet) {
        StringParameter launches = StringParameter.Builder.create(this, "Launches")
                .parameterName(names.path(part + "/launches"))
                .description("Number of the last launch; the launcher counts it up")
                .stringValue("1")
                .build();
        Function function = JavaFunction.of(
                this,
                deployment,
                key,
                part + "-launcher",
                "airflow-launcher",
                "AirflowLauncher",
                builder -> builder.description("Starts the instance " + part + ", unless it is there")
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
        new SharedParameter(Stack.of(this), names.path(part + "-launcher-function"), function.getFunctionName());
    }

    /** Lets a function name instances that it can't know beforehand. */
    static void waive(Function function, String reason) {
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
