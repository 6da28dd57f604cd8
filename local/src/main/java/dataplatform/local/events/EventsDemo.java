package dataplatform.local.events;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.Moto;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Program;
import dataplatform.local.process.StateLock;
import dataplatform.platform.SparkJob;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Web events on one machine: a page that sends them, and the way that they take to silver. It goes on until it is stopped. */
@Command(
        name = "events",
        mixinStandardHelpOptions = true,
        description = "Takes web events from a page in the browser to silver, all on this machine.")
public final class EventsDemo implements Callable<Integer> {
    /** In the state's folder: where events go while it runs, and the key that they need. */
    static final String ADDRESS = "address";

    private static final String WRITE_KEY = "local";
    /** What has not come then is lost. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @Option(names = "--state", required = true, description = "Folder that everything is kept in.")
    private Path state;

    @Option(
            names = "--measure",
            description =
                    "Send 100 events a second for so long, such as PT60S, and say when they arrived; default: go on.")
    private Duration measure;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new EventsDemo(), args);
    }

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        try (StateLock lock = StateLock.take(state);
                Moto moto = Moto.start(state.resolve("logs"));
                LocalPlatform engines = LocalPlatform.start(state);
                WebEvents events = WebEvents.start(
                        state.resolve("functions"),
                        moto,
                        engines.s3(),
                        new WebEvents.Settings(WRITE_KEY, 64 << 20, Duration.ofSeconds(1), Optional.empty()),
                        System.err::println);
                Arrivals arrivals = Arrivals.start(engines.s3Client(), state.resolve("tmp"));
                EventsPage page = EventsPage.start(events.endpoint(), WRITE_KEY, arrivals);
                ChildProcess spark = engines.start(SparkJob.EVENTS_TO_SILVER, List.of("--continuous", "PT2S"))) {
            if (measure != null) {
                measure(events, arrivals);
                return 0;
            }
            Path address = Files.writeString(state.resolve(ADDRESS), events.endpoint() + " " + WRITE_KEY);
            System.out.println("page     " + page.address() + "  open it in a browser, and press its buttons");
            System.out.println("events   " + events.endpoint() + "/v1/…  with the write key " + WRITE_KEY);
            System.out.println("traffic  make traffic RATE=50   in another terminal");
            System.out.println("Ctrl-C ends it when all that was taken is in files; they stay in " + state
                    + ", and the next start brings them on");
            try {
                spark.await(line -> {});
            } finally {
                // first of all, while events are still taken
                Files.deleteIfExists(address);
            }
        }
        return 0;
    }

    private void measure(WebEvents events, Arrivals arrivals) throws IOException, InterruptedException {
        HttpClient http = HttpClient.newHttpClient();
        Traffic traffic = new Traffic(1, 1000);
        Map<String, Long> sent = new HashMap<>();
        for (long end = System.nanoTime() + measure.toNanos(); System.nanoTime() < end; ) {
            List<ObjectNode> batch = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                batch.add(traffic.next(Instant.now()));
                sent.put(batch.get(i).get("messageId").asText(), System.currentTimeMillis());
            }
            Traffic.send(http, events.endpoint(), WRITE_KEY, batch);
            Thread.sleep(100);
        }
        long last = System.nanoTime() + PATIENCE.toNanos();
        for (String stage : List.of("raw", "transformed", "silver")) {
            List<Double> seconds = new ArrayList<>();
            for (Map.Entry<String, Long> each : sent.entrySet()) {
                while (!arrivals.of(each.getKey()).containsKey(stage)) {
                    if (System.nanoTime() > last) {
                        throw new IllegalStateException("message " + each.getKey() + " has not come to " + stage
                                + " within " + PATIENCE.toMinutes() + " minutes");
                    }
                    Thread.sleep(100);
                }
                seconds.add((arrivals.of(each.getKey()).get(stage) - each.getValue()) / 1000.0);
            }
            Collections.sort(seconds);
            System.out.printf(
                    "web events, from sending to %s: p50 %.1f s, p95 %.1f s, at most %.1f s, %,d events%n",
                    stage,
                    seconds.get(seconds.size() / 2),
                    seconds.get(seconds.size() * 95 / 100),
                    seconds.get(seconds.size() - 1),
                    seconds.size());
        }
    }
}
