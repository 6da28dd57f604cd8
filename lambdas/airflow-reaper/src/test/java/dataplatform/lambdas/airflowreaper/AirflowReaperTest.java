package dataplatform.lambdas.airflowreaper;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.LambdaRuntime;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/** On an instance that moto holds, at minutes after its launch that no test waits for. */
class AirflowReaperTest {
    private static final String HEARTBEAT = "/dataplatform/dev/airflow/heartbeat";
    private static final TerminationRules LIMITS =
            new TerminationRules(Duration.ofHours(8), Duration.ofMinutes(15), Duration.ofMinutes(30));

    @TempDir
    static Path folder;

    private static Moto moto;
    private static Ec2Client ec2;
    private static SsmClient ssm;
    private static String template;
    private static String anothers;

    private final List<String> log = new ArrayList<>();
    private Instance airflow;

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        ec2 = moto.client(Ec2Client.builder());
        ssm = moto.client(SsmClient.builder());
        template = template("airflow");
        anothers = launch(template("another")).instanceId();
    }

    @AfterAll
    static void stop() {
        ssm.close();
        ec2.close();
        moto.close();
    }

    @BeforeEach
    void launch() {
        airflow = launch(template);
        say("none yet");
    }

    @AfterEach
    void nobodyElseGoes() {
        assertThat(state(anothers)).isEqualTo(InstanceStateName.RUNNING);
        ec2.terminateInstances(request -> request.instanceIds(airflow.instanceId()));
    }

    @Test
    void keepsABusyOneUntilItIsTooOld() {
        for (int minute = 1; minute < 8 * 60; minute += 10) {
            say(heartbeat(minute, 1, null, null));
            assertKept(minute + 1);
        }
        say(heartbeat(8 * 60 - 1, 1, null, null));
        assertGone(8 * 60, "as old as it may be");
    }

    @Test
    void endsAnIdleOne() {
        say(heartbeat(29, 0, null, null));
        assertKept(29);
        say(heartbeat(30, 0, null, null));
        assertGone(30, "idle for PT30M");
    }

    @Test
    void countsFromTheEndOfTheLastRun() {
        say(heartbeat(69, 0, 40, null));
        assertKept(69);
        say(heartbeat(70, 0, 40, null));
        assertGone(70, "idle for PT30M");
    }

    @Test
    void aLaunchCountsAsTheEndOfARun() {
        say(heartbeat(20, 0, -600, null));
        assertKept(20);
    }

    @Test
    void keepsOneForTheNextRunThatIsNear() {
        say(heartbeat(60, 0, null, 90));
        assertKept(60);
        say(heartbeat(95, 0, null, 90));
        assertKept(95);
        say(heartbeat(60, 0, null, 91));
        assertGone(60, "idle for PT30M");
    }

    @Test
    void doesNotWaitForARunThatNeverStarts() {
        say(heartbeat(120, 0, null, 90));
        assertKept(120);
        say(heartbeat(121, 0, null, 90));
        assertGone(121, "idle for PT30M");
    }

    @Test
    void endsOneThatFallsSilentThoughItWasBusy() {
        say(heartbeat(60, 3, null, null));
        assertKept(74);
        assertGone(75, "said nothing for PT15M");
    }

    @Test
    void endsOneThatNeverSaysAnything() {
        ssm.deleteParameter(request -> request.name(HEARTBEAT));
        assertKept(14);
        assertGone(15, "said nothing for PT15M");
    }

    @Test
    void whatTheOneBeforeSaidIsNotItsOwn() {
        say(heartbeat(15, 5, null, null).replace(airflow.instanceId(), "i-0123456789abcdef0"));
        assertGone(15, "said nothing for PT15M");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "?",
                "[]",
                "{\"instance\": \"%s\", \"running\": 1}",
                "{\"instance\": \"%s\", \"running\": \"1\", \"at\": \"2999-01-01T00:00:00Z\"}",
                "{\"instance\": \"%s\", \"running\": 1, \"at\": \"today\"}"
            })
    void aHeartbeatThatCannotBeReadIsNone(String text) {
        say(text.formatted(airflow.instanceId()));
        assertKept(14);
        assertGone(15, "said nothing for PT15M");
        assertThat(log).anyMatch(line -> line.contains(HEARTBEAT + " holds no heartbeat: "));
    }

    @Test
    void endsAStoppedOneToo() {
        ec2.stopInstances(request -> request.instanceIds(airflow.instanceId()));
        assertGone(15, "said nothing for PT15M");
        assertThat(reap(16)).isEmpty();
    }

    @Test
    void runsInLambda() throws Exception {
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("LAUNCH_TEMPLATE_ID", template);
        environment.put("HEARTBEAT_PARAMETER", HEARTBEAT);
        environment.put("AGE", "PT8H");
        environment.put("SILENCE", "PT15M");
        environment.put("IDLE", "PT0S");
        try (LambdaRuntime function = LambdaRuntime.start(
                Path.of("target", "airflow-reaper.jar"), AirflowReaper.class.getName(), environment, folder)) {
            say(heartbeat(0, 1, null, null));
            assertThat(function.invoke("{}")).isEqualTo(new LambdaRuntime.Answer("{}", false));
            say(heartbeat(0, 0, null, null));
            assertThat(function.invoke("{}").body()).contains(airflow.instanceId(), "idle for PT0S");
            assertThat(function.log()).contains("\"message\":\"terminated " + airflow.instanceId());
        }
        assertThat(state(airflow.instanceId())).isEqualTo(InstanceStateName.TERMINATED);
    }

    @Test
    void endsABusyOneWhenItIsAskedTo() {
        say(heartbeat(1, 2, null, null));
        Map<String, String> gone =
                new AirflowReaper(ec2, ssm, () -> at(1), template, HEARTBEAT, LIMITS).reap(true, log::add);
        assertThat(gone).containsEntry(airflow.instanceId(), "somebody wants it so");
        assertThat(state(airflow.instanceId())).isEqualTo(InstanceStateName.TERMINATED);
    }

    private void assertKept(int minute) {
        assertThat(reap(minute)).isEmpty();
        assertThat(state(airflow.instanceId())).isEqualTo(InstanceStateName.RUNNING);
    }

    private void assertGone(int minute, String why) {
        assertThat(reap(minute)).hasSize(1).hasEntrySatisfying(airflow.instanceId(), reason -> assertThat(reason)
                .contains(why));
        assertThat(state(airflow.instanceId())).isEqualTo(InstanceStateName.TERMINATED);
    }

    private Map<String, String> reap(int minute) {
        return new AirflowReaper(ec2, ssm, () -> at(minute), template, HEARTBEAT, LIMITS).reap(false, log::add);
    }

    private Instant at(int minute) {
        return airflow.launchTime().plus(Duration.ofMinutes(minute));
    }

    /** As the instance writes it, with times in minutes after its launch. */
    private String heartbeat(int minute, int running, Integer lastEnd, Integer nextDue) {
        return "{\"instance\": \"%s\", \"at\": \"%s\", \"running\": %d, \"lastEnd\": %s, \"nextDue\": %s}"
                .formatted(airflow.instanceId(), at(minute), running, json(lastEnd), json(nextDue));
    }

    private String json(Integer minute) {
        return minute == null ? "null" : "\"" + at(minute) + "\"";
    }

    private static void say(String heartbeat) {
        ssm.putParameter(request -> request.name(HEARTBEAT)
                .type(ParameterType.STRING)
                .value(heartbeat)
                .overwrite(true));
    }

    private static String template(String name) {
        return ec2.createLaunchTemplate(request -> request.launchTemplateName(name)
                        .launchTemplateData(
                                data -> data.imageId("ami-12c6146b").instanceType(InstanceType.T4_G_MEDIUM)))
                .launchTemplate()
                .launchTemplateId();
    }

    private static Instance launch(String template) {
        return ec2.runInstances(request -> request.launchTemplate(from -> from.launchTemplateId(template))
                        .minCount(1)
                        .maxCount(1))
                .instances()
                .get(0);
    }

    private static InstanceStateName state(String id) {
        return ec2.describeInstances(request -> request.instanceIds(id))
                .reservations()
                .get(0)
                .instances()
                .get(0)
                .state()
                .name();
    }
}
