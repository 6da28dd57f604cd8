package dataplatform.spark.landing;

import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.storage.Storage;
import java.io.IOException;
import java.io.Serializable;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * What the first reading of a file told.
 *
 * @param sequence the file's place in the order of exports
 * @param exportedAt in milliseconds since 1970
 * @param positions where in a row of the file the columns stand
 * @param fields of the heading
 * @param rows below the heading
 * @param nulls how many of those have no value, by the columns that the file is to have
 * @param parts of the file, one after the other
 * @param defect what is wrong with the file and what to do; empty if it can be taken
 */
record Inspection(
        String file,
        String sequence,
        long exportedAt,
        int[] positions,
        int fields,
        long rows,
        long[] nulls,
        List<String> unknownColumns,
        List<Part> parts,
        String defect)
        implements Serializable {
    /**
     * Some rows of a file, which a task reads by itself; the first ones have the heading before them.
     *
     * @param offset in bytes
     * @param lines of the file before it
     * @param sha256 of its bytes: the file can be replaced meanwhile
     */
    record Part(long offset, long length, long lines, byte[] sha256) implements Serializable {}

    private static final long PART_BYTES = 16L << 20;

    /** Eight digits that are a day before it are a number of something. */
    private static final int FIRST_YEAR = 2000;

    private static final Pattern DAY = Pattern.compile(
            "(?<!\\d)(\\d{4})-?(\\d{2})-?(\\d{2})(?:T(\\d{2})[:.-]?(\\d{2})(?:[:.-]?(\\d{2}))?Z?)?(?!\\d)");
    /** What browsers add to the name of a file that is there already. */
    private static final Pattern COPY = Pattern.compile(" ?\\((\\d{1,3})\\)\\.[^.]*$");

    private static final DateTimeFormatter SEQUENCE_TIME = DateTimeFormatter.ofPattern("uuuuMMddHHmmss");

    /**
     * Reads a file to its end for what is wrong with it.
     *
     * @param tomorrow the day that it may be already where the file was exported
     */
    static Inspection of(FileVersion version, LocalDate tomorrow, FileLayout layout, Configuration storage) {
        String file = version.path();
        try (CsvReader csv = new CsvReader(open(file, storage), layout.delimiter(), 0, Long.MAX_VALUE)) {
            if (!csv.next()) {
                throw new IOException("is empty; expected a line of headings: " + layout.headings());
            }
            List<String> heading = csv.fields();
            int[] positions = positions(heading, layout);
            LocalDate latest = null;
            long rows = 0;
            long[] nulls = new long[positions.length];
            List<Part> parts = new ArrayList<>();
            long begin = 0;
            long linesBefore = 0;
            while (csv.next()) {
                rows++;
                boolean isComplete = csv.size() == heading.size();
                for (int i = 0; i < positions.length; i++) {
                    if (!isComplete || csv.isNull(positions[i])) {
                        nulls[i]++;
                    }
                }
                if (layout.exportedOn() >= 0 && isComplete) {
                    LocalDate day = day(csv.field(positions[layout.exportedOn()]), layout.dateFormat());
                    // one mistyped day in the future would put the file behind all that come
                    boolean tells = day != null && !day.isAfter(tomorrow);
                    latest = tells && (latest == null || day.isAfter(latest)) ? day : latest;
                }
                if (csv.offset() - begin >= PART_BYTES) {
                    parts.add(new Part(begin, csv.offset() - begin, linesBefore, csv.digest()));
                    begin = csv.offset();
                    linesBefore = csv.lines();
                }
            }
            if (parts.isEmpty() || csv.offset() > begin) {
                parts.add(new Part(begin, csv.offset() - begin, linesBefore, csv.digest()));
            }
            if (rows == 0 && layout.needsRows()) {
                throw new IOException("has no rows, and would empty the table; export it again");
            }
            if (csv.isCutOff()) {
                throw new IOException("ends in line " + csv.line() + " without a line break: is it cut off?"
                        + " Export it again, or add a line break to its end if it is whole");
            }
            LocalDateTime exported = exportedAt(version, latest, rows, tomorrow, layout);
            Matcher copy = COPY.matcher(version.name());
            String sequence = SEQUENCE_TIME.format(exported)
                    + String.format(
                            Locale.ROOT,
                            "%03d-%013d",
                            copy.find() ? Integer.parseInt(copy.group(1)) : 0,
                            version.modified())
                    + HexFormat.of().formatHex(parts.get(0).sha256(), 0, 4);
            List<String> unknown = heading.stream()
                    .filter(each -> each != null && !layout.headings().contains(each))
                    .toList();
            return new Inspection(
                    file,
                    sequence,
                    exported.toInstant(ZoneOffset.UTC).toEpochMilli(),
                    positions,
                    heading.size(),
                    rows,
                    nulls,
                    unknown,
                    parts,
                    "");
        } catch (IOException e) {
            return new Inspection(
                    file,
                    "",
                    0,
                    new int[0],
                    0,
                    0,
                    new long[0],
                    List.of(),
                    List.of(),
                    Objects.toString(e.getMessage(), e.toString()));
        }
    }

    private static LocalDateTime exportedAt(
            FileVersion version, LocalDate latest, long rows, LocalDate tomorrow, FileLayout layout)
            throws IOException {
        if (layout.isOfDay()) {
            LocalDate day = LandingDays.of(version);
            if (day.isAfter(tomorrow)) {
                throw new IOException(
                        "is of the day " + day + ", which is in the future; put it to the day of its rows");
            }
            return day.atStartOfDay();
        }
        LocalDateTime exported = exportedAt(version.name(), tomorrow);
        if (exported == null && latest != null) {
            exported = latest.atStartOfDay();
        }
        if (exported == null && rows == 0) {
            exported = LocalDate.EPOCH.atStartOfDay();
        }
        if (exported == null) {
            throw new IOException("has no day of export in its name; call it such as " + layout.example());
        }
        return exported;
    }

    static FSDataInputStream open(String file, Configuration storage) throws IOException {
        Path path = new Path(file);
        return Storage.of(path, storage).open(path);
    }

    /** Where the columns stand. What the file has instead is only told if it has headings: else it is somebody's data. */
    private static int[] positions(List<String> found, FileLayout layout) throws IOException {
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
}
