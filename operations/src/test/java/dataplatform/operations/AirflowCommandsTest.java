package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.lambdas.airflowlauncher.AirflowLauncher;
import dataplatform.lambdas.airflowreaper.AirflowReaper;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.LambdaServer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/** The commands as the Makefile starts them, and the functions that they call, on instances that moto holds. */
class AirflowCommandsTest {
    private static final String PATH = "/dataplatform/dev/";
    private static final String HEARTBEAT = PATH + "airflow/heartbeat";

    @TempDir
    static Path folder;

    private static Moto moto;
    private static Ec2Client ec2;
    private static SsmClient ssm;
    private static LambdaRuntime launcher;
    private static LambdaRuntime reaper;
    private static LambdaServer functions;
    private static final Map<String, String> environment = new HashMap<>();

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        ec2 = moto.client(Ec2Client.builder());
        ssm = moto.client(SsmClient.builder());
        environment.putAll(moto.environment());
        environment.put("LAUNCHES_PARAMETER", PATH + "airflow/launches");
        environment.put("HEARTBEAT_PARAMETER", HEARTBEAT);
        environment.put("AGE", "PT8H");
        environment.put("SILENCE", "PT15M");
        environment.put("IDLE", "PT30M");
        environment.put(
                "LAUNCH_TEMPLATE_ID",
                ec2.createLaunchTemplate(request -> request.launchTemplateName("airflow")
                                .launchTemplateData(
                                        data -> data.imageId("ami-12c6146b").instanceType(InstanceType.T4_G_MEDIUM)))
                        .launchTemplate()
                        .launchTemplateId());
        launcher = function("airflow-launcher", AirflowLauncher.class);
        reaper = function("airflow-reaper", AirflowReaper.class);
        functions = LambdaServer.start(Map.of("launcher", launcher, "reaper", reaper));
        environment.putAll(functions.environment());
        put(PATH + "airflow/launches", "1");
        put(PATH + "airflow-launcher-function", "launcher");
        put(PATH + "airflow-reaper-function", "reaper");
        put(PATH + "dev-env-launcher-function", "launcher");
        put("/dataplatform/broken/airflow-launcher-function", "gone");
    }

    private static LambdaRuntime function(String module, Class<?> handler) throws Exception {
        return LambdaRuntime.start(
                Path.of("..", "lambdas", module, "target", module + ".jar"), handler.getName(), environment, folder);
    }

    @AfterAll
    static void stop() {
        functions.close();
        reaper.close();
        launcher.close();
        ssm.close();
        ec2.close();
        moto.close();
    }

    @BeforeEach
    void nothingRuns() {
        running().forEach(id -> ec2.terminateInstances(request -> request.instanceIds(id)));
        put(HEARTBEAT, "none");
    }

    @Test
    void startsAirflowAndWaitsUntilItIsHealthy() throws Exception {
        Process up = start("up", "--environment", "dev");
        String instance = startedBy(up);
        Thread.sleep(2000);
        assertThat(up.isAlive()).isTrue();
        put(HEARTBEAT, heartbeat(instance, 0));
        assertThat(Shell.output(up))
                .contains("waiting for Airflow on " + instance + ", 0 s")
                .endsWith("aws ssm start-session --target " + instance
                        + " --document-name AWS-StartPortForwardingSession --parameters portNumber=8080,localPortNumber=8080\n"
                        + "exit code 0");
    }

    @Test
    void saysAtWhichStepTheInstanceHasFailed() throws Exception {
        Process up = start("up", "--environment", "dev");
        String instance = startedBy(up);
        put(HEARTBEAT, "{\"instance\": \"" + instance + "\", \"failed\": \"install Airflow\"}");
        assertThat(Shell.output(up))
                .endsWith(
                        instance
                                + " failed to install Airflow, and ends itself: docs/runbooks/airflow-on-demand.md\nexit code 1");
    }

    @Test
    void endsAnIdleOneAndABusyOneOnlyIfForced() throws Exception {
        assertThat(run("down", "--environment", "dev")).isEqualTo("Airflow does not run\nexit code 0");
        launcher.invoke("{}");
        String instance = running().get(0);
        put(HEARTBEAT, heartbeat(instance, 2));
        assertThat(run("down", "--environment", "dev"))
                .isEqualTo(
                        "2 runs of DAGs are going on on " + instance + ": FORCE=1 ends it nevertheless\nexit code 1");
        assertThat(running()).containsExactly(instance);
        assertThat(run("down", "--environment", "dev", "--force")).isEqualTo("ended " + instance + "\nexit code 0");
        assertThat(running()).isEmpty();
        launcher.invoke("{}");
        put(HEARTBEAT, heartbeat(running().get(0), 0));
        assertThat(run("down", "--environment", "dev")).startsWith("ended i-").endsWith("exit code 0");
    }

    @Test
    void saysHowDatabasesAreReached() throws Exception {
        put(PATH + "source-database/host", "source.example.org");
        put(PATH + "warehouse/host", "warehouse.example.org");
        assertThat(run("tunnel", "--environment", "dev"))
                .contains(
                        "--target " + running().get(0)
                                + " --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters"
                                + " host=source.example.org,portNumber=5432,localPortNumber=5432\n",
                        "host=warehouse.example.org,portNumber=5439,localPortNumber=5439\n")
                .endsWith("exit code 0");
    }

    @Test
    void startsAMachineToDevelopOn() throws Exception {
        assertThat(run("dev-env", "--environment", "dev"))
                .endsWith("aws ssm start-session --target " + running().get(0) + "\nexit code 0");
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        assertThat(run("up", "--environment", "nowhere"))
                .isEqualTo(
                        "There is no parameter /dataplatform/nowhere/airflow-launcher-function: this environment does not"
                                + " exist, has MWAA, or waits for make deploy-airflow\nexit code 1");
        assertThat(run("up", "--environment", "broken"))
                .contains("Function not found")
                .endsWith("exit code 1");
        Map<String, String> kept = new HashMap<>(environment);
        environment.put("AWS_ACCESS_KEY_ID", "");
        environment.put("AWS_SECRET_ACCESS_KEY", "");
        environment.put("AWS_EC2_METADATA_DISABLED", "true");
        try {
            assertThat(run("up", "--environment", "dev"))
                    .startsWith("AWS can't be called: Unable to load credentials")
                    .endsWith("exit code 1");
        } finally {
            environment.clear();
            environment.putAll(kept);
        }
    }

    private static String heartbeat(String instance, int running) {
        return "{\"instance\": \"" + instance + "\", \"at\": \"" + Instant.now() + "\", \"running\": " + running + "}";
    }

    private static List<String> running() {
        return ec2.describeInstances().reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .filter(instance -> instance.state().name() == InstanceStateName.RUNNING)
                .map(instance -> instance.instanceId())
                .toList();
    }

    /** The instance that a command starts while it runs. */
    private static String startedBy(Process command) throws Exception {
        while (running().isEmpty()) {
            if (!command.isAlive()) {
                throw new AssertionError("it has started no instance: " + Shell.output(command));
            }
            Thread.sleep(100);
        }
        return running().get(0);
    }

    private static String run(String... arguments) throws Exception {
        return Shell.output(start(arguments));
    }

    private static Process start(String... arguments) throws Exception {
        return Shell.start(environment, AirflowCommands.class, arguments);
    }

    private static void put(String name, String value) {
        ssm.putParameter(request ->
                request.name(name).type(ParameterType.STRING).value(value).overwrite(true));
    }
}
