package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.input_file_name;
import static org.apache.spark.sql.functions.lead;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.substring_index;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import dataplatform.contracts.BronzeColumn;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Derivation;
import dataplatform.contracts.SilverColumn;
import dataplatform.contracts.Source;
import dataplatform.spark.landing.LandingFiles;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Rows of bronze as the contract sees them: cleaned, typed and checked, each with what happened to it in the source.
 *
 * <p>Bronze holds what AWS DMS writes to S3: {@code Op} (I, U, D), the table's columns, {@code change_seq} (null in a full
 * load), {@code extracted_at} and, in {@code BI_<column>}, the key before the change.
 *
 * <p>Files that partners drop are read by {@link LandingFiles} into the columns of the contract, {@code change_seq}, {@code
 * extracted_at}, {@link #RAW}, {@link #FILE} and {@link #DEFECT}.
 */
public final class ChangeBatch {
    /** What happened to the row: I, U or D. */
    static final String OP = "_op";
    /** So many characters at the start of a snapshot's {@code change_seq} are the place of its file in the order of exports. */
    static final int EXPORT_LENGTH = 39;
    /** Why the row breaks its contract; empty if it does not. */
    static final String REASON = "_reason";
    /** The row as it stood in bronze, as JSON, if it breaks its contract. */
    public static final String RAW = "_raw";
    /** Whether the row has its key, though it may break its contract. */
    static final String KEYED = "_keyed";

    /** The file that the row stands in. */
    public static final String FILE = "_file";
    /** Why the line of a file makes no row; null if it does. */
    public static final String DEFECT = "_defect";
    /** Why nobody knows what the row is about: which change it is, or when it was made. Empty otherwise. */
    private static final String MISPLACED = "_misplaced";
    /** Of the two rows of a change of the key, whether it is the one of the old key. */
    private static final String IS_OLD = "_is_old";

    private static final String CONTRADICTED =
            "its key stands again further down in the file, in a row that says something else";
    /** As AWS DMS documents it: a time to the hundredth of a second, and a number that goes up. */
    private static final String CHANGE_SEQ_FORM = "^[0-9]{35}$";

    /** So much later than here may it be where changes are made. */
    public static final Duration CLOCKS_DIFFER = Duration.ofDays(1);

    /** What a change_seq begins with: a time in UTC. */
    public static final DateTimeFormatter HUNDREDTHS =
            DateTimeFormatter.ofPattern("uuuuMMddHHmmssSS").withZone(ZoneOffset.UTC);

    private final Contract contract;
    private final List<Part> parts;
    private final List<String> unknownColumns;
    private final String floor;
    private final Day day;

    /**
     * Rows whose files have the same columns.
     *
     * @param loadSeq {@code change_seq} of the rows of a full load; empty if each row has to have its own
     */
    private record Part(Dataset<Row> raw, String loadSeq) {}

    /**
     * A day, and what is known of its rows before Spark reads them.
     *
     * @param date in UTC
     * @param nulls by column
     */
    public record Day(LocalDate date, long rows, Map<String, Long> nulls) {}

    private ChangeBatch(Contract contract, List<Part> parts, List<String> unknownColumns, String floor, Day day) {
        this.contract = contract;
        this.parts = List.copyOf(parts);
        this.unknownColumns = List.copyOf(unknownColumns);
        this.floor = floor;
        this.day = day;
    }

    /** @param unknownColumns of the files, which the rows are without */
    public static ChangeBatch ofFiles(Contract contract, Dataset<Row> rows, List<String> unknownColumns) {
        return new ChangeBatch(contract, List.of(new Part(rows, "")), unknownColumns, "", null);
    }

    /**
     * All rows of a day.
     *
     * @param unknownColumns of the files, which the rows are without
     * @param day which
     */
    public static ChangeBatch ofDay(Contract contract, Dataset<Row> rows, List<String> unknownColumns, Day day) {
        return new ChangeBatch(contract, List.of(new Part(rows, "")), unknownColumns, "", day);
    }

    /** The columns of the contract that are not among these. */
    public static List<String> missing(Contract contract, Collection<String> columns) {
        return contract.columns().stream()
                .map(dataplatform.contracts.Column::name)
                .filter(name -> !columns.contains(name))
                .toList();
    }

    /** The columns of a file that a row is read from, but those of {@link #BronzeColumn.BEFORE_IMAGE}. */
    public static Set<String> known(Contract contract) {
        return Stream.concat(SilverColumn.of(contract).stream().map(SilverColumn::name), Stream.of(BronzeColumn.OP))
                .collect(Collectors.toSet());
    }

    /** What is wrong with a file that has these columns and not all of the contract's, and what to do. */
    public static String lacks(Contract contract, Collection<String> missing, Collection<String> columns) {
        return "lacks the columns " + missing + " of contract " + contract.id() + "; it has " + columns
                + ". Put the columns back in the source, or change the contract";
    }

    /**
     * @param raw rows of bronze from files of equal columns; those that the contract does not know are left out
     * @param loadSeq what stands for {@code change_seq} in the rows of a full load, which have none; empty if the rows are of none
     * @throws IllegalArgumentException if a column of the contract is missing
     */
    public static ChangeBatch ofBronze(Contract contract, Dataset<Row> raw, String loadSeq) {
        List<String> columns = List.of(raw.columns());
        List<String> missing = missing(contract, columns);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("bronze " + lacks(contract, missing, columns));
        }
        Set<String> known = known(contract);
        List<String> unknown = Arrays.stream(raw.columns())
                .filter(name -> !known.contains(name) && !name.startsWith(BronzeColumn.BEFORE_IMAGE))
                .toList();
        return new ChangeBatch(contract, List.of(new Part(raw, loadSeq)), unknown, "", null);
    }

    /**
     * All of some batches of one contract as one.
     *
     * @param floor {@code change_seq} of the full load that is whole among them; empty if none is
     */
    public static ChangeBatch union(List<ChangeBatch> batches, String floor) {
        return new ChangeBatch(
                batches.get(0).contract,
                batches.stream().flatMap(batch -> batch.parts.stream()).toList(),
                batches.stream()
                        .flatMap(batch -> batch.unknownColumns.stream())
                        .distinct()
                        .toList(),
                floor,
                null);
    }

    /** {@code change_seq} from which the table has nothing that is not in this batch or newer; empty if there is none. */
    String floor() {
        return floor;
    }

    /** The day that the rows are all of; null if they are of no day. */
    Day day() {
        return day;
    }

    /** Columns that came in and that the contract does not know. */
    List<String> unknownColumns() {
        return unknownColumns;
    }

    /**
     * All rows with the columns of silver, {@link #OP}, {@link #REASON}, {@link #KEYED}, {@link #RAW} and {@link #FILE}.
     * A change of the key is two rows: the old key goes, the new one comes.
     */
    public Dataset<Row> rows() {
        return parts.stream().map(this::rows).reduce(Dataset::unionByName).orElseThrow();
    }

    private Dataset<Row> rows(Part part) {
        Dataset<Row> raw = part.raw();
        List<String> moved = contract.key().stream()
                .map(dataplatform.contracts.Column::name)
                .filter(name -> Arrays.asList(raw.columns()).contains(BronzeColumn.BEFORE_IMAGE + name))
                .toList();
        if (moved.isEmpty()) {
            return checked(raw, part.loadSeq());
        }
        Column changed = moved.stream()
                .map(name -> coalesce(col(BronzeColumn.BEFORE_IMAGE + name).notEqual(col(name)), lit(false)))
                .reduce(Column::or)
                .orElseThrow();
        Column versions = when(col(BronzeColumn.OP).equalTo("U").and(changed), array(lit(false), lit(true)))
                .otherwise(array(lit(false)));
        Dataset<Row> both = raw.withColumn(IS_OLD, explode(versions));
        List<Column> columns = new ArrayList<>();
        for (String name : raw.columns()) {
            Column written = named(name);
            if (name.equals(BronzeColumn.OP)) {
                written = when(col(IS_OLD), "D").otherwise(written);
            } else if (moved.contains(name)) {
                written = when(col(IS_OLD), coalesce(col(BronzeColumn.BEFORE_IMAGE + name), written))
                        .otherwise(written);
            }
            columns.add(written.as(name));
        }
        return checked(both.select(columns.toArray(Column[]::new)), part.loadSeq());
    }

    private Dataset<Row> checked(Dataset<Row> rows, String loadSeq) {
        List<Column> typed = new ArrayList<>();
        List<Column> unreadable = new ArrayList<>();
        List<Column> unreadableKey = new ArrayList<>();
        StructType schema = rows.schema();
        List<dataplatform.contracts.Column> read = contract.sourceColumns();
        for (dataplatform.contracts.Column column : read) {
            StructField field = schema.apply(column.name());
            typed.add(ContractColumns.typed(column, field).as(column.name()));
            List<Column> reasons = ContractColumns.unreadable(column, field);
            unreadable.addAll(reasons);
            if (column.key()) {
                unreadableKey.addAll(reasons);
            }
        }
        Set<String> present = Set.of(rows.columns());
        boolean isFile = contract.source() instanceof Source.Landed;
        boolean isReplicated = contract.isReplicated();
        Column none = lit(null).cast(DataTypes.StringType);
        Column written = present.contains(BronzeColumn.OP) ? col(BronzeColumn.OP) : none;
        Column op = coalesce(written, lit("I"));
        Column own = present.contains(SilverColumn.CHANGE_SEQ)
                ? col(SilverColumn.CHANGE_SEQ).cast(DataTypes.StringType)
                : none;
        Column misplaced = isReplicated ? sentence(misplaced(written, own, loadSeq)) : lit("");
        typed.add(misplaced.as(MISPLACED));
        // it is no news of any row
        typed.add(when(misplaced.notEqual(""), lit(""))
                .otherwise(coalesce(own, lit(loadSeq)))
                .as(SilverColumn.CHANGE_SEQ));
        typed.add((present.contains(SilverColumn.EXTRACTED_AT)
                        ? col(SilverColumn.EXTRACTED_AT).cast(DataTypes.TimestampType)
                        : lit(null).cast(DataTypes.TimestampType))
                .as(SilverColumn.EXTRACTED_AT));
        typed.add(op.as(OP));
        // a delete may carry the key alone
        typed.add(when(op.equalTo("D"), sentence(unreadableKey))
                .otherwise(sentence(unreadable))
                .as("_unreadable"));
        // an id that is made of a row's values is that of a valid row alone
        boolean madeUp =
                contract.key().stream().anyMatch(column -> column.derivation().isPresent());
        typed.add((madeUp ? lit(false) : sentence(unreadableKey).equalTo("").and(misplaced.equalTo(""))).as(KEYED));
        typed.add(
                isFile
                        ? col(RAW)
                        : struct(Arrays.stream(rows.columns())
                                        .map(ChangeBatch::named)
                                        .toArray(Column[]::new))
                                .as(RAW));
        typed.add((isFile ? col(FILE) : input_file_name()).as(FILE));
        typed.add((isFile ? col(DEFECT) : lit(null).cast(DataTypes.StringType)).as(DEFECT));

        List<Column> invalid = read.stream()
                .flatMap(column -> ContractColumns.invalid(column).stream())
                .toList();
        List<Column> result = new ArrayList<>();
        read.forEach(column -> result.add(col(column.name())));
        contract.partition()
                // of a day it is the folder's
                .filter(p -> day == null)
                .ifPresent(p -> result.add(ContractColumns.partitionValue(p).as(p.name())));
        result.add(col(SilverColumn.CHANGE_SEQ));
        result.add(col(SilverColumn.EXTRACTED_AT));
        result.add(col(OP));
        result.add(when(col(DEFECT).isNotNull(), col(DEFECT))
                .when(col(MISPLACED).notEqual(""), col(MISPLACED))
                .when(col(OP).equalTo("D"), col("_unreadable"))
                .otherwise(sentence(Stream.concat(
                                Stream.of(when(col("_unreadable").notEqual(""), col("_unreadable"))), invalid.stream())
                        .toList()))
                .as(REASON));
        result.add(col(KEYED));
        result.add(col(RAW));
        result.add(col(FILE));
        Dataset<Row> checked = rows.select(typed.toArray(Column[]::new)).select(result.toArray(Column[]::new));
        if (contract.isSnapshot() && !madeUp) {
            checked = checked.withColumn(
                    REASON, when(isContradicted(), lit(CONTRADICTED)).otherwise(col(REASON)));
        }
        checked = checked.withColumn(KEYED, col(KEYED).or(col(REASON).equalTo("")))
                // of a day more is found out later
                .withColumn(
                        RAW,
                        day != null ? col(RAW) : when(col(REASON).notEqual(""), isFile ? col(RAW) : to_json(col(RAW))));
        for (dataplatform.contracts.Column column : contract.columns()) {
            if (column.derivation().isPresent()) {
                checked = checked.withColumn(
                        column.name(), made(column, column.derivation().get()));
            }
        }
        return checked;
    }

    /** Whether a valid row of a snapshot, which has each key once, has another one of its key further down in its file. */
    private Column isContradicted() {
        Column isValid = col(REASON).equalTo("");
        List<Column> same = new ArrayList<>(List.of(col(FILE), isValid));
        contract.key().forEach(column -> same.add(col(column.name())));
        Column row = struct(
                contract.columns().stream().map(column -> col(column.name())).toArray(Column[]::new));
        Column next = lead(row, 1)
                .over(Window.partitionBy(same.toArray(Column[]::new)).orderBy(SilverColumn.CHANGE_SEQ));
        return isValid.and(next.isNotNull()).and(not(next.eqNullSafe(row)));
    }

    private Column made(dataplatform.contracts.Column column, Derivation derivation) {
        if (derivation instanceof Derivation.Hash hash) {
            return hash(column, hash.columns());
        }
        if (derivation instanceof Derivation.Word word) {
            Column text = lower(col(word.column()));
            // most have it nowhere, which is soon seen
            return text.contains(word.word()).and(text.rlike("(?:^|\\s)" + Pattern.quote(word.word()) + "(?:\\s|$)"));
        }
        Column line = expr("right(" + SilverColumn.CHANGE_SEQ + ", 10)").cast(DataTypes.LongType);
        return concat(substring_index(col(FILE), "/", -2), lit(":"), line.cast(DataTypes.StringType));
    }

    /**
     * An id for a row of a file without ids: what the row says, and its number among the rows of the file that say the same. So two
     * equal transactions of one export are two, and stay two however many exports they stand in.
     */
    private Column hash(dataplatform.contracts.Column id, List<String> of) {
        List<Column> same = new ArrayList<>(List.of(col(FILE), col(REASON).equalTo("")));
        of.forEach(name -> same.add(col(name)));
        // what else the row says goes before its line: an export may list the latest first
        List<Column> order = new ArrayList<>();
        contract.columns().stream()
                .filter(column -> column != id && !of.contains(column.name()))
                .forEach(column -> order.add(col(column.name())));
        order.add(col(SilverColumn.CHANGE_SEQ));
        List<Column> values = new ArrayList<>();
        of.forEach(name -> values.add(col(name).cast(DataTypes.StringType)));
        values.add(row_number()
                .over(Window.partitionBy(same.toArray(Column[]::new)).orderBy(order.toArray(Column[]::new)))
                .cast(DataTypes.StringType));
        return sha2(to_json(array(values.toArray(Column[]::new))), 256);
    }

    /** Why it is not known which change a row is, or when it was made. */
    private static List<Column> misplaced(Column op, Column own, String loadSeq) {
        Column newest = lit(HUNDREDTHS.format(Instant.now().plus(CLOCKS_DIFFER)));
        Column isOfLoad = loadSeq.isEmpty() ? lit(false) : own.isNull();
        return List.of(
                when(own.isNull().and(not(isOfLoad)), lit("neither change_seq nor extracted_at tells how new it is"))
                        .when(not(own.rlike(CHANGE_SEQ_FORM)), lit("change_seq is no number of 35 digits"))
                        .when(own.gt(newest), lit("change_seq is in the future")),
                // a full load may be written without
                when(
                        op.isNotNull().or(own.isNotNull()).and(not(coalesce(op.isin("I", "U", "D"), lit(false)))),
                        lit("Op is not I, U or D")));
    }

    /** The column of that name, though it has dots in it. */
    private static Column named(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    private static Column sentence(List<Column> reasons) {
        return ContractColumns.sentence(reasons.toArray(Column[]::new));
    }
}
