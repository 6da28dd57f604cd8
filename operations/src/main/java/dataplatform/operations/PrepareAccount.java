package dataplatform.operations;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.EntityAlreadyExistsException;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * Makes what an account has only once, whatever deploys to it, and what therefore belongs to no environment's stack: the two roles that
 * DMS looks for by their names (https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html), and GitHub's identity provider, if
 * workflows are to deploy. What is there already is left as it is, but for a policy that it lacks; nothing deletes it.
 */
@Command(
        name = "prepare-account",
        mixinStandardHelpOptions = true,
        description = "Makes the roles of DMS and GitHub's identity provider, where an account lacks them.")
public final class PrepareAccount implements Callable<Integer> {
    /** The policy of each role, by the role's name. */
    static final Map<String, String> DMS_ROLES = new TreeMap<>(Map.of(
            "dms-vpc-role", "AmazonDMSVPCManagementRole",
            "dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole"));

    /**
     * As DMS documents it. No {@code aws:SourceAccount}: the role that writes logs works only without
     * (https://github.com/terraform-aws-modules/terraform-aws-dms/issues/84).
     */
    private static final String TRUST = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "dms.amazonaws.com"}}]}
            """;

    static final String GITHUB = "token.actions.githubusercontent.com";

    @Option(names = "--context", required = true, description = "The file with the CDK app's context, cdk.json.")
    private Path context;

    /** Ends with 1 if something can't be made, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new PrepareAccount(), "", args);
    }

    @Override
    public Integer call() throws IOException {
        try (StsClient sts = StsClient.create();
                IamClient iam = IamClient.builder().build()) {
            String partition = sts.getCallerIdentity().arn().split(":")[1];
            DMS_ROLES.forEach((role, policy) -> dmsRole(iam, role, policy, partition));
            if (!Commands.context(context, "repository").isEmpty()) {
                github(iam);
            }
        }
        return 0;
    }

    private static void dmsRole(IamClient iam, String name, String policy, String partition) {
        try {
            iam.createRole(request -> request.roleName(name)
                    .description("DMS looks for it by its name, for all of the account")
                    .assumeRolePolicyDocument(TRUST));
            System.out.println("made the role " + name);
        } catch (EntityAlreadyExistsException e) {
            System.out.println("the role " + name + " is there");
        }
        // changes nothing where it is attached
        iam.attachRolePolicy(request ->
                request.roleName(name).policyArn("arn:" + partition + ":iam::aws:policy/service-role/" + policy));
    }

    private static void github(IamClient iam) {
        try {
            iam.createOpenIDConnectProvider(
                    request -> request.url("https://" + GITHUB).clientIDList("sts.amazonaws.com"));
            System.out.println("made the identity provider of GitHub");
        } catch (EntityAlreadyExistsException e) {
            System.out.println("the identity provider of GitHub is there");
        }
    }
}
