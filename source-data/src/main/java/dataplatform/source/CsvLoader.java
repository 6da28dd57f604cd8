package dataplatform.source;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes the tables of a PostgreSQL database equal to the CSV files of a folder, whatever they held: new rows are inserted, rows that
 * differ updated, rows that are gone deleted. No other row is written, so that change data capture sees just that. A table that has
 * no file in the folder stays as it is.
 */
public final class CsvLoader {
    private final List<Contract> contracts;
    private final Progress progress;

    /**
     * A loader of the contracts' tables.
     *
     * @param contracts the tables, with all that they refer to
     * @param progress hears how far a load is
     */
    public CsvLoader(List<Contract> contracts, Progress progress) {
        this.contracts = SourceDdl.parentsFirst(contracts);
        this.progress = progress;
    }

    /**
     * Loads the tables of all contracts and prints what happened to each. Ends with 1, and an error on standard error, if nothing was loaded.
     *
     * @param args JDBC URL and folder of CSV files; user and password come from the environment variables PGUSER and PGPASSWORD, never from the
     *     command line, where others see them
     */
    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("usage: PGUSER=… PGPASSWORD=… CsvLoader <JDBC URL> <folder of CSV files>");
            System.exit(2);
        }
        try (Connection connection = connect(args[0])) {
            List<TableLoad> loads = new CsvLoader(Contracts.replicated(), Progress.toStandardError())
                    .load(connection, Path.of(args[1]));
            TableLoad.print(loads, System.out);
        } catch (LoadException | SQLException e) {
            System.err.println("Nothing was loaded. " + e.getMessage());
            System.exit(1);
        }
    }

    /** A connection as the user whom the environment names. */
    static Connection connect(String url) throws SQLException {
        Properties login = new Properties();
        Map.of("user", "PGUSER", "password", "PGPASSWORD").forEach((property, variable) -> {
            if (System.getenv(variable) != null) {
                login.setProperty(property, System.getenv(variable));
            }
        });
        return DriverManager.getConnection(url, login);
    }

    /**
     * Creates the tables that are missing and loads the folder, all in one transaction; other writers wait until it is over.
     *
     * @param connection to PostgreSQL, with no transaction open
     * @param folder holds {@code olist_<table>_dataset.csv} or {@code <table>.csv} for tables of the contracts: UTF-8, a header,
     *     commas; times are in UTC unless they carry an offset
     * @return what happened to each table, parents first
     * @throws LoadException if a file is not as its contract has it, if there is none for any table, or if tables have none while
     *     others are there that fit no table, as one with a mistyped name; the database is as it was before
     * @throws SQLException if the database fails otherwise; it is as it was before
     */
    public List<TableLoad> load(Connection connection, Path folder) throws SQLException {
        List<Staging> stagings = new ArrayList<>();
        Set<Path> taken = new HashSet<>();
        for (Contract contract : contracts) {
            CsvFile.find(folder, contract).ifPresent(file -> {
                stagings.add(new Staging(contract, file));
                taken.add(file.path());
            });
        }
        List<Contract> withoutFile = contracts.stream()
                .filter(contract -> stagings.stream()
                        .noneMatch(staging -> staging.contract().equals(contract)))
                .toList();
        if (!withoutFile.isEmpty()) {
            checkNames(folder, taken, withoutFile);
        }
        return load(connection, stagings, sql -> {});
    }

    /** Looks at what was staged before the first row is written, and throws if it is not to be. */
    interface Look {
        void at(Statement sql) throws SQLException;
    }

    /** The same of rows from elsewhere: those of some of the contracts' tables. */
    List<TableLoad> load(Connection connection, List<Staging> stagings, Look look) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try (Statement sql = connection.createStatement()) {
            List<TableLoad> loads = load(sql, stagings, look);
            connection.commit();
            connection.setAutoCommit(autoCommit);
            return loads;
        } catch (SQLException | RuntimeException e) {
            try {
                connection.rollback();
                connection.setAutoCommit(autoCommit);
            } catch (SQLException lost) {
                // a lost connection rolls back by itself, and why it was lost says more than that it is
                e.addSuppressed(lost);
            }
            throw e;
        }
    }

    private static void checkNames(Path folder, Set<Path> taken, List<Contract> withoutFile) {
        String missing = withoutFile.stream()
                .map(contract -> SourceDdl.table(contract) + " (" + String.join(" or ", CsvFile.names(contract)) + ")")
                .collect(Collectors.joining(", "));
        if (taken.isEmpty()) {
            throw new LoadException(folder + " holds the file of no table; expected at least one of: " + missing);
        }
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".csv") && !taken.contains(file))
                    .min(Comparator.naturalOrder())
                    .ifPresent(file -> {
                        throw new LoadException(file + " is the file of no table, and tables are without a file: "
                                + missing + "; rename it or take it away");
                    });
        } catch (IOException e) {
            throw new LoadException(folder + " can't be read: " + e.getMessage(), e);
        }
    }

    private List<TableLoad> load(Statement sql, List<Staging> stagings, Look look) throws SQLException {
        sql.execute("set local timezone to 'UTC'");
        sql.execute("set local datestyle to 'ISO, YMD'");
        for (String statement : SourceDdl.statements(contracts)) {
            sql.execute(statement);
        }
        String tables = contracts.stream().map(SourceDdl::table).collect(Collectors.joining(", "));
        sql.execute("lock table " + tables + " in share row exclusive mode");

        Map<Staging, Long> rows = new HashMap<>();
        for (Staging staging : stagings) {
            rows.put(staging, staging.fill(sql, progress));
        }
        checkReferences(sql, stagings);
        look.at(sql);

        Map<Staging, Long> inserted = new HashMap<>();
        Map<Staging, Long> updated = new HashMap<>();
        Map<Staging, Long> deleted = new HashMap<>();
        for (Staging staging : stagings) {
            progress.update("writing " + staging.table());
            inserted.put(staging, staging.insert(sql));
            updated.put(staging, staging.update(sql));
        }
        List<Staging> childrenFirst = new ArrayList<>(stagings);
        Collections.reverse(childrenFirst);
        for (Staging staging : childrenFirst) {
            progress.update("deleting from " + staging.table());
            deleted.put(staging, staging.delete(sql));
        }
        Map<Contract, TableLoad> loads = new HashMap<>();
        for (Staging staging : stagings) {
            loads.put(
                    staging.contract(),
                    new TableLoad(
                            staging.table(),
                            rows.get(staging),
                            inserted.get(staging),
                            updated.get(staging),
                            deleted.get(staging)));
        }
        for (Contract contract : contracts) {
            if (!loads.containsKey(contract)) {
                loads.put(contract, leave(sql, contract));
            }
        }
        progress.done(
                "loaded " + rows.values().stream().mapToLong(Long::longValue).sum() + " rows");
        return contracts.stream().map(loads::get).toList();
    }

    private TableLoad leave(Statement sql, Contract contract) throws SQLException {
        String table = SourceDdl.table(contract);
        try (ResultSet count = sql.executeQuery("select count(*) from " + table)) {
            count.next();
            progress.done("there is no file for " + table + ", which stays as it is, " + count.getLong(1) + " rows");
            return new TableLoad(table, count.getLong(1), 0, 0, 0);
        }
    }

    /** The database would find these too, but only in the middle of writing and without a word on the file. */
    private void checkReferences(Statement sql, List<Staging> stagings) throws SQLException {
        Map<String, Contract> byId = contracts.stream().collect(Collectors.toMap(Contract::id, contract -> contract));
        Map<Contract, Staging> files =
                stagings.stream().collect(Collectors.toMap(Staging::contract, staging -> staging));
        for (Staging child : stagings) {
            for (Column column : child.contract().columns()) {
                if (column.reference().isEmpty()) {
                    continue;
                }
                Contract parent = byId.get(column.reference().get().contract());
                Optional<Staging> file = Optional.ofNullable(files.get(parent));
                String parentTable = SourceDdl.table(parent);
                try (ResultSet orphans = sql.executeQuery("""
                        select count(*), min(s.%1$s::text) from %2$s s
                        where s.%1$s is not null and not exists (select from %3$s p where p.%4$s = s.%1$s)""".formatted(
                                column.name(),
                                child.name(),
                                file.map(Staging::name).orElse(parentTable),
                                column.reference().get().column()))) {
                    orphans.next();
                    if (orphans.getLong(1) > 0) {
                        throw new LoadException(
                                "%s: %s '%s' (%d rows with such) is not in %s; add it there or remove the rows"
                                        .formatted(
                                                child.file().name(),
                                                column.name(),
                                                orphans.getString(2),
                                                orphans.getLong(1),
                                                file.map(staging ->
                                                                staging.file().name())
                                                        .orElse(parentTable)));
                    }
                }
            }
        }
    }
}
