package dataplatform.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sun.misc.Signal;

/** Airflow with its scheduler and pages over the demo's state, until Ctrl-C; replication goes on meanwhile. */
@Command(name = "airflow", mixinStandardHelpOptions = true, description = "Runs Airflow over the demo's state.")
public final class AirflowPages implements Callable<Integer> {
    @Option(names = "--state", required = true, description = "Folder that the demo keeps everything in.")
    private Path state;

    @Option(names = "--port", defaultValue = "8080", description = "Port of the pages; default: ${DEFAULT-VALUE}.")
    private int port;

    public static void main(String[] args) {
        System.exit(new CommandLine(new AirflowPages())
                .setExecutionExceptionHandler((e, command, result) -> {
                    System.err.println(e.getMessage() == null ? e : e.getMessage());
                    return 1;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        if (!Files.exists(state.resolve("postgres"))) {
            throw new IllegalStateException("there is no shop yet: run `make demo` first");
        }
        System.err.println("starting Airflow; this takes some 20 seconds");
        try (StateLock lock = StateLock.take(state);
                Engines engines = Engines.start(state);
                ControlPlanes aws = ControlPlanes.start(engines, state, line -> {});
                ChildProcess replicator = engines.replicator(List.of())) {
            Airflow airflow = new Airflow(state, aws.environment());
            try (ChildProcess migration = airflow.migrate()) {
                migration.await(line -> {});
            }
            try (ChildProcess server = airflow.serve(port)) {
                System.err.println("Airflow is at http://127.0.0.1:" + port + "; end it with Ctrl-C");
                awaitStop(server);
            }
        }
        return 0;
    }

    /** Returns at Ctrl-C, so that everything is ended in its order. */
    private static void awaitStop(ChildProcess server) {
        CompletableFuture<Void> stop = new CompletableFuture<>();
        for (String name : List.of("INT", "TERM")) {
            Signal.handle(new Signal(name), signal -> stop.complete(null));
        }
        CompletableFuture.anyOf(stop, server.process().onExit()).join();
        if (!stop.isDone()) {
            throw server.ended();
        }
        System.err.println("stopping");
    }
}
