package dataplatform.lambdas.startreplication;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.lambda.CloudFormation;
import dataplatform.local.lambda.LambdaRuntime;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packed function, under Lambda's client, on a task. */
class StartReplicationTest {
    private static final String TABLES = "{\"rules\":[]}";
    private static final Map<String, String> PROPERTIES =
            Map.of("ReplicationTaskArn", DmsTasks.TASK, "TableMappings", TABLES);

    @TempDir
    Path folder;

    private DmsTasks dms;
    private LambdaRuntime function;
    private CloudFormation cloudFormation;

    @BeforeEach
    void start() throws Exception {
        dms = new DmsTasks(TABLES, 1);
        function = LambdaRuntime.start(
                Path.of("target", "start-replication.jar"),
                StartReplication.class.getName(),
                dms.environment(),
                folder);
        cloudFormation = CloudFormation.start(function);
    }

    @AfterEach
    void stop() {
        cloudFormation.close();
        dms.close();
    }

    @Test
    void startsStopsAndForgetsATask() throws Exception {
        assertThat(cloudFormation.create(PROPERTIES))
                .isEqualTo(new CloudFormation.Answer("SUCCESS", DmsTasks.TASK, ""));
        assertThat(dms.status()).isEqualTo("running");
        assertThat(dms.orders)
                .as("both connections, of which one fails once, and then one start")
                .containsOnlyOnce("StartReplicationTaskstart-replication")
                .endsWith("StartReplicationTaskstart-replication")
                .filteredOn("TestConnection"::equals)
                .hasSize(3);
        assertThat(cloudFormation.update(DmsTasks.TASK, PROPERTIES).status()).isEqualTo("SUCCESS");
        assertThat(dms.status()).isEqualTo("running");
        assertThat(cloudFormation.delete(DmsTasks.TASK, PROPERTIES).status()).isEqualTo("SUCCESS");
        assertThat(dms.status()).isEqualTo("stopped");
        assertThat(cloudFormation.create(PROPERTIES).status()).isEqualTo("SUCCESS");
        assertThat(dms.orders).endsWith("StartReplicationTaskresume-processing");
        dms.forget();
        assertThat(cloudFormation.delete(DmsTasks.TASK, PROPERTIES).status()).isEqualTo("SUCCESS");
        CloudFormation.Answer answer = cloudFormation.create(PROPERTIES);
        assertThat(answer.status()).isEqualTo("FAILED");
        assertThat(answer.reason()).contains("there is no such replication");
        assertThat(cloudFormation.log())
                .contains(
                        "is failed: the role can't be assumed",
                        "\"message\":\"start with a full load\"",
                        "\"AWSRequestId\":")
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
}
