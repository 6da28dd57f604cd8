package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.UserData;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;

/**
 * Where people develop as on their own machine, in the network and on the system that Airflow runs on, and the only way to databases
 * from outside: a tunnel of Session Manager goes through it. It ends itself, whatever it does.
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
                "dnf install --assumeyes --quiet git java-17-amazon-corretto-devel make nodejs22 python3.12");
        new OnDemandInstance(stack, deployment, key, "dev-env", "m7g.xlarge", 50, role, group, subnet, userData);
    }
}
