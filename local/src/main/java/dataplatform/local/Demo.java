package dataplatform.local;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.CsvLoader;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import dataplatform.source.SourceDdl;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The whole platform on one machine, once through: a shop's database, replicated to bronze, brought to silver by Spark, read
 * by the warehouse and built into tested marts. Its state stays, so that the next run only does what has changed.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Takes a shop's data from PostgreSQL to tested marts, all on this machine.")
public final class Demo implements Callable<Integer> {
    @Option(names = "--data", description = "Folder of Kaggle-format Olist CSVs; default: a generated shop.")
    private Path data;

    @Option(names = "--scale", defaultValue = "1", description = "Size of the generated shop; 1 is 10,000 orders.")
    private double scale;

    @Option(names = "--state", required = true, description = "Folder that everything is kept in.")
    private Path state;

    private final Map<String, Double> seconds = new LinkedHashMap<>();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Demo())
                .setExecutionExceptionHandler((e, command, result) -> {
                    System.err.println("\n" + (e.getMessage() == null ? e : e.getMessage()));
                    return 1;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        Files.createDirectories(state);
        try (FileChannel channel =
                        FileChannel.open(state.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                throw new IllegalStateException("another demo runs in " + state + "; wait for its end");
            }
            run();
        }
        return 0;
    }

    private void run() throws Exception {
        List<Contract> contracts = Contracts.replicated();
        long start = System.nanoTime();
        try (Engines engines = stage("start", "PostgreSQL and S3", () -> Engines.start(state))) {
            List<TableLoad> loads = stage("source", "CSV files to PostgreSQL", () -> loadSource(engines, contracts));
            stage("replication", "PostgreSQL to bronze", () -> replicate(engines));
            stage("silver", "bronze to silver, by Spark", () -> refreshSilver(engines));
            try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
                List<String> changed = stage(
                        "spectrum", "silver to the warehouse", () -> refreshSpectrum(engines, warehouse, contracts));
                stage("marts", "the warehouse's models and tests, by dbt", () -> buildMarts(engines, changed));
                seconds.put("total", Math.round((System.nanoTime() - start) / 1e8) / 10.0);
                DemoSummary summary = DemoSummary.of(warehouse, contracts, loads, seconds);
                new ObjectMapper()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .writeValue(state.resolve("summary.json").toFile(), summary);
                System.out.print(summary.table());
            }
        }
    }

    private List<TableLoad> loadSource(Engines engines, List<Contract> contracts) throws SQLException, IOException {
        Path folder = data == null ? generated() : data;
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP)) {
            try (Statement statement = shop.createStatement()) {
                for (String ddl : SourceDdl.statements(contracts)) {
                    statement.execute(ddl);
                }
            }
            List<TableLoad> loads = new CsvLoader(contracts, Progress.toStandardError()).load(shop, folder);
            return loads;
        }
    }

    private Path generated() throws IOException {
        Path folder = state.resolve("csv");
        Path made = folder.resolve("scale");
        if (!Files.exists(made) || !Files.readString(made).equals(Double.toString(scale))) {
            new Generator(1, scale, Progress.toStandardError()).write(folder);
            Files.writeString(made, Double.toString(scale));
        }
        return folder;
    }

    private Void replicate(Engines engines) throws IOException, InterruptedException {
        try (ChildProcess replicator = engines.replicator(List.of("--stop-when-caught-up"))) {
            replicator.await(line -> say(line, " - "));
        }
        return null;
    }

    private Void refreshSilver(Engines engines) throws IOException, InterruptedException {
        try (ChildProcess job = engines.bronzeToSilver(List.of())) {
            job.await(line -> say(line, " BronzeToSilver: "));
        }
        return null;
    }

    private List<String> refreshSpectrum(Engines engines, Connection warehouse, List<Contract> contracts)
            throws SQLException, IOException {
        List<Spectrum.ExternalTable> tables = contracts.stream()
                .flatMap(contract ->
                        Stream.of(Spectrum.ExternalTable.of(contract), Spectrum.ExternalTable.quarantineOf(contract)))
                .toList();
        return new Spectrum(engines.s3Client(), state.resolve("tmp")).refresh(warehouse, tables);
    }

    private Void buildMarts(Engines engines, List<String> changed) throws IOException, InterruptedException {
        Path built = state.resolve("marts.built");
        if (changed.stream().allMatch(name -> name.endsWith("_quarantine")) && Files.exists(built)) {
            return null;
        }
        Files.deleteIfExists(built);
        try (ChildProcess dbt = engines.dbt(
                List.of("build", "--select", "path:models/staging/ecommerce", "path:models/marts/ecommerce"))) {
            dbt.await(line -> say(line, "Done. "));
        }
        Files.createFile(built);
        return null;
    }

    private <T> T stage(String name, String what, Callable<T> work) throws Exception {
        System.err.println(name + ": " + what);
        long start = System.nanoTime();
        T result = work.call();
        double took = (System.nanoTime() - start) / 1e9;
        seconds.put(name, Math.round(took * 10) / 10.0);
        System.err.printf(Locale.ROOT, "  %.1f s%n", took);
        return result;
    }

    /** Passes on what a child process says of its progress: what follows a mark in the line. */
    private static void say(String line, String mark) {
        int at = line.indexOf(mark);
        if (at >= 0) {
            System.err.println("  " + line.substring(at + mark.length()));
        }
    }
}
