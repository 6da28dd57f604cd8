package dataplatform.lambdas.startdag;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.airflow.LandingFolder;
import dataplatform.local.airflow.MwaaServer;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** With the packed function, before an Airflow of a few lines. */
@Timeout(60)
class LandingFolderTest {
    @TempDir
    Path folder;

    private final Set<String> dags = ConcurrentHashMap.newKeySet();
    private final List<String> runs = new CopyOnWriteArrayList<>();
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final CountDownLatch hanging = new CountDownLatch(1);
    private S3Server s3;
    private S3Client client;
    private LoopbackServer airflow;
    private MwaaServer mwaa;
    private LambdaRuntime function;

    @BeforeEach
    void start() throws Exception {
        s3 = S3Server.start(folder.resolve("s3"), 0);
        client = s3.client();
        airflow = LoopbackServer.start(this::airflow);
        mwaa = MwaaServer.start(URI.create("http://" + airflow.address()));
        Path lambdas = Files.createDirectories(folder.resolve("lambdas"));
        Map<String, String> environment = new HashMap<>(s3.environment());
        environment.putAll(mwaa.environment(lambdas));
        environment.put("MWAA_ENVIRONMENT", "local");
        function = LambdaRuntime.start(
                Project.file("lambdas/start-dag/target/start-dag.jar"),
                "dataplatform.lambdas.startdag.StartDag",
                environment,
                lambdas);
    }

    @AfterEach
    void stop() {
        function.close();
        mwaa.close();
        airflow.close();
        client.close();
        s3.close();
    }

    @Test
    void aFileThatStartsNoDagHoldsUpNoOther() throws Exception {
        dags.add("finance");
        Path nowhere = put("a_nowhere/things/1.csv");
        Path lost = put("a.csv");
        Path good = put("finance/budgets/1.csv");
        LandingFolder drop = drop(Duration.ZERO);
        for (int i = 0; i < 4; i++) {
            drop.look();
        }

        assertThat(good).doesNotExist();
        assertThat(nowhere).exists();
        assertThat(lost).exists();
        assertThat(runs).hasSize(1);
        assertThat(said)
                .hasSize(3)
                .anyMatch(
                        line -> line.startsWith("a_nowhere/things/1.csv") && line.contains("there is no DAG a_nowhere"))
                .anyMatch(
                        line -> line.startsWith("a.csv") && line.contains("stands in no folder that is named as a DAG"))
                .anyMatch(line -> line.startsWith("finance/budgets/1.csv is in the landing bucket"));

        dags.add("a_nowhere");
        drop.look();
        assertThat(nowhere).doesNotExist();
        assertThat(runs).hasSize(2);
        assertThat(client.listObjectsV2(request -> request.bucket(S3Server.LANDING))
                        .contents())
                .extracting(S3Object::key)
                .contains("finance/budgets/1.csv", "a_nowhere/things/1.csv");
    }

    @Test
    void filesThatComeTogetherAreOneRun() throws Exception {
        dags.add("finance");
        for (int i = 0; i < 85; i++) {
            put("finance/budgets/" + i + ".csv");
        }
        LandingFolder drop = drop(Duration.ZERO);
        drop.look();
        drop.look();
        assertThat(runs).hasSize(1);
        assertThat(said).hasSize(85);
        assertThat(client.listObjectsV2(request -> request.bucket(S3Server.LANDING))
                        .contents())
                .hasSize(85);
    }

    @Test
    void aFileThatCannotBeDeletedHoldsUpNoOther() throws Exception {
        dags.add("finance");
        Path good = put("finance/budgets/1.csv");
        Path bad = put("finance/budgets/2.csv");
        FileTime changed = Files.getLastModifiedTime(bad);
        LandingFolder drop = new LandingFolder(folder.resolve("landing"), client, function, Duration.ZERO, line -> {
            said.add(line);
            if (line.startsWith("finance/budgets/2.csv is in the landing bucket")) {
                becomeFolder(bad, changed);
            }
        });
        drop.look();
        drop.look();

        assertThat(good).doesNotExist();
        assertThat(runs).hasSize(1);
        assertThat(said)
                .anyMatch(line -> line.startsWith("finance/budgets/2.csv has not started a DAG, and is tried again"));
    }

    /** What a file of that name and time can't be deleted by. */
    private static void becomeFolder(Path file, FileTime changed) {
        try {
            Files.delete(file);
            Files.createDirectories(file.resolve("not empty"));
            Files.setLastModifiedTime(file, changed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void waitsBeforeItTriesAFileAgain() throws Exception {
        put("finance/budgets/1.csv");
        LandingFolder drop = drop(Duration.ofDays(1));
        drop.look();
        drop.look();
        dags.add("finance");
        drop.look();
        assertThat(runs).isEmpty();
        // put anew it is another file
        Files.setLastModifiedTime(folder.resolve("landing/finance/budgets/1.csv"), FileTime.fromMillis(0));
        drop.look();
        drop.look();
        assertThat(runs).hasSize(1);
    }

    @Test
    void isStoppedWhileAirflowDoesNotAnswer() throws Exception {
        dags.add("hangs");
        put("hangs/things/1.csv");
        LandingFolder drop = drop(Duration.ZERO);
        drop.look();
        Thread looking = new Thread(drop::look);
        looking.start();
        assertThat(hanging.await(30, TimeUnit.SECONDS)).isTrue();
        looking.interrupt();
        looking.join(5000);
        assertThat(looking.isAlive()).isFalse();
    }

    private LandingFolder drop(Duration pause) {
        return new LandingFolder(folder.resolve("landing"), client, function, pause, said::add);
    }

    private Path put(String file) throws IOException {
        Path path = folder.resolve("landing").resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, "a,b\n");
    }

    private void airflow(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String dag = path.replaceAll("/api/v2/dags/|/dagRuns", "");
            if (dag.equals("hangs")) {
                hanging.countDown();
                new CountDownLatch(1).await();
            }
            if (exchange.getRequestMethod().equals("POST")) {
                runs.add(dag);
            }
            boolean known = path.equals("/auth/token") || dags.contains(dag);
            AwsJson.respond(
                    exchange,
                    known ? 200 : 404,
                    AwsJson.JSON.createObjectNode().put("access_token", "t").put("is_paused", false));
        } catch (InterruptedException e) {
            // the test is over
        }
    }
}
