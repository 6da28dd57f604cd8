package dataplatform.lambdas.startdag;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.lambdas.airflowlauncher.AirflowLauncher;
import dataplatform.lambdas.startdag.Airflow.Answer;
import dataplatform.local.airflow.AirflowMachine;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.LambdaServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.client.config.SdkAdvancedClientOption;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.mwaa.MwaaClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/** From a queue to a run in real Airflow, the packed function under Lambda's client, and the launcher too. */
class StartDagTest {
    private static final String HEARTBEAT = "/dataplatform/dev/airflow/heartbeat";
    private static final String LAUNCHES = "/dataplatform/dev/airflow/launches";
    private static final String LAUNCHER = "dataplatform-dev-airflow-launcher";
    private static final String DOCUMENT = "dataplatform-dev-call-airflow";
    /** When a heartbeat was said. */
    private static final String AT = "(?<before>\"at\": \")[^\"]+";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DAGS = """
            import time
            from datetime import datetime
            from pathlib import Path
            from airflow.sdk import DAG, task

            for name in ("finance", "asleep", "slow"):
                with DAG(
                    name,
                    schedule=None,
                    start_date=datetime(2020, 1, 1),
                    max_active_runs=1 if name == "slow" else 16,
                    is_paused_upon_creation=name == "asleep",
                ):
                    @task
                    def work(dag_run=None):
                        assert dag_run.conf["files"][0].startswith("s3://landing/"), dag_run.conf
                        while dag_run.dag_id == "slow" and not Path("GO").exists():
                            time.sleep(0.2)
                    work()
            """;

    @TempDir
    static Path folder;

    private static Moto moto;
    private static SsmClient ssm;
    private static SqsClient sqs;
    private static LambdaRuntime launcher;
    private static LambdaServer functions;
    private static AirflowMachine machine;
    private static Edge edge;
    private static LambdaRuntime function;
    private static MwaaClient mwaa;
    private static String heartbeat;
    private static int files;

    private final List<String> log = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        ssm = moto.client(SsmClient.builder());
        sqs = moto.client(SqsClient.builder());
        put(LAUNCHES, "1");
        String template;
        try (Ec2Client ec2 = moto.client(Ec2Client.builder())) {
            template = ec2.createLaunchTemplate(request -> request.launchTemplateName("airflow")
                            .launchTemplateData(
                                    data -> data.imageId("ami-12c6146b").instanceType(InstanceType.T4_G_MEDIUM)))
                    .launchTemplate()
                    .launchTemplateId();
        }
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("LAUNCH_TEMPLATE_ID", template);
        environment.put("LAUNCHES_PARAMETER", LAUNCHES);
        launcher = LambdaRuntime.start(
                Path.of("..", "airflow-launcher", "target", "airflow-launcher.jar"),
                AirflowLauncher.class.getName(),
                environment,
                folder);
        functions = LambdaServer.start(Map.of(LAUNCHER, launcher));
        String instance =
                JSON.readTree(launcher.invoke("{}").body()).get("instanceId").asText();
        machine = AirflowMachine.start(
                moto,
                instance,
                Map.of("dags.py", DAGS.replace("GO", folder.resolve("go").toString())),
                HEARTBEAT,
                folder,
                "");
        assertThat(machine.log()).contains("Airflow is up");
        heartbeat =
                ssm.getParameter(request -> request.name(HEARTBEAT)).parameter().value();
        edge = Edge.start(moto, machine);

