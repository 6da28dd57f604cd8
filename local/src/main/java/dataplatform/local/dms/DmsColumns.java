package dataplatform.local.dms;

import dataplatform.contracts.BronzeColumn;
import dataplatform.contracts.DataType;
import dataplatform.contracts.SilverColumn;
import dataplatform.parquet.ParquetFile;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/**
 * What AWS DMS adds to a table's columns with the settings of this platform: {@code Op} in front, the timestamp column
 * {@code extracted_at} and the header column {@code AR_H_CHANGE_SEQ} as {@code change_seq} behind, then the key before the
 * change (transformation rule {@code add-before-image-columns}, {@code pk-only}), which it fills in updates alone.
 */
public final class DmsColumns {
    private static final DateTimeFormatter TIMESTAMP =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter HUNDREDTHS =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmssSS").withZone(ZoneOffset.UTC);

    private DmsColumns() {}

    /** The columns of a file, from those of the table and the names of its key. */
    static List<ParquetFile.Field> around(List<ParquetFile.Field> columns, List<String> key) {
        List<ParquetFile.Field> fields = new ArrayList<>();
        fields.add(new ParquetFile.Field(BronzeColumn.OP, DataType.STRING));
        fields.addAll(columns);
        fields.add(new ParquetFile.Field(SilverColumn.EXTRACTED_AT, DataType.STRING));
        fields.add(new ParquetFile.Field(SilverColumn.CHANGE_SEQ, DataType.STRING));
        columns.stream()
                .filter(column -> key.contains(column.name()))
                .forEach(column ->
                        fields.add(new ParquetFile.Field(BronzeColumn.BEFORE_IMAGE + column.name(), column.type())));
        return fields;
    }

    /** As DMS writes its timestamp column, in UTC. */
    static String timestamp(Instant instant) {
        return TIMESTAMP.format(instant);
    }

    /**
     * As DMS writes {@code AR_H_CHANGE_SEQ}: 35 digits, the time of the commit in hundredths of a second and a number that
     * rises within it.
     *
     * @param position of the change in the source's log
     */
    static String changeSeq(Instant commit, long position) {
        return HUNDREDTHS.format(commit) + "%019d".formatted(position);
    }
}
