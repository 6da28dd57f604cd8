package dataplatform.local.emr;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.s3.S3Server;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/** How runs end, whatever goes wrong beside them. */
@Timeout(60)
class SparkRunsTest {
    private static final List<String> SUCCEEDS = List.of("--version");
    private static final List<String> FAILS = List.of("--class", "nowhere.Job", "nowhere.jar");

    @TempDir
    Path folder;

    private S3Server s3;
    private S3Client client;

    @BeforeEach
    void start() throws Exception {
        s3 = S3Server.start(folder.resolve("s3"), 0);
        client = s3.client();
    }

    @AfterEach
    void stop() {
        client.close();
        s3.close();
    }

    @Test
    void aLogThatCannotBeKeptChangesNothingOfTheEnd() throws Exception {
        try (SparkRuns runs = runs(line -> {})) {
            SparkRuns.Run succeeds = run(runs, SUCCEEDS, "s3://nowhere/a/stderr.gz");
            assertThat(succeeds.await()).isEqualTo(SparkRuns.State.SUCCEEDED);
            assertThat(succeeds.detail()).startsWith("its log could not be kept in s3://nowhere/a/stderr.gz");

            SparkRuns.Run fails = run(runs, FAILS, "s3://nowhere/b/stderr.gz");
            assertThat(fails.await()).isEqualTo(SparkRuns.State.FAILED);
            assertThat(fails.detail())
                    .contains("ended with exit code", "its log could not be kept in s3://nowhere/b/stderr.gz");

            SparkRuns.Run next = run(runs, SUCCEEDS, "s3://logs/c/stderr.gz");
            assertThat(next.await()).isEqualTo(SparkRuns.State.SUCCEEDED);
            assertThat(next.detail()).isEmpty();
            assertThat(client.headObject(request -> request.bucket("logs").key("c/stderr.gz"))
                            .contentLength())
                    .isPositive();
        }
    }

    @Test
    void whateverIsThrownEndsTheRun() throws Exception {
        Consumer<String> overflows = line -> {
            throw new StackOverflowError("in the one who listens");
        };
        try (SparkRuns runs = runs(overflows)) {
            SparkRuns.Run run = run(runs, SUCCEEDS, "");
            assertThat(run.await()).isEqualTo(SparkRuns.State.FAILED);
            assertThat(run.detail()).isEqualTo("in the one who listens");
        }
    }

    @Test
    void aRunThatComesAfterTheEndIsCancelled() throws Exception {
        SparkRuns runs = runs(line -> {});
        runs.close();
        assertThat(run(runs, SUCCEEDS, "").await()).isEqualTo(SparkRuns.State.CANCELLED);
    }

    private SparkRuns runs(Consumer<String> lines) {
        return new SparkRuns(
                new SparkSubmit(s3, folder.resolve("tmp")), client, folder.resolve("logs"), lines, () -> null);
    }

    private static SparkRuns.Run run(SparkRuns runs, List<String> arguments, String log) {
        SparkRuns.Run run = runs.prepare("run-" + System.nanoTime(), arguments, log);
        run.submit();
        return run;
    }
}
