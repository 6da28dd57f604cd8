package dataplatform.local.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.postgres.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Tables that the platform has never seen, in a database of somebody else. */
class OwnSourceTest {
    @TempDir
    private static Path folder;

    private static PostgresServer database;

    @BeforeAll
    static void start() throws Exception {
        database = PostgresServer.start(folder.resolve("theirs"));
        execute("""
                create schema crm;
                create type crm.mood as enum ('happy', 'cross');
                create table crm.people (
                  id uuid primary key default gen_random_uuid(), full_name varchar(40) not null, mood crm.mood, born date,
                  seen timestamptz default now(), extra jsonb default '{"a": [1]}', tags text[] default '{x,y}',
                  score numeric default 1.25, photo bytea default '\\x01');
                create table crm.calls (
                  person uuid references crm.people, number smallint, took interval default '5 min', cost numeric(9,2),
                  rating real check (rating >= 1), primary key (person, number));
                create table crm.log (line text);
                insert into crm.people (full_name, mood, born) select 'p' || n, 'happy', '1990-01-01' from generate_series(1, 200) n;
                insert into crm.calls (person, number, cost, rating) select id, 1, 2.50, 3 from crm.people;
                create role reader login;
                grant usage on schema crm to reader;
                grant select on all tables in schema crm to reader;
                """);
    }

    @AfterAll
    static void stop() {
        database.close();
    }

    @Test
    void itsRowsAreInSilverAndTheDatabaseIsOnlyRead() throws Exception {
        String first = run();

        assertThat(first)
                .contains("contracts: 2 drafted, 0 as they were")
                .contains("left out: log: it has no primary key")
                .containsPattern("crm\\.people +200 +200 +0\\R")
                .containsPattern("crm\\.calls +200 +200 +0\\R");

        Path contract = folder.resolve("state/contracts/crm/calls.odcs.yaml");
        Files.writeString(contract, Files.readString(contract).replace("minimum: 1", "minimum: 2"));
        execute("""
                delete from crm.calls where person in (select id from crm.people where full_name <= 'p19');
                update crm.calls set rating = 1 where person = (select id from crm.people where full_name = 'p20');
                update crm.people set full_name = 'Ada', score = 123456789.123456789 where full_name = 'p1'
                """);
        long left = count("crm.calls");
        String second = run();

        assertThat(second)
                .contains("contracts: 0 drafted, 2 as they were")
                .containsPattern("crm\\.people +200 +200 +0\\R")
                .containsPattern("crm\\.calls +" + left + " +" + (left - 1) + " +1\\R");
        assertThat(warehouse("select full_name, mood, born, extra, tags, score, photo from data_lake_silver.people"
                        + " where full_name = 'Ada'"))
                .isEqualTo("Ada|happy|1990-01-01|{\"a\": [1]}|{x,y}|123456789.123456789|\\x01");
        assertThat(count("pg_replication_slots") + count("pg_publication")).isZero();
    }

    @Test
    void whatIsNoDatabaseIsToldInOneLine() {
        assertThat(run(
                        "--source",
                        "postgres://localhost/shop",
                        "--state",
                        folder.resolve("other").toString()))
                .contains("the source is no JDBC URL of a PostgreSQL");
    }

    private static String run() {
        return run(
                "--source",
                database.jdbcUrl("postgres").replaceFirst("user=\\w+", "user=reader"),
                "--schema",
                "crm",
                "--state",
                folder.resolve("state").toString());
    }

    /** What it prints. */
    private static String run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (PrintStream both = new PrintStream(said, true, StandardCharsets.UTF_8)) {
            System.setOut(both);
            System.setErr(both);
            new CommandLine(new OwnSource()).execute(arguments);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long count(String table) throws SQLException {
        try (Connection connection = database.connect("postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** The columns of the only row, joined by a bar. */
    private static String warehouse(String sql) throws Exception {
        try (PostgresServer server = PostgresServer.start(folder.resolve("state/postgres"));
                Connection connection = server.connect(PostgresServer.WAREHOUSE);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            StringBuilder row = new StringBuilder();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                row.append(i == 1 ? "" : "|").append(rows.getString(i));
            }
            assertThat(rows.next()).isFalse();
            return row.toString();
        }
    }
}
