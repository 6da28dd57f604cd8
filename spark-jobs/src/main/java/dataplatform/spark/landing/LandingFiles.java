package dataplatform.spark.landing;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.silver.ChangeBatch;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CSV files of a data set, as rows that {@link ChangeBatch} understands.
 *
 * <p>The order of changes comes from the files alone. Exports are ordered by the day (and time, in UTC) in their name, such as {@code
 * giro_2026-01-31.csv}, {@code 20260131T0815.csv} or {@code giro_2026-01-31 (2).csv}; without one by the latest date that they tell;
 * and where that is equal, by the time of their upload: a correction under the old name is the newer one. Within an export its
 * lines are the order.
 *
 * <p>Each file is read twice: by one task for what is wrong with it and its place in the order, then, a large one by several, for its rows.
 */
public final class LandingFiles implements SourceFiles {
    private static final Logger LOG = LoggerFactory.getLogger(LandingFiles.class);

    private static final int MOST_TASKS = 200;

    private final SparkSession spark;
    private final Contract contract;
    private final FileLayout layout;
    private final Map<FileVersion, Inspection> inspections;

    private LandingFiles(
            SparkSession spark, Contract contract, FileLayout layout, Map<FileVersion, Inspection> inspections) {
        this.spark = spark;
        this.contract = contract;
        this.layout = layout;
        this.inspections = inspections;
    }

    /**
     * Reads files for what is wrong with them.
     *
     * @param files of one data set
     */
    public static LandingFiles inspect(SparkSession spark, Contract contract, List<FileVersion> files) {
        FileLayout layout = FileLayout.of(contract);
        Broadcast<SerializableConfiguration> storage = storage(spark);
        Map<FileVersion, Inspection> inspections = new LinkedHashMap<>();
        LocalDate tomorrow = LocalDate.now(ZoneOffset.UTC).plusDays(1);
        List<Inspection> found = context(spark)
                .parallelize(files, tasks(files.size()))
                .map(file ->
                        Inspection.of(file, tomorrow, layout, storage.value().value()))
                .collect();
        for (int i = 0; i < files.size(); i++) {
            inspections.put(files.get(i), found.get(i));
            if (found.get(i).defect().isEmpty()) {
                LOG.info(
                        "{}: {}: {} rows",
                        contract.id(),
                        files.get(i).path(),
                        found.get(i).rows());
            }
        }
        return new LandingFiles(spark, contract, layout, inspections);
    }

    /** Those of the files that can't be taken. */
    LandingFiles defective() {
        Map<FileVersion, Inspection> defective = new LinkedHashMap<>(inspections);
        defective.values().removeIf(found -> found.defect().isEmpty());
        return new LandingFiles(spark, contract, layout, defective);
    }

    @Override
    public Map<FileVersion, String> defects() {
        Map<FileVersion, String> defects = new LinkedHashMap<>();
        inspections.forEach((file, found) -> {
            if (!found.defect().isEmpty()) {
                defects.put(file, found.defect());
            }
        });
        return defects;
    }

    @Override
    public List<FileVersion> sound() {
        return inspections.keySet().stream()
                .filter(file -> inspections.get(file).defect().isEmpty())
                .toList();
    }

    @Override
    public Map<FileVersion, String> unreadable() {
        // each file has been read to its end
        return Map.of();
    }

    @Override
    public ChangeBatch rows(String floor) {
        List<Inspection> sound = sound().stream().map(inspections::get).toList();
        Dataset<Row> rows = LandedRows.read(
                spark,
                layout,
                contract.sourceColumns().stream().map(Column::name).toList(),
                sound);
        List<String> unknown = sound.stream()
                .flatMap(file -> file.unknownColumns().stream())
                .distinct()
                .toList();
        if (!contract.isDaily()) {
            return ChangeBatch.ofFiles(contract, rows, unknown);
        }
        Map<String, Long> nulls = new LinkedHashMap<>();
        for (int i = 0; i < contract.sourceColumns().size(); i++) {
            int column = i;
            nulls.put(
                    contract.sourceColumns().get(i).name(),
                    sound.stream().mapToLong(file -> file.nulls()[column]).sum());
        }
        return ChangeBatch.ofDay(
                contract,
                rows,
                unknown,
                new ChangeBatch.Day(
                        LandingDays.of(sound().get(0)),
                        sound.stream().mapToLong(Inspection::rows).sum(),
                        nulls));
    }

    @Override
    public Map<FileVersion, String> withoutEffect(String floor) {
        Map<FileVersion, String> broken = new LinkedHashMap<>();
        if (!contract.isSnapshot()) {
            return broken;
        }
        for (FileVersion file : sound()) {
            Inspection found = inspections.get(file);
            if (found.sequence().compareTo(floor) > 0) {
                broken.put(
                        file,
                        "no row keeps contract " + contract.id()
                                + ": all are in quarantine, and nothing of it is in silver."
                                + " Export it again, or change the contract");
            } else if (found.sequence().compareTo(floor) < 0) {
                LOG.warn(
                        "{}: {} changes nothing: it was exported at {}, and there is a newer one. If it is the newest, give it a"
                                + " later day or time in its name",
                        contract.id(),
                        file.path(),
                        Instant.ofEpochMilli(found.exportedAt()));
            }
        }
        return broken;
    }

    private static JavaSparkContext context(SparkSession spark) {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    private static Broadcast<SerializableConfiguration> storage(SparkSession spark) {
        return context(spark)
                .broadcast(new SerializableConfiguration(spark.sessionState().newHadoopConf()));
    }

    private static int tasks(int files) {
        return Math.max(1, Math.min(files, MOST_TASKS));
    }
}
