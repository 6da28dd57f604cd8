package dataplatform.lambdas.startreplication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.databasemigration.model.ReplicationTask;
import software.amazon.lambda.powertools.cloudformation.Response;

/** What is ordered of a task in each of its states. */
class ReplicationStatesTest {
    private static final String ORDERS =
            "{\"rules\":[{\"rule-type\":\"selection\",\"rule-id\":\"1\",\"table\":\"orders\"}]}";
    private static final String ORDERS_AS_DMS_WRITES_IT =
            "{ \"rules\": [ {\"rule-id\":\"1\", \"rule-type\":\"selection\", \"load-order\":null, \"table\":\"orders\"} ] }";
    private static final String ALL = "{\"rules\":[{\"rule-type\":\"selection\",\"rule-id\":\"1\",\"table\":\"%\"}]}";

    @ParameterizedTest
    @ValueSource(strings = {"ready", "failed"})
    void startsANewOne(String status) {
        FakeDms dms = new FakeDms(ORDERS, status);
        assertThat(create(dms, ORDERS).getPhysicalResourceId()).isEqualTo(FakeDms.ARN);
        assertThat(dms.orders).containsExactly("start-replication");
    }

    @Test
    void resumesAStoppedOne() {
        FakeDms dms = new FakeDms(ORDERS_AS_DMS_WRITES_IT, "moving", "stopped");
        assertThat(create(dms, ORDERS).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).containsExactly("resume-processing");
    }

    @Test
    void resumesAFailedOneThatHasLoaded() {
        FakeDms dms = new FakeDms(ORDERS)
                .then(ReplicationTask.builder()
                        .status("failed")
                        .recoveryCheckpoint("checkpoint:V1#1")
                        .build());
        create(dms, ORDERS);
        assertThat(dms.orders).containsExactly("resume-processing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"running", "starting"})
    void leavesARunningOneAlone(String status) {
        FakeDms dms = new FakeDms(ORDERS_AS_DMS_WRITES_IT, status);
        assertThat(update(dms, ORDERS).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).isEmpty();
    }

    @Test
    void changesTheTablesOfARunningOneAndResumesIt() {
        FakeDms dms = new FakeDms(ORDERS, "starting", "running", "stopping", "stopped", "modifying", "stopped");
        assertThat(update(dms, ALL).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).containsExactly("stop", "modify", "resume-processing");
    }

    @Test
    void resumesOneThatWasMadeReadyByTheChange() {
        FakeDms dms = new FakeDms(ORDERS, "stopped", "modifying", "ready");
        update(dms, ALL);
        assertThat(dms.orders).containsExactly("modify", "resume-processing");

        FakeDms changedByCloudFormation = new FakeDms(ALL)
                .then(ReplicationTask.builder()
                        .status("ready")
                        .replicationTaskStats(stats -> stats.freshStartDate(Instant.EPOCH))
                        .build());
        update(changedByCloudFormation, ALL);
        assertThat(changedByCloudFormation.orders).containsExactly("resume-processing");
    }

    @Test
    void triesAgainWhatDmsRefuses() {
        FakeDms dms = new FakeDms(ORDERS, "stopped").refuse(2);
        assertThat(update(dms, ORDERS).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).containsExactly("resume-processing");
    }

    @Test
    void saysWhatItWaitedForInVain() {
        FakeDms dms = new FakeDms(ORDERS, "modifying");
        Response response = new StartReplication(dms, Duration.ofMillis(1))
                .create(event(Map.of("ReplicationTaskArn", FakeDms.ARN, "TableMappings", ORDERS)), context(20_010));
        assertThat(response.getStatus()).isEqualTo(Response.Status.FAILED);
        assertThat(response.getReason()).startsWith(FakeDms.ARN + ": it is still modifying");
        assertThat(dms.orders).isEmpty();
    }

    @Test
    void stopsADeletedOneAndWaits() {
        FakeDms dms = new FakeDms(ORDERS, "starting", "running", "stopping", "stopped");
        assertThat(delete(dms).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).containsExactly("stop");
    }

    @Test
    void deletesOneThatIsGone() {
        FakeDms dms = new FakeDms(ORDERS);
        assertThat(delete(dms).getStatus()).isEqualTo(Response.Status.SUCCESS);
        assertThat(dms.orders).isEmpty();
    }

    @Test
    void refusesPropertiesThatAreMissing() {
        List<Map<String, Object>> wrong =
                List.of(Map.of("TableMappings", ORDERS), Map.of("ReplicationTaskArn", FakeDms.ARN));
        for (Map<String, Object> properties : wrong) {
            StartReplication function = new StartReplication(new FakeDms(ORDERS, "ready"), Duration.ofMillis(1));
            Response response = function.create(event(properties), context(60_000));
            assertThat(response.getReason()).contains("give ReplicationTaskArn and TableMappings");
            // as CloudFormation asks for next
            assertThat(function.delete(event(properties), context(60_000)).getStatus())
                    .isEqualTo(Response.Status.SUCCESS);
        }
    }

    private static Response create(FakeDms dms, String tableMappings) {
        return function(dms)
                .create(
                        event(Map.of("ReplicationTaskArn", FakeDms.ARN, "TableMappings", tableMappings)),
                        context(60_000));
    }

    private static Response update(FakeDms dms, String tableMappings) {
        return function(dms)
                .update(
                        event(Map.of("ReplicationTaskArn", FakeDms.ARN, "TableMappings", tableMappings)),
                        context(60_000));
    }

    private static Response delete(FakeDms dms) {
        return function(dms)
                .delete(event(Map.of("ReplicationTaskArn", FakeDms.ARN, "TableMappings", ORDERS)), context(60_000));
    }

    private static StartReplication function(FakeDms dms) {
        return new StartReplication(dms, Duration.ofMillis(1));
    }

    private static CloudFormationCustomResourceEvent event(Map<String, Object> properties) {
        return CloudFormationCustomResourceEvent.builder()
                .withLogicalResourceId("Start")
                .withPhysicalResourceId(FakeDms.ARN)
                .withResourceProperties(new HashMap<>(properties))
                .build();
    }

    private static Context context(int remainingMillis) {
        Context context = mock(Context.class);
        when(context.getRemainingTimeInMillis()).thenReturn(remainingMillis);
        when(context.getLogger()).thenReturn(mock(LambdaLogger.class));
        return context;
    }
}