        environment.putAll(functions.environment());
        environment.put("AWS_ENDPOINT_URL_SSM", edge.endpoint().toString());
        environment.put("LAUNCHER_FUNCTION", LAUNCHER);
        environment.put("HEARTBEAT_PARAMETER", HEARTBEAT);
        environment.put("CALL_DOCUMENT", DOCUMENT);
        function =
                LambdaRuntime.start(Path.of("target", "start-dag.jar"), StartDag.class.getName(), environment, folder);
        mwaa = client(MwaaClient.builder()
                .overrideConfiguration(override ->
                        override.putAdvancedOption(SdkAdvancedClientOption.DISABLE_HOST_PREFIX_INJECTION, true)));
        awaitDags();
    }

    private static <C> C client(AwsClientBuilder<?, C> builder) {
        builder.endpointOverride(edge.endpoint());
        builder.region(Region.US_EAST_1);
        builder.credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")));
        return builder.build();
    }

    @AfterAll
    static void stop() {
        function.close();
        mwaa.close();
        edge.close();
        machine.close();
        functions.close();
        launcher.close();
        sqs.close();
        ssm.close();
        moto.close();
    }

    private enum Target {
        MWAA,
        ON_DEMAND
    }

    @BeforeEach
    void awake() throws Exception {
        // one that waits would take the files of the next test
        for (JsonNode run : runs("finance")) {
            awaitEnd("finance", run.get("dag_run_id").asText());
        }
        heartbeat = heartbeat.replaceAll(AT, "${before}" + Instant.now());
        put(HEARTBEAT, heartbeat);
    }

    @ParameterizedTest
    @EnumSource
    void startsARunForAFileAndOneAlone(Target target) throws Exception {
        String file = event("finance/bank transactions/ä+%2B.csv", "v1", 12);
        assertThat(deliver(target, file)).as("%s", log).isEmpty();
        // as EventBridge may, at least once; SQS too
        assertThat(deliver(target, file, file)).isEmpty();
        JsonNode run = onlyRun(id(file));
        assertThat(run.get("logical_date").isNull()).isTrue();
        assertThat(run.get("conf"))
                .isEqualTo(JSON.readTree("{\"files\": [\"s3://landing/finance/bank transactions/ä+%2B.csv\"]}"));
        assertThat(awaitEnd("finance", id(file))).isEqualTo("success");
        String again = event("finance/bank transactions/ä+%2B.csv", "v2", 12);
        assertThat(deliver(target, again)).isEmpty();
        assertThat(awaitEnd("finance", id(again))).isEqualTo("success");
    }

    @ParameterizedTest
    @EnumSource
    void whatFailsDoesNotHoldUpTheOthers(Target target) throws Exception {
        String good = event("finance/a.csv", "v1", 1);
        assertThat(deliver(
                        target,
                        "{}",
                        event("nowhere/a.csv", "v1", 1),
                        good,
                        event("asleep/a.csv", "v1", 1),
                        event("finance/", "v1", 0)))
                .containsExactlyInAnyOrder("m0", "m1", "m3");
        onlyRun(id(good));
        assertThat(said(target))
                .contains(
                        "there is no DAG nowhere",
                        "the DAG asleep is paused",
                        "s3://landing/finance/ is a folder: nothing to do",
                        "message m0: the message is no event of a created object");
        assertThat(runs("asleep")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void manyFilesAtOnceAreFewRuns(Target target) throws Exception {
        int before = runs("slow").size();
        for (int i = 0; i < 5; i++) {
            String batch = target + "-" + i;
            assertThat(deliver(
                            target,
                            IntStream.range(0, 17)
                                    .mapToObj(file -> event("slow/" + batch + "/" + file + ".csv", "v1", 1))
                                    .toArray(String[]::new)))
                    .isEmpty();
        }
        List<JsonNode> runs = runs("slow").subList(before, runs("slow").size());
        assertThat(runs).as("one that runs, and one that will take the rest").hasSizeBetween(1, 2);
        assertThat(runs.get(0).get("conf").get("files")).hasSize(17);

        Files.createFile(folder.resolve("go"));
        for (JsonNode run : runs) {
            assertThat(awaitEnd("slow", run.get("dag_run_id").asText())).isEqualTo("success");
        }
        Files.delete(folder.resolve("go"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "?",
                "[]",
                "{\"detail-type\": \"Object Created\"}",
                "{\"detail-type\": \"Object Deleted\", \"time\": \"t\", \"detail\": {\"bucket\": {\"name\": \"b\"}, \"object\": {\"key\": \"a/b\", \"size\": 1}}}",
                "{\"detail-type\": \"Object Created\", \"time\": \"t\", \"detail\": {\"bucket\": {\"name\": \"b\"}, \"object\": {\"key\": \"b\", \"size\": 1}}}",
                "{\"detail-type\": \"Object Created\", \"time\": \"t\", \"detail\": {\"bucket\": {\"name\": \"b\"}, \"object\": {\"key\": \"a'/b\", \"size\": 1}}}"
            })
    void keepsAMessageThatCannotBeRead(String message) throws Exception {
        assertThat(deliver(Target.ON_DEMAND, message)).containsExactly("m0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"instance\": \"i-another\", \"at\": \"2999-01-01T00:00:00Z\", \"running\": 0}",
                "{\"failed\": \"x\"}"
            })
    void waitsUntilAirflowIsUp(String said) throws Exception {
        String file = event("finance/b.csv", "v1", 1);
        put(HEARTBEAT, said);
        assertThat(deliver(Target.ON_DEMAND, file)).containsExactly("m0");
        assertThat(function.log()).contains("wait: Airflow is starting on i-");
        put(HEARTBEAT, heartbeat);
        assertThat(deliver(Target.ON_DEMAND, file)).isEmpty();
        onlyRun(id(file));
    }

    @Test
    void waitsForOneThatHasFallenSilent() throws Exception {
        put(HEARTBEAT, heartbeat.replaceAll(AT, "${before}2026-01-31T06:00:00Z"));
        assertThat(deliver(Target.ON_DEMAND, event("finance/c.csv", "v1", 1))).containsExactly("m0");
        assertThat(function.log()).contains("has said nothing since 2026-01-31T06:00:00Z");
    }

    @Test
    void waitsWhenTheLauncherFails() {
        try (LambdaClient lambda = client(LambdaClient.builder())) {
            Airflow airflow = new AirflowOnDemand(lambda, ssm, "gone", HEARTBEAT, DOCUMENT);
            assertThat(new StartDag(airflow).start(batch(event("finance/d.csv", "v1", 1)), this::log))
                    .containsExactly("m0");
            assertThat(log).anyMatch(line -> line.contains("[s3://landing/finance/d.csv] wait: "));
        }
    }

    @Test
    void theQueueKeepsWhatCannotBeStarted() throws Exception {
        String dead = queue("dead", Map.of());
        String arn = sqs.getQueueAttributes(
                        request -> request.queueUrl(dead).attributeNames(QueueAttributeName.QUEUE_ARN))
                .attributes()
                .get(QueueAttributeName.QUEUE_ARN);
        String queue = queue(
                "files",
                Map.of(
                        QueueAttributeName.VISIBILITY_TIMEOUT,
                        "1",
                        QueueAttributeName.REDRIVE_POLICY,
                        "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":\"3\"}"));
        String lost = event("nowhere/e.csv", "v1", 1);
        String good = event("finance/e.csv", "v1", 1);
        List.of(lost, good)
                .forEach(each ->
                        sqs.sendMessage(request -> request.queueUrl(queue).messageBody(each)));
        Instant limit = Instant.now().plus(Duration.ofMinutes(1));
        List<Message> kept;
        do {
            poll(queue);
            kept = sqs.receiveMessage(request -> request.queueUrl(dead)).messages();
        } while (kept.isEmpty() && Instant.now().isBefore(limit));
        assertThat(kept).extracting(Message::body).containsExactly(lost);
        onlyRun(id(good));
    }

    /** As Lambda does it: what has not failed is deleted. */
    private void poll(String queue) throws Exception {
        List<Message> messages = sqs.receiveMessage(request ->
                        request.queueUrl(queue).maxNumberOfMessages(4).waitTimeSeconds(1))
                .messages();
        if (messages.isEmpty()) {
            return;
        }
        List<String> failed =
                deliver(Target.ON_DEMAND, messages.stream().map(Message::body).toArray(String[]::new));
        for (int i = 0; i < messages.size(); i++) {
            String handle = messages.get(i).receiptHandle();
            if (!failed.contains("m" + i)) {
                sqs.deleteMessage(request -> request.queueUrl(queue).receiptHandle(handle));
            }
        }
    }

    private static String queue(String name, Map<QueueAttributeName, String> attributes) {
        return sqs.createQueue(request -> request.queueName(name).attributes(attributes))
                .queueUrl();
    }

    /** The messages that failed: {@code m0} is the first. */
    private List<String> deliver(Target target, String... messages) throws Exception {
        if (target == Target.MWAA) {
            return new StartDag(new ManagedAirflow(mwaa, "dataplatform-production-airflow"))
                    .start(batch(messages), this::log);
        }
        LambdaRuntime.Answer answer = function.invoke(JSON.writeValueAsString(batch(messages)));
        assertThat(answer.failed()).as(answer.body()).isFalse();
        return JSON.readTree(answer.body()).get("batchItemFailures").findValuesAsText("itemIdentifier");
    }

    private void log(Object level, String message) {
        log.add(message);
    }

    private String said(Target target) throws IOException {
        return target == Target.MWAA ? String.join("\n", log) : function.log();
    }

    private static Map<String, Object> batch(String... messages) {
        List<Map<String, String>> records = new ArrayList<>();
        for (String message : messages) {
            records.add(Map.of("messageId", "m" + records.size(), "body", message));
        }
        return Map.of("Records", records);
    }

    /** S3's event as EventBridge delivers it; each is another one. */
    private static String event(String key, String version, long size) {
        files++;
        return """
               {"version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
                "account": "111122223333", "time": "2026-01-31T06:00:%02dZ", "region": "us-east-1",
                "resources": ["arn:aws:s3:::landing"],
                "detail": {"version": "0", "bucket": {"name": "landing"},
                 "object": {"key": "%s", "size": %d, "etag": "e", "version-id": "%s", "sequencer": "%018X"},
                 "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "source-ip-address": "1.2.3.4", "reason": "PutObject"}}""".formatted(files, key, size, version, files);
    }

    /** Of the run that is started for a file alone. */
    private static String id(String event) {
        return LandingFile.run(List.of(LandingFile.parse(event)))
                .get("dag_run_id")
                .asText();
    }

    private static JsonNode onlyRun(String id) throws Exception {
        return onlyRun("finance", id);
    }

    private static JsonNode onlyRun(String dag, String id) throws Exception {
        List<JsonNode> found = runs(dag).stream()
                .filter(run -> run.get("dag_run_id").asText().equals(id))
                .toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private static List<JsonNode> runs(String dag) throws Exception {
        List<JsonNode> runs = new ArrayList<>();
        call("/dags/" + dag + "/dagRuns").body().get("dag_runs").forEach(runs::add);
        return runs;
    }

    private static String awaitEnd(String dag, String id) throws Exception {
        Instant limit = Instant.now().plus(Duration.ofMinutes(2));
        String state;
        do {
            state = onlyRun(dag, id).get("state").asText();
            Thread.sleep(500);
        } while ((state.equals("queued") || state.equals("running"))
                && Instant.now().isBefore(limit));
        return state;
    }

    private static void awaitDags() throws Exception {
        Instant limit = Instant.now().plus(Duration.ofMinutes(1));
        while (call("/dags/finance").status() != 200 && Instant.now().isBefore(limit)) {
            Thread.sleep(500);
        }
    }

    private static Answer call(String path) throws Exception {
        JsonNode answer =
                JSON.readTree(machine.execute("/opt/airflow/venv/bin/python /opt/airflow/instance/api.py GET " + path));
        return new Answer(answer.get("status").asInt(), answer.get("body"));
    }

    private static void put(String name, String value) {
        ssm.putParameter(request ->
                request.name(name).type(ParameterType.STRING).value(value).overwrite(true));
    }
}
