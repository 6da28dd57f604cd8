package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.cdk.config.Environment;
import dataplatform.local.aws.Moto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.lakeformation.LakeFormationClient;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The command as the Makefile starts it, on an account that moto holds. */
class DoctorTest {
    private static final String TEMPLATE = "{\"Resources\":{\"Topic\":{\"Type\":\"AWS::SNS::Topic\"}}}";

    private static final String TRUST = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "dms.amazonaws.com"}}]}
            """;

    @TempDir
    static Path folder;

    @Test
    void saysWhatWouldStopADeployment() throws Exception {
        try (Moto moto = Moto.start(folder);
                Ec2Client ec2 = moto.client(Ec2Client.builder());
                SsmClient ssm = moto.client(SsmClient.builder());
                IamClient iam = moto.client(IamClient.builder());
                LakeFormationClient lake = moto.client(LakeFormationClient.builder());
                CloudFormationClient stacks = moto.client(CloudFormationClient.builder())) {
            context("repository", "");
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "ok    account        123456789012, region us-east-1",
                            "STOP  bootstrap      the CDK's bucket and roles are not there: make bootstrap ENV=dev",
                            "ok    stacks         none yet")
                    .endsWith("exit code 1");

            bootstrapped(ssm, "14");
            assertThat(run(moto, "us-west-2"))
                    .contains("ok    zones          us-west-2a, us-west-2b, us-west-2c have all services");
            String lacking = ec2.describeAvailabilityZones(request -> request.zoneIds("use1-az3"))
                    .availabilityZones()
                    .get(0)
                    .zoneName();
            context("zones", "us-east-1a, us-east-1b, " + lacking);
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "STOP  zones",
                            lacking + " lacks services; put into cdk.json, under context: \"zones\": \"");
            String proposed = run(moto, "us-east-1").replaceAll("(?s).*\"zones\": \"(.*?)\".*", "$1");
            context("zones", proposed);
            assertThat(run(moto, "us-east-1")).contains("ok    zones          " + proposed.replace(",", ", "));
            assertThat(run(moto, "us-east-1")).contains("STOP  bootstrap      version 14 is too old");
            bootstrapped(ssm, "30");
            for (int i = 0; i < 5; i++) {
                ec2.createVpc(request -> request.cidrBlock("10.1.0.0/16"));
            }
            // as somebody has made it by hand
            iam.createRole(request -> request.roleName("dms-vpc-role").assumeRolePolicyDocument(TRUST));
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "ok    bootstrap      version 30",
                            "STOP  networks       6 are there, and 5 is this region's quota",
                            "look  vCPUs of Spark the quota is not told; dev grows to 16",
                            "STOP  roles of DMS   [dms-cloudwatch-logs-role, dms-vpc-role] are not there, or lack");
            assertThat(prepare(moto, "acme/shop"))
                    .contains(
                            "made the role dms-cloudwatch-logs-role",
                            "the role dms-vpc-role is there",
                            "made the identity provider of GitHub");
            assertThat(iam.listOpenIDConnectProviders().openIDConnectProviderList())
                    .singleElement()
                    .satisfies(provider -> assertThat(provider.arn()).endsWith(PrepareAccount.GITHUB));
            assertThat(prepare(moto, "")).doesNotContain("made", "GitHub");

            // what the environment has itself is in nobody's way
            stacks.createStack(
                    request -> request.stackName("dataplatform-dev-network").templateBody(TEMPLATE));
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "ok    stacks         1 are there, and can be deployed to",
                            "ok    roles of DMS   they are there",
                            "ok    Lake Formation IAM alone decides",
                            "dev can be deployed")
                    .doesNotContain("networks");
            lake.putDataLakeSettings(request -> request.dataLakeSettings(settings ->
                    settings.createTableDefaultPermissions(List.of()).createDatabaseDefaultPermissions(List.of())));
            assertThat(run(moto, "us-east-1"))
                    .contains(
                            "STOP  Lake Formation it decides who reads new tables",
                            "dev can not be deployed: Lake Formation");
        }
    }

    private static void bootstrapped(SsmClient ssm, String version) {
        ssm.putParameter(request -> request.name("/cdk-bootstrap/hnb659fds/version")
                .value(version)
                .type("String")
                .overwrite(true));
    }

    @Test
    void knowsWhatSparkGrowsToInEachEnvironment() {
        for (Environment environment : Environment.ALL) {
            assertThat(environment.spark())
                    .isEqualTo(new Environment.Spark.Serverless(
                            Doctor.VCPUS.getOrDefault(environment.name(), Doctor.VCPUS_OF_OTHERS)));
        }
    }

    private static String prepare(Moto moto, String repository) throws Exception {
        context("repository", repository);
        return Shell.run(
                moto.environment(),
                PrepareAccount.class,
                "--context",
                folder.resolve("cdk.json").toString());
    }

    private static void context(String name, String value) throws IOException {
        Files.writeString(folder.resolve("cdk.json"), "{\"context\": {\"" + name + "\": \"" + value + "\"}}");
    }

    private static String run(Moto moto, String region) throws Exception {
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("AWS_REGION", region);
        return Shell.run(
                environment,
                Doctor.class,
                "--environment",
                "dev",
                "--context",
                folder.resolve("cdk.json").toString());
    }
}
