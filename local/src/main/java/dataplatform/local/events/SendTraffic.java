package dataplatform.local.events;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.process.Program;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Sends events of many users to a collector, so many a second, until it is stopped. */
@Command(
        name = "traffic",
        mixinStandardHelpOptions = true,
        description = "Sends what the users of a small social application do to a collector.")
public final class SendTraffic implements Callable<Integer> {
    private static final Duration TICK = Duration.ofMillis(200);
    private static final int MOST = 500;
    private static final Duration SAY = Duration.ofSeconds(5);
    private static final String ADVICE = ": run make events in another terminal, or give URL=<address> KEY=<write key>";

    @Spec
    private CommandSpec spec;

    @Option(names = "--rate", defaultValue = "50", description = "Events a second; default: ${DEFAULT-VALUE}.")
    private int rate;

    @Option(names = "--users", defaultValue = "1000", description = "How many users; default: ${DEFAULT-VALUE}.")
    private int users;

    @Option(names = "--endpoint", description = "Of another collector than that of make events, such as https://….")
    private URI endpoint;

    @Option(names = "--write-key", description = "Of that one.")
    private String writeKey;

    @Option(names = "--state", required = true, description = "Folder of make events.")
    private Path state;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new SendTraffic(), args);
    }

    @Override
    public Integer call() throws Exception {
        requirePositive("--rate", rate);
        requirePositive("--users", users);
        if (endpoint == null) {
            Path address = state.resolve(EventsDemo.ADDRESS);
            if (!Files.exists(address)) {
                throw new IllegalArgumentException("nothing takes events here" + ADVICE);
            }
            String[] parts = Files.readString(address).split(" ");
            endpoint = URI.create(parts[0]);
            writeKey = parts[1];
        }
        try {
            send();
        } catch (ConnectException e) {
            throw new IllegalStateException("nothing answers at " + endpoint + ADVICE, e);
        } catch (IOException e) {
            throw new IllegalStateException(endpoint + " has not answered: " + e, e);
        }
        return 0;
    }

    private void requirePositive(String option, int number) {
        if (number < 1) {
            throw new ParameterException(spec.commandLine(), option + " is " + number + "; it must be at least 1");
        }
    }

    private void send() throws IOException, InterruptedException {
        HttpClient http = HttpClient.newHttpClient();
        // another start is other users
        Traffic traffic = new Traffic(System.nanoTime(), users);
        long start = System.nanoTime();
        long sent = 0;
        long said = 0;
        while (true) {
            long elapsed = System.nanoTime() - start;
            long due = rate * elapsed / 1_000_000_000;
            List<ObjectNode> batch = new ArrayList<>();
            while (sent + batch.size() < due && batch.size() < MOST) {
                batch.add(traffic.next(Instant.now()));
            }
            if (!batch.isEmpty()) {
                Traffic.send(http, endpoint, writeKey, batch);
                sent += batch.size();
            }
            if (elapsed / SAY.toNanos() > said) {
                said = elapsed / SAY.toNanos();
                System.out.printf("%,d events, %.0f a second%n", sent, sent * 1e9 / elapsed);
            }
            if (sent >= due) {
                Thread.sleep(TICK.toMillis());
            }
        }
    }
}
