package dataplatform.spark.bronze;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.input_file_name;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.regexp_extract;

import dataplatform.contracts.BronzeColumn;
import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.silver.ChangeBatch;
import dataplatform.spark.silver.SilverTable;
import dataplatform.spark.storage.Storage;
import java.io.IOException;
import java.io.Serializable;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Some Parquet files of a data set in bronze, as rows that {@link ChangeBatch} understands. Files are read by their own columns and
 * types: what one lacks is not filled up from another, and a type that changes stops nothing.
 *
 * <p>The rows of a full load ({@code LOAD….parquet}) have no {@code change_seq}. All of one load get the same, made of the time
 * that it began and the time that its files were written, so that a load is newer than the changes before it and than an earlier
 * load, and older than the changes that were committed while it ran.
 */
public final class BronzeFiles implements SourceFiles {
    /**
     * A load counts as this much older than its first row says. A change that was committed after the load's query began, and before its
     * first row was read, is not in the load and comes as a change: it has to be newer. The other way round nothing is lost, as
     * the replication that wrote the changes before a load has ended longer ago.
     */
    static final Duration LOAD_STARTS_BEFORE = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(BronzeFiles.class);
    /** The footers of so many files are read sooner here than by tasks. */
    private static final int FEW = 64;

    private static final int FOOTERS_PER_TASK = 8;
    private static final int MOST_TASKS = 200;
    private static final String LOAD = "LOAD";

    private final SparkSession spark;
    private final Contract contract;
    private final Map<FileVersion, Inspection> inspections;

    /**
     * What a file's footer says.
     *
     * @param schema of what can be read of the file, as Spark's JSON
     * @param columns all of them
     * @param leftOut why some of them can't be read, which the contract does not know
     * @param defect why the file can't be read, and what to do; empty if it can
     * @param denied whether the right to read it is all that lacks
     */
    private record Inspection(
            String path, String schema, List<String> columns, List<String> leftOut, String defect, boolean denied)
            implements Serializable {
        static Inspection defect(String path, List<String> columns, String defect) {
            return new Inspection(path, "", columns, List.of(), defect, false);
        }
    }

    private BronzeFiles(SparkSession spark, Contract contract, Map<FileVersion, Inspection> inspections) {
        this.spark = spark;
        this.contract = contract;
        this.inspections = inspections;
    }

    /** Whether it is a file of a full load. */
    static boolean isLoad(FileVersion file) {
        return file.name().startsWith(LOAD);
    }

    /** Whether it is the first file of a full load, which every load has that has rows. */
    static boolean isFirstOfLoad(FileVersion file) {
        return file.name().matches(LOAD + "0*1\\..*");
    }

    /**
     * Reads the footers of files.
     *
     * @throws IllegalStateException if none of them may be read
     */
    public static BronzeFiles inspect(SparkSession spark, Contract contract, List<FileVersion> files) {
        if (files.isEmpty()) {
            return new BronzeFiles(spark, contract, Map.of());
        }
        Map<String, Inspection> byPath = inspections(spark, ChangeBatch.known(contract), files).stream()
                .collect(Collectors.toMap(Inspection::path, each -> each));
        if (byPath.values().stream().allMatch(Inspection::denied)) {
            // it is no matter of a file
            Inspection first = byPath.get(files.get(0).path());
            throw new IllegalStateException(first.path() + " " + first.defect());
        }
        Map<FileVersion, Inspection> inspections = new TreeMap<>(Comparator.comparing(FileVersion::path));
        for (FileVersion file : files) {
            Inspection found = byPath.get(file.path());
            // what a contract got after a message came, the message does not say
            List<String> missing = contract.isStreamed() ? List.of() : ChangeBatch.missing(contract, found.columns());
            found.leftOut().forEach(cause -> LOG.warn("{}: {}: {}", contract.id(), file.path(), cause));
            inspections.put(
                    file,
                    found.defect().isEmpty() && !missing.isEmpty()
                            ? Inspection.defect(
                                    file.path(), found.columns(), ChangeBatch.lacks(contract, missing, found.columns()))
                            : found);
        }
        return new BronzeFiles(spark, contract, inspections);
    }

