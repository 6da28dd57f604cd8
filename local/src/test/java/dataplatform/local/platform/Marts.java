package dataplatform.local.platform;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.SilverColumn;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/** A warehouse with the silver tables of a domain, which a test fills, and the marts that dbt builds over them. */
final class Marts implements AutoCloseable {
    private final Path folder;
    private final String domain;
    private final PostgresServer postgres;

    private Marts(Path folder, String domain, PostgresServer postgres) {
        this.folder = folder;
        this.domain = domain;
        this.postgres = postgres;
    }

    /**
     * Starts one with empty tables.
     *
     * @param others domains that the marts read as well
     */
    static Marts start(Path folder, String domain, String... others) throws Exception {
        Marts marts = new Marts(folder, domain, PostgresServer.start(folder.resolve("postgres")));
        marts.change("create schema data_lake_silver");
        for (Contract contract : Contracts.bundled()) {
            if (contract.domain().equals(domain) || List.of(others).contains(contract.domain())) {
                // but for texts PostgreSQL calls those types as Glue does
                String columns = SilverColumn.of(contract).stream()
                        .map(column ->
                                column.name() + " " + column.type().glueType().replace("string", "text"))
                        .collect(Collectors.joining(", "));
                marts.change("create table data_lake_silver." + contract.table() + " (" + columns + ")");
            }
        }
        return marts;
    }

    /** As the DAG builds, with all tests of the domain. */
    void build(String... options) throws Exception {
        String project = Project.file("dbt_project").toString();
        List<String> command = Stream.concat(
                        Stream.of(
                                Project.file(".venv/bin/dbt").toString(),
                                "build",
                                "--project-dir",
                                project,
                                "--profiles-dir",
                                project,
                                "--select",
                                "path:models/staging/" + domain,
                                "path:models/intermediate/" + domain,
                                // and what they read of others
                                "+path:models/marts/" + domain),
                        Stream.of(options))
                .toList();
        Map<String, String> environment = Map.of(
                "DW_HOST",
                "127.0.0.1",
                "DW_PORT",
                Integer.toString(postgres.port()),
                "DBT_TARGET_PATH",
                folder.resolve("target").toString(),
                "DBT_LOG_PATH",
                folder.resolve("target").toString());
        try (ChildProcess dbt = ChildProcess.start("dbt", command, environment, folder.resolve("dbt.log"))) {
            dbt.await(line -> {});
        }
    }

    /** All rows of all marts. */
    List<String> all() throws SQLException {
        List<String> found = new ArrayList<>();
        for (String mart : rows("select tablename from pg_tables where schemaname = 'marts' order by 1")) {
            found.addAll(rows("select '" + mart + " ' || mart::text from marts." + mart + " as mart order by 1"));
        }
        return found;
    }

    /** The versions of the rows of each day in a mart of sessions: others if the day was written again. */
    Map<String, String> versions(String mart) throws SQLException {
        Map<String, String> found = new TreeMap<>();
        for (String row : rows(
                "select activity_date || ' ' || string_agg(xmin || session_id, ' ' order by session_id) from marts."
                        + mart + " group by activity_date")) {
            found.put(row.substring(0, 10), row.substring(11));
        }
        return found;
    }

    /** The first column of what a query finds. */
    List<String> rows(String query) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        return found;
    }

    /** Takes a CSV file with headings into a table. */
    void copy(String table, InputStream csv, String encoding) throws SQLException, IOException {
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE)) {
            warehouse
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("copy " + table + " from stdin (format csv, header, encoding '" + encoding + "')", csv);
        }
    }

    void change(String sql) throws SQLException {
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        postgres.close();
    }
}
