package dataplatform.lambdas.eventtransformer;

import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;

/** Reads Parquet files; a value that is null is not there. */
final class ParquetRows {
    private ParquetRows() {}

    static List<Map<String, Object>> of(Path file) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        try (ParquetReader<Group> reader = ParquetFile.read(file)) {
            for (Group group = reader.read(); group != null; group = reader.read()) {
                Map<String, Object> row = new HashMap<>();
                for (int i = 0; i < group.getType().getFieldCount(); i++) {
                    if (group.getFieldRepetitionCount(i) > 0) {
                        row.put(
                                group.getType().getFieldName(i),
                                group.getType().getType(i).toString().contains("int64")
                                        ? (Object) group.getLong(i, 0)
                                        : group.getString(i, 0));
                    }
                }
                rows.add(row);
            }
        }
        return rows;
    }
}
