package dataplatform.lambdas.eventtransformer;

import dataplatform.contracts.Contract;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes files of rows of a raw object. */
public final class Transformation {
    private Transformation() {}

    /**
     * Reads an object to its end, and writes its rows. The same object makes the same files.
     *
     * @param contracts of all data sets
     * @param key of the object, {@code web-data/raw/yyyy/MM/dd/HH/<name>}
     * @param in the object, with gzip or without
     * @param folder for the files
     * @return the whole files by the keys that they are to get
     * @throws IOException if it can't be read; what is broken in it is no error and stands in a file
     * @throws IllegalArgumentException if the key is another one
     */
    public static Map<String, ParquetFile> run(List<Contract> contracts, String key, InputStream in, Path folder)
            throws IOException {
        RawObject object = new RawObject(key);
        Map<String, ParquetFile> files = new TreeMap<>();
        try (Unpacked unpacked = new Unpacked(in);
                Tables tables = new Tables(contracts, object, folder)) {
            Message message = new Message(tables.paths());
            RawMessages messages = new RawMessages(unpacked, message, tables::takes);
            while (messages.next()) {
                if (messages.defect().isEmpty()) {
                    tables.add(message, messages.offset());
                } else {
                    tables.quarantine(messages.offset(), messages.part(), messages.defect());
                }
            }
            if (!unpacked.damage().isEmpty()) {
                tables.quarantine(messages.read(), new byte[0], unpacked.damage());
            }
            tables.files().forEach((table, file) -> files.put(object.transformed(table), file));
        }
        return files;
    }
}
