package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dataplatform.local.process.Project;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Purchases beside reviews, over silver as a test fills it, with the tests that dbt has of them. */
class UserBehaviourMartsTest {
    private static final Path SHARED = Project.root().resolve("../shared/data");

    @TempDir
    static Path folder;

    private static Marts marts;

    @BeforeAll
    static void start() throws Exception {
        marts = Marts.start(folder, "user_behaviour", "retail");
    }

    @AfterAll
    static void stop() {
        marts.close();
    }

    @BeforeEach
    void empty() throws Exception {
        marts.change("truncate data_lake_silver.user_purchase, data_lake_silver.classified_movie_review");
        marts.change("drop schema if exists marts cascade");
    }

    /** The shop's real purchases and sentences, against figures of an independent engine. */
    @Test
    void realDaysComeOutAsTheGoldenFilesSay() throws Exception {
        Path purchases = SHARED.resolve("online_retail/OnlineRetail.csv.gz");
        assumeThat(purchases).as("the shared data beside the repository").exists();
        marts.change("create table purchases (invoice text, code text, detail text, quantity int, at timestamp,"
                + " price numeric, customer int, country text)");
        marts.change("create table reviews (cid int, review text)");
        copy("purchases", purchases, "latin1");
        copy("reviews", SHARED.resolve("movie_review/movie_review.csv.gz"), "utf8");
        marts.change(
                "insert into data_lake_silver.user_purchase (id, invoice_number, stock_code, quantity, invoice_date,"
                        + " unit_price, customer_id, country, invoice_month) select row_number() over (), invoice, code, quantity,"
                        + " at, price, customer, country, to_char(at, 'yyyy-mm') from purchases");
        List<String> days = List.of("2011-03-15", "2010-12-01");
        for (String day : days) {
            marts.change("insert into data_lake_silver.classified_movie_review (review_id, cid, positive_review,"
                    + " insert_date) select '" + day + " ' || row_number() over (), cid,"
                    + " 'good' = any (regexp_split_to_array(lower(review), '\\s')), '" + day + "' from reviews");
        }

        for (String day : days) {
            make(day);
        }
        for (String day : days) {
            assertThat(metric(day)).containsExactlyElementsOf(golden(day));
        }
        List<String> all = marts.all();
        marts.build("--full-refresh");
        assertThat(metric("2010-12-01")).containsExactlyElementsOf(golden("2010-12-01"));
        assertThat(marts.all()).as("days without reviews are staged, too").containsAll(all);
    }

    private static void copy(String table, Path file, String encoding) throws Exception {
        try (InputStream csv = new GZIPInputStream(Files.newInputStream(file))) {
            marts.copy(table, csv, encoding);
        }
    }

    private static List<String> golden(String day) throws Exception {
        List<String> lines = Files.readAllLines(SHARED.resolve("golden/user_behavior_metric_" + day + ".csv"));
        return lines.subList(1, lines.size());
    }

    @Test
    void aDayThatIsMadeAgainIsAsSilverIsNow() throws Exception {
        for (int day = 1; day <= 3; day++) {
            add(day, 10);
            make("2026-03-0" + day);
        }
        List<String> others = metric("2026-03-01");
        assertThat(metric("2026-03-02")).hasSize(10);

        marts.change("delete from data_lake_silver.user_purchase where invoice_date::date = '2026-03-02'");
        make("2026-03-02");
        assertThat(metric("2026-03-02")).isEmpty();
        assertThat(metric("2026-03-01")).isEqualTo(others);
    }

    @Test
    void farMoreCustomersThanUsualStopTheRun() throws Exception {
        for (int day = 1; day <= 4; day++) {
            add(day, day < 4 ? 10 : 101);
            if (day < 4) {
                make("2026-03-0" + day);
            }
        }
        assertThatThrownBy(() -> make("2026-03-04")).isInstanceOf(IllegalStateException.class);
        assertThat(Files.readString(folder.resolve("dbt.log")))
                .contains("assert_rows_are_as_many_as_on_the_days_before");
        marts.build("--vars", "{day: 2026-03-04, most_times: 100}");
        assertThat(metric("2026-03-04")).hasSize(101);
    }

    @Test
    void aDayInTheFutureStopsTheRun() throws Exception {
        String tomorrow = LocalDate.now().plusDays(2).toString();
        marts.change("insert into data_lake_silver.user_purchase (id, quantity, invoice_date, unit_price, customer_id,"
                + " invoice_month) values (1, 3, '" + tomorrow + "', 1, 1, '" + tomorrow.substring(0, 7) + "')");
        assertThatThrownBy(() -> make(tomorrow)).isInstanceOf(IllegalStateException.class);
        assertThat(Files.readString(folder.resolve("dbt.log")))
                .contains(
                        "Failure in test expression_is_true_user_purchase_staging_insert_date_current_date_and_quantity_2");
    }

    /** Purchases of so many customers on a day of March, twice each, and two reviews of each. */
    private static void add(int day, int customers) throws Exception {
        marts.change("insert into data_lake_silver.user_purchase (id, quantity, invoice_date, unit_price, customer_id,"
                + " invoice_month) select " + day + " * 100000 + n, 3, '2026-03-0" + day + "', 1.5, n / 2, '2026-03'"
                + " from generate_series(2, " + (2 * customers + 1) + ") as n");
        marts.change(
                "insert into data_lake_silver.classified_movie_review (review_id, cid, positive_review, insert_date)"
                        + " select '" + day + " ' || n, n / 2, n % 2 = 0, '2026-03-0" + day
                        + "' from generate_series(2, "
                        + (2 * customers + 1) + ") as n");
    }

    private static void make(String day) throws Exception {
        marts.build("--vars", "{day: " + day + "}");
    }

    private static List<String> metric(String day) throws Exception {
        return marts.rows("select concat_ws(',', customerid, amount_spent, review_score, review_count, insert_date)"
                + " from marts.user_behavior_metric where insert_date = '" + day + "' order by customerid");
    }
}
