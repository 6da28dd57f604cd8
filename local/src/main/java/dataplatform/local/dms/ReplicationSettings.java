package dataplatform.local.dms;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The settings of a replication task.
 *
 * @param jdbcUrl of the source
 * @param state folder for what has to outlive the process
 * @param keysByTable as {@link dataplatform.source.SourceTables#keys} gives them
 * @param batchInterval longest time that a change waits for others to share its file, DMS's {@code CdcMaxBatchInterval}
 * @param maxFileBytes size after which another file is started, DMS's {@code MaxFileSize}
 */
public record ReplicationSettings(
        String jdbcUrl, Path state, Map<String, List<String>> keysByTable, Duration batchInterval, long maxFileBytes) {
    List<String> tables() {
        return List.copyOf(keysByTable.keySet());
    }

    List<String> keys(String table) {
        return keysByTable.get(table);
    }

    String slot() {
        return "dataplatform";
    }

    String publication() {
        return "dataplatform";
    }

    Path offsets() {
        return state.resolve("offsets.dat");
    }

    /** Folder of the files of changes before they are in bronze, and after it until the next ones. */
    Path changes() {
        return state.resolve("changes");
    }
}
