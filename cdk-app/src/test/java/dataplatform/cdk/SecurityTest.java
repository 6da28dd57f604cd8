package dataplatform.cdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.cdk.stacks.Platform;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.s3.Bucket;

/** What a security reviewer looks at first, in every environment. */
class SecurityTest {
    /** Actions for which AWS knows no narrower resource, or a condition does what the resource can't. */
    private static final Set<String> ON_EVERYTHING = Set.of(
            "athena:ListDataCatalogs",
            "athena:ListWorkGroups",
            "cloudwatch:GetMetricData",
            "cloudwatch:PutMetricData",
            "dms:DescribeConnections",
            "dms:DescribeReplicationTasks",
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
            "elasticmapreduce:AddTags",
            "elasticmapreduce:RunJobFlow",
            "glue:GetSecurityConfiguration",
            "logs:DescribeLogGroups",
            "redshift-data:CancelStatement",
            "redshift-data:DescribeStatement",
            "redshift-data:GetStatementResult",
            "s3:GetAccountPublicAccessBlock",
            "ssm:GetCommandInvocation");

    /**
     * Services that assume a role only for something of the role's own account (an instance profile, a function, a monitored
     * database), and send no {@code aws:SourceAccount}.
     */
    private static final Set<String> OF_THE_ACCOUNT =
            Set.of("ec2.amazonaws.com", "lambda.amazonaws.com", "monitoring.rds.amazonaws.com");

    private final Synthesis synthesis = Synthesis.everything();

    @Test
    void cdkNagFindsNothing() throws IOException {
        List<String> lines = nag(synthesis.folder());
        long suppressed =
                lines.stream().filter(line -> line.contains("\"Suppressed\"")).count();
        System.out.println("cdk-nag: " + suppressed + " suppressed findings in "
                + synthesis.templates().size() + " stacks, "
                + waivers("cdk_nag", "rules_to_suppress") + " suppressions; checkov: " + waivers("checkov", "skip")
                + " suppressions");
        assertThat(lines.size()).isGreaterThan(500);
        assertThat(lines.stream().filter(line -> line.contains("\"Non-Compliant\"") || line.contains("\"UNKNOWN\"")))
                .isEmpty();
    }

    @Test
    void cdkNagFindsWhatIsWrong(@TempDir Path folder) throws IOException {
        App app = Main.app(Map.of(), folder);
        new Bucket(new Stack(app, "careless"), "open");
        Platform.check(app);
        app.synth();
        assertThat(nag(folder))
                .anyMatch(line -> line.contains("AwsSolutions-S10") && line.contains("\"Non-Compliant\""));
    }

    @Test
    void noRoleMayDoEverything() {
        assertThat(statements()).isNotEmpty().allSatisfy(statement -> assertThat(texts(statement.get("Action")))
                .noneMatch(action -> action.endsWith(":*") || action.equals("*")));
    }

    @Test
    void whatIsAllowedOnEverythingHasNoOtherResource() {
        Set<String> actions = new TreeSet<>();
        for (JsonNode statement : statements()) {
            if (texts(statement.get("Resource")).contains("*")) {
                actions.addAll(texts(statement.get("Action")));
            }
        }
        assertThat(actions).containsExactlyInAnyOrderElementsOf(ON_EVERYTHING);
    }

    @Test
    void noServiceAssumesARoleForAnotherAccount() {
        for (String stack : synthesis.templates().keySet()) {
            synthesis.resources(stack, "AWS::IAM::Role").forEach((id, role) -> role.at(
                            "/Properties/AssumeRolePolicyDocument/Statement")
                    .forEach(statement -> {
                        JsonNode service = statement.at("/Principal/Service");
                        if (!service.isMissingNode() && !OF_THE_ACCOUNT.contains(service.asText())) {
                            assertThat(statement.path("Condition").findValuesAsText("Ref"))
                                    .as(stack + " " + id + ", for " + service)
                                    .contains("AWS::AccountId");
                        }
                    }));
        }
    }

