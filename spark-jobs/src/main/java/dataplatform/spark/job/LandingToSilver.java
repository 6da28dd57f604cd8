package dataplatform.spark.job;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.Parallel;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.landing.LandingFiles;
import dataplatform.spark.quality.Reports;
import dataplatform.spark.storage.Storage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The Spark job that takes the files that partners drop into silver, for every contract that loads by append or snapshot.
 *
 * <p>What a file is to change follows from the file and the table, so that any file can be taken again, at any time and in any order, and the
 * tables come out the same. A file that can't be taken leaves the others alone, is named, and makes the exit code 1.
 */
@Command(
        name = "LandingToSilver",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Takes the CSV files that partners drop into the silver tables.",
            "A file stands under <landing>/<domain>/<data set>/, and its contract says how it is written. Taking a file again"
                    + " changes nothing."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all files are in silver",
            "1:a file could not be taken; the log names it and the cause, the others are in silver",
            "2:the arguments are wrong"
        },
        exitCodeOnExecutionException = 1)
public final class LandingToSilver implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(LandingToSilver.class);
    private static final String SUFFIX = ".csv";

    @Spec
    private CommandSpec spec;

    @Option(names = "--landing", required = true, description = "Folder that partners write to, such as s3://landing.")
    private String landing;

    @Option(names = "--silver", required = true, description = "Folder of the silver layer, such as s3://silver.")
    private String silver;

    // a comma can be part of a name
    @Option(
            names = "--objects",
            split = ",(?=\\w+:/|/)",
            description =
                    "Only these files, such as s3://landing/finance/accounts/2026-01-31.csv; default: all of the data sets.")
    private List<String> objects = List.of();

    @Option(
            names = "--data-sets",
            split = ",",
            description =
                    "Only these contracts, such as finance.accounts; default: all that load by append or snapshot.")
    private List<String> dataSets = List.of();

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the quality table; default: the start time.")
    private String runId = Instant.now().toString();

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Jobs.main(new LandingToSilver(), args);
    }

    /** Some files of a data set. */
    private record Delivery(DataSet dataSet, List<FileVersion> files) implements Refresh.Input {
        Map<String, String> allFailed(String cause) {
            return files.isEmpty()
                    ? Map.of(dataSet.contract().id(), cause)
                    : files.stream().collect(Collectors.toMap(FileVersion::path, file -> cause));
        }

        @Override
        public String name() {
            return "landing";
        }

        @Override
        public List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) {
            // one that was taken by an earlier run is taken again: it is somebody's wish
            return files.stream().filter(file -> !tried.contains(file)).toList();
        }

        @Override
        public SourceFiles inspect(SparkSession session, List<FileVersion> some) {
            return LandingFiles.inspect(session, dataSet.contract(), some);
        }
    }

    @Override
    public Integer call() throws Exception {
        Instant start = Instant.now();
        List<Contract> chosen = Jobs.chosen(spec, contracts, dataSets, Source.Files.class);
        SparkSession spark = Sessions.builder("landing-to-silver").getOrCreate();
        Map<String, String> failures = new TreeMap<>();
        List<Delivery> deliveries = objects.isEmpty() ? all(spark, chosen) : named(spark, chosen, failures);

        Run run = new Run(runId, start);
        Map<Delivery, Map<String, String>> taken = Parallel.each(
                deliveries,
                delivery -> take(spark, delivery, run),
                (delivery, e) -> failures.putAll(delivery.allFailed(Storage.describe(e, SUFFIX))));
        taken.values().forEach(failures::putAll);
        failures.forEach((file, cause) -> LOG.error("{} failed: {}", file, cause));
        new Reports(spark, silver)
                .write(taken.keySet().stream().map(Delivery::dataSet).toList(), Map.of(), run);
        LOG.info(
                "{} files of {} data sets, {} failed, after {} s",
                deliveries.stream().mapToInt(each -> each.files().size()).sum(),
                deliveries.size(),
                failures.size(),
                Duration.between(start, Instant.now()).toSeconds());
        return failures.isEmpty() ? 0 : 1;
    }

    private List<Delivery> all(SparkSession spark, List<Contract> chosen) throws IOException {
        List<Delivery> deliveries = new ArrayList<>();
        for (Contract contract : chosen) {
            DataSet dataSet = DataSet.of(contract, landing, silver);
            Path folder = new Path(dataSet.source());
            List<FileVersion> files = new ArrayList<>();
            try {
                RemoteIterator<LocatedFileStatus> listed =
                        storage(spark, folder).listFiles(folder, true);
                while (listed.hasNext()) {
                    FileStatus file = listed.next();
                    if (isCsv(file.getPath().getName())) {
                        files.add(FileVersion.of(file));
                    } else {
                        LOG.warn("{}: {} is left out, as it is no {} file", contract.id(), file.getPath(), SUFFIX);
                    }
                }
            } catch (FileNotFoundException e) {
                LOG.info("{}: there are no files in {}", contract.id(), folder);
            }
            deliveries.add(new Delivery(dataSet, files));
        }
        return deliveries;
    }

    private List<Delivery> named(SparkSession spark, List<Contract> chosen, Map<String, String> failures)
            throws IOException {
        Map<Contract, List<FileVersion>> files = new HashMap<>();
        for (String object : objects) {
            Path path = new Path(object);
            FileSystem storage = storage(spark, path);
            String name = storage.makeQualified(path).toString();
            List<Contract> of = chosen.stream()
                    .filter(contract ->
                            name.startsWith(storage.makeQualified(new Path(DataSet.of(contract, landing, silver)
                                                    .source()))
                                            .toString()
                                    + "/"))
                    .toList();
            if (of.isEmpty() || !isCsv(name)) {
                failures.put(
                        object,
                        "no data set comes in such a file; put it to " + landing + "/<domain>/<data set>/<name>"
                                + SUFFIX
                                + ", for one of "
                                + chosen.stream().map(Contract::id).toList());
                continue;
            }
            try {
                files.computeIfAbsent(of.get(0), contract -> new ArrayList<>())
                        .add(FileVersion.of(storage.getFileStatus(path)));
            } catch (FileNotFoundException e) {
                failures.put(object, "it is not there (any more); put it back, or leave it out");
            }
        }
        return files.entrySet().stream()
                .map(each -> new Delivery(DataSet.of(each.getKey(), landing, silver), each.getValue()))
                .toList();
    }

    private static boolean isCsv(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    private static FileSystem storage(SparkSession spark, Path path) throws IOException {
        return path.getFileSystem(spark.sparkContext().hadoopConfiguration());
    }

    private static Map<String, String> take(SparkSession spark, Delivery delivery, Run run) throws Exception {
        DataSet dataSet = delivery.dataSet();
        return new Refresh(spark, dataSet, run, new SetAside(spark, dataSet), delivery).run();
    }
}
