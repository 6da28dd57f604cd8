package dataplatform.spark.landing;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.FileFormat;
import dataplatform.contracts.Source;
import java.io.Serializable;
import java.util.List;

/**
 * What the tasks that read a data set's files have to know of its contract.
 *
 * @param headings of the columns that the files have, in their order
 * @param exportedOn index of the column that tells the day of the export; -1 if none does
 * @param needsRows whether a file without rows is broken
 */
record FileLayout(
        String contract,
        char delimiter,
        List<String> headings,
        int exportedOn,
        String dateFormat,
        boolean needsRows,
        String example)
        implements Serializable {
    static FileLayout of(Contract contract) {
        Source.Files files = (Source.Files) contract.source();
        FileFormat.Csv csv = (FileFormat.Csv) files.format();
        List<Column> columns = columns(contract);
        int exportedOn = files.exportedOn()
                .map(name -> columns.indexOf(contract.column(name)))
                .orElse(-1);
        return new FileLayout(
                contract.id(),
                csv.delimiter(),
                columns.stream().map(Column::sourceName).toList(),
                exportedOn,
                exportedOn < 0 ? "" : columns.get(exportedOn).dateFormat().orElse("yyyy-MM-dd"),
                contract.isSnapshot(),
                contract.name() + "_2026-01-31.csv");
    }

    /** The columns that files have: all but an id that is made up. */
    static List<Column> columns(Contract contract) {
        return contract.columns().stream()
                .filter(column -> column.hashOf().isEmpty())
                .toList();
    }
}
