package dataplatform.local.shell;

import dataplatform.local.airflow.Airflow;
import dataplatform.local.airflow.LandingFolder;
import dataplatform.local.airflow.MwaaServer;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.platform.AwsApis;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Ports;
import dataplatform.local.process.Program;
import dataplatform.local.process.Project;
import dataplatform.local.process.StateLock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Airflow with its scheduler and pages over the demo's state, until Ctrl-C; replication goes on meanwhile. */
@Command(name = "airflow", mixinStandardHelpOptions = true, description = "Runs Airflow over the demo's state.")
public final class AirflowPages implements Callable<Integer> {
    @Option(names = "--state", required = true, description = "Folder that the demo keeps everything in.")
    private Path state;

    @Option(names = "--port", defaultValue = "8080", description = "Port of the pages; default: ${DEFAULT-VALUE}.")
    private int port;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new AirflowPages(), args);
    }

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        if (!Files.exists(state.resolve("postgres"))) {
            throw new IllegalStateException("there is no shop yet: run `make demo` first");
        }
        Ports.requireFree(port, "end what listens there, or give another: make airflow PORT=<n>");
        System.err.println("starting Airflow; this takes some 20 seconds");
        try (StateLock lock = StateLock.take(state);
                LocalPlatform engines = LocalPlatform.start(state);
                AwsApis aws = AwsApis.start(engines, state, line -> {});
                ChildProcess replicator = engines.replicator(List.of())) {
            Airflow airflow = new Airflow(state, aws.environment());
            airflow.migrate();
            try (ChildProcess server = airflow.serve(port);
                    MwaaServer mwaa = MwaaServer.start(URI.create("http://127.0.0.1:" + port));
                    LambdaRuntime startDag = startDag(aws, mwaa)) {
                Path drop = state.resolve("landing");
                LandingFolder folder = new LandingFolder(
                        drop, engines.s3Client(), startDag, Duration.ofSeconds(10), System.err::println);
                System.err.println("Airflow is at http://127.0.0.1:" + port + "; files of partners go to " + drop
                        + "/<domain>/<data set>/. End it with Ctrl-C");
                lookUntilStop(server, folder);
            }
        }
        return 0;
    }

    private LambdaRuntime startDag(AwsApis aws, MwaaServer mwaa) throws IOException {
        Path folder = Files.createDirectories(state.resolve("lambdas"));
        Map<String, String> environment = new HashMap<>(aws.environment());
        environment.putAll(mwaa.environment(folder));
        environment.put("MWAA_ENVIRONMENT", "local");
        return LambdaRuntime.start(
                Project.file("lambdas/start-dag/target/start-dag.jar"),
                "dataplatform.lambdas.startdag.StartDag",
                environment,
                folder);
    }

    private static void lookUntilStop(ChildProcess server, LandingFolder folder) throws InterruptedException {
        // beside it: whatever a look waits for, this one hears of the stop
        ScheduledExecutorService looking = Executors.newSingleThreadScheduledExecutor();
        try {
            Future<?> looks = looking.scheduleWithFixedDelay(folder::look, 0, 500, TimeUnit.MILLISECONDS);
            while (!server.process().waitFor(500, TimeUnit.MILLISECONDS)) {
                if (looks.isDone()) {
                    looks.get();
                }
            }
            throw server.ended();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } finally {
            looking.shutdownNow();
            looking.awaitTermination(5, TimeUnit.SECONDS);
        }
    }
}
