package dataplatform.local.emr;

import dataplatform.local.process.ChildProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Runs of {@code spark-submit}, one after the other in the order in which they came: a machine of this size bears one. EMR's and EMR
 * Serverless's stand-ins share them.
 */
public final class SparkRuns implements AutoCloseable {
    private final SparkSubmit submit;
    private final S3Client s3;
    private final Path logs;
    private final Consumer<String> lines;
    private final Callable<?> afterwards;
    private final ExecutorService queue = Executors.newSingleThreadExecutor();

    /**
     * @param logs folder for each run's output
     * @param lines hears what the runs print
     * @param afterwards shows what a run has written to an engine that reads it in place on AWS; a run that it fails on has failed
     */
    public SparkRuns(SparkSubmit submit, S3Client s3, Path logs, Consumer<String> lines, Callable<?> afterwards) {
        this.submit = submit;
        this.s3 = s3;
        this.logs = logs;
        this.lines = lines;
        this.afterwards = afterwards;
    }

    enum State {
        PENDING,
        RUNNING,
        SUCCEEDED,
        FAILED,
        CANCELLED
    }

    /**
     * A run that is not in the queue yet.
     *
     * @param arguments of {@code spark-submit}
     * @param log object in S3 that its output goes to when it ends, with gzip; none if empty
     */
    Run prepare(String id, List<String> arguments, String log) {
        return new Run(id, arguments, log);
    }

    /** One of the runs. */
    final class Run {
        final String id;
        final Instant created = Instant.now();
        private final List<String> arguments;
        private final String log;
        private State state = State.PENDING;
        private String detail = "";
        private Instant changed = created;
        private ChildProcess process;

        private Run(String id, List<String> arguments, String log) {
            this.id = id;
            this.arguments = List.copyOf(arguments);
            this.log = log;
        }

        synchronized State state() {
            return state;
        }

        /** Why it is in its state, for people. */
        synchronized String detail() {
            return detail;
        }

        synchronized Instant changed() {
            return changed;
        }

        /** Puts it in the queue. */
        void submit() {
            try {
                queue.execute(this::execute);
            } catch (RejectedExecutionException e) {
                end(State.CANCELLED, "the machine was shut down");
            }
        }

        /** Ends it, if it has not ended; it is ended when this returns. */
        void cancel(String why) {
            ChildProcess running;
            synchronized (this) {
                if (ended()) {
                    return;
                }
                become(State.CANCELLED, why);
                running = process;
            }
            if (running != null) {
                running.close();
            }
        }

        /** Waits for its end. */
        synchronized State await() throws InterruptedException {
            while (!ended()) {
                wait();
            }
            return state;
        }

        private void execute() {
            Path output = logs.resolve(id + ".log");
            try {
                synchronized (this) {
                    if (ended()) {
                        return;
                    }
                    process = submit.start(arguments, output);
                    become(State.RUNNING, "");
                }
                process.await(lines);
                afterwards.call();
                end(State.SUCCEEDED, keep(output));
            } catch (InterruptedException e) {
                process.close();
                end(State.CANCELLED, "the machine was shut down");
            } catch (Throwable e) {
                // whatever it is: whoever waits for the run waits until it has ended
                if (process != null) {
                    process.close();
                }
                String why = e.getMessage() == null ? e.toString() : e.getMessage();
                end(
                        State.FAILED,
                        Stream.of(why, keep(output))
                                .filter(part -> !part.isEmpty())
                                .collect(Collectors.joining("\n")));
            }
        }

        private synchronized void end(State end, String why) {
            if (!ended()) {
                become(end, why);
            }
        }

        private boolean ended() {
            return state != State.PENDING && state != State.RUNNING;
        }

        private void become(State next, String why) {
            state = next;
            detail = why;
            changed = Instant.now();
            notifyAll();
        }

        /** @return what to say of it: nothing, or why the log could not be kept; the run ends as it does all the same */
        private String keep(Path output) {
            if (log.isEmpty() || !Files.exists(output)) {
                return "";
            }
            try {
                URI to = URI.create(log);
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                try (OutputStream gzip = new GZIPOutputStream(packed)) {
                    Files.copy(output, gzip);
                }
                s3.putObject(
                        request -> request.bucket(to.getHost()).key(to.getPath().substring(1)),
                        RequestBody.fromBytes(packed.toByteArray()));
                return "";
            } catch (IOException | RuntimeException e) {
                return "its log could not be kept in " + log + " and is only in " + output + ": " + e.getMessage();
            }
        }
    }

    @Override
    public void close() {
        queue.shutdownNow();
        try {
            // until the run's process has ended, which may still write to S3
            queue.awaitTermination(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
