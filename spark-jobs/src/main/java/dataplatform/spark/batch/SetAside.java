package dataplatform.spark.batch;

import dataplatform.contracts.Contract;
import dataplatform.spark.DataSet;
import dataplatform.spark.Run;
import dataplatform.spark.storage.StateFolder;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.spark.sql.SparkSession;

/**
 * The files of a data set that can't be read: {@code _state/<domain>/<data set>/set-aside.json}. Each run tries again, and after
 * {@link #TRIES} of them a file is set aside, so that it stops nothing. It is tried anew when it is written again, when the
 * contract's columns change, or when a person says so.
 */
public final class SetAside {
    public static final int TRIES = 3;
    private static final String FILE = "set-aside.json";

    private final StateFolder folder;
    private final String contract;
    private final Map<String, Entry> entries = new TreeMap<>();

    /**
     * A file that could not be read.
     *
     * @param tries in how many runs
     * @param run the last of them
     * @param contract what the contract's columns were
     */
    public record Entry(FileVersion file, int tries, String run, String cause, String contract) {}

    /** The files of a data set that are set aside, as its state has them. */
    public SetAside(SparkSession spark, DataSet dataSet) {
        this.folder = new StateFolder(spark, dataSet.state());
        this.contract = columns(dataSet.contract());
        for (Entry entry : folder.read(FILE, Entry[].class).orElse(new Entry[0])) {
            entries.put(entry.file().path(), entry);
        }
    }

    private static String columns(Contract contract) {
        StringBuilder columns = new StringBuilder();
        contract.columns().forEach(column -> columns.append(column.name())
                .append(' ')
                .append(column.type().glueType())
                .append(' '));
        return Integer.toHexString(columns.toString().hashCode());
    }

    /** Whether this version of a file is set aside. */
    public boolean contains(FileVersion file) {
        Entry entry = entries.get(file.path());
        return entry != null
                && entry.file().equals(file)
                && entry.contract().equals(contract)
                && entry.tries() >= TRIES;
    }

    /** Counts a run in which a file could not be read, however often it was tried. */
    public void failed(FileVersion file, String cause, Run run) {
        Entry before = entries.get(file.path());
        boolean same = before != null
                && before.file().equals(file)
                && before.contract().equals(contract);
        boolean isCounted = same && run.name().equals(before.run());
        int tries = (same ? before.tries() : 0) + (isCounted ? 0 : 1);
        entries.put(file.path(), new Entry(file, tries, run.name(), cause, contract));
        save();
    }

    /** Forgets files that have been read, or are to be tried again. */
    public void forget(Predicate<FileVersion> which) {
        if (entries.values().removeIf(entry -> which.test(entry.file()))) {
            save();
        }
    }

    /** Those that are not tried any more. */
    public Collection<Entry> entries() {
        return entries.values().stream().filter(entry -> contains(entry.file())).toList();
    }

    private void save() {
        folder.write(FILE, entries.values());
    }
}
