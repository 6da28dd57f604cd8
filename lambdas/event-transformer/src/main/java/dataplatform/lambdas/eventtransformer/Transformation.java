package dataplatform.lambdas.eventtransformer;

import dataplatform.contracts.Contract;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes files of rows of a raw object. */
public final class Transformation {
    private Transformation() {}

    /**
     * Reads an object to its end, and writes its rows. The same object makes the same files.
     *
     * @param contracts of all data sets
     * @param key of the object, {@code web-data/raw/yyyy/MM/dd/HH/<name>}
     * @param stored the object, with gzip or without
     * @param folder for the files
     * @return the whole files by the keys that they are to get
     * @throws IOException if it can't be read; what is broken in it is no error and stands in a file
     * @throws IllegalArgumentException if the key is another one
     */
    public static Map<String, ParquetFile> run(List<Contract> contracts, String key, Path stored, Path folder)
            throws IOException {
        RawObject object = new RawObject(key);
        Optional<Map<String, ParquetFile>> files = run(contracts, object, stored, folder, true);
        return files.isPresent()
                ? files.get()
                : run(contracts, object, stored, folder, false).orElseThrow();
    }

    /** @return empty if the object was trusted and turns out to be damaged */
    private static Optional<Map<String, ParquetFile>> run(
            List<Contract> contracts, RawObject object, Path stored, Path folder, boolean isTrusted)
            throws IOException {
        Map<String, ParquetFile> files = new TreeMap<>();
        try (Unpacked unpacked = new Unpacked(stored);
                Tables tables = new Tables(contracts, object, folder)) {
            Message message = new Message(tables.paths());
            RawMessages messages = new RawMessages(unpacked, message, tables::takes);
            while (messages.next()) {
                if (!messages.defect().isEmpty()) {
                    tables.quarantine(messages.offset(), messages.part(), messages.defect());
                } else if (isTrusted) {
                    tables.add(message, messages.offset());
                } else {
                    tables.quarantine(
                            messages.offset(), message, "the gzip is damaged, so it may not be what was sent");
                }
            }
            if (!unpacked.damage().isEmpty()) {
                if (isTrusted) {
                    return Optional.empty();
                }
                tables.quarantine(messages.read(), new byte[0], unpacked.damage());
            }
            tables.files().forEach((table, file) -> files.put(object.transformed(table), file));
        }
        return Optional.of(files);
    }
}
