package dataplatform.spark.landing;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.FileFormat;
import dataplatform.contracts.SilverColumn;
import dataplatform.contracts.Source;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.silver.ChangeBatch;
import dataplatform.spark.storage.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
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
 * <p>Each file is read twice, by one task: first for what is wrong with it and its place in the order, then for its rows.
 */
public final class LandingFiles implements SourceFiles {
    private static final Logger LOG = LoggerFactory.getLogger(LandingFiles.class);

    private static final int MOST_TASKS = 200;
    /** Eight digits that are a day before it are a number of something. */
    private static final int FIRST_YEAR = 2000;

    private static final Pattern DAY = Pattern.compile(
            "(?<!\\d)(\\d{4})-?(\\d{2})-?(\\d{2})(?:T(\\d{2})[:.-]?(\\d{2})(?:[:.-]?(\\d{2}))?Z?)?(?!\\d)");
    /** What browsers add to the name of a file that is there already. */
    private static final Pattern COPY = Pattern.compile(" ?\\((\\d{1,3})\\)\\.[^.]*$");

    private static final DateTimeFormatter SEQUENCE_TIME = DateTimeFormatter.ofPattern("uuuuMMddHHmmss");

    private final SparkSession spark;
    private final Contract contract;
    private final Layout layout;
    private final Map<FileVersion, Inspection> inspections;

    /**
     * What tasks have to know of the contract.
     *
     * @param headings of the columns that the files have, in their order
     * @param exportedOn index of the column that tells the day of the export; -1 if none does
     * @param needsRows whether a file without rows is broken
     */
    private record Layout(
            String contract,
            char delimiter,
            List<String> headings,
            int exportedOn,
            String dateFormat,
            boolean needsRows,
            String example)
            implements Serializable {
        static Layout of(Contract contract) {
            Source.Files files = (Source.Files) contract.source();
            FileFormat.Csv csv = (FileFormat.Csv) files.format();
            List<Column> columns = columns(contract);
            int exportedOn = files.exportedOn()
                    .map(name -> columns.indexOf(contract.column(name)))
                    .orElse(-1);
            return new Layout(
                    contract.id(),
                    csv.delimiter(),
                    columns.stream().map(Column::heading).toList(),
                    exportedOn,
                    exportedOn < 0 ? "" : columns.get(exportedOn).dateFormat().orElse("yyyy-MM-dd"),
                    contract.isSnapshot(),
                    contract.name() + "_2026-01-31.csv");
        }
    }

    /**
     * What the first reading of a file told.
     *
     * @param sequence the file's place in the order of exports
     * @param exportedAt in UTC
     * @param positions where in a row of the file the columns stand
     * @param fields of the heading
     * @param sha256 of the file
     * @param defect what is wrong with the file and what to do; empty if it can be taken
     */
    private record Inspection(
            String file,
            String sequence,
            Timestamp exportedAt,
            int[] positions,
            int fields,
            List<String> unknownColumns,
            byte[] sha256,
            String defect)
            implements Serializable {}

    private LandingFiles(
            SparkSession spark, Contract contract, Layout layout, Map<FileVersion, Inspection> inspections) {
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
        Layout layout = Layout.of(contract);
        Broadcast<SerializableConfiguration> storage = storage(spark);
        Map<FileVersion, Inspection> inspections = new LinkedHashMap<>();
        LocalDate tomorrow = LocalDate.now(ZoneOffset.UTC).plusDays(1);
        List<Inspection> found = context(spark)
                .parallelize(files, tasks(files.size()))
                .map(file -> inspect(file, tomorrow, layout, storage.value().value()))
                .collect();
        for (int i = 0; i < files.size(); i++) {
            inspections.put(files.get(i), found.get(i));
        }
        return new LandingFiles(spark, contract, layout, inspections);
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
        StructType schema = new StructType();
        for (Column column : columns(contract)) {
            schema = schema.add(column.name(), DataTypes.StringType);
        }
        schema = schema.add(SilverColumn.CHANGE_SEQ, DataTypes.StringType)
                .add(SilverColumn.EXTRACTED_AT, DataTypes.TimestampType)
                .add(ChangeBatch.RAW, DataTypes.StringType)
                .add(ChangeBatch.FILE, DataTypes.StringType)
                .add(ChangeBatch.DEFECT, DataTypes.StringType);
        List<Inspection> sound = sound().stream().map(inspections::get).toList();
        Broadcast<SerializableConfiguration> storage = storage(spark);
        Layout written = layout;
        Dataset<Row> rows = spark.createDataFrame(
                context(spark)
                        .parallelize(sound, tasks(sound.size()))
                        .flatMap(file -> new Rows(file, written, storage.value().value())),
                schema);
        return ChangeBatch.ofFiles(
                contract,
                rows,
                sound.stream()
                        .flatMap(file -> file.unknownColumns().stream())
                        .distinct()
                        .toList());
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
                        found.exportedAt().toInstant());
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

