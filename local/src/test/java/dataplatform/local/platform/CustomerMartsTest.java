package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The marts of what customers do over made-up days in silver, one build after another, with the tests that dbt has of them. */
class CustomerMartsTest {
    private static final String SILVER = "data_lake_silver.customer_events";
    private static final String DAYS = "customer_session_days";
    private static final List<String> SOURCES = List.of("Email", "Adwords", "YouTube", "Facebook", "Organic");
    private static final List<String> BROWSERS = List.of("Chrome", "Safari", "Firefox", "IE", "Other");
    private static final List<String> TYPES = List.of("home", "department", "product", "cart", "purchase", "cancel");
    private static final LocalDate LATER = LocalDate.parse("2026-02-01");
    private static final int ROUNDS = 1;

    @TempDir
    static Path folder;

    private static Marts marts;

    private final Random random = new Random(1);
    private long batch;
    private long id;

    @BeforeAll
    static void start() throws Exception {
        marts = Marts.start(folder, "customers");
    }

    @AfterAll
    static void stop() {
        marts.close();
    }

    /** Four days about the end of a month. */
    @BeforeEach
    void fill() throws Exception {
        marts.change("truncate " + SILVER);
        for (int day = -2; day < 2; day++) {
            replace(LATER.plusDays(day));
        }
        marts.build("--full-refresh");
    }

    @Test
    void aFileThatComesLateChangesItsOwnDayAndNoOther() throws Exception {
        Map<String, String> before = marts.versions(DAYS);
        replace(LATER);
        marts.build();
        assertThat(changed(before, marts.versions(DAYS))).containsExactly("2026-02-01");
    }

    @Test
    void aDayThatSilverNoLongerHasGoesAway() throws Exception {
        Map<String, String> before = marts.versions(DAYS);
        remove(LATER);
        marts.build();
        Map<String, String> after = marts.versions(DAYS);
        assertThat(changed(before, after)).containsExactly("2026-02-01");
        assertThat(after).hasSize(3).doesNotContainKey("2026-02-01");
    }

    @Test
    void whatABuildThatDiedHasDeletedIsMadeAgain() throws Exception {
        List<String> before = marts.all();
        marts.change("delete from marts." + DAYS + " where activity_date = '2026-02-01'");
        marts.change("delete from marts." + DAYS + " where activity_date = '2026-01-31' and session_id = (select"
                + " min(session_id) from marts." + DAYS + " where activity_date = '2026-01-31')");
        marts.build();
        assertThat(marts.all()).isEqualTo(before);
    }

    @Test
    void aBuildOfWhatHasNotChangedWritesNoDay() throws Exception {
        Map<String, String> before = marts.versions(DAYS);
        marts.build();
        assertThat(marts.versions(DAYS)).isEqualTo(before);
    }

    @Test
    void silverMayBeEmpty() throws Exception {
        marts.change("truncate " + SILVER);
        marts.build();
        assertThat(marts.all()).isEmpty();
        replace(LATER);
        marts.build();
        assertThat(marts.versions(DAYS)).containsOnlyKeys("2026-02-01");
    }

    @Test
    void whateverDaysComeAndGoTheMartsAreAsAfterAFullRefresh() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Map<String, String> before = marts.versions(DAYS);
            Set<String> touched = new TreeSet<>();
            for (int change = random.nextInt(3); change >= 0; change--) {
                LocalDate day = LATER.plusDays(random.nextInt(6) - 3);
                if (random.nextInt(3) == 0) {
                    remove(day);
                } else {
                    replace(day);
                }
                touched.add(day.toString());
            }
            marts.build();
            assertThat(touched).as("round %d", round).containsAll(changed(before, marts.versions(DAYS)));
            assertThat(marts.rows("""
                    select session_id || ' ' || step || ' ' || taken from marts.customer_sessions, lateral (values
                      ('home', home_to_department_seconds), ('department', department_to_product_seconds),
                      ('product', product_to_cart_seconds), ('cart', cart_to_purchase_seconds)) as times (step, taken)
                    where taken is not null order by 1""")).as("round %d", round).isEqualTo(steps());
            assertIsAsAfterAFullRefresh();
        }
    }

    /** How long each session took from step to step, without a thought of days. */
    private static List<String> steps() throws SQLException {
        return marts.rows("""
                with placed as (
                  select *, row_number() over (partition by session_id order by created_at, sequence_number) as place
                  from data_lake_silver.customer_events
                ),
                firsts as (
                  select distinct on (session_id, event_type) * from placed order by session_id, event_type, place
                )
                select session_id || ' ' || step || ' ' || extract(epoch from min(placed.created_at) - min(firsts.created_at))::int
                from (values ('home', 'department'), ('department', 'product'), ('product', 'cart'), ('cart', 'purchase'))
                  as pairs (step, next)
                join firsts on firsts.event_type = step
                join placed using (session_id)
                where placed.event_type = next and placed.place > firsts.place
                group by session_id, step
                order by 1""");
    }

    private static void assertIsAsAfterAFullRefresh() throws Exception {
        List<String> built = marts.all();
        marts.build("--full-refresh");
        assertThat(marts.all()).isEqualTo(built);
    }

    /** The days that one of the two has otherwise than the other. */
    private static Set<String> changed(Map<String, String> before, Map<String, String> after) {
        Set<String> days = new TreeSet<>(before.keySet());
        days.addAll(after.keySet());
        days.removeIf(day -> before.containsKey(day) && before.get(day).equals(after.get(day)));
        return days;
    }

    private static void remove(LocalDate day) throws SQLException {
        marts.change("delete from " + SILVER + " where event_date = '" + day + "'");
    }

    /**
     * Puts other events in the place of a day's, as the next batch. Sessions have the same few ids on all days, so that many go over
     * midnight; steps are in any order, many of one second.
     */
    private void replace(LocalDate day) throws SQLException {
        remove(day);
        batch++;
        List<String> rows = new ArrayList<>();
        Set<Integer> sessions = new HashSet<>();
        for (int i = 0; i < 25; i++) {
            sessions.add(random.nextInt(40));
        }
        for (int session : sessions) {
            boolean isSynthetic = random.nextInt(3) == 0;
            String user = isSynthetic ? "synthetic-" + day + "-" + session % 4 : "u" + session % 7;
            int second = random.nextInt(80_000);
            int first = (int) (day.toEpochDay() - LATER.toEpochDay() + 10) * 100;
            for (int number = first; number <= first + random.nextInt(8); number++) {
                second += random.nextInt(3) * random.nextInt(60);
                rows.add(
                        "(%d, '%s', %d, 's%d', timestamp '%s' + %d * interval '1 second', '%s', '%s', '%s', %b, '%s', %d)"
                                .formatted(
                                        ++id,
                                        user,
                                        number,
                                        session,
                                        day,
                                        second,
                                        SOURCES.get(session % SOURCES.size()),
                                        BROWSERS.get(random.nextInt(BROWSERS.size())),
                                        TYPES.get(random.nextInt(TYPES.size())),
                                        isSynthetic,
                                        day,
                                        batch));
            }
        }
        marts.change("insert into " + SILVER + " (id, user_id, sequence_number, session_id, created_at, traffic_source,"
                + " browser, event_type, is_synthetic, event_date, batch) values " + String.join(", ", rows));
    }
}
