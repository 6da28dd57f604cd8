package dataplatform.spark.landing;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Source;
import dataplatform.spark.DataSet;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.storage.Storage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a data set that comes by the day, day by day. A day is due when one of its files was not taken yet: then it is taken as a
 * whole, and no other with it.
 */
public final class LandingDays implements Refresh.Input {
    private static final Logger LOG = LoggerFactory.getLogger(LandingDays.class);

    private final SparkSession spark;
    private final Contract contract;
    private final Source.Daily source;
    private final Path folder;
    private final SetAside setAside;
    private final Set<LocalDate> wanted;
    private Map<LocalDate, List<FileVersion>> listed;
    private Set<FileVersion> taken = Set.of();

    /** @param wanted the only days to take, though all their files were taken before; empty for those that are due */
    public LandingDays(SparkSession spark, DataSet dataSet, SetAside setAside, Collection<LocalDate> wanted) {
        this.spark = spark;
        this.contract = dataSet.contract();
        this.source = (Source.Daily) contract.source();
        this.folder = new Path(dataSet.source());
        this.setAside = setAside;
        this.wanted = Set.copyOf(wanted);
    }

    /** The day of a file, by the folder that it stands in. */
    static LocalDate of(FileVersion file) {
        String[] path = file.path().split("/");
        return LocalDate.parse(path[path.length - 2]);
    }

    /** Days that are wanted and have no files. */
    public List<LocalDate> missing() throws IOException {
        Set<LocalDate> there = days().keySet();
        return wanted.stream().filter(day -> !there.contains(day)).sorted().toList();
    }

    @Override
    public String name() {
        return "landing";
    }

    @Override
    public SourceFiles inspect(SparkSession session, List<FileVersion> files) {
        LandingFiles found = LandingFiles.inspect(session, contract, files);
        // only what can't be read is new: the day stays as it is
        return wanted.isEmpty() && taken.containsAll(found.sound()) ? found.defective() : found;
    }

    @Override
    public List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) throws IOException {
        this.taken = taken;
        Set<FileVersion> known = new HashSet<>(tried);
        if (wanted.isEmpty()) {
            known.addAll(taken);
        }
        for (List<FileVersion> day : days().values()) {
            List<FileVersion> files =
                    day.stream().filter(file -> !setAside.contains(file)).toList();
            if (files.stream().anyMatch(file -> !known.contains(file))) {
                return files;
            }
        }
        return List.of();
    }

    private Map<LocalDate, List<FileVersion>> days() throws IOException {
        if (listed == null) {
            listed = list();
        }
        return listed;
    }

    private Map<LocalDate, List<FileVersion>> list() throws IOException {
        Pattern name = Pattern.compile(
                Stream.of(source.pattern().split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
        Map<LocalDate, List<FileVersion>> days = new TreeMap<>();
        for (Path root : wanted.isEmpty()
                ? List.of(folder)
                : wanted.stream().map(day -> new Path(folder, day.toString())).toList()) {
            FileSystem storage = Storage.of(root, spark.sparkContext().hadoopConfiguration());
            try {
                RemoteIterator<LocatedFileStatus> found = storage.listFiles(root, true);
                while (found.hasNext()) {
                    FileVersion file = FileVersion.of(found.next());
                    Optional<LocalDate> day = day(file);
                    if (day.isPresent() && name.matcher(file.name()).matches()) {
                        days.computeIfAbsent(day.get(), each -> new ArrayList<>())
                                .add(file);
                    } else {
                        LOG.warn(
                                "{}: {} is left out: expected {}/<yyyy-MM-dd>/{}",
                                contract.id(),
                                file.path(),
                                folder,
                                source.pattern());
                    }
                }
            } catch (FileNotFoundException e) {
                LOG.info("{}: there are no files in {}", contract.id(), root);
            }
        }
        return days;
    }

    /** The day whose folder the file stands in, right below that of the data set; empty if there is none. */
    private Optional<LocalDate> day(FileVersion file) {
        Path day = new Path(file.path()).getParent();
        if (!day.getParent().toUri().getPath().equals(folder.toUri().getPath())) {
            return Optional.empty();
        }
        try {
            return Optional.of(LocalDate.parse(day.getName()));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
