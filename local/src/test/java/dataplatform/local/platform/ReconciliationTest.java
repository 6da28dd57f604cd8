package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The warehouse's test of payments against GMV, over made-up marts. {@code DemoTest} has it pass on real rows. */
class ReconciliationTest {
    private static final String NAME = "assert_gmv_reconciles_with_payments";
    private static final String HONEST = "select 'no error'";

    @TempDir
    static Path folder;

    private static PostgresServer postgres;
    private static String test;

    @BeforeAll
    static void compile() throws Exception {
        postgres = PostgresServer.start(folder.resolve("postgres"));
        String project = Project.file("dbt_project").toString();
        List<String> command = List.of(
                Project.file(".venv/bin/dbt").toString(),
                "compile",
                "--select",
                NAME,
                "--project-dir",
                project,
                "--profiles-dir",
                project);
        Path target = folder.resolve("target");
        Map<String, String> environment = Map.of(
                "DW_HOST",
                "127.0.0.1",
                "DW_PORT",
                Integer.toString(postgres.port()),
                "DBT_TARGET_PATH",
                target.toString(),
                "DBT_LOG_PATH",
                target.toString());
        try (ChildProcess dbt = ChildProcess.start("dbt", command, environment, folder.resolve("dbt.log"))) {
            dbt.await(line -> {});
        }
        test = Files.readString(target.resolve("compiled/warehouse/tests/ecommerce/" + NAME + ".sql"));
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @BeforeEach
    void makeMarts() throws Exception {
        change("drop schema if exists marts cascade");
        change("create schema marts");
        change("create table marts.fct_order_items (order_id int, price numeric(12, 2), gmv numeric(12, 2))");
        change("create table marts.fct_payments (order_id int, payment_value numeric(12, 2))");
    }

    @Test
    void aShopWithoutAnOrderReconciles() throws Exception {
        assertThat(reconcilesAfter(HONEST)).isTrue();
    }

    @Test
    void interestOnInstalmentsAndCentsThatAreRoundedReconcile() throws Exception {
        shop(4400);
        change("update marts.fct_payments set payment_value = payment_value * 1.13 where order_id % 300 = 0");
        assertThat(reconcilesAfter("update marts.fct_payments set payment_value = payment_value - 0.01"))
                .isTrue();
    }

    @Test
    void aSmallShopMayHaveAnOrderThatIsNotPaidYetButNotThree() throws Exception {
        shop(20);
        assertThat(reconcilesAfter("delete from marts.fct_payments where order_id = 3"))
                .isTrue();
        assertThat(reconcilesAfter("delete from marts.fct_payments where order_id <= 3"))
                .isFalse();
    }

    @Test
    void aSmallShopWhoseItemsNobodyPaidForFails() throws Exception {
        shop(20);
        assertThat(reconcilesAfter("delete from marts.fct_payments")).isFalse();
    }

    @Test
    void errorsThatCancelFail() throws Exception {
        shop(20);
        assertThat(reconcilesAfter("update marts.fct_payments set payment_value ="
                        + " payment_value * case order_id when 4 then 2 when 5 then 0.5 else 1 end"))
                .isFalse();
        makeMarts();
        shop(4400);
        // one in a hundred: by the net total the shop is as before
        assertThat(reconcilesAfter("update marts.fct_payments set payment_value = payment_value"
                        + " + case order_id % 200 when 4 then 2 when 5 then -2 else 0 end"))
                .isFalse();
    }

    @Test
    void freightThatIsLostFails() throws Exception {
        for (int orders : List.of(20, 4400)) {
            makeMarts();
            shop(orders);
            assertThat(reconcilesAfter("update marts.fct_order_items set gmv = price"))
                    .as(orders + " orders")
                    .isFalse();
        }
    }

    /** Each order has two items of 3.50 and freight of 1 each, and is paid in two parts. */
    private static void shop(int orders) throws Exception {
        String each = " from generate_series(1, " + orders + ") as o, generate_series(1, 2) as n";
        change("insert into marts.fct_order_items select o, 3.50, 4.50" + each);
        change("insert into marts.fct_payments select o, 4.50" + each);
        assertThat(reconcilesAfter(HONEST)).isTrue();
    }

    private static boolean reconcilesAfter(String error) throws Exception {
        change(error);
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement()) {
            return !statement.executeQuery(test).next();
        }
    }

    private static void change(String sql) throws Exception {
        try (Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement()) {
            statement.execute(sql);
        }
    }
}
