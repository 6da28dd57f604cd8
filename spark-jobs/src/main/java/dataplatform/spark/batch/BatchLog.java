package dataplatform.spark.batch;

import dataplatform.spark.DataSet;
import dataplatform.spark.storage.StateFolder;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;

/**
 * Which files of a data set make which batch: {@code _state/<domain>/<data set>/batches/<number>.json}. A batch is written down
 * before it is worked on, so that a run that takes over from one that died makes the same batch of the same files. That a batch
 * is done stands in the silver table itself, in the batch's own commit.
 *
 * <p>What a batch is planned of never changes, as another run may be at work on it. If some of its files can't be read after all
 * it is given up, in a commit of its own, and only then are its files free for the next one.
 */
public final class BatchLog {
    private static final int MOST_FILES = 16;
    /** The files of all batches up to its number. */
    private static final String ALL = "-all.json";

    /** Files of streams expire after half the time; what would come again after that changes nothing. */
    private static final Duration REMEMBERED = Duration.ofDays(60);

    private final StateFolder folder;
    private final boolean forgets;

    /** The log of a data set, which need not exist yet. */
    public BatchLog(SparkSession spark, DataSet dataSet) {
        this.folder = new StateFolder(spark, dataSet.state() + "/batches");
        this.forgets = dataSet.contract().isStreamed();
    }

    /** The files of a batch that was written down; empty if it was not. */
    Optional<List<FileVersion>> planned(long batch) {
        return folder.read(name(batch), FileVersion[].class).map(List::of);
    }

    /** Writes a batch down; false if another run was faster. */
    public boolean plan(long batch, List<FileVersion> files) {
        return folder.create(name(batch), files);
    }

    /** Sets free the files of a batch that was given up. */
    void free(long batch) {
        if (planned(batch).filter(files -> !files.isEmpty()).isPresent()) {
            folder.write(name(batch), List.of());
        }
    }

    /** The files of all batches up to one; empty if later ones have been put together with them. */
    Optional<Set<FileVersion>> taken(long batch) {
        Set<FileVersion> files = new HashSet<>();
        List<String> names = folder.names();
        long base = base(names);
        if (base > batch) {
            return Optional.empty();
        }
        int read = 0;
        for (String name : names) {
            long number = number(name);
            if (number <= batch && (name.endsWith(ALL) ? number == base : number > base)) {
                Optional<FileVersion[]> written = folder.read(name, FileVersion[].class);
                if (written.isEmpty()) {
                    // another run has just put it together with others
                    return taken(batch);
                }
                files.addAll(List.of(written.get()));
                read++;
            }
        }
        if (read > MOST_FILES) {
            if (forgets) {
                long oldest = Instant.now().minus(REMEMBERED).toEpochMilli();
                files.removeIf(file -> file.modified() < oldest);
            }
            folder.write(String.format(Locale.ROOT, "%010d", batch) + ALL, files);
            names.stream().filter(name -> number(name) <= batch).forEach(folder::delete);
        }
        return Optional.of(files);
    }

    private static long base(List<String> names) {
        return names.stream()
                .filter(name -> name.endsWith(ALL))
                .mapToLong(BatchLog::number)
                .max()
                .orElse(0);
    }

    private static String name(long batch) {
        return String.format(Locale.ROOT, "%010d.json", batch);
    }

    private static long number(String name) {
        return Long.parseLong(name.substring(0, 10));
    }
}
