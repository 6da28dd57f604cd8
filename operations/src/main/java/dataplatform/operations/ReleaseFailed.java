package dataplatform.operations;

import dataplatform.platform.Names;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.cloudformation.model.StackStatus;

/**
 * Takes the protection from stacks whose first deployment has failed: the CDK gives it before it makes what is in them, deletes such a
 * stack before the next try, and would be refused. There is nothing in them but what the failed deployment made.
 */
@Command(
        name = "release-failed",
        mixinStandardHelpOptions = true,
        description = "Lets stacks whose first deployment has failed be deleted, so that it can be tried again.")
public final class ReleaseFailed implements Callable<Integer> {
    private static final Set<StackStatus> FAILED =
            Set.of(StackStatus.ROLLBACK_COMPLETE, StackStatus.ROLLBACK_FAILED, StackStatus.CREATE_FAILED);

    @Option(names = "--environment", required = true, description = "Name of the environment, such as dev.")
    private String environment;

    /** Ends with 1 if AWS can't be asked, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new ReleaseFailed(), "", args);
    }

    @Override
    public Integer call() {
        String prefix = new Names(environment).of("");
        try (CloudFormationClient stacks = CloudFormationClient.create()) {
            stacks.describeStacksPaginator().stacks().stream()
                    .filter(stack -> stack.stackName().startsWith(prefix))
                    .filter(stack -> FAILED.contains(stack.stackStatus()) && stack.enableTerminationProtection())
                    .forEach(stack -> {
                        stacks.updateTerminationProtection(
                                request -> request.stackName(stack.stackName()).enableTerminationProtection(false));
                        System.out.println("the first deployment of " + stack.stackName()
                                + " failed; it may be deleted, so that it can be tried again");
                    });
        }
        return 0;
    }
}
