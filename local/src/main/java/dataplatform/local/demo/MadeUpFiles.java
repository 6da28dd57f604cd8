package dataplatform.local.demo;

import dataplatform.local.aws.Moto;
import dataplatform.local.events.Traffic;
import dataplatform.local.events.WebEvents;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.s3.S3Server;
import dataplatform.source.CustomerEventGenerator;
import dataplatform.source.HouseholdGenerator;
import dataplatform.source.OnlineRetailGenerator;
import dataplatform.source.OnlineRetailLoader;
import dataplatform.source.Progress;
import dataplatform.source.ReviewGenerator;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * What the demo gives the domains beside the shop: made-up purchases, and files in the landing bucket, of the week before the day on which it
 * first ran. Files that are there stay as they are.
 */
final class MadeUpFiles {
    private static final int DAYS = 7;
    private static final int PURCHASES = 6_000;
    private static final int REVIEWS = 2_000;
    private static final int SESSIONS_A_DAY = 1_000;
    private static final int EVENTS = 2_000;

    private final Path folder;
    private final LocalDate first;

    /** @param state the demo's folder */
    MadeUpFiles(Path state) throws IOException {
        this.folder = state.resolve("made-up");
        Path day = folder.resolve("first-day");
        if (!Files.exists(day)) {
            Files.createDirectories(folder);
            Files.writeString(day, LocalDate.now(ZoneOffset.UTC).minusDays(DAYS).toString());
        }
        this.first = LocalDate.parse(Files.readString(day));
    }

    /** The day after the last one. */
    LocalDate end() {
        return first.plusDays(DAYS);
    }

    /** Purchases into the shop's database. */
    TableLoad purchases(Connection shop) throws SQLException, IOException {
        Path file = folder.resolve("retail/OnlineRetail.csv");
        new OnlineRetailGenerator(file, PURCHASES, DAYS, first, 1).write();
        return new OnlineRetailLoader(List.of(file), Optional.of("month-first"), false)
                .load(shop, Progress.toStandardError());
    }

    /** What households' banks export. */
    void households(S3Client s3) throws IOException {
        new HouseholdGenerator(folder.resolve("landing"), 1, 6, 3).write();
        land(s3, "finance/");
    }

    /** What customers do on the shop's pages. */
    void customerEvents(S3Client s3) throws IOException {
        new CustomerEventGenerator(folder.resolve("landing"), first, DAYS, SESSIONS_A_DAY, 1).write();
        land(s3, "events_input/");
    }

    /** Reviews of each day. */
    void reviews(S3Client s3) throws IOException {
        for (int day = 0; day < DAYS; day++) {
            Path file = folder.resolve("landing/raw/movie_review/" + first.plusDays(day) + "/movie_review.csv");
            new ReviewGenerator(file, REVIEWS, day).write();
        }
        land(s3, "raw/movie_review/");
    }

    private void land(S3Client s3, String prefix) throws IOException {
        Map<String, Long> there =
                s3
                        .listObjectsV2Paginator(
                                request -> request.bucket(S3Server.LANDING).prefix(prefix))
                        .contents()
                        .stream()
                        .collect(Collectors.toMap(S3Object::key, S3Object::size));
        Path landing = folder.resolve("landing");
        try (Stream<Path> files = Files.walk(landing.resolve(prefix))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String key = landing.relativize(file).toString();
                if (!Long.valueOf(Files.size(file)).equals(there.get(key))) {
                    s3.putObject(request -> request.bucket(S3Server.LANDING).key(key), RequestBody.fromFile(file));
                }
            }
        }
    }

    /** Messages of web applications through the functions that take and type them, once. */
    void webEvents(LocalPlatform engines, Moto moto, Path state) throws Exception {
        Path sent = folder.resolve("web-events-sent");
        if (Files.exists(sent)) {
            return;
        }
        WebEvents.Settings settings = new WebEvents.Settings("demo", 64 << 20, Duration.ofSeconds(1), Optional.empty());
        Path functions = Files.createDirectories(state.resolve("functions"));
        // when it is closed all that was taken is in files
        try (WebEvents events = WebEvents.start(functions, moto, engines.s3(), settings, System.err::println)) {
            Traffic traffic = new Traffic(1, 200);
            Instant start = Instant.now().minus(Duration.ofHours(3));
            for (int batch = 0; batch < EVENTS / 100; batch++) {
                Instant at = start.plusSeconds(batch * 500L);
                Traffic.send(
                        HttpClient.newHttpClient(),
                        events.endpoint(),
                        "demo",
                        IntStream.range(0, 100)
                                .mapToObj(i -> traffic.next(at.plusSeconds(i * 5L)))
                                .toList());
            }
        }
        Files.writeString(sent, Instant.now().toString());
    }
}
