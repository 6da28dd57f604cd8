package dataplatform.source;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * A file in a temporary table, and the statements that make the contract's table equal to it. Files of tables whose key the source generates are
 * compared as multisets, as their rows have no name.
 */
record Staging(Contract contract, StagingInput file) {
    private static final int BUFFER = 1 << 16;
    /** Classes of errors that are the file's fault: data exceptions and integrity constraint violations. */
    private static final Set<String> BAD_INPUT = Set.of("22", "23");

    private static final String UNIQUE_VIOLATION = "23505";
    private static final String NOT_NULL_VIOLATION = "23502";
    private static final String CHECK_VIOLATION = "23514";
    private static final String INVALID_TEXT = "22P02";
    private static final String INVALID_DATE = "22007";
    private static final String DATE_OUT_OF_RANGE = "22008";
    private static final String NUMBER_OUT_OF_RANGE = "22003";
    private static final Pattern WHERE =
            Pattern.compile("COPY \\w+, line (\\d+)(?:, column (\\w+)(?:: \"(.*)\")?)?.*", Pattern.DOTALL);

    /** The temporary table. */
    String name() {
        return "load_" + contract.name();
    }

    /** The table that becomes equal to the file. */
    String table() {
        return SourceDdl.table(contract);
    }

    /**
     * Copies the file into a temporary table that is gone at the end of the transaction.
     *
     * @return the file's rows
     * @throws LoadException if the file holds no row or one that is not as the contract has it
     */
    long fill(Statement sql, Progress progress) throws SQLException {
        sql.execute(createTable());
        String columns = SourceDdl.names(file.columns());
        String copy = "copy %s (%s) from stdin (format csv, header true, force_null (%s), encoding 'UTF8')"
                .formatted(name(), columns, columns);
        long rows;
        CopyManager copyManager = sql.getConnection().unwrap(PGConnection.class).getCopyAPI();
        try (InputStream in = file.stream(progress)) {
            rows = copyManager.copyIn(copy, in, BUFFER);
        } catch (IOException e) {
            throw new LoadException(file.name() + " can't be read: " + e.getMessage(), e);
        } catch (PSQLException e) {
            if (e.getServerErrorMessage() == null
                    || !BAD_INPUT.contains(e.getSQLState().substring(0, 2))) {
                throw e;
            }
            throw refused(e.getServerErrorMessage(), e);
        }
        if (rows == 0) {
            throw new LoadException(file.name() + " holds a header and no rows; deliver it again");
        }
        progress.done("read " + file.shortName() + ", " + rows + " rows");
        sql.execute("analyze " + name());
        if (file.parts().size() > 1) {
            rows -= takeOnce(sql, progress);
        }
        if (generated()) {
            progress.update("comparing " + table() + " with " + file.shortName());
            compare(sql);
        }
        return rows;
    }

    /** Leaves out what an earlier file has as well, and returns how many rows that are. */
    private long takeOnce(Statement sql, Progress progress) throws SQLException {
        StringBuilder part = new StringBuilder("case");
        long last = 0;
        for (int i = 0; i < file.parts().size(); i++) {
            last += file.parts().get(i);
            part.append(" when file_row <= ").append(last).append(" then ").append(i);
        }
        long repeated = sql.executeLargeUpdate("""
                delete from %1$s where file_row in (
                  select file_row from (
                    select file_row, row_number() over (partition by %2$s, number order by part) as copy from (
                      select *, row_number() over (partition by %2$s, part order by file_row) as number
                      from (select *, %3$s end as part from %1$s) parts
                    ) numbered
                  ) copies
                  where copy > 1)""".formatted(name(), SourceDdl.names(file.columns()), part));
        progress.done(repeated + " rows are in more than one file, and were taken once");
        return repeated;
    }

    /** How many rows {@link #delete} will delete, where the source generates the key. */
    long surplus(Statement sql) throws SQLException {
        return count(sql, difference() + " where stored");
    }

    /** How many rows the table has that is to become equal to the file. */
    long stored(Statement sql) throws SQLException {
        return count(sql, table());
    }

