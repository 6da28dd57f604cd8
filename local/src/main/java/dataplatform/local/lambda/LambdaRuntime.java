package dataplatform.local.lambda;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Closing;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.process.Project;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.utilslite.SdkInternalThreadLocal;

/**
 * Lambda on one machine: a function's packed jar in a JVM of the version that Lambda runs, under AWS's Runtime Interface Client, which
 * takes its events from here by the Runtime API.
 */
public final class LambdaRuntime implements AutoCloseable {
    private static final String API = "/2018-06-01/runtime/";
    private static final Duration TIMEOUT = Duration.ofMinutes(15);

    private final Path task;
    private final String handler;
    private final Map<String, String> environment;
    private final Path log;
    private final BlockingQueue<Invocation> waiting = new LinkedBlockingQueue<>();
    private final Map<String, Invocation> taken = new ConcurrentHashMap<>();
    private LoopbackServer server;
    private ChildProcess process;

    private LambdaRuntime(Path task, String handler, Map<String, String> environment, Path log) {
        this.task = task;
        this.handler = handler;
        this.environment = environment;
        this.log = log;
    }

    /**
     * What a function gave back.
     *
     * @param body as JSON; if it failed, with {@code errorMessage} and {@code errorType}
     * @param failed whether it threw an exception
     */
    public record Answer(String body, boolean failed) {}

    private record Invocation(String id, String event, CompletableFuture<Answer> answer) {}

    /**
     * Starts a function; it initialises while the caller goes on.
     *
     * @param jar with all that the function needs
     * @param handler name of its class
     * @param environment its variables, among them those that lead the AWS SDK to the engines of this machine
     * @param folder for a copy of the jar and the function's log
     * @throws IOException if the jar can't be read or the process not started
     */
    public static LambdaRuntime start(Path jar, String handler, Map<String, String> environment, Path folder)
            throws IOException {
        Path task = folder.resolve(handler);
        // a jar in lib serves the client as well as an unpacked one, whose thousands of files take seconds to write
        Path lib = Files.createDirectories(task.resolve("lib"));
        Files.copy(jar, lib.resolve("function.jar"), StandardCopyOption.REPLACE_EXISTING);
        LambdaRuntime runtime = new LambdaRuntime(task, handler, environment, folder.resolve(handler + ".log"));
        runtime.server = LoopbackServer.start(runtime::serve);
        try {
            runtime.process = runtime.startProcess();
            return runtime;
        } catch (IOException | RuntimeException e) {
            Closing.after(e, runtime.server);
            throw e;
        }
    }

    private ChildProcess startProcess() throws IOException {
        Map<String, String> variables = new HashMap<>(Map.of(
                "AWS_LAMBDA_RUNTIME_API",
                server.address(),
                "AWS_LAMBDA_FUNCTION_NAME",
                handler,
                "AWS_LAMBDA_FUNCTION_VERSION",
                "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                "512",
                "AWS_LAMBDA_LOG_GROUP_NAME",
                "/aws/lambda/" + handler,
                "AWS_LAMBDA_LOG_STREAM_NAME",
                "local",
                "AWS_LAMBDA_LOG_FORMAT",
                "JSON"));
        variables.putAll(environment);
        // the client and what it needs: what Lambda has beside the function's own classes
        String client = Stream.of(
                        AWSLambda.class, PojoSerializer.class, LambdaLogger.class, SdkInternalThreadLocal.class)
                .map(Project::home)
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = List.of(
                Project.java25(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI=" + nativeClient(task),
                // its own /tmp, which outlives a process that is killed
                "-Djava.io.tmpdir="
                        + Files.createDirectories(task.resolve("tmp")).toAbsolutePath(),
                // where the client looks for the function
                "-Duser.dir=" + task.toAbsolutePath(),
                "-cp",
                client,
                AWSLambda.class.getName(),
                handler);
        return ChildProcess.start("function " + handler, command, variables, log);
    }

    /** By itself the client unpacks it to one place for all processes, where one would overwrite what another is loading. */
    private static Path nativeClient(Path task) throws IOException {
        String machine = System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64";
        Path library = task.resolveSibling(task.getFileName() + ".so").toAbsolutePath();
        try (InputStream in = AWSLambda.class.getResourceAsStream("/jni/libaws-lambda-jni.linux-" + machine + ".so")) {
            Files.copy(in, library, StandardCopyOption.REPLACE_EXISTING);
        }
        return library;
    }

    /**
     * Calls the function and waits for its answer.
     *
     * @param event as JSON
     * @throws IllegalStateException if its process ends or it can't be initialised; the next call starts another one
     */
    public Answer invoke(String event) throws InterruptedException {
        ChildProcess running = alive();
        Invocation invocation = new Invocation(UUID.randomUUID().toString(), event, new CompletableFuture<>());
        running.process().onExit().thenAccept(ended -> invocation.answer().completeExceptionally(running.ended()));
        waiting.add(invocation);
        try {
            return invocation.answer().get();
        } catch (ExecutionException e) {
            throw (IllegalStateException) e.getCause();
        }
    }

    private synchronized ChildProcess alive() {
        if (!process.process().isAlive()) {
            try {
                // what the process that ended was still waiting for must not be given to nobody
                server.close();
                server = LoopbackServer.start(this::serve);
                process = startProcess();
            } catch (IOException e) {
                throw new UncheckedIOException("could not start function " + handler, e);
            }
        }
        return process;
    }

    /** Ends the process whatever it is doing, as Lambda does with one that takes too long or needs too much memory. */
    public synchronized void kill() {
        process.close();
    }

    /** What the function and Lambda's client have logged so far. */
    public String log() throws IOException {
        return Files.readString(log);
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            String path = exchange.getRequestURI().getPath().substring(API.length());
            if (path.equals("invocation/next")) {
                next(exchange);
                return;
            }
            String[] parts = path.split("/");
            if (path.equals("init/error")) {
                // the client ends its process after this, and so the invocation that waits
                System.err.println(body);
            } else {
                taken.remove(parts[1]).answer().complete(new Answer(body, parts[2].equals("error")));
            }
            exchange.sendResponseHeaders(202, -1);
        }
    }

    private void next(HttpExchange exchange) throws IOException {
        Invocation invocation;
        try {
            invocation = waiting.take();
        } catch (InterruptedException e) {
            // the runtime is closed
            Thread.currentThread().interrupt();
            return;
        }
        taken.put(invocation.id(), invocation);
        Headers headers = exchange.getResponseHeaders();
        headers.set("Content-Type", "application/json");
        headers.set("Lambda-Runtime-Aws-Request-Id", invocation.id());
        // without this one the client's native part crashes
        headers.set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0");
        headers.set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local");
        headers.set(
                "Lambda-Runtime-Deadline-Ms",
                Long.toString(Instant.now().plus(TIMEOUT).toEpochMilli()));
        byte[] event = invocation.event().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, event.length);
        exchange.getResponseBody().write(event);
    }

    @Override
    public void close() {
        Closing.all(process, server);
    }
}
