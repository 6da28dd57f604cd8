package dataplatform.source;

import static dataplatform.source.Database.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Contract;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SourceDdlTest {
    private Connection connection;

    @BeforeEach
    void create() throws SQLException {
        connection = Database.empty();
        createTables();
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    @Test
    void createsTheKeysOfTheContracts() throws SQLException {
        assertThat(rows(connection, """
                select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
                where conrelid in ('ecommerce.order_items'::regclass, 'ecommerce.order_reviews'::regclass)"""))
                .containsExactlyInAnyOrder(
                        "ecommerce.order_items PRIMARY KEY (order_id, order_item_id)",
                        "ecommerce.order_items FOREIGN KEY (order_id) REFERENCES ecommerce.orders(order_id)",
                        "ecommerce.order_items FOREIGN KEY (product_id) REFERENCES ecommerce.products(product_id)",
                        "ecommerce.order_items FOREIGN KEY (seller_id) REFERENCES ecommerce.sellers(seller_id)",
                        "ecommerce.order_reviews PRIMARY KEY (review_id, order_id)",
                        "ecommerce.order_reviews FOREIGN KEY (order_id) REFERENCES ecommerce.orders(order_id)");
    }

    @Test
    void changesCarryTheWholeRowBefore() throws SQLException {
        assertThat(rows(connection, """
                select distinct relreplident from pg_class
                where relnamespace = 'ecommerce'::regnamespace and relkind = 'r'""")).containsExactly("f");
    }

    @Test
    void changesNothingAndLocksNothingTheSecondTime() throws SQLException {
        String catalog =
                "select xmin, ctid, relname from pg_class where relnamespace = 'ecommerce'::regnamespace order by oid";
        List<String> before = rows(connection, catalog);

        connection.setAutoCommit(false);
        createTables();

        assertThat(rows(connection, """
                select l.mode from pg_locks l join pg_class c on c.oid = l.relation
                where c.relnamespace = 'ecommerce'::regnamespace and l.pid = pg_backend_pid() and l.mode <> 'AccessShareLock'""")).isEmpty();
        connection.rollback();
        assertThat(rows(connection, catalog)).isEqualTo(before);
    }

    @Test
    void refusesContractsWhoseParentsAreMissing() {
        List<Contract> itemsOnly = Database.CONTRACTS.stream()
                .filter(contract -> contract.name().equals("order_items"))
                .toList();

        assertThatThrownBy(() -> SourceDdl.statements(itemsOnly))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "[ecommerce.order_items] refer to contracts that are not given, or to each other in a circle");
    }

    private void createTables() throws SQLException {
        for (String statement : SourceDdl.statements(Database.CONTRACTS)) {
            Database.execute(connection, statement);
        }
    }
}