    private static long count(Statement sql, String from) throws SQLException {
        try (ResultSet rows = sql.executeQuery("select count(*) from " + from)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    long insert(Statement sql) throws SQLException {
        if (generated()) {
            return sql.executeLargeUpdate(
                    "insert into %s (%s) select %s from %s s join %s d on d.id = s.file_row and not d.stored order by s.file_row"
                            .formatted(
                                    table(),
                                    SourceDdl.names(file.columns()),
                                    values(file.columns()),
                                    name(),
                                    difference()));
        }
        return sql.executeLargeUpdate(
                "insert into %s (%s) select %s from %s s where not exists (select from %s t where %s)"
                        .formatted(
                                table(),
                                SourceDdl.names(contract.columns()),
                                values(contract.columns()),
                                name(),
                                table(),
                                sameKey()));
    }

    long update(Statement sql) throws SQLException {
        List<Column> rest =
                contract.columns().stream().filter(column -> !column.key()).toList();
        if (generated() || rest.isEmpty()) {
            return 0;
        }
        String stored = rest.stream().map(column -> "t." + column.name()).collect(Collectors.joining(", "));
        return sql.executeLargeUpdate(
                "update %s t set (%s) = row(%s) from %s s where %s and row(%s) is distinct from row(%s)"
                        .formatted(
                                table(), SourceDdl.names(rest), values(rest), name(), sameKey(), stored, values(rest)));
    }

    long delete(Statement sql) throws SQLException {
        if (generated()) {
            return sql.executeLargeUpdate("delete from %s t using %s d where d.stored and t.%s = d.id"
                    .formatted(table(), difference(), generatedKey()));
        }
        return sql.executeLargeUpdate(
                "delete from %s t where not exists (select from %s s where %s)".formatted(table(), name(), sameKey()));
    }

    private boolean generated() {
        return contract.key().stream().anyMatch(Column::generated);
    }

    private String generatedKey() {
        return contract.key().get(0).name();
    }

    private String difference() {
        return name() + "_difference";
    }

    /**
     * Types are wider than the table's and checked, where PostgreSQL would change a value that does not fit without a word: digits after the point
     * would be rounded, an offset from UTC dropped, and "yesterday", "infinity" and "NaN" taken for values. Each check bears its column's name.
     */
    private String createTable() {
        String columns = file.columns().stream()
                .map(column -> column.name() + " " + stagingType(column.type()) + (column.required() ? " not null" : "")
                        + check(column)
                                .map(check -> " constraint " + column.name() + " check (" + check + ")")
                                .orElse(""))
                .collect(Collectors.joining(",\n  "));
        String key = generated()
                ? "file_row bigint generated always as identity"
                : "primary key (" + SourceDdl.names(contract.key()) + ")";
        return "create temporary table " + name() + " (\n  " + columns + ",\n  " + key + "\n) on commit drop";
    }

    private static String stagingType(DataType type) {
        return switch (type.kind()) {
            case DECIMAL -> "numeric";
            // PostgreSQL reads "yesterday" as a date
            case DATE, TIMESTAMP -> "text";
            default -> SourceDdl.postgresType(type);
        };
    }

    private static Optional<String> check(Column column) {
        DataType type = column.type();
        return switch (type.kind()) {
            case DECIMAL ->
                Optional.of("abs(%1$s) < 1e%2$d and %1$s = round(%1$s, %3$d)"
                        .formatted(column.name(), type.precision() - type.scale(), type.scale()));
            case DOUBLE -> Optional.of("abs(" + column.name() + ") < 'infinity'");
            case DATE, TIMESTAMP ->
                Optional.of("%1$s ~ '^\\d{4}-\\d{2}-\\d{2}' and pg_input_is_valid(%1$s, 'timestamptz')"
                        .formatted(column.name()));
            case STRING, INTEGER, LONG, BOOLEAN -> Optional.empty();
        };
    }

    /**
     * Numbers equal rows on each side, the stored ones in the order of their ids and the file's in the file's: where a number is on one side only,
     * that row is surplus or missing.
     */
    private void compare(Statement sql) throws SQLException {
        sql.execute("""
                create temporary table %1$s on commit drop as
                select id, stored from (
                  select id, stored, count(*) over (partition by %2$s, number) as sides from (
                    select *, row_number() over (partition by %2$s, stored order by id) as number from (
                      select %3$s as id, true as stored, %2$s from %4$s
                      union all
                      select file_row, false, %5$s from %6$s s
                    ) rows
                  ) numbered
                ) matched
                where sides = 1""".formatted(
                        difference(),
                        SourceDdl.names(file.columns()),
                        generatedKey(),
                        table(),
                        values(file.columns()),
                        name()));
        sql.execute("analyze " + difference());
    }

    private String sameKey() {
        return contract.key().stream()
                .map(column -> "t." + column.name() + " = " + value(column))
                .collect(Collectors.joining(" and "));
    }

    private static String values(List<Column> columns) {
        return columns.stream().map(Staging::value).collect(Collectors.joining(", "));
    }

    private static String value(Column column) {
        // by way of a time with its offset from UTC, which a timestamp would drop
        String time = column.type().kind() == DataType.Kind.TIMESTAMP ? "::timestamptz" : "";
        return "s." + column.name() + time + "::" + SourceDdl.postgresType(column.type());
    }

    /** What the server says about a line of its input, in words of the file. */
    private LoadException refused(ServerErrorMessage error, PSQLException cause) {
        String line = "";
        String column = error.getConstraint() == null ? error.getColumn() : error.getConstraint();
        String value = "its value";
        Matcher where = WHERE.matcher(error.getWhere() == null ? "" : error.getWhere());
        if (where.matches()) {
            line = ", line " + where.group(1);
            column = where.group(2) == null ? column : where.group(2);
            value = where.group(3) == null ? value : "'" + where.group(3) + "'";
        }
        String reason =
                switch (error.getSQLState()) {
                    case UNIQUE_VIOLATION -> "the key is in the file twice: " + error.getDetail();
                    case NOT_NULL_VIOLATION ->
                        "column " + column + ": is empty, and contract " + contract.id() + " requires it";
                    case CHECK_VIOLATION, INVALID_TEXT, INVALID_DATE, DATE_OUT_OF_RANGE, NUMBER_OUT_OF_RANGE ->
                        "column " + column
                                + ": expected "
                                + SourceDdl.postgresType(contract.column(column).type()) + ", and " + value
                                + " is none";
                    default -> error.getMessage();
                };
        return new LoadException(file.name() + line + ": " + reason + "; correct the file and load again", cause);
    }
}
