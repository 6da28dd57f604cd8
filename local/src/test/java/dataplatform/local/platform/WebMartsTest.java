package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    private static Marts marts;

    @BeforeAll
    static void start() throws Exception {
        marts = Marts.start(folder, "web");
    }

    @AfterAll
    static void stop() {
        marts.close();
    }

    /** Three days of five browsers, with a user in all messages from the second day on. */
    @BeforeEach
    void fill() throws Exception {
        for (String table : TABLES) {
            marts.change("truncate data_lake_silver." + table);
        }
        for (int day = 1; day <= 3; day++) {
            for (String table : TABLES) {
                boolean anonymous = day == 1 && !table.equals("users");
                add(table, "2026-03-0" + day, "n % 5", anonymous ? "null" : "'u' || n % 5", 60);
            }
        }
        marts.change("update data_lake_silver.posts set post_id = 'p' || length(message_id), author_id = user_id");
        marts.change("update data_lake_silver.follows set followed_id = 'u1'");
        marts.change("update data_lake_silver.unfollows set followed_id = 'u1'");
        marts.build("--full-refresh");
    }

    @Test
    void aMessageThatComesDaysLateChangesItsOwnDayAndNoOther() throws Exception {
        Map<String, String> before = marts.versions("sessions");
        add("events", "2026-03-02", "2", "'late'", 1);
        marts.build();
        Map<String, String> after = marts.versions("sessions");
        assertThat(after.keySet()).isEqualTo(before.keySet()).hasSize(3);
        assertThat(after.get("2026-03-02")).isNotEqualTo(before.get("2026-03-02"));
        assertThat(after.get("2026-03-01")).isEqualTo(before.get("2026-03-01"));
        assertThat(after.get("2026-03-03")).isEqualTo(before.get("2026-03-03"));
        assertThat(marts.rows("select first_seen_at::date from marts.dim_users where user_id = 'late'"))
                .containsExactly("2026-03-02");

        List<String> built = marts.all();
        marts.build("--full-refresh");
        assertThat(marts.all()).isEqualTo(built);
    }

    @Test
    void aMessageThatMovesToAnotherDayLeavesNothingBehind() throws Exception {
        List<String> before = marts.all();
        add("events", "2026-03-09", "2", "'mover'", 1);
        marts.build();
        marts.change("delete from data_lake_silver.events where user_id = 'mover'");
        marts.build();
        assertThat(marts.all()).isEqualTo(before);
    }

    @Test
    void messagesOfDifferentKindsMayHaveOneId() throws Exception {
        marts.change("update data_lake_silver.users set message_id = 'one', user_id = null, anonymous_id = 'b'"
                + " where message_id = (select min(message_id) from data_lake_silver.users)");
        marts.change("insert into data_lake_silver.events (" + MESSAGE + ") select 'one', user_id, anonymous_id,"
                + " occurred_at + interval '4 hours', occurred_on, received_at from data_lake_silver.users"
                + " where message_id = 'one'");
        marts.build();
        assertThat(marts.rows("select count(*) from marts.sessions where visitor_id = 'b'"))
                .containsExactly("2");
    }

    @Test
    void whatABuildThatDiedHasDeletedIsMadeAgain() throws Exception {
        List<String> before = marts.all();
        marts.change("delete from marts.sessions where activity_date = '2026-03-02'");
        marts.change("delete from marts.user_days where activity_date = '2026-03-03' and user_id = 'u1'");
        marts.build();
        assertThat(marts.all()).isEqualTo(before);
    }

    @Test
    void aBuildOfWhatHasNotChangedWritesNoDay() throws Exception {
        Map<String, String> before = marts.versions("sessions");
        marts.build();
        assertThat(marts.versions("sessions")).isEqualTo(before);
    }

    /** Messages of a day, each of them 7 minutes after the one before, with half an hour of silence after every twenty. */
    private static void add(String table, String day, String browser, String user, int messages) throws Exception {
        marts.change("insert into data_lake_silver." + table + " (" + MESSAGE + ")"
                + " select '" + table + " " + day + " " + messages + " ' || n, " + user + ", 'b' || " + browser + ","
                + " at, '" + day + "', at + interval '3 days' from generate_series(1, " + messages + ") as n,"
                + " lateral (select timestamp '" + day
                + "' + n * interval '7 minutes' + n / 20 * interval '30 minutes')"
                + " as moment (at)");
    }
}