    private static List<Inspection> inspections(SparkSession spark, Set<String> known, List<FileVersion> files) {
        Configuration here = spark.sessionState().newHadoopConf();
        if (files.size() <= FEW) {
            return files.parallelStream()
                    .map(file -> inspect(file, here, known))
                    .toList();
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> storage = context.broadcast(new SerializableConfiguration(here));
        return context.parallelize(files, Math.min(files.size() / FOOTERS_PER_TASK + 1, MOST_TASKS))
                .map(file -> inspect(file, storage.value().value(), known))
                .collect();
    }

    private static Inspection inspect(FileVersion file, Configuration storage, Set<String> known) {
        String path = file.path();
        List<Type> fields;
        FileStatus listed = new FileStatus(file.bytes(), false, 1, file.bytes(), file.modified(), new Path(path));
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(listed, storage))) {
            fields = reader.getFooter().getFileMetaData().getSchema().getFields();
        } catch (IOException | RuntimeException e) {
            if (Storage.denied(e)) {
                return new Inspection(path, "", List.of(), List.of(), "may not be read: " + e.getMessage(), true);
            }
            if (Storage.failed(e)) {
                throw new IllegalStateException("could not read " + path, e);
            }
            return Inspection.defect(path, List.of(), "is no whole Parquet file: " + e.getMessage());
        }
        List<String> names = fields.stream().map(Type::getName).toList();
        ParquetToSparkSchemaConverter converter = new ParquetToSparkSchemaConverter(new SQLConf());
        StructType schema = new StructType();
        List<String> leftOut = new ArrayList<>();
        for (Type field : fields) {
            boolean isRead = known.contains(field.getName()) || field.getName().startsWith(BronzeColumn.BEFORE_IMAGE);
            try {
                schema = schema.add(
                        converter.convert(new MessageType("row", field)).fields()[0]);
            } catch (Exception e) {
                String cause = "column " + field.getName() + " can't be read: " + e.getMessage();
                if (isRead) {
                    return Inspection.defect(path, names, cause);
                }
                leftOut.add(cause + "; it stays there");
            }
        }
        return new Inspection(path, schema.json(), names, leftOut, "", false);
    }

    @Override
    public Map<FileVersion, String> defects() {
        return inspections.entrySet().stream()
                .filter(each -> !each.getValue().defect().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, each -> each.getValue().defect()));
    }

    @Override
    public List<FileVersion> sound() {
        return inspections.keySet().stream()
                .filter(file -> inspections.get(file).defect().isEmpty())
                .toList();
    }

    @Override
    public Map<FileVersion, String> withoutEffect(String floor) {
        return Map.of();
    }

    @Override
    public Map<FileVersion, String> unreadable() {
        Map<FileVersion, String> unreadable = new HashMap<>();
        for (FileVersion file : sound()) {
            try {
                read(inspections.get(file).schema(), List.of(file.path()))
                        .write()
                        .format("noop")
                        .mode("overwrite")
                        .save();
            } catch (Exception e) {
                if (Storage.failed(e)) {
                    throw e;
                }
                unreadable.put(file, "can't be read to its end: " + Storage.describe(e, ".parquet"));
            }
        }
        return unreadable;
    }

    @Override
    public ChangeBatch rows(String floor) {
        Map<FileVersion, String> seqs = new HashMap<>();
        String newFloor = loads(floor, seqs);
        Map<List<String>, List<String>> paths = new TreeMap<>(Comparator.comparing(Object::toString));
        for (FileVersion file : sound()) {
            paths.computeIfAbsent(
                            List.of(inspections.get(file).schema(), seqs.getOrDefault(file, "")),
                            each -> new ArrayList<>())
                    .add(file.path());
        }
        List<ChangeBatch> parts = new ArrayList<>();
        paths.forEach((alike, files) -> {
            Dataset<Row> rows = read(alike.get(0), files);
            parts.add(ChangeBatch.ofBronze(
                    contract, contract.isStreamed() ? StreamedRows.of(contract, rows) : rows, alike.get(1)));
        });
        return ChangeBatch.union(parts, newFloor);
    }

    /** @param schema of all of the files, whose footers Spark would read again for it */
    private Dataset<Row> read(String schema, List<String> paths) {
        StructType columns = (StructType) DataType.fromJson(schema);
        // a name is a name, though it has brackets in it
        return spark.read().schema(columns).option("__globPaths__", false).parquet(paths.toArray(String[]::new));
    }

    /**
     * The {@code change_seq} of each file of a full load.
     *
     * @return that of the load whose first file is here; empty if none is
     */
    private String loads(String floor, Map<FileVersion, String> seqs) {
        List<FileVersion> loads = sound().stream().filter(BronzeFiles::isLoad).toList();
        if (loads.isEmpty()) {
            return "";
        }
        Map<String, Instant> begun = begun(loads);
        Stream<Instant> firsts = loads.stream()
                .filter(BronzeFiles::isFirstOfLoad)
                .map(file -> begun.get(file.name()))
                .filter(each -> each != null);
        Instant first = firsts.max(Comparator.naturalOrder()).orElse(null);
        List<FileVersion> ofFirst = loads.stream()
                .filter(file -> first != null
                        && begun.containsKey(file.name())
                        // files that are written side by side
                        && !begun.get(file.name()).isBefore(first.minus(LOAD_STARTS_BEFORE)))
                .toList();
        if (first == null && loads.stream().anyMatch(BronzeFiles::isFirstOfLoad)) {
            LOG.warn(
                    "{}: no row tells when the full load in {} began, so it says nothing of the rows that are gone. If the table is"
                            + " empty in the source, compare silver with it by --reconcile, and --follow it",
                    contract.id(),
                    loads.stream().map(FileVersion::name).toList());
        }
        String seq = seq(
                ofFirst.stream()
                        .map(file -> begun.get(file.name()))
                        .min(Comparator.naturalOrder())
                        .orElse(null),
                ofFirst);
        ofFirst.forEach(file -> seqs.put(file, seq));
        List<FileVersion> others =
                loads.stream().filter(file -> !ofFirst.contains(file)).toList();
        // more of the load that the table has, or what an earlier and longer one has left
        for (FileVersion file : others) {
            String own = seq(begun.get(file.name()), List.of(file));
            if (first == null && !own.isEmpty()) {
                // when its load began is not known before the first file comes, and then it is taken again
                if (floor.isEmpty()) {
                    own = SilverTable.OLDEST;
                } else if (own.compareTo(floor) > 0) {
                    own = floor;
                }
            }
            seqs.put(file, own);
        }
        return seq;
    }

    private static String seq(Instant begun, List<FileVersion> files) {
        if (begun == null) {
            return "";
        }
        long written = files.stream().mapToLong(FileVersion::modified).max().orElse(0);
        return ChangeBatch.HUNDREDTHS.format(begun) + String.format(Locale.ROOT, "%013d", written);
    }

    /** When each load began to be read, by the name of its file. */
    private Map<String, Instant> begun(List<FileVersion> loads) {
        Map<String, Instant> begun = new HashMap<>();
        Map<String, List<FileVersion>> alike = loads.stream()
                .collect(Collectors.groupingBy(file -> inspections.get(file).schema()));
        for (List<FileVersion> files : alike.values()) {
            if (!inspections.get(files.get(0)).columns().contains(SilverColumn.EXTRACTED_AT)) {
                continue;
            }
            Dataset<Row> rows = read(
                            inspections.get(files.get(0)).schema(),
                            files.stream().map(FileVersion::path).toList())
                    .select(
                            regexp_extract(input_file_name(), "[^/]*$", 0).as("file"),
                            col(SilverColumn.EXTRACTED_AT)
                                    .cast(DataTypes.TimestampType)
                                    .as("at"));
            for (Row row : rows.groupBy("file").agg(min("at")).collectAsList()) {
                Timestamp at = row.getTimestamp(1);
                // a table that has rows of the future takes no change until then
                if (at != null && at.toInstant().isBefore(Instant.now().plus(ChangeBatch.CLOCKS_DIFFER))) {
                    begun.put(row.getString(0), at.toInstant().minus(LOAD_STARTS_BEFORE));
                }
            }
        }
        return begun;
    }
}
