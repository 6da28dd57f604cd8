package dataplatform.spark.job;

import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.landing.LandingDays;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The Spark job that takes the files of a day into silver, for every contract that loads daily. All files of a day make it, and replace what
 * silver had of it: a file that comes late makes its day anew, and no other.
 */
@Command(
        name = "DaysToSilver",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Takes the CSV files of days into the silver tables.",
            "A day is taken when it has a file that was not taken yet, with all its files. Taking it again changes nothing."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all days are in silver",
            "1:a file or a day could not be taken; the log names it and the cause, the others are in silver",
            "2:the arguments are wrong"
        },
        exitCodeOnExecutionException = 1)
public final class DaysToSilver implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(DaysToSilver.class);

    @Spec
    private CommandSpec spec;

    @Option(names = "--landing", required = true, description = "Folder that the files come to, such as s3://landing.")
    private String landing;

    @Option(names = "--silver", required = true, description = "Folder of the silver layer, such as s3://silver.")
    private String silver;

    @Option(
            names = "--days",
            split = ",",
            description = "Only these days, such as 2026-01-31, even if nothing is new; default: all with new files.")
    private List<LocalDate> days = List.of();

    @Option(
            names = "--data-sets",
            split = ",",
            description = "Only these contracts, such as customers.events; default: all that load daily.")
    private List<String> dataSets = List.of();

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the quality table; default: the start time.")
    private String runId = Instant.now().toString();

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Jobs.main(new DaysToSilver(), args);
    }

    @Override
    public Integer call() throws Exception {
        List<DataSet> chosen = Jobs.chosen(spec, contracts, dataSets, Source.Daily.class).stream()
                .map(contract -> DataSet.of(contract, landing, silver))
                .toList();
        SparkSession spark = Sessions.builder("days-to-silver").getOrCreate();
        return Jobs.run(runId, null, run -> Jobs.refresh(LOG, spark, silver, chosen, ".csv", this::refresh, run));
    }

    private Map<String, String> refresh(SparkSession spark, DataSet dataSet, Run run) throws Exception {
        SetAside setAside = new SetAside(spark, dataSet);
        LandingDays folder = new LandingDays(spark, dataSet, setAside, days);
        Map<String, String> failures = new TreeMap<>(new Refresh(spark, dataSet, run, setAside, folder).run());
        folder.missing()
                .forEach(day -> failures.put(
                        dataSet.source() + "/" + day, "has no files; put those of the day there, or leave it out"));
        return failures;
    }
}
