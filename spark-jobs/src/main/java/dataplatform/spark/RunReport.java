package dataplatform.spark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * What a run tells whoever decides about what depends on it: {@code _state/reports/<domain>/<start>.json} beside the silver tables, an object with
 *
 * <ul>
 *   <li>{@code run_id}
 *   <li>{@code quarantined}: by data set that has some, {@code rows} in quarantine from this run, {@code silver_rows} that the table has now, and
 *       {@code reasons} with their rows
 * </ul>
 *
 * A report stays until the quality gate has passed it. The counts of all runs are in {@link QualityLog}.
 */
final class RunReport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SparkSession spark;
    private final String silver;
    private final String runId;
    private final Instant start;

    /**
     * @param silver folder of the silver layer
     * @param start of the run; when one is repeated, each time reports what it has quarantined itself
     */
    RunReport(SparkSession spark, String silver, String runId, Instant start) {
        this.spark = spark;
        this.silver = silver;
        this.runId = runId;
        this.start = start;
    }

    /**
     * Writes it, for each domain that there is anything to decide about in.
     *
     * @param results by data set
     */
    void write(Map<String, MergeResult> results) {
        Map<String, Map<String, Object>> byDomain = new TreeMap<>();
        results.forEach((dataSet, result) -> {
            if (result.quarantinedRows() > 0) {
                Map<String, Object> quarantined = Map.of(
                        "rows", result.quarantinedRows(),
                        // Delta counts them from its log
                        "silver_rows",
                                spark.read()
                                        .format("delta")
                                        .load(silver + "/" + dataSet.replace('.', '/'))
                                        .count(),
                        "reasons", result.quarantined());
                byDomain.computeIfAbsent(dataSet.replaceFirst("\\..*", ""), domain -> new TreeMap<>())
                        .put(dataSet, quarantined);
            }
        });
        byDomain.forEach((domain, quarantined) -> {
            Path file = new Path(silver + "/_state/reports/" + domain + "/" + start.toEpochMilli() + ".json");
            try (OutputStream out =
                    file.getFileSystem(spark.sessionState().newHadoopConf()).create(file, true)) {
                JSON.writeValue(out, Map.of("run_id", runId, "quarantined", quarantined));
            } catch (IOException e) {
                throw new UncheckedIOException("could not write " + file, e);
            }
        });
    }
}
