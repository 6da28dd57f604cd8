package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;
import software.amazon.awssdk.services.emrserverless.EmrServerlessClient;
import software.amazon.awssdk.services.emrserverless.model.ApplicationState;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.rds.RdsClient;

/** The command as {@code cdk-app/destroy} starts it, on an account that moto holds. */
class PrepareDestroyTest {
    private static final String POLICY = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
            """;

    @TempDir
    Path folder;

    @Test
    void endsWhatStandsInTheWayAndNothingOfAnotherEnvironment() throws Exception {
        try (Moto moto = Moto.start(folder);
                Ec2Client ec2 = moto.client(Ec2Client.builder());
                RdsClient rds = moto.client(RdsClient.builder());
                EmrServerlessClient spark = moto.client(EmrServerlessClient.builder());
                IamClient iam = moto.client(IamClient.builder())) {
            assertThat(run(moto)).as("of an environment that has nothing").isEqualTo("exit code 0");

            String airflow = instance(ec2, "dev");
            String other = instance(ec2, "staging");
            for (String name : List.of("dataplatform-dev-source", "dataplatform-staging-source")) {
                rds.createDBInstance(request -> request.dbInstanceIdentifier(name)
                        .dbInstanceClass("db.t4g.micro")
                        .engine("postgres")
                        .allocatedStorage(20)
                        .masterUsername("shop_admin")
                        .masterUserPassword("a password"));
                rds.stopDBInstance(request -> request.dbInstanceIdentifier(name));
            }
            String application = spark.createApplication(request -> request.name("dataplatform-dev-spark")
                            .releaseLabel("emr-7.10.0")
                            .type("SPARK"))
                    .applicationId();
            spark.startApplication(request -> request.applicationId(application));
            // moto ends it at once: that one which runs is cancelled is not shown here
            spark.startJobRun(request -> request.applicationId(application)
                            .executionRoleArn("arn:aws:iam::123456789012:role/spark")
                            .jobDriver(driver -> driver.sparkSubmit(submit -> submit.entryPoint("s3://jobs/jobs.jar"))))
                    .jobRunId();
            String policy = iam.createPolicy(request ->
                            request.policyName("dataplatform-dev-analyst").policyDocument(POLICY))
                    .policy()
                    .arn();
            iam.createUser(request -> request.userName("anna"));
            iam.attachUserPolicy(request -> request.userName("anna").policyArn(policy));

            assertThat(run(moto))
                    .isEqualTo("Nothing was deleted. Detach what people were given, and call again:"
                            + " dataplatform-dev-analyst of the user anna\nexit code 1");
            assertThat(state(ec2, airflow)).isEqualTo(InstanceStateName.RUNNING);

            iam.detachUserPolicy(request -> request.userName("anna").policyArn(policy));
            assertThat(run(moto))
                    .contains("ending instances: " + airflow, "starting the source database")
                    .doesNotContain(other)
                    .endsWith("exit code 0");
            assertThat(state(ec2, airflow)).isEqualTo(InstanceStateName.TERMINATED);
            assertThat(state(ec2, other)).isEqualTo(InstanceStateName.RUNNING);
            assertThat(Stream.of("dataplatform-dev-source", "dataplatform-staging-source")
                            .map(name -> rds.describeDBInstances(request -> request.dbInstanceIdentifier(name))
                                    .dbInstances()
                                    .get(0)
                                    .dbInstanceStatus()))
                    .containsExactly("available", "stopped");
            assertThat(spark.getApplication(request -> request.applicationId(application))
                            .application()
                            .state())
                    .isEqualTo(ApplicationState.STOPPED);
        }
    }

    private static String instance(Ec2Client ec2, String environment) {
        List<Tag> tags = Map.of("platform", "dataplatform", "environment", environment).entrySet().stream()
                .map(tag ->
                        Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
                .toList();
        String image = ec2.describeImages().images().get(0).imageId();
        return ec2.runInstances(request -> request.imageId(image)
                        .instanceType(InstanceType.T3_MICRO)
                        .minCount(1)
                        .maxCount(1)
                        // as a function starts it; moto here keeps them as EC2 does
                        .clientToken(environment)
                        .tagSpecifications(TagSpecification.builder()
                                .resourceType(ResourceType.INSTANCE)
                                .tags(tags)
                                .build()))
                .instances()
                .get(0)
                .instanceId();
    }

    private static InstanceStateName state(Ec2Client ec2, String id) {
        return ec2.describeInstances(request -> request.instanceIds(id)).reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .map(Instance::state)
                .findFirst()
                .orElseThrow()
                .name();
    }

    private static String run(Moto moto) throws Exception {
        return Shell.run(moto.environment(), PrepareDestroy.class, "--environment", "dev");
    }
}
