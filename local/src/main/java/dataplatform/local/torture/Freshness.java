package dataplatform.local.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Program;
import dataplatform.platform.SparkJob;
import dataplatform.source.SourceDdl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How long a change takes from its commit in PostgreSQL to silver, while changes go on and the Spark job runs on: of every change, by the
 * times at which silver's commits were written and by what they hold.
 */
@Command(
        name = "freshness",
        mixinStandardHelpOptions = true,
        description = "Measures how long changes take from PostgreSQL to silver while the Spark job runs on.")
public final class Freshness implements Callable<Integer> {
    private static final DateTimeFormatter HUNDREDTHS = DateTimeFormatter.ofPattern("uuuuMMddHHmmssSS");
    private static final long SEED = 1;

    @Option(names = "--state", required = true, description = "Folder to work in; must not be there yet.")
    private Path state;

    @Option(names = "--seconds", defaultValue = "300", description = "How long (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--rate", defaultValue = "200", description = "Changes a second (default: ${DEFAULT-VALUE}).")
    private int rate;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new Freshness(), args);
    }

    /** What was seen of the Spark job at one moment. */
    private record Sample(long residentMegabytes, long files) {}

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        if (Files.exists(state)) {
            throw new IllegalArgumentException(state + " holds the state of another run; name a new folder");
        }
        List<Contract> contracts = Contracts.replicated();
        try (LocalPlatform engines = LocalPlatform.start(state);
                Connection shop = engines.postgres().connect(PostgresServer.SHOP)) {
            try (Statement statement = shop.createStatement()) {
                for (String ddl : SourceDdl.statements(contracts)) {
                    statement.execute(ddl);
                }
            }
            RandomChanges changes = new RandomChanges(contracts, shop, new SplittableRandom(SEED));
            try (ChildProcess replication = engines.replicator(List.of());
                    ChildProcess spark = engines.start(SparkJob.BRONZE_TO_SILVER, List.of("--continuous", "PT1S"))) {
                // the first passes make the tables and warm the session up
                run(changes, spark, Duration.ofMinutes(1));
                Instant from = Instant.now();
                int before = changes.statements();
                List<Sample> samples = run(changes, spark, Duration.ofSeconds(seconds));
                Instant to = Instant.now();
                int made = changes.statements() - before;
                // so that the last changes come to silver as those before them: with others behind them
                run(changes, spark, Duration.ofSeconds(30));
                report(contracts, from, to, made, samples);
            }
        }
        return 0;
    }

    private List<Sample> run(RandomChanges changes, ChildProcess spark, Duration howLong) throws Exception {
        List<Sample> samples = new ArrayList<>();
        long start = System.nanoTime();
        int made = changes.statements();
        long nextSample = start;
        while (System.nanoTime() - start < howLong.toNanos()) {
            double due = (System.nanoTime() - start) / 1e9 * rate;
            if (changes.statements() - made < due) {
                changes.transaction();
            } else {
                Thread.sleep(1);
            }
            if (System.nanoTime() > nextSample) {
                samples.add(sample(spark));
                nextSample += Duration.ofSeconds(20).toNanos();
            }
        }
        return samples;
    }

    private Sample sample(ChildProcess spark) throws IOException {
        Path status = Path.of("/proc", Long.toString(spark.process().pid()), "status");
        long resident = Files.exists(status)
                ? Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                        .sum()
                : 0;
        long files = 0;
        for (Contract contract : Contracts.replicated()) {
            Path manifests = silver(contract).resolve("_symlink_format_manifest");
            if (Files.exists(manifests)) {
                try (Stream<Path> found = Files.walk(manifests)) {
                    for (Path manifest : found.filter(Files::isRegularFile).toList()) {
                        files += Files.readString(manifest).lines().count();
                    }
                }
            }
        }
        return new Sample(resident, files);
    }

    private Path silver(Contract contract) {
        return state.resolve("s3/silver").resolve(contract.folder());
    }

    private void report(List<Contract> contracts, Instant from, Instant to, int made, List<Sample> samples)
            throws IOException {
        List<Double> ages = new ArrayList<>();
        for (Contract contract : contracts) {
            NavigableMap<Instant, Instant> visible = commits(contract);
            // each tenth of a second stands for the changes in it: they come evenly
            for (Instant change = from; change.isBefore(to); change = change.plusMillis(100)) {
                var commit = visible.ceilingEntry(change);
                Instant seen = commit == null ? Instant.now() : commit.getValue();
                ages.add(Duration.between(change, seen).toMillis() / 1e3);
            }
        }
        ages.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%d changes in %d s: %.0f a second; from commit to silver p50 %.1f s, p95 %.1f s, at most %.1f s%n",
                made,
                Duration.between(from, to).toSeconds(),
                made / (Duration.between(from, to).toMillis() / 1e3),
                at(ages, 0.5),
                at(ages, 0.95),
                at(ages, 1));
        System.out.println("Spark's memory (MB): "
                + samples.stream().map(Sample::residentMegabytes).toList());
        System.out.println("files of silver's tables: "
                + samples.stream().map(Sample::files).toList());
    }

    private static double at(List<Double> sorted, double share) {
        return sorted.isEmpty() ? Double.NaN : sorted.get((int) Math.ceil(share * sorted.size()) - 1);
    }

    /** When silver's commits were written, by the time of the newest change that was in silver then. */
    private NavigableMap<Instant, Instant> commits(Contract contract) throws IOException {
        NavigableMap<Instant, Instant> commits = new TreeMap<>();
        try (Stream<Path> log = Files.list(silver(contract).resolve("_delta_log"))) {
            for (Path commit : log.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                for (String line : Files.readAllLines(commit)) {
                    JsonNode about =
                            AwsJson.JSON.readTree(line).path("commitInfo").path("userMetadata");
                    if (about.isTextual()) {
                        String newest = AwsJson.JSON
                                .readTree(about.asText())
                                .path("watermark")
                                .asText();
                        if (newest.length() >= 16) {
                            Instant change = LocalDateTime.parse(newest.substring(0, 16), HUNDREDTHS)
                                    .toInstant(ZoneOffset.UTC);
                            commits.putIfAbsent(
                                    change, Files.getLastModifiedTime(commit).toInstant());
                        }
                    }
                }
            }
        }
        return commits;
    }
}
