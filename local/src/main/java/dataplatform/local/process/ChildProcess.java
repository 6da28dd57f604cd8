package dataplatform.local.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A program that this one starts, with its output in a file; it does not outlive this one, unless this one is killed with -9. Ctrl-C is not
 * for it: this program takes the key and ends its children in its own order.
 */
public final class ChildProcess implements AutoCloseable {
    private static final List<String> DEAF_TO_CTRL_C = List.of("/bin/sh", "-c", "trap '' INT; exec \"$0\" \"$@\"");
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    /** After which a process that does not end by itself is ended. */
    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final Path log;
    private final Thread hook = new Thread(this::kill);

    private ChildProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * @param name for error messages
     * @param log file that its output goes to, anew
     */
    public static ChildProcess start(String name, List<String> command, Map<String, String> environment, Path log)
            throws IOException {
        Files.createDirectories(log.toAbsolutePath().getParent());
        List<String> deaf =
                Stream.concat(DEAF_TO_CTRL_C.stream(), command.stream()).toList();
        ProcessBuilder builder =
                new ProcessBuilder(deaf).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return new ChildProcess(name, builder.start(), log);
    }

    /**
     * Waits for its end.
     *
     * @param lines hears what it says meanwhile
     * @throws IllegalStateException with the end of its output if it fails
     */
    public void await(Consumer<String> lines) throws IOException, InterruptedException {
        try (InputStream output = Files.newInputStream(log)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            boolean ended;
            do {
                ended = process.waitFor(200, TimeUnit.MILLISECONDS);
                for (byte each : output.readAllBytes()) {
                    if (each == '\n') {
                        lines.accept(text(line));
                    } else {
                        line.write(each);
                    }
                }
            } while (!ended);
            if (line.size() > 0) {
                lines.accept(text(line));
            }
        }
        int code = process.exitValue();
        forget();
        if (code != 0) {
            throw ended();
        }
    }

    /** Of a line that is whole: before its end has been written it may end in the middle of a word, or of a letter. */
    private static String text(ByteArrayOutputStream line) {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /**
     * Waits until the server in it answers.
     *
     * @param url that answers with status 200 and a certain text when the server is ready
     * @throws IllegalStateException with the end of its output if it ends before, or takes longer than two minutes
     */
    public void awaitAnswer(URI url, String text) throws IOException, InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request =
                HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(5)).build();
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            try {
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 200 && answer.body().contains(text)) {
                    return;
                }
            } catch (IOException e) {
                // it does not listen yet
            }
            if (process.waitFor(50, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(name + " did not start; see " + log + "\n" + tail());
            }
        }
        throw new IllegalStateException(
                name + " did not answer within " + START_LIMIT.toSeconds() + " s; see " + log + "\n" + tail());
    }

    /** What to say when it has ended and should not. */
    public IllegalStateException ended() {
        String tail;
        try {
            tail = tail();
        } catch (IOException e) {
            tail = "";
        }
        return new IllegalStateException(
                name + " ended with exit code " + process.exitValue() + "; see " + log + "\n" + tail);
    }

    /** The process itself. */
    public Process process() {
        return process;
    }

    /** The last lines but for those of stack traces, which stand in the log. */
    private String tail() throws IOException {
        // whatever it has written, be it no text
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("\tat "))
                .toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    private void forget() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the program is ending, and the hook with it
        }
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        // also when this thread is interrupted: what is closed next may be what the process still works with
        process.onExit()
                .completeOnTimeout(process, KILL_LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join();
        if (process.isAlive()) {
            process.destroyForcibly();
        }
    }

    @Override
    public void close() {
        Closing.all(this::kill, this::forget);
    }
}
