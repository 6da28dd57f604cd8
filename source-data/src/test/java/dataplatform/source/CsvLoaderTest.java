package dataplatform.source;

import static dataplatform.source.Database.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvLoaderTest {
    private static final Path OLIST = Path.of("..", "..", "shared", "data", "olist");

    @TempDir
    Path temp;

    private CsvFolder folder;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        folder = CsvFolder.write(temp);
        connection = Database.empty();
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    @Test
    void loadsWhatTheFilesHold() throws SQLException {
        assertThat(load())
                .contains(
                        new TableLoad("ecommerce.customers", 3, 3, 0, 0),
                        new TableLoad("ecommerce.geolocation", 3, 3, 0, 0),
                        new TableLoad("ecommerce.order_items", 3, 3, 0, 0),
                        new TableLoad("ecommerce.order_payments", 2, 2, 0, 0),
                        new TableLoad("ecommerce.order_reviews", 2, 2, 0, 0),
                        new TableLoad("ecommerce.orders", 2, 2, 0, 0),
                        new TableLoad("ecommerce.product_category_name_translation", 1, 1, 0, 0),
                        new TableLoad("ecommerce.products", 2, 2, 0, 0),
                        new TableLoad("ecommerce.sellers", 1, 1, 0, 0));
        assertThat(rows(connection, "select * from ecommerce.orders order by 1"))
                .containsExactly(
                        "o1|c1|delivered|2018-01-01 10:00:00|2018-01-01 10:05:00|2018-01-04 00:00:00|2018-01-14 00:00:00|2018-01-24 00:00:00",
                        "o2|c2|created|2018-02-01 23:59:59|null|null|null|2018-02-24 00:00:00");
        assertThat(rows(
                        connection,
                        "select price, freight_value from ecommerce.order_items order by order_id, order_item_id"))
                .containsExactly("58.90|13.29", "58.90|13.29", "9.90|0.00");
        assertThat(
                        rows(
                                connection,
                                "select review_comment_title, review_comment_message from ecommerce.order_reviews order by order_id"))
                .containsExactly("null|Ótimo, \"recomendo\"\r\nchegou antes", "ruim|null");
        assertThat(
                        rows(
                                connection,
                                "select id, geolocation_zip_code_prefix, geolocation_lat from ecommerce.geolocation order by id"))
                .containsExactly("1|01037|-23.548945985189434", "2|01037|-23.548945985189434", "3|20000|-22.9");
        assertThat(rows(connection, "select product_category_name from ecommerce.product_category_name_translation"))
                .containsExactly("perfumaria");
    }

    @Test
    void aSecondLoadWritesNoRow() throws SQLException {
        load();
        List<String> before = versions();

        assertThat(load()).allMatch(load -> load.inserted() + load.updated() + load.deleted() == 0);
        assertThat(versions()).isEqualTo(before);
    }

    @Test
    void writesOnlyTheRowsThatDiffer() throws Exception {
        load();
        List<String> before = versions();
        // an order moves to a new customer while the old one goes; keys change in parents and children at once
        folder.replace(CsvFolder.CUSTOMERS, "c2,u1,1037,São Paulo", "c4,u1,1037,São Paulo");
        folder.replace(CsvFolder.ORDERS, "o2,c2,created", "o2,c4,approved");
        folder.replace(CsvFolder.REVIEWS, "r1,o2,1,ruim,", "r1,o2,1,,");
        folder.replace(CsvFolder.ITEMS, "o1,2,p1", "o1,3,p1");
        folder.replace(
                CsvFolder.GEOLOCATION,
                "20000,-22.9,-43.2,rio",
                "01037,-23.548945985189434,-46.63467133,são paulo,SP\n20000,-22.9,-43.3,rio");

        assertThat(load())
                .contains(
                        new TableLoad("ecommerce.customers", 3, 1, 0, 1),
                        new TableLoad("ecommerce.geolocation", 4, 2, 0, 1),
                        new TableLoad("ecommerce.order_items", 3, 1, 0, 1),
                        new TableLoad("ecommerce.order_payments", 2, 0, 0, 0),
                        new TableLoad("ecommerce.order_reviews", 2, 0, 1, 0),
                        new TableLoad("ecommerce.orders", 2, 0, 1, 0),
                        new TableLoad("ecommerce.product_category_name_translation", 1, 0, 0, 0),
                        new TableLoad("ecommerce.products", 2, 0, 0, 0),
                        new TableLoad("ecommerce.sellers", 1, 0, 0, 0));
        assertThat(rows(connection, "select customer_id from ecommerce.orders where order_status = 'approved'"))
                .containsExactly("c4");
        assertThat(rows(connection, "select id from ecommerce.geolocation order by id"))
                .containsExactly("1", "2", "4", "5");
        // customer, item, 2 geolocations that are new; review and order that changed
        assertThat(versions().stream().filter(row -> !before.contains(row))).hasSize(6);
    }

    @Test
    void bringsAnyStateToThatOfTheFolder() throws SQLException {
        load();
        List<String> before = contents();
        Database.execute(connection, """
                delete from ecommerce.order_reviews where order_id = 'o1';
                update ecommerce.order_payments set payment_value = payment_value + 1;
                insert into ecommerce.customers values ('c9', 'u9', '1', 'x', 'SP');
                insert into ecommerce.orders select 'o9', 'c9', order_status, order_purchase_timestamp, null, null, null, order_estimated_delivery_date from ecommerce.orders where order_id = 'o1';
                insert into ecommerce.order_payments values ('o9', 1, 'voucher', 1, 1);
                update ecommerce.products set product_weight_g = null;
                delete from ecommerce.geolocation where id = 2;
                insert into ecommerce.geolocation (geolocation_zip_code_prefix, geolocation_lat, geolocation_lng, geolocation_city, geolocation_state)
                  values ('20000', -22.9, -43.2, 'rio de janeiro', 'RJ')""");

        load();

        assertThat(contents()).isEqualTo(before);
    }

    @Test
    void readsColumnsByNameAndLineEndsOfAnyKind() throws Exception {
        folder.put(
                CsvFolder.SELLERS,
                "\"seller_state\",\"seller_id\",\"seller_city\",\"seller_zip_code_prefix\"\r\nSP,s1,\"santa barbara d'oeste\",\"\"\"1\"\r\n");
        folder.replace(CsvFolder.ORDERS, "2018-02-01 23:59:59", "2018-02-01 23:59:59-02");
        folder.replace(CsvFolder.PRODUCTS, "p2,,", "p2,\"\",");

        load();

        assertThat(rows(connection, "select * from ecommerce.sellers"))
                .containsExactly("s1|\"1|santa barbara d'oeste|SP");
        assertThat(rows(connection, "select order_purchase_timestamp from ecommerce.orders where order_id = 'o2'"))
                .containsExactly("2018-02-02 01:59:59");
        assertThat(rows(connection, "select count(*) from ecommerce.products where product_category_name is null"))
                .containsExactly("1");
    }

    /** Each row: file, what stands in it, what is written instead, and what the error says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            olist_orders_dataset.csv         | 2018-02-01 23:59:59 | 2017-02-30 10:00:00  | , line 3: column order_purchase_timestamp: expected timestamp, and its value is none
            olist_orders_dataset.csv         | 2018-02-01 23:59:59 | 2017-02-30T          | , line 3: column order_purchase_timestamp: expected timestamp
            olist_orders_dataset.csv         | 2018-02-01 23:59:59 | infinity             | , line 3: column order_purchase_timestamp: expected timestamp
            olist_orders_dataset.csv         | 2018-02-01 23:59:59 | yesterday            | , line 3: column order_purchase_timestamp: expected timestamp
            olist_orders_dataset.csv         | 2018-02-01 23:59:59 | ''                   | , line 3: column order_purchase_timestamp: is empty, and contract ecommerce.orders requires it
            olist_orders_dataset.csv         | o2,c2               | o1,c2                | , line 3: the key is in the file twice: Key (order_id)=(o1)
            olist_orders_dataset.csv         | o2,c2               | o2,c7                | : customer_id 'c7' (1 rows with such) is not in
            olist_orders_dataset.csv         | order_status        | order_state          | , line 1: column 'order_state' is not in contract ecommerce.orders
            olist_orders_dataset.csv         | order_status        | order_id             | , line 1: column order_id is there twice
            olist_order_items_dataset.csv    | 9.9,0.0             | cheap,0.0            | , line 4: column price: expected numeric(12,2), and 'cheap' is none
            olist_order_items_dataset.csv    | 9.9,0.0             | 9.905,0.0            | , line 4: column price: expected numeric(12,2)
            olist_order_items_dataset.csv    | 9.9,0.0             | NaN,0.0              | , line 4: column price: expected numeric(12,2)
            olist_order_items_dataset.csv    | 9.9,0.0             | 12345678901.00,0.0   | , line 4: column price: expected numeric(12,2)
            olist_order_items_dataset.csv    | 9.9,0.0             | '9,9,0.0'            | , line 4: extra data after last expected column
            olist_order_items_dataset.csv    | o1,2,p1             | o1,2.5,p1            | , line 3: column order_item_id: expected integer, and '2.5' is none
            olist_order_items_dataset.csv    | ',freight_value'    | ''                   | , line 1: column freight_value is missing
            olist_order_items_dataset.csv    | freight_value       | freight_value,x      | , line 1: column 'x' is not in contract
            olist_order_items_dataset.csv    | ','                 | ;                    | , line 1: expected 7 columns with commas between them
            olist_order_reviews_dataset.csv  | ruim                | '"ruim'              | , line 5: unterminated CSV quoted field
            olist_order_reviews_dataset.csv  | r1,o2,1             | r1,o2,one            | , line 4: column review_score: expected integer, and 'one' is none
            olist_order_reviews_dataset.csv  | chegou antes"       | '\\.\nchegou antes"' | , line 3: holds nothing but \\., which PostgreSQL takes for the end of the file
            olist_sellers_dataset.csv        | 's1,13023,campinas,SP\n' | '\\.' | , line 2: holds nothing but \\., which PostgreSQL takes for the end of the file
            olist_geolocation_dataset.csv    | -22.9               | NaN                  | , line 4: column geolocation_lat: expected double precision
            olist_sellers_dataset.csv        | s1,13023            | s1;13023             | , line 2: missing data for column "seller_state"
            """)
    void refusesABadRow(String file, String found, String replacement, String error) throws Exception {
        load();
        List<String> before = contents();
        folder.replace(CsvFolder.TRANSLATION, "perfumery", "scents");
        folder.replace(file, found, replacement);

        assertRefused(file, error, before);
    }

    @Test
    void refusesABrokenByte() throws Exception {
        load();
        List<String> before = contents();
        Path file = temp.resolve(CsvFolder.SELLERS);
        StringBuilder many = new StringBuilder(Files.readString(file));
        for (int i = 2; i < 20_000; i++) {
            many.append('s').append(i).append(",13023,são paulo,SP\n");
        }
        byte[] bytes = many.toString().getBytes(StandardCharsets.UTF_8);
        // the "ã" of line 12,346, as Latin-1 has it
        int at = many.substring(0, many.indexOf("s12345,")).getBytes(StandardCharsets.UTF_8).length
                + "s12345,13023,s".length();
        bytes[at] = (byte) 0xe3;
        bytes[at + 1] = 'o';
        Files.write(file, bytes);

        assertRefused(CsvFolder.SELLERS, ", line 12346: invalid byte sequence for encoding \"UTF8\": 0xe3", before);
    }

    @Test
    void refusesAFileThatIsEmpty() throws Exception {
        load();
        List<String> before = contents();
        folder.put(CsvFolder.SELLERS, "");
        assertRefused(CsvFolder.SELLERS, " is empty (0 bytes)", before);
        folder.put(CsvFolder.SELLERS, "seller_id,seller_zip_code_prefix,seller_city,seller_state\n");
        assertRefused(CsvFolder.SELLERS, " holds a header and no rows", before);
    }

    @Test
    void aTableWithoutAFileStaysAsItIs() throws Exception {
        load();
        Files.delete(temp.resolve(CsvFolder.PRODUCTS));
        Files.delete(temp.resolve(CsvFolder.ITEMS));
        Files.delete(temp.resolve(CsvFolder.REVIEWS));
        folder.replace(CsvFolder.PAYMENTS, "boleto", "voucher");
        ByteArrayOutputStream shown = new ByteArrayOutputStream();

        assertThat(new CsvLoader(
                                Database.CONTRACTS,
                                new Progress(new PrintStream(shown, true, StandardCharsets.UTF_8), false))
                        .load(connection, temp))
                .contains(
                        new TableLoad("ecommerce.products", 2, 0, 0, 0),
                        new TableLoad("ecommerce.order_payments", 2, 0, 1, 0));
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("there is no file for ecommerce.products, which stays as it is, 2 rows\n");

        // what refers to it is held against the table
        folder.put(
                CsvFolder.ITEMS,
                "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
                        + "o1,1,p7,s1,2018-01-05,1,1\n");
        assertRefused(CsvFolder.ITEMS, ": product_id 'p7' (1 rows with such) is not in ecommerce.products", contents());
    }

    @Test
    void aFileThatFitsNoTableIsNotPassedOver() throws Exception {
        load();
        List<String> before = contents();
        Files.move(temp.resolve(CsvFolder.SELLERS), temp.resolve("olist_seller_dataset.CSV"));
        assertRefused(
                "olist_seller_dataset.CSV",
                " is the file of no table, and tables are without a file: ecommerce.sellers"
                        + " (olist_sellers_dataset.csv or sellers.csv)",
                before);

        assertThatThrownBy(() -> load(Files.createDirectory(temp.resolve("empty"))))
                .isInstanceOf(LoadException.class)
                .hasMessageContaining("empty holds the file of no table; expected at least one of: ");
    }

    @Test
    void nothingOfARefusedFirstLoadStays() throws Exception {
        folder.replace(CsvFolder.ITEMS, "9.9,0.0", "cheap,0.0");

        assertThatThrownBy(this::load).isInstanceOf(LoadException.class);

        assertThat(rows(connection, "select nspname from pg_namespace where nspname = 'ecommerce'"))
                .isEmpty();
    }

    @Test
    void saysHowFarItIs() throws SQLException {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();

        new CsvLoader(Database.CONTRACTS, new Progress(new PrintStream(shown, true, StandardCharsets.UTF_8), false))
                .load(connection, temp);

        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("read olist_orders_dataset.csv, 2 rows\n")
                .endsWith("loaded 19 rows\n");
    }

    @Test
    void theRealRowsKeepTheContracts() throws Exception {
        assumeThat(OLIST).as("real rows beside the repository").isDirectory();

        List<TableLoad> loads = load(OLIST);

        assertThat(loads)
                .contains(
                        new TableLoad("ecommerce.orders", 4872, 4872, 0, 0),
                        new TableLoad("ecommerce.geolocation", 45928, 45928, 0, 0));
        assertThat(rows(connection, "select count(*), sum(price), sum(freight_value) from ecommerce.order_items"))
                .containsExactly("4956|653084.69|102319.92");
        assertThat(Database.brokenRules(connection))
                .containsExactly(
                        "geolocation geolocation_lat",
                        "geolocation geolocation_lat",
                        "geolocation geolocation_lng",
                        "geolocation geolocation_lng");

        assertThat(load(OLIST)).allMatch(load -> load.inserted() + load.updated() + load.deleted() == 0);
        assertThat(load())
                .as("the small shop takes its place")
                .contains(new TableLoad("ecommerce.orders", 2, 2, 0, 4872));
    }

    private void assertRefused(String file, String error, List<String> before) throws SQLException {
        assertThatThrownBy(this::load)
                .isInstanceOf(LoadException.class)
                .hasMessageStartingWith(temp.resolve(file).toString())
                .hasMessageContaining(error);
        assertThat(contents()).isEqualTo(before);
    }

    private List<TableLoad> load() throws SQLException {
        return load(temp);
    }

    private List<TableLoad> load(Path files) throws SQLException {
        return new CsvLoader(Database.CONTRACTS, Progress.none()).load(connection, files);
    }

    /** Where each row stands and which transaction wrote it: differs once the row is written again, be it with the same values. */
    private List<String> versions() throws SQLException {
        List<String> versions = new ArrayList<>();
        for (Contract contract : Database.CONTRACTS) {
            versions.addAll(rows(
                    connection,
                    "select tableoid::regclass, ctid, xmin from " + SourceDdl.table(contract) + " order by ctid"));
        }
        return versions;
    }

    private List<String> contents() throws SQLException {
        List<String> contents = new ArrayList<>();
        for (Contract contract : Database.CONTRACTS) {
            List<Column> columns = contract.columns().stream()
                    .filter(column -> !column.generated())
                    .toList();
            contents.addAll(rows(
                    connection,
                    "select " + SourceDdl.names(columns) + " from " + SourceDdl.table(contract) + " order by "
                            + SourceDdl.names(columns)));
        }
        return contents;
    }
}
