package dataplatform.cdk.constructs;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.services.iam.IPrincipal;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;

/** Statements of policies, and names of resources in them. */
public final class Iam {
    private Iam() {}

    /** Allows the actions on the resources, and nothing else. */
    public static PolicyStatement allow(List<String> actions, String... resources) {
        return allow(actions, Map.of(), resources);
    }

    /** Allows the actions on the resources under conditions such as {@code StringEquals}. */
    public static PolicyStatement allow(
            List<String> actions, Map<String, Map<String, Object>> conditions, String... resources) {
        return PolicyStatement.Builder.create()
                .actions(actions)
                .resources(List.of(resources))
                .conditions(conditions)
                .build();
    }

    /**
     * A service that assumes a role for resources of this account alone, so that nobody can have it assume the role for theirs
     * (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html). Not all services say for whom they assume a role, and of some
     * AWS does not document it: one that says nothing may.
     *
     * @param service such as {@code glue}
     */
    public static IPrincipal service(String service) {
        return new ServicePrincipal(service + ".amazonaws.com")
                .withConditions(Map.of("StringEqualsIfExists", Map.of("aws:SourceAccount", Aws.ACCOUNT_ID)));
    }

    /** Allows to hand a role to a service. */
    public static PolicyStatement passRole(String role, String service) {
        return allow(
                List.of("iam:PassRole"),
                Map.of("StringEquals", Map.of("iam:PassedToService", service + ".amazonaws.com")),
                role);
    }

    /** A resource of this account and region. */
    public static String arn(String service, String resource) {
        return "arn:" + Aws.PARTITION + ":" + service + ":" + Aws.REGION + ":" + Aws.ACCOUNT_ID + ":" + resource;
    }

    /** The tables of a database of the Glue catalog, with what leads to them. */
    public static String[] glueTables(String database) {
        return new String[] {
            arn("glue", "catalog"), arn("glue", "database/" + database), arn("glue", "table/" + database + "/*")
        };
    }

    /** A role of this account. */
    public static String role(String name) {
        return "arn:" + Aws.PARTITION + ":iam::" + Aws.ACCOUNT_ID + ":role/" + name;
    }
}
