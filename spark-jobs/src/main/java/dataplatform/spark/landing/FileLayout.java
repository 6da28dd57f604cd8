package dataplatform.spark.landing;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.FileFormat;
import dataplatform.contracts.Source;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * What the tasks that read a data set's files have to know of its contract.
 *
 * @param headings of the columns that the files have, in their order
 * @param exportedOn index of the column that tells the day of the export; -1 if none does
 * @param needsRows whether a file without rows is broken
 * @param isOfDay whether it is of the day that its folder is called after
 */
record FileLayout(
        String contract,
        char delimiter,
        List<String> headings,
        int exportedOn,
        String dateFormat,
        boolean needsRows,
        boolean isOfDay,
        String example)
        implements Serializable {
    static FileLayout of(Contract contract) {
        FileFormat.Csv csv = (FileFormat.Csv) ((Source.Landed) contract.source()).format();
        List<Column> columns = contract.sourceColumns();
        Optional<String> exported =
                contract.source() instanceof Source.Files files ? files.exportedOn() : Optional.empty();
        int exportedOn =
                exported.map(name -> columns.indexOf(contract.column(name))).orElse(-1);
        return new FileLayout(
                contract.id(),
                csv.delimiter(),
                columns.stream().map(Column::sourceName).toList(),
                exportedOn,
                exportedOn < 0 ? "" : columns.get(exportedOn).dateFormat().orElse("yyyy-MM-dd"),
                contract.isSnapshot(),
                contract.isDaily(),
                contract.name() + "_2026-01-31.csv");
    }
}
