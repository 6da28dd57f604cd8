package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The command as the Makefile starts it, on an account that moto holds. */
class DoctorTest {
    private static final String TEMPLATE = "{\"Resources\":{\"Topic\":{\"Type\":\"AWS::SNS::Topic\"}}}";

    @TempDir
    static Path folder;

    @Test
    void saysWhatWouldStopADeployment() throws Exception {
        try (Moto moto = Moto.start(folder);
                Ec2Client ec2 = moto.client(Ec2Client.builder());
                SsmClient ssm = moto.client(SsmClient.builder());
                IamClient iam = moto.client(IamClient.builder());
                CloudFormationClient stacks = moto.client(CloudFormationClient.builder())) {
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "ok    account        123456789012, region us-east-1",
                            "STOP  bootstrap      the CDK's bucket and roles are not there: make bootstrap ENV=dev",
                            "ok    stacks         none yet")
                    .endsWith("exit code 1");

            bootstrapped(ssm, "14");
            assertThat(run(moto, "us-west-2")).contains("ok    zones          the first three have all services");
            assertThat(run(moto, "us-east-1")).contains("STOP  bootstrap      version 14 is too old");
            bootstrapped(ssm, "30");
            for (int i = 0; i < 5; i++) {
                ec2.createVpc(request -> request.cidrBlock("10.1.0.0/16"));
            }
            iam.createRole(request -> request.roleName("dms-vpc-role").assumeRolePolicyDocument("{}"));
            iam.createOpenIDConnectProvider(request -> request.url("https://token.actions.githubusercontent.com")
                    .thumbprintList("0123456789012345678901234567890123456789"));
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "ok    bootstrap      version 30",
                            "look  networks       6 are there, and 5 is what a region allows",
                            "look  roles of DMS   [dms-vpc-role] are there",
                            "look  GitHub         its identity provider is there");

            // what the environment has itself is in nobody's way
            for (String part : List.of("network", "replication", "delivery")) {
                stacks.createStack(
                        request -> request.stackName("dataplatform-dev-" + part).templateBody(TEMPLATE));
            }
            assertThat(run(moto, "us-east-1"))
                    .contains("ok    stacks         3 are there, and can be deployed to")
                    .doesNotContain("look");
        }
    }

    private static void bootstrapped(SsmClient ssm, String version) {
        ssm.putParameter(request -> request.name("/cdk-bootstrap/hnb659fds/version")
                .value(version)
                .type("String")
                .overwrite(true));
    }

    private static String run(Moto moto, String region) throws Exception {
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("AWS_REGION", region);
        return Shell.run(environment, Doctor.class, "--environment", "dev");
    }
}
