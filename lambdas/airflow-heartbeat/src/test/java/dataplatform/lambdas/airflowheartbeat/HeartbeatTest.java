package dataplatform.lambdas.airflowheartbeat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.local.airflow.AirflowMachine;
import dataplatform.local.aws.Moto;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.ssm.SsmClient;

/** What the instance says: its user data is run here with real Airflow, and its heartbeat read as the functions read it. */
class HeartbeatTest {
    private static final String HEARTBEAT = "/dataplatform/dev/airflow/heartbeat";

    private static final String INSTANCE = "i-0123456789abcdef0";

    private static final String DAGS = """
            from datetime import datetime
            from time import sleep
            from airflow.sdk import DAG, task

            # long due, and not to be made up for; and none of its own
            for name, schedule in {"early": "0 5 * * *", "late": "0 6 1 * *", "asked": None}.items():
                with DAG(name, schedule=schedule, start_date=datetime(2020, 1, 1), catchup=False):
                    @task
                    def work(dag_run=None):
                        print("worked")
                        sleep(dag_run.conf.get("seconds", 0))
                    work()
            """;

    private static final String PYTHON = "/opt/airflow/venv/bin/python /opt/airflow/instance/";
    private static final String SAY = PYTHON + "heartbeat.py";

    @TempDir
    Path folder;

    private Moto moto;
    private SsmClient ssm;

    @BeforeEach
    void start() throws Exception {
        moto = Moto.start(folder);
        ssm = moto.client(SsmClient.builder());
    }

    @AfterEach
    void stop() {
        ssm.close();
        moto.close();
    }

    @Test
    void aNewMachineMakesItselfAirflowAndSaysSo() throws Exception {
        Instant start = Instant.now();
        try (AirflowMachine machine =
                AirflowMachine.start(moto, INSTANCE, Map.of("shop.py", DAGS), HEARTBEAT, folder, "")) {
            assertThat(machine.log()).endsWith("Airflow is up\n").doesNotContain("FAILED");
            assertThat(machine.calls())
                    .contains("dnf install --assumeyes --quiet python3.12", "systemctl start airflow-heartbeat.timer")
                    .noneMatch(call -> call.startsWith("shutdown"));
            Heartbeat first = Heartbeat.parse(said());
            assertThat(first.instance()).isEqualTo(INSTANCE);
            assertThat(first.at()).isBetween(start.minusSeconds(1), Instant.now());

            // the last run of each schedule is made up for, once
            Heartbeat idle = awaitIdle(machine);
            assertThat(idle.lastEnd().orElseThrow()).isBetween(start, Instant.now());
            assertThat(Duration.between(Instant.now(), idle.nextDue().orElseThrow()))
                    .isBetween(Duration.ZERO, Duration.ofDays(1));
            assertThat(call(machine, "GET", "/dags/~/dagRuns"))
                    .contains("\"total_entries\": 2", "\"state\": \"success\"")
                    .doesNotContain("\"state\": \"failed\"");

            call(machine, "POST", "/dags/asked/dagRuns", "{\"logical_date\": null, \"conf\": {\"seconds\": 10}}");
            machine.execute(SAY);
            assertThat(Heartbeat.parse(said()).running()).isEqualTo(1);
            assertThat(awaitIdle(machine).lastEnd().orElseThrow())
                    .isAfter(idle.lastEnd().orElseThrow());
            // where they are read when the machine is gone; that of the last task follows its end
            try (S3Client s3 = moto.client(S3Client.builder().forcePathStyle(true))) {
                assertThat(s3.listObjectsV2(
                                        request -> request.bucket("machine").prefix("logs/" + INSTANCE + "/dag_id="))
                                .contents())
                        .hasSizeGreaterThanOrEqualTo(2);
            }
        }
    }

    private Heartbeat awaitIdle(AirflowMachine machine) throws Exception {
        Instant limit = Instant.now().plus(Duration.ofMinutes(3));
        Heartbeat heartbeat;
        do {
            machine.execute(SAY);
            heartbeat = Heartbeat.parse(said());
        } while ((heartbeat.running() > 0 || heartbeat.lastEnd().isEmpty())
                && Instant.now().isBefore(limit));
        assertThat(heartbeat.running()).isZero();
        return heartbeat;
    }

    @ParameterizedTest
    @CsvSource({
        "swapon, add swap",
        "dnf install, install Python",
        "aws s3 cp, fetch the DAGs",
        "systemctl link, start Airflow",
    })
    void aStepThatFailsEndsTheMachineWithItsName(String command, String step) throws Exception {
        try (AirflowMachine machine = AirflowMachine.start(moto, INSTANCE, Map.of(), HEARTBEAT, folder, command)) {
            List<String> calls = machine.calls();
            assertThat(calls.get(calls.size() - 1)).isEqualTo("shutdown -h now");
            assertThat(machine.log()).contains("FAILED (exit code 1): " + step);
            assertThatThrownBy(() -> Heartbeat.parse(said()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(INSTANCE + " failed to " + step);
        }
    }

    @Test
    void theInstanceInstallsWithThePlatformsUv() throws Exception {
        Path checkout = Path.of("..", "..");
        assertThat(Files.readString(checkout.resolve("requirements.txt")))
                .as("make lock writes it")
                .contains(Files.readString(checkout.resolve("airflow/instance/uv.txt")));
    }

    private static String call(AirflowMachine machine, String method, String path, String... body) throws Exception {
        String encoded =
                Base64.getEncoder().encodeToString(String.join("", body).getBytes(StandardCharsets.UTF_8));
        return machine.execute(PYTHON + "api.py " + method + " '" + path + "' " + encoded);
    }

    private String said() {
        return ssm.getParameter(request -> request.name(HEARTBEAT)).parameter().value();
    }
}
