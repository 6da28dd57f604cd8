package dataplatform.lambdas.startreplication;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.CloudFormation;
import dataplatform.local.lambda.LambdaRuntime;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.MigrationTypeValue;

/** The packed function, under Lambda's client, on a task that moto holds. */
class StartReplicationTest {
    private static final String TABLES = "{\"rules\":[]}";

    @TempDir
    static Path folder;

    private static Moto moto;
    private static DatabaseMigrationClient dms;
    private static LambdaRuntime function;
    private static CloudFormation cloudFormation;

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        dms = moto.client(DatabaseMigrationClient.builder());
        function = LambdaRuntime.start(
                Path.of("target", "start-replication.jar"),
                StartReplication.class.getName(),
                moto.environment(),
                folder);
        cloudFormation = CloudFormation.start(function);
    }

    @AfterAll
    static void stop() {
        cloudFormation.close();
        dms.close();
        moto.close();
    }

    @Test
    void startsStopsAndForgetsATask() throws Exception {
        String arn = dms.createReplicationTask(request -> request.replicationTaskIdentifier("shop")
                        .sourceEndpointArn("arn:aws:dms:us-east-1:123456789012:endpoint:SOURCE")
                        .targetEndpointArn("arn:aws:dms:us-east-1:123456789012:endpoint:TARGET")
                        .replicationInstanceArn("arn:aws:dms:us-east-1:123456789012:rep:INSTANCE")
                        .migrationType(MigrationTypeValue.FULL_LOAD_AND_CDC)
                        .tableMappings(TABLES))
                .replicationTask()
                .replicationTaskArn();
        Map<String, String> properties = Map.of("ReplicationTaskArn", arn, "TableMappings", TABLES);

        assertThat(cloudFormation.create(properties)).isEqualTo(new CloudFormation.Answer("SUCCESS", arn, ""));
        assertThat(status()).isEqualTo("running");
        assertThat(cloudFormation.update(arn, properties).status()).isEqualTo("SUCCESS");
        assertThat(status()).isEqualTo("running");
        assertThat(cloudFormation.delete(arn, properties).status()).isEqualTo("SUCCESS");
        assertThat(status()).isEqualTo("stopped");
        assertThat(cloudFormation.create(properties).status()).isEqualTo("SUCCESS");
        assertThat(status()).isEqualTo("running");
        dms.deleteReplicationTask(request -> request.replicationTaskArn(arn));
        assertThat(cloudFormation.delete(arn, properties).status()).isEqualTo("SUCCESS");
        CloudFormation.Answer answer = cloudFormation.create(properties);
        assertThat(answer.status()).isEqualTo("FAILED");
        assertThat(answer.reason()).contains("there is no such replication");
        assertThat(cloudFormation.log())
                .contains("\"message\":\"start with a full load\"", "\"AWSRequestId\":")
                .doesNotContain("signature=secret");
    }

    @Test
    void keepsTheSignedAddressOutOfTheLog() throws Exception {
        function.invoke("""
                {"RequestType": "Create", "ResponseURL": "http://127.0.0.1:1/?Signature=abc", "StackId": "stack", "RequestId": "1",
                 "LogicalResourceId": "Start", "ResourceProperties": {}}""");
        assertThat(function.log())
                .contains("CloudFormation could not be answered: java.net.ConnectException")
                .doesNotContain("Signature=abc");
    }

    private static String status() {
        return dms.describeReplicationTasks(request -> {})
                .replicationTasks()
                .get(0)
                .status();
    }
}
