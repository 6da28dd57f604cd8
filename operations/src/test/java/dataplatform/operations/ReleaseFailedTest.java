package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Ports;
import dataplatform.local.process.Project;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.cloudformation.model.CloudFormationException;
import software.amazon.awssdk.services.cloudformation.model.Stack;

/** The command as the Makefile starts it, on ministack, which protects stacks as AWS does; moto does not. */
class ReleaseFailedTest {
    private static final String WORKS = "{\"Resources\": {\"Topic\": {\"Type\": \"AWS::SNS::Topic\"}}}";
    private static final String FAILS = """
            {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Fails": {"Type": "AWS::KMS::Alias", "DependsOn": "Topic",
            "Properties": {"AliasName": "no alias", "TargetKeyId": "no key"}}}}
            """;

    @TempDir
    Path folder;

    @Test
    void aFirstDeploymentThatFailedCanBeTriedAgainAndNothingElseLosesItsProtection() throws Exception {
        String port = Integer.toString(Ports.free());
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        Map<String, String> environment = Map.of(
                "AWS_ENDPOINT_URL", endpoint.toString(),
                "AWS_ACCESS_KEY_ID", "222222222222",
                "AWS_SECRET_ACCESS_KEY", "secret",
                "AWS_REGION", "us-east-1");
        try (ChildProcess server = ChildProcess.start(
                        "ministack",
                        List.of(Project.file(".venv/bin/python").toString(), "-m", "ministack"),
                        Map.of("BIND_HOST", "127.0.0.1", "GATEWAY_PORT", port),
                        folder.resolve("ministack.log"));
                CloudFormationClient stacks = CloudFormationClient.builder()
                        .endpointOverride(endpoint)
                        .region(Region.US_EAST_1)
                        .credentialsProvider(
                                StaticCredentialsProvider.create(AwsBasicCredentials.create("222222222222", "secret")))
                        .build()) {
            server.awaitAnswer(endpoint.resolve("/_ministack/health"), "");
            create(stacks, "dataplatform-staging-lake", WORKS);
            create(stacks, "dataplatform-staging-spark", FAILS);
            create(stacks, "dataplatform-production-spark", FAILS);
            assertThatThrownBy(() -> stacks.deleteStack(request -> request.stackName("dataplatform-staging-spark")))
                    .isInstanceOf(CloudFormationException.class)
                    .hasMessageContaining("TerminationProtection is enabled");

            assertThat(Shell.run(environment, ReleaseFailed.class, "--environment", "staging"))
                    .isEqualTo("the first deployment of dataplatform-staging-spark failed; it may be deleted,"
                            + " so that it can be tried again\nexit code 0");

            stacks.deleteStack(request -> request.stackName("dataplatform-staging-spark"));
            assertThat(stacks.describeStacks().stacks().stream()
                            .filter(Stack::enableTerminationProtection)
                            .map(Stack::stackName))
                    .containsExactlyInAnyOrder("dataplatform-staging-lake", "dataplatform-production-spark");
            assertThat(Shell.run(environment, ReleaseFailed.class, "--environment", "staging"))
                    .isEqualTo("exit code 0");
        }
    }

    /** Returns when it has ended, well or not. */
    private static void create(CloudFormationClient stacks, String name, String template) throws InterruptedException {
        stacks.createStack(
                request -> request.stackName(name).templateBody(template).enableTerminationProtection(true));
        for (int attempt = 0; attempt < 300; attempt++) {
            String status = stacks.describeStacks(request -> request.stackName(name))
                    .stacks()
                    .get(0)
                    .stackStatusAsString();
            if (!status.endsWith("_IN_PROGRESS")) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError(name + " is still being made");
    }
}
