package dataplatform.source;

import dataplatform.contracts.Cleaning;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** A PostgreSQL of its own for the tests of this module, started once. */
final class Database {
    static final List<Contract> CONTRACTS = Contracts.replicated();

    private static final EmbeddedPostgres POSTGRES = start();

    private Database() {}

    /** A connection to the database, which no longer holds a source schema. */
    static Connection empty() throws SQLException {
        Connection connection = POSTGRES.getPostgresDatabase().getConnection();
        execute(connection, "drop schema if exists ecommerce, retail cascade");
        return connection;
    }

    static String url() {
        return POSTGRES.getJdbcUrl("postgres", "postgres");
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows as texts, columns joined by a bar. */
    static List<String> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getString(i));
                }
                rows.add(String.join("|", row));
            }
            return rows;
        }
    }

    /** Table and column of each value that breaks its contract, once it is cleaned. */
    static List<String> brokenRules(Connection connection) throws SQLException {
        List<String> broken = new ArrayList<>();
        for (Contract contract : CONTRACTS) {
            for (Column column : contract.columns()) {
                String rule = rule(column);
                if (!rule.isEmpty()) {
                    rows(connection, "select from " + SourceDdl.table(contract) + " where not (" + rule + ")")
                            .forEach(row -> broken.add(contract.name() + " " + column.name()));
                }
            }
        }
        return broken;
    }

    private static String rule(Column column) {
        String value = column.cleaning() == Cleaning.ZIP_CODE ? "lpad(" + column.name() + ", 5, '0')" : column.name();
        List<String> rules = new ArrayList<>();
        column.minimum().ifPresent(minimum -> rules.add(value + " >= " + minimum));
        column.maximum().ifPresent(maximum -> rules.add(value + " <= " + maximum));
        column.pattern().ifPresent(pattern -> rules.add(value + " ~ '" + pattern + "'"));
        if (!column.allowed().isEmpty()) {
            rules.add(value + " in ('" + String.join("', '", column.allowed()) + "')");
        }
        return String.join(" and ", rules);
    }

    private static EmbeddedPostgres start() {
        try {
            EmbeddedPostgres postgres = EmbeddedPostgres.start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(postgres)));
            return postgres;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(EmbeddedPostgres postgres) {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
