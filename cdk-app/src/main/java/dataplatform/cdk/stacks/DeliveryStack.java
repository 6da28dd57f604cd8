package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.Iam;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.WebIdentityPrincipal;
import software.constructs.Construct;

/** How a workflow on GitHub deploys without a stored key: it is trusted for one environment of one repository. */
public final class DeliveryStack extends Stack {
    private static final String ISSUER = "token.actions.githubusercontent.com";

    DeliveryStack(Construct scope, Deployment deployment) {
        super(scope, deployment.names().of("delivery"), deployment.stack("delivery", "How workflows deploy"));
        String provider = "arn:" + Aws.PARTITION + ":iam::" + Aws.ACCOUNT_ID + ":oidc-provider/" + ISSUER;
        Role role = Role.Builder.create(this, "Role")
                .roleName(deployment.names().of("delivery"))
                .description("Deploys the platform from " + deployment.repository())
                .maxSessionDuration(Duration.hours(2))
                .assumedBy(new WebIdentityPrincipal(
                        provider,
                        Map.of(
                                "StringEquals",
                                Map.of(
                                        ISSUER + ":aud",
                                        "sts.amazonaws.com",
                                        ISSUER + ":sub",
                                        "repo:" + deployment.repository() + ":environment:"
                                                + deployment.environment().name()))))
                .build();
        // CloudFormation and the assets' bucket have roles of their own, which `cdk bootstrap` made
        role.addToPolicy(Iam.allow(
                List.of("sts:AssumeRole"), bootstrapRole("deploy-role"), bootstrapRole("file-publishing-role")));
    }

    private static String bootstrapRole(String name) {
        return Iam.role("cdk-hnb659fds-" + name + "-" + Aws.ACCOUNT_ID + "-" + Aws.REGION);
    }
}