    /** The columns that files have: all but an id that is made up. */
    private static List<Column> columns(Contract contract) {
        return contract.columns().stream()
                .filter(column -> column.hashOf().isEmpty())
                .toList();
    }

    /** @param tomorrow the day that it may be already where the file was exported */
    private static Inspection inspect(FileVersion version, LocalDate tomorrow, Layout layout, Configuration storage) {
        String file = version.path();
        try {
            MessageDigest sha = sha256();
            try (InputStream in = new DigestInputStream(open(file, storage), sha);
                    CsvReader csv = new CsvReader(in, layout.delimiter())) {
                CsvReader.Record heading = csv.next();
                if (heading == null) {
                    throw new IOException("is empty; expected a line of headings: " + layout.headings());
                }
                int[] positions = positions(heading.fields(), layout);
                LocalDate latest = null;
                long rows = 0;
                long last = heading.number();
                for (CsvReader.Record row = csv.next(); row != null; row = csv.next()) {
                    rows++;
                    last = row.number();
                    if (layout.exportedOn() >= 0
                            && row.fields().size() == heading.fields().size()) {
                        LocalDate day = day(row.fields().get(positions[layout.exportedOn()]), layout.dateFormat());
                        // one mistyped day in the future would put the file behind all that come
                        boolean tells = day != null && !day.isAfter(tomorrow);
                        latest = tells && (latest == null || day.isAfter(latest)) ? day : latest;
                    }
                }
                if (rows == 0 && layout.needsRows()) {
                    throw new IOException("has no rows, and would empty the table; export it again");
                }
                if (csv.isCutOff()) {
                    throw new IOException("ends in line " + last + " without a line break: is it cut off?"
                            + " Export it again, or add a line break to its end if it is whole");
                }
                String name = version.name();
                LocalDateTime exported = exportedAt(name, tomorrow);
                if (exported == null && latest != null) {
                    exported = latest.atStartOfDay();
                }
                if (exported == null && rows == 0) {
                    exported = LocalDate.EPOCH.atStartOfDay();
                }
                if (exported == null) {
                    throw new IOException("has no day of export in its name; call it such as " + layout.example());
                }
                byte[] digest = sha.digest();
                Matcher copy = COPY.matcher(name);
                String sequence = SEQUENCE_TIME.format(exported)
                        + String.format(
                                Locale.ROOT,
                                "%03d-%013d",
                                copy.find() ? Integer.parseInt(copy.group(1)) : 0,
                                version.modified())
                        + HexFormat.of().formatHex(digest, 0, 4);
                List<String> unknown = heading.fields().stream()
                        .filter(each -> each != null && !layout.headings().contains(each))
                        .toList();
                return new Inspection(
                        file,
                        sequence,
                        Timestamp.from(exported.toInstant(ZoneOffset.UTC)),
                        positions,
                        heading.fields().size(),
                        unknown,
                        digest,
                        "");
            }
        } catch (IOException e) {
            return new Inspection(
                    file,
                    "",
                    null,
                    new int[0],
                    0,
                    List.of(),
                    new byte[0],
                    Objects.toString(e.getMessage(), e.toString()));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static InputStream open(String file, Configuration storage) throws IOException {
        Path path = new Path(file);
        return Storage.of(path, storage).open(path);
    }

    /** Where the columns stand. What the file has instead is only told if it has headings: else it is somebody's data. */
    private static int[] positions(List<String> found, Layout layout) throws IOException {
        List<String> missing = layout.headings().stream()
                .filter(heading -> !found.contains(heading))
                .toList();
        if (missing.size() == layout.headings().size()) {
            throw new IOException("its first line has none of the headings of contract " + layout.contract() + ", "
                    + layout.headings() + ", but " + found.size() + " fields. Are they separated by '"
                    + layout.delimiter() + "'? Export it again, or change the contract");
        }
        if (!missing.isEmpty()) {
            throw new IOException("lacks the columns " + missing + " of contract " + layout.contract() + "; it has "
                    + found + ". Export it again with all columns, or change the contract");
        }
        for (String heading : layout.headings()) {
            if (Collections.frequency(found, heading) > 1) {
                throw new IOException("has the column " + heading + " twice; export it again with one");
            }
        }
        return layout.headings().stream().mapToInt(found::indexOf).toArray();
    }

    private static LocalDate day(String text, String format) {
        try {
            return text == null ? null : LocalDate.parse(text, DateTimeFormatter.ofPattern(format));
        } catch (DateTimeParseException e) {
            // the row goes to quarantine with the reason
            return null;
        }
    }

    /**
     * The last day in a file's name, and the time if there is one; null if there is none. One that is written with dashes goes
     * before eight digits, which can be a number of something.
     *
     * @throws IOException if it is in the future
     */
    private static LocalDateTime exportedAt(String name, LocalDate tomorrow) throws IOException {
        LocalDateTime dashed = null;
        LocalDateTime digits = null;
        Matcher day = DAY.matcher(name);
        while (day.find()) {
            int[] parts = Stream.iterate(1, group -> group + 1)
                    .limit(6)
                    .mapToInt(group -> day.group(group) == null ? 0 : Integer.parseInt(day.group(group)))
                    .toArray();
            try {
                LocalDateTime found = LocalDateTime.of(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
                boolean isFuture = found.toLocalDate().isAfter(tomorrow);
                if (day.group().startsWith("-", 4)) {
                    if (isFuture) {
                        throw new IOException("has the day " + found.toLocalDate()
                                + " in its name, which is in the future; give it the day of its export");
                    }
                    dashed = found;
                } else if (!isFuture && parts[0] >= FIRST_YEAR) {
                    digits = found;
                }
            } catch (DateTimeException e) {
                // no day
                continue;
            }
        }
        return dashed == null ? digits : dashed;
    }

    /** The rows of a file, one after the other. */
    private static final class Rows implements Iterator<Row> {
        private final Inspection file;
        private final MessageDigest sha256 = sha256();
        private final CsvReader csv;
        private CsvReader.Record next;

        Rows(Inspection file, Layout layout, Configuration storage) throws IOException {
            this.file = file;
            this.csv = new CsvReader(new DigestInputStream(open(file.file(), storage), sha256), layout.delimiter());
            // the rows are not always read to their end
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close());
            csv.next();
            this.next = following();
        }

        private CsvReader.Record following() throws IOException {
            CsvReader.Record row = csv.next();
            if (row == null && !Arrays.equals(sha256.digest(), file.sha256())) {
                throw new IOException("it was replaced while it was read");
            }
            return row;
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public Row next() {
            if (next == null) {
                throw new NoSuchElementException(file.file());
            }
            CsvReader.Record row = next;
            boolean complete = row.fields().size() == file.fields();
            List<Object> values = new ArrayList<>();
            for (int position : file.positions()) {
                values.add(complete ? row.fields().get(position) : null);
            }
            values.add(String.format(Locale.ROOT, "%s-%010d", file.sequence(), row.number()));
            values.add(file.exportedAt());
            values.add(row.text());
            values.add(file.file());
            values.add(complete ? null : "it has " + row.fields().size() + " fields instead of " + file.fields());
            try {
                next = following();
            } catch (IOException e) {
                throw new UncheckedIOException("could not read " + file.file(), e);
            }
            return RowFactory.create(values.toArray());
        }

        private void close() {
            try {
                csv.close();
            } catch (IOException e) {
                throw new UncheckedIOException("could not close " + file.file(), e);
            }
        }
    }
}