    /** EventBridge sends none to an encrypted topic: a condition on it loses every message. */
    @Test
    void nothingAsksEventBridgeForItsAccount() {
        for (String stack : synthesis.templates().keySet()) {
            for (String type : List.of("AWS::KMS::Key", "AWS::SNS::TopicPolicy")) {
                synthesis.resources(stack, type).forEach((id, resource) -> resource.get("Properties")
                        .findValues("Statement")
                        .forEach(statements -> statements.forEach(statement -> {
                            if (statement.at("/Principal/Service").toString().contains("events.amazonaws.com")) {
                                assertThat(statement.has("Condition"))
                                        .as(stack + " " + id)
                                        .isFalse();
                            }
                        })));
            }
        }
    }

    /** CloudFormation calls one again only when a property changes, and what it was told of success may fail later. */
    @Test
    void everyCustomResourceOfOursIsCalledAgainByAnotherVersion() {
        for (String stack : synthesis.templates().keySet()) {
            synthesis.templates().get(stack).get("Resources").fields().forEachRemaining(each -> {
                String type = each.getValue().get("Type").asText();
                if (type.startsWith("Custom::") && !type.startsWith("Custom::CDK") && !type.startsWith("Custom::S3")) {
                    assertThat(each.getValue().get("Properties").fieldNames())
                            .toIterable()
                            .as(stack + " " + type)
                            .anyMatch(name -> name.endsWith("Version"));
                }
            });
        }
    }

    /** Whoever owns the repository may deploy. */
    @Test
    void noRepositoryIsTrustedUnlessItIsNamed(@TempDir Path folder) {
        App app = Main.app(
                Map.of("checkout", synthesis.folder().resolveSibling("checkout").toString()), folder);
        Main.synthesise(app, Contracts::bundled);
        assertThat(folder).isNotEmptyDirectory().isDirectoryNotContaining("glob:**-delivery.template.json");
    }

    @Test
    void nothingTakesConnectionsFromOutside() {
        for (String type : List.of("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress")) {
            for (String stack : synthesis.templates().keySet()) {
                synthesis.resources(stack, type).forEach((id, group) -> {
                    JsonNode properties = group.get("Properties");
                    JsonNode rules = type.endsWith("Ingress")
                            ? Synthesis.JSON.createArrayNode().add(properties)
                            : properties.path("SecurityGroupIngress");
                    assertThat(rules)
                            .as(stack + " " + id)
                            .noneMatch(rule -> rule.path("CidrIp").asText().endsWith("/0")
                                    || rule.path("CidrIpv6").asText().endsWith("/0"));
                });
            }
        }
    }

    private List<JsonNode> statements() {
        List<JsonNode> statements = new ArrayList<>();
        for (String stack : synthesis.templates().keySet()) {
            for (String type : List.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")) {
                synthesis.resources(stack, type).values().forEach(policy -> policy.at(
                                "/Properties/PolicyDocument/Statement")
                        .forEach(statements::add));
            }
            synthesis.resources(stack, "AWS::IAM::Role").values().forEach(role -> role.at("/Properties/Policies")
                    .forEach(policy -> policy.at("/PolicyDocument/Statement").forEach(statements::add)));
        }
        return statements;
    }

    static List<String> texts(JsonNode oneOrMany) {
        List<String> texts = new ArrayList<>();
        if (oneOrMany.isArray()) {
            oneOrMany.forEach(each -> texts.add(each.asText()));
        } else {
            texts.add(oneOrMany.asText());
        }
        return texts;
    }

    private int waivers(String tool, String list) {
        int count = 0;
        for (JsonNode template : synthesis.templates().values()) {
            for (JsonNode resource : template.get("Resources")) {
                count += resource.path("Metadata").path(tool).path(list).size();
            }
        }
        return count;
    }

    static List<String> nag(Path folder) throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("NagReport.csv")).toList()) {
                lines.addAll(Files.readAllLines(file));
            }
        }
        return lines;
    }
}
