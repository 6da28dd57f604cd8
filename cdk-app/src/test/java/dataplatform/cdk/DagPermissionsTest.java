package dataplatform.cdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The role of the DAGs may do what they call, and nothing beside. What they call stands in {@code airflow/aws-calls.txt}, written by a
 * run of all of them on one machine ({@code AirflowTest}).
 */
class DagPermissionsTest {
    /** Actions that have another name than the call, by the Service Authorization Reference. */
    private static final Map<String, String> ACTION = Map.of(
            "lambda:Invoke", "lambda:InvokeFunction",
            "monitoring:GetMetricData", "cloudwatch:GetMetricData",
            "monitoring:PutMetricData", "cloudwatch:PutMetricData",
            "s3:DeleteObjects", "s3:DeleteObject",
            "s3:HeadObject", "s3:GetObject",
            "s3:ListObjects", "s3:ListBucket",
            "s3:ListObjectsV2", "s3:ListBucket");

    /** What a call needs beside, or comes to in a case that the run on one machine has not. */
    private static final Map<String, Set<String>> WITH = Map.of(
            // of a task that is ended by hand; the job's role; the first job after a pause; the cluster's tags
            "emr-serverless:StartJobRun",
                    Set.of("emr-serverless:CancelJobRun", "emr-serverless:StartApplication", "iam:PassRole"),
            "elasticmapreduce:RunJobFlow",
                    Set.of("elasticmapreduce:AddTags", "elasticmapreduce:TerminateJobFlows", "iam:PassRole"),
            // partitions that have no rows any more
            "glue:BatchCreatePartition", Set.of("glue:BatchDeletePartition"),
            // files of gold that no table has named since
            "glue:UpdateTable", Set.of("s3:DeleteObject"),
            "redshift-data:BatchExecuteStatement", Set.of("redshift-data:CancelStatement"),
            "s3:GetObject", Set.of("kms:Decrypt"),
            "s3:PutObject", Set.of("kms:GenerateDataKey"));

    /** The driver of dbt, and the Data API in the caller's name: on one machine both sign in to PostgreSQL. */
    private static final Map<String, Set<String>> SIGN_IN = Map.of(
            "AWS::RedshiftServerless::Workgroup",
            Set.of("redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"),
            "AWS::Redshift::Cluster",
            Set.of("redshift:DescribeClusters", "redshift:GetClusterCredentialsWithIAM"));

    /** MWAA itself, in the role of its tasks: https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html. */
    private static final Set<String> MWAA = Set.of(
            "airflow:PublishMetrics",
            "kms:DescribeKey",
            "kms:Encrypt",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:GetLogEvents",
            "logs:GetLogGroupFields",
            "logs:GetLogRecord",
            "logs:GetQueryResults",
            "logs:PutLogEvents",
            "s3:GetAccountPublicAccessBlock",
            "s3:GetBucket*",
            "s3:GetEncryptionConfiguration",
            "s3:GetObject*",
            "s3:List*",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
            "sqs:SendMessage");

    /** The programs of the instance: its heartbeat, and its files from the CDK's bucket. */
    private static final Set<String> ON_DEMAND = Set.of("ssm:PutParameter");

    private final Synthesis synthesis = Synthesis.everything();

    @Test
    void theDagsRoleMayDoWhatDagsCallAndNothingElse() throws IOException {
        Map<String, String> wrong = new TreeMap<>();
        for (String stack : synthesis.templates().keySet()) {
            if (stack.endsWith("-airflow")) {
                Set<String> granted = granted(stack);
                Set<String> needed = needed(stack.replaceFirst("airflow$", ""));
                Set<String> missing = new TreeSet<>(needed);
                missing.removeAll(granted);
                Set<String> needless = new TreeSet<>(granted);
                needless.removeAll(needed);
                if (!missing.isEmpty() || !needless.isEmpty()) {
                    wrong.put(stack, "needs and may not: " + missing + ", may and does not need: " + needless);
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private Set<String> needed(String environment) throws IOException {
        boolean serverless = has(environment + "spark", "AWS::EMRServerless::Application");
        Set<String> needed = Files.readAllLines(Synthesis.CHECKOUT.resolve("airflow/aws-calls.txt")).stream()
                .filter(call -> !call.startsWith(serverless ? "elasticmapreduce:" : "emr-serverless:"))
                .map(call -> ACTION.getOrDefault(call, call))
                .flatMap(action -> Stream.concat(Stream.of(action), WITH.getOrDefault(action, Set.of()).stream()))
                .collect(Collectors.toCollection(TreeSet::new));
        SIGN_IN.forEach((type, actions) -> {
            if (has(environment + "warehouse", type)) {
                needed.addAll(actions);
            }
        });
        needed.addAll(has(environment + "airflow", "AWS::MWAA::Environment") ? MWAA : ON_DEMAND);
        return needed;
    }

    private boolean has(String stack, String type) {
        return !synthesis.resources(stack, type).isEmpty();
    }

    private Set<String> granted(String stack) {
        String role = synthesis.resources(stack, "AWS::IAM::Role").entrySet().stream()
                .filter(each ->
                        each.getValue().at("/Properties/Description").asText().equals("What DAGs may do"))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        Set<String> granted = new TreeSet<>();
        for (JsonNode policy : synthesis.resources(stack, "AWS::IAM::Policy").values()) {
            if (policy.at("/Properties/Roles").findValuesAsText("Ref").contains(role)) {
                policy.at("/Properties/PolicyDocument/Statement")
                        .forEach(statement -> granted.addAll(SecurityTest.texts(statement.get("Action"))));
            }
        }
        return granted;
    }
}
