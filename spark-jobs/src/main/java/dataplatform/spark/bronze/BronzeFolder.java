package dataplatform.spark.bronze;

import dataplatform.spark.DataSet;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.batch.SourceFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a data set in bronze, each version of which is taken once. They are those of one moment: where files keep coming, what
 * comes meanwhile is the next run's, and this one ends.
 */
public final class BronzeFolder implements Refresh.Input {
    private static final Logger LOG = LoggerFactory.getLogger(BronzeFolder.class);
    private static final String SUFFIX = ".parquet";

    private final SparkSession spark;
    private final DataSet dataSet;
    private final SetAside setAside;
    private List<FileVersion> listed;

    /** The folder of a data set in bronze, which need not exist yet. */
    public BronzeFolder(SparkSession spark, DataSet dataSet, SetAside setAside) {
        this.spark = spark;
        this.dataSet = dataSet;
        this.setAside = setAside;
    }

    @Override
    public String name() {
        return "bronze";
    }

    @Override
    public SourceFiles inspect(SparkSession session, List<FileVersion> files) {
        return BronzeFiles.inspect(session, dataSet.contract(), files);
    }

    @Override
    public List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) throws IOException {
        if (listed == null) {
            listed = list();
        }
        List<FileVersion> there = listed.stream()
                .filter(file -> !setAside.contains(file) && !tried.contains(file))
                .toList();
        Predicate<FileVersion> isFresh = file -> !taken.contains(file);
        Set<String> known = taken.stream().map(FileVersion::path).collect(Collectors.toSet());
        boolean loadsAgain = there.stream()
                .filter(isFresh)
                .anyMatch(file ->
                        BronzeFiles.isFirstOfLoad(file) || BronzeFiles.isLoad(file) && known.contains(file.path()));
        // a load is taken as a whole: what it does not hold is gone
        return there.stream()
                .filter(file -> isFresh.test(file) || loadsAgain && BronzeFiles.isLoad(file))
                .toList();
    }

    private List<FileVersion> list() throws IOException {
        List<FileVersion> files = new ArrayList<>();
        Path folder = new Path(dataSet.source());
        FileSystem storage = folder.getFileSystem(spark.sparkContext().hadoopConfiguration());
        try {
            RemoteIterator<LocatedFileStatus> found = storage.listFiles(folder, true);
            while (found.hasNext()) {
                FileStatus file = found.next();
                String name = file.getPath().getName();
                if (name.matches("[._].*")) {
                    LOG.warn(
                            "{}: {} is hidden and is left out; give it a name that does not begin with {}",
                            dataSet.contract().id(),
                            file.getPath(),
                            name.charAt(0));
                } else if (name.toLowerCase(Locale.ROOT).endsWith(SUFFIX)) {
                    files.add(FileVersion.of(file));
                } else {
                    LOG.warn(
                            "{}: {} is no Parquet file and is left out",
                            dataSet.contract().id(),
                            file.getPath());
                }
            }
        } catch (FileNotFoundException e) {
            LOG.debug("{}: nothing was replicated yet", dataSet.contract().id());
        }
        return files;
    }
}
