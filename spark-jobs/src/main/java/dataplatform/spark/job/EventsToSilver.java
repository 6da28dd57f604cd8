package dataplatform.spark.job;

import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.bronze.BronzeFolder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The Spark job that takes web events into silver, for every contract that loads by stream: each message once, however often it came, on the
 * day that it belongs to.
 */
@Command(
        name = "EventsToSilver",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Takes the web events that were made Parquet of into the silver tables.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all files are in silver, or set aside after their tries",
            "1:a file or a data set could not be taken; the log names it and the cause, the others are in silver",
            "2:the arguments are wrong"
        },
        exitCodeOnExecutionException = 1)
public final class EventsToSilver implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(EventsToSilver.class);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--transformed",
            required = true,
            description =
                    "Folder that the function event-transformer writes to, such as s3://bronze/web-data/transformed.")
    private String transformed;

    @Option(names = "--silver", required = true, description = "Folder of the silver layer, such as s3://silver.")
    private String silver;

    @Option(
            names = "--data-sets",
            split = ",",
            description = "Only these contracts, such as web.posts; default: all that load by stream.")
    private List<String> dataSets = List.of();

    @Option(names = "--contracts", description = "Folder of contracts; default: those packed with this jar.")
    private java.nio.file.Path contracts;

    @Option(names = "--run-id", description = "Names the run in the quality table; default: the start time.")
    private String runId = Instant.now().toString();

    @Option(names = "--continuous", description = "Run again at this interval until stopped, such as PT10S.")
    private Duration continuous;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Jobs.main(new EventsToSilver(), args);
    }

    @Override
    public Integer call() throws Exception {
        List<DataSet> chosen = Jobs.chosen(spec, contracts, dataSets, Source.Stream.class).stream()
                .map(contract -> DataSet.of(contract, transformed, silver))
                .toList();
        SparkSession spark = Sessions.builder("events-to-silver").getOrCreate();
        return Jobs.run(
                runId,
                continuous,
                run -> Jobs.refresh(LOG, spark, silver, chosen, ".parquet", EventsToSilver::refresh, run));
    }

    private static Map<String, String> refresh(SparkSession spark, DataSet dataSet, Run run) throws Exception {
        SetAside setAside = new SetAside(spark, dataSet);
        return new Refresh(spark, dataSet, run, setAside, new BronzeFolder(spark, dataSet, setAside)).run();
    }
}
