package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;

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
import software.amazon.awscdk.Stack;

/**
 * Where people develop as on their own machine, in the network and on the system that Airflow runs on. It ends itself, whatever it
 * does.
 */
public final class DeveloperMachine {
    private DeveloperMachine() {}

    /**
     * Declares what starts it.
     *
     * @param key that logs are encrypted with
     */
    public static void declare(Stack stack, Deployment deployment, IKey key, SecurityGroup group, String subnet) {
        Role role = Role.Builder.create(stack, "DeveloperRole")
                .assumedBy(new ServicePrincipal("ec2.amazonaws.com"))
                .description("What a developer's machine may do: be reached; people bring their own rights")
                .build();
        UserData userData = UserData.forLinux();
        userData.addCommands(
                "shutdown -h +600 'ten hours are over'",
                "dnf install --assumeyes --quiet git java-17-amazon-corretto-devel make nodejs20 python3.12");
        new OnDemandInstance(stack, deployment, key, "dev-env", "m7g.xlarge", role, group, subnet, userData);
    }
}
