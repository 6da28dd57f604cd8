package dataplatform.cdk.policy;

import io.github.cdklabs.cdknag.NagPackSuppression;
import io.github.cdklabs.cdknag.NagSuppressions;
import io.github.cdklabs.cdknag.RegexAppliesTo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.CfnResource;
import software.constructs.IConstruct;

/** Where a rule of cdk-nag or checkov does not apply to a resource: which one, and why. */
public final class Waivers {
    private Waivers() {}

    /** A rule of cdk-nag for a construct and what is in it. */
    public static void nag(IConstruct construct, String rule, String reason) {
        NagSuppressions.addResourceSuppressions(
                construct,
                List.of(NagPackSuppression.builder().id(rule).reason(reason).build()),
                true);
    }

    /** One kind of finding of a rule of cdk-nag, named by a regular expression such as {@code /^Resource::/}. */
    public static void nag(IConstruct construct, String rule, String finding, String reason) {
        NagSuppressions.addResourceSuppressions(
                construct,
                List.of(NagPackSuppression.builder()
                        .id(rule)
                        .appliesTo(
                                List.of(RegexAppliesTo.builder().regex(finding).build()))
                        .reason(reason)
                        .build()),
                true);
    }

    /** A rule of checkov for a resource. */
    @SuppressWarnings("unchecked")
    public static void checkov(IConstruct construct, String rule, String reason) {
        CfnResource resource = (CfnResource)
                (construct instanceof CfnResource
                        ? construct
                        : construct.getNode().getDefaultChild());
        Map<String, Object> metadata = (Map<String, Object>) resource.getMetadata("checkov");
        List<Object> skips =
                metadata == null ? new ArrayList<>() : new ArrayList<>((List<Object>) metadata.get("skip"));
        skips.add(Map.of("id", rule, "comment", reason));
        resource.addMetadata("checkov", Map.of("skip", skips));
    }
}
