package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.DataType.Kind;
import dataplatform.contracts.SilverColumn;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The marts of web events over made-up messages in silver, one build after another, with the tests that dbt has of them. */
class WebMartsTest {
    private static final List<String> TABLES = List.of("events", "follows", "posts", "unfollows", "users");
    private static final String MESSAGE = "message_id, user_id, anonymous_id, occurred_at, occurred_on, received_at";

    @TempDir
    static Path folder;

    private static PostgresServer postgres;

    @BeforeAll
    static void start() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        change("create schema data_lake_silver");
        for (Contract contract : Contracts.bundled()) {
            if (contract.isStreamed()) {
                String columns = SilverColumn.of(contract).stream()
                        .map(column ->
                                column.name() + (column.type().kind() == Kind.TIMESTAMP ? " timestamp" : " text"))
                        .collect(Collectors.joining(", "));
                change("create table data_lake_silver." + contract.table() + " (" + columns + ")");
            }
        }
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    /** Three days of five browsers, with a user in all messages from the second day on. */
    @BeforeEach
    void fill() throws Exception {
        for (String table : TABLES) {
            change("truncate data_lake_silver." + table);
        }
        for (int day = 1; day <= 3; day++) {
            for (String table : TABLES) {
                boolean anonymous = day == 1 && !table.equals("users");
                add(table, "2026-03-0" + day, "n % 5", anonymous ? "null" : "'u' || n % 5", 60);
            }
        }
        change("update data_lake_silver.posts set post_id = 'p' || length(message_id), author_id = user_id");
        change("update data_lake_silver.follows set followed_id = 'u1'");
        change("update data_lake_silver.unfollows set followed_id = 'u1'");
        build("--full-refresh");
    }

    @Test
    void aMessageThatComesDaysLateChangesItsOwnDayAndNoOther() throws Exception {
        Map<String, String> before = sessions();
        add("events", "2026-03-02", "2", "'late'", 1);
        build();
        Map<String, String> after = sessions();
        assertThat(after.keySet()).isEqualTo(before.keySet()).hasSize(3);
        assertThat(after.get("2026-03-02")).isNotEqualTo(before.get("2026-03-02"));
        assertThat(after.get("2026-03-01")).isEqualTo(before.get("2026-03-01"));
        assertThat(after.get("2026-03-03")).isEqualTo(before.get("2026-03-03"));
        assertThat(rows("select first_seen_at::date from marts.dim_users where user_id = 'late'"))
                .containsExactly("2026-03-02");

        List<String> marts = marts();
        build("--full-refresh");
        assertThat(marts()).isEqualTo(marts);
    }

    @Test
    void aMessageThatMovesToAnotherDayLeavesNothingBehind() throws Exception {
        List<String> marts = marts();
        add("events", "2026-03-09", "2", "'mover'", 1);
        build();
        change("delete from data_lake_silver.events where user_id = 'mover'");
        build();
        assertThat(marts()).isEqualTo(marts);
    }

    @Test
    void messagesOfDifferentKindsMayHaveOneId() throws Exception {
        change("update data_lake_silver.users set message_id = 'one', user_id = null, anonymous_id = 'b'"
                + " where message_id = (select min(message_id) from data_lake_silver.users)");
        change("insert into data_lake_silver.events (" + MESSAGE + ") select 'one', user_id, anonymous_id,"
                + " occurred_at + interval '4 hours', occurred_on, received_at from data_lake_silver.users"
                + " where message_id = 'one'");
        build();
        assertThat(rows("select count(*) from marts.sessions where visitor_id = 'b'"))
                .containsExactly("2");
    }

    @Test
    void whatABuildThatDiedHasDeletedIsMadeAgain() throws Exception {
        List<String> marts = marts();
        change("delete from marts.sessions where activity_date = '2026-03-02'");
        change("delete from marts.user_days where activity_date = '2026-03-03' and user_id = 'u1'");
        build();
        assertThat(marts()).isEqualTo(marts);
    }

    @Test
    void aBuildOfWhatHasNotChangedWritesNoDay() throws Exception {
        Map<String, String> before = sessions();
        build();
        assertThat(sessions()).isEqualTo(before);
    }

    /** Messages of a day, each of them 7 minutes after the one before, with half an hour of silence after every twenty. */
    private static void add(String table, String day, String browser, String user, int messages) throws Exception {
        change("insert into data_lake_silver." + table + " (" + MESSAGE + ")"
                + " select '" + table + " " + day + " " + messages + " ' || n, " + user + ", 'b' || " + browser + ","
                + " at, '" + day + "', at + interval '3 days' from generate_series(1, " + messages + ") as n,"
                + " lateral (select timestamp '" + day
                + "' + n * interval '7 minutes' + n / 20 * interval '30 minutes')"
                + " as moment (at)");
    }

    /** The versions of the rows of each day. */
    private static Map<String, String> sessions() throws Exception {
        Map<String, String> found = new TreeMap<>();
        for (String row : rows(
                "select activity_date || ' ' || string_agg(xmin || session_id, ' ' order by session_id) from marts.sessions"
                        + " group by activity_date")) {
            found.put(row.substring(0, 10), row.substring(11));
        }
        return found;
    }

    /** All rows of all marts. */
    private static List<String> marts() throws Exception {
        List<String> found = new ArrayList<>();
        for (String mart : rows("select tablename from pg_tables where schemaname = 'marts' order by 1")) {
            found.addAll(rows("select '" + mart + " ' || mart::text from marts." + mart + " as mart order by 1"));
        }
        return found;
    }

    /** As the DAG builds. */
    private static void build(String... options) throws Exception {
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
                                "path:models/staging/web",
                                "path:models/intermediate/web",
                                "path:models/marts/web"),
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

    private static List<String> rows(String query) throws Exception {
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

    private static void change(String sql) throws Exception {
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement()) {
            statement.execute(sql);
        }
    }
}
