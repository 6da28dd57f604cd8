package dataplatform.spark.batch;

import dataplatform.contracts.Contract;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.Sessions;
import dataplatform.spark.silver.Commit;
import dataplatform.spark.silver.MergeResult;
import dataplatform.spark.silver.SilverTable;
import dataplatform.spark.storage.Storage;
import io.delta.exceptions.DeltaConcurrentModificationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one data set's silver table up to date with some of its files, batch by batch. What a run that died had begun is done
 * first, as it had begun it.
 */
public final class Refresh {
    private static final Logger LOG = LoggerFactory.getLogger(Refresh.class);
    /** Another run that takes the same files ends as well. */
    private static final int TRIES = 20;

    private final SparkSession spark;
    private final DataSet dataSet;
    private final Run run;
    private final SilverTable table;
    private final BatchLog batches;
    private final SetAside setAside;
    private final Input input;
    private final Set<FileVersion> tried = new HashSet<>();
    private final Map<String, String> failures = new TreeMap<>();

    /** Where a data set's files come from. */
    public interface Input {
        /** Of the layer, for people. */
        String name();

        /**
         * The files for another batch.
         *
         * @param taken the versions that batches hold
         * @param tried the versions that this run has tried, with or without success
         */
        List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) throws IOException;

        /** Looks into files. */
        SourceFiles inspect(SparkSession session, List<FileVersion> files);
    }

    /** A refresh of one data set in a run. */
    public Refresh(SparkSession spark, DataSet dataSet, Run run, SetAside setAside, Input input) {
        this.spark = spark;
        this.dataSet = dataSet;
        this.run = run;
        this.table = new SilverTable(spark, dataSet);
        this.batches = new BatchLog(spark, dataSet);
        this.setAside = setAside;
        this.input = input;
    }

    /** Makes batches until no file is left; why files could not be taken, by path. */
    public Map<String, String> run() throws InterruptedException, IOException {
        table.recover();
        // what is to be read in its place has another name
        setAside.forget(file -> !isThere(file));
        String tombstones = new Path(dataSet.tombstones()).toUri().getPath();
        int conflicts = 0;
        boolean more = true;
        while (more) {
            try {
                more = next();
                if (!more) {
                    table.createIfMissing();
                }
            } catch (Exception e) {
                // tombstones that another writer has put together are in another file
                boolean isConflict = e instanceof DeltaConcurrentModificationException || Storage.misses(tombstones, e);
                if (!isConflict || ++conflicts == TRIES) {
                    throw e;
                }
                LOG.info(
                        "{}: another writer changed the table meanwhile; begins again",
                        dataSet.contract().id());
            }
        }
        return failures;
    }

    /** Makes one batch; false if there are no files for one. */
    private boolean next() throws InterruptedException, IOException {
        long start = System.nanoTime();
        Commit newest = table.newest();
        if (newest.givenUp()) {
            batches.free(newest.batch());
        }
        long number = newest.batch() + 1;
        Optional<List<FileVersion>> planned = batches.planned(number);
        List<FileVersion> files;
        if (planned.isPresent()) {
            files = planned.get().stream().filter(this::isThere).toList();
        } else {
            Optional<Set<FileVersion>> taken = batches.taken(newest.batch());
            if (taken.isEmpty() && table.newest().batch() > newest.batch()) {
                // another run has made batches since
                return true;
            }
            // of a table that was deleted and not its state, all files come again
            files = input.next(taken.orElse(Set.of()), tried);
            if (files.isEmpty()) {
                return false;
            }
        }
        long bytes = files.stream().mapToLong(FileVersion::bytes).sum();
        SparkSession session = Sessions.forBatch(spark, bytes);
        SourceFiles found = input.inspect(session, files);
        failed(found.defects());
        List<FileVersion> sound = found.sound();
        if (planned.isEmpty() && (sound.isEmpty() || !batches.plan(number, sound))) {
            // where another run was faster, what it has written down is done next
            return true;
        }
        SilverTable target = new SilverTable(session, dataSet);
        if (planned.isPresent()
                && (sound.isEmpty() || sound.size() < planned.get().size())) {
            target.giveUp(newest, run);
            return true;
        }
        try {
            Commit commit = target.merge(found.rows(newest.floor()), bytes, newest, run);
            if (commit.batch() > number || commit.givenUp()) {
                // another run was faster, and may have made something else of it
                return true;
            }
            log(dataSet.contract(), input.name(), sound.size(), commit.result(), start);
            found.withoutEffect(commit.floor()).forEach((file, cause) -> failures.put(file.path(), cause));
            tried.addAll(sound);
            setAside.forget(sound::contains);
        } catch (DeltaConcurrentModificationException e) {
            throw e;
        } catch (Exception e) {
            Map<FileVersion, String> unreadable = Storage.failed(e) ? Map.of() : found.unreadable();
            if (unreadable.isEmpty()) {
                throw e;
            }
            failed(unreadable);
            target.giveUp(newest, run);
        }
        return true;
    }

    private boolean isThere(FileVersion file) {
        Path path = new Path(file.path());
        try {
            boolean isThere = path.getFileSystem(spark.sparkContext().hadoopConfiguration())
                    .exists(path);
            if (!isThere) {
                LOG.warn(
                        "{}: {} has gone before it was taken",
                        dataSet.contract().id(),
                        path);
            }
            return isThere;
        } catch (IOException e) {
            throw new UncheckedIOException("could not look for " + path, e);
        }
    }

    private void failed(Map<FileVersion, String> causes) {
        causes.forEach((file, cause) -> {
            tried.add(file);
            failures.put(file.path(), cause);
            setAside.failed(file, cause, run);
        });
    }

    /** Says what became of the files of a data set. */
    private static void log(Contract contract, String layer, int files, MergeResult result, long start) {
        LOG.info(
                "{}: {} files, {} rows in: {} inserted, {} updated, {} deleted, {} skipped, {} quarantined; {} ms",
                contract.id(),
                files,
                result.rowsIn(),
                result.inserted(),
                result.updated(),
                result.deleted(),
                result.skipped(),
                result.quarantinedRows(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        if (!result.unknownColumns().isEmpty()) {
            LOG.warn(
                    "{}: {} has columns {} that the contract does not know; they stay there. Add them to the contract to"
                            + " have them in silver, and load the table again to have them of the rows before",
                    contract.id(),
                    layer,
                    result.unknownColumns());
        }
        result.quarantined()
                .forEach((reason, rows) -> LOG.warn("{}: {} rows in quarantine: {}", contract.id(), rows, reason));
    }
}
