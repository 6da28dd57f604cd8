package dataplatform.source;

import static dataplatform.source.Database.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeneratorTest {
    @TempDir
    static Path shop;

    private static Connection connection;

    @BeforeAll
    static void loadAShopOfTheDefaultSize() throws Exception {
        new Generator(1, 1, Progress.none()).write(shop);
        connection = Database.empty();
        new CsvLoader(Database.CONTRACTS, Progress.none()).load(connection, shop);
    }

    @AfterAll
    static void close() throws SQLException {
        connection.close();
    }

    @Test
    void makesTheSameBytesOnAnyMachine(@TempDir Path folder) throws Exception {
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("America/Sao_Paulo"));
            new Generator(7, 0.1, Progress.none()).write(folder);
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
        // changes with the generator, and with nothing else
        assertThat(sha256(folder)).isEqualTo("fc554a7557b6c0765dc9ae12f357b2dce2b04ed4f081b72298884783543def4e");
    }

    @Test
    void makesAnotherShopForAnotherSeed(@TempDir Path one, @TempDir Path other) throws Exception {
        new Generator(7, 0.01, Progress.none()).write(one);
        new Generator(8, 0.01, Progress.none()).write(other);

        assertThat(Files.readAllLines(one.resolve(CsvFolder.ORDERS)))
                .hasSize(101)
                .doesNotContainAnyElementsOf(
                        Files.readAllLines(other.resolve(CsvFolder.ORDERS)).subList(1, 101));
    }

    @Test
    void makesAShopOfOneOrderAndNoneOfLess(@TempDir Path folder) throws Exception {
        new Generator(1, 0.0001, Progress.none()).write(folder);

        assertThat(Files.readAllLines(folder.resolve(CsvFolder.ORDERS))).hasSize(2);
        assertThatThrownBy(() -> new Generator(1, 0.00001, Progress.none()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("makes no order");
    }

    /** Each row: what is there in the shop of the default size, and how to find it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            orders with several payments            | select order_id from order_payments group by 1 having count(*) > 1
            payments by several vouchers            | select order_id from order_payments where payment_type = 'voucher' group by 1 having count(*) > 1
            payments of no known type               | select order_id from order_payments where payment_type = 'not_defined'
            orders with several reviews             | select order_id from order_reviews group by 1 having count(*) > 1
            orders without review                   | select order_id from orders except select order_id from order_reviews
            reviews under two orders                | select review_id from order_reviews group by 1 having count(*) = 2
            messages with newlines                  | select from order_reviews where review_comment_message like E'%\\n%'
            messages with quotes                    | select from order_reviews where review_comment_message like '%"%'
            messages with commas and accents        | select from order_reviews where review_comment_message like '%,%' and review_comment_message like '%ó%'
            orders with several items               | select order_id from order_items group by 1 having max(order_item_id) > 3
            orders without items                    | select order_id from orders except select order_id from order_items
            products without category               | select from products where product_category_name is null and product_photos_qty is null
            products without measures               | select from products where product_weight_g is null
            products of an untranslated category    | select from products where product_category_name not in (select product_category_name from product_category_name_translation)
            customers whose zip code has no position | select lpad(customer_zip_code_prefix, 5, '0') from customers except select lpad(geolocation_zip_code_prefix, 5, '0') from geolocation
            people who ordered twice                | select customer_unique_id from customers group by 1 having count(*) > 1
            positions measured twice                | select geolocation_zip_code_prefix, geolocation_lat, geolocation_lng, geolocation_city from geolocation group by 1, 2, 3, 4 having count(*) > 1
            positions outside Brazil                | select from geolocation where geolocation_lat > 30
            orders delivered but never approved     | select from orders where order_approved_at is null and order_status = 'delivered'
            orders canceled and never approved      | select from orders where order_approved_at is null and order_status = 'canceled'
            orders delivered late                   | select from orders where order_delivered_customer_date > order_estimated_delivery_date
            orders not delivered yet                | select from orders where order_delivered_carrier_date is not null and order_delivered_customer_date is null
            shipping limits far off                 | select from order_items where shipping_limit_date > '2018-10-01'
            items sent free of charge               | select from order_items where freight_value = 0
            customers' zip codes without zeros      | select from customers where length(customer_zip_code_prefix) = 4
            sellers' zip codes without zeros        | select from sellers where length(seller_zip_code_prefix) = 4
            cities with accents                     | select from customers where customer_city = 'São Paulo'
            cities in upper case                    | select from customers where customer_city = 'SAO PAULO'
            cities with their state                 | select from sellers where seller_city = 'sao paulo - sp'
            cities with apostrophes                 | select from geolocation where geolocation_city = 'santa barbara d''oeste'
            """)
    void hasTheEdgeCasesOfTheRealRows(String what, String query) throws SQLException {
        Database.execute(connection, "set search_path to ecommerce");
        assertThat(rows(connection, query)).as(what).isNotEmpty();
    }

    @Test
    void keepsTheContractsButForThePositionsOutsideBrazil() throws SQLException {
        assertThat(Database.brokenRules(connection))
                .isNotEmpty()
                .containsOnly("geolocation geolocation_lat", "geolocation geolocation_lng");
    }

    @Test
    void numbersItemsAndPaymentsFromOne() throws SQLException {
        assertThat(rows(
                        connection,
                        "select order_id from ecommerce.order_items group by 1 having max(order_item_id) <> count(*)"))
                .isEmpty();
        assertThat(
                        rows(
                                connection,
                                "select order_id from ecommerce.order_payments group by 1 having max(payment_sequential) <> count(*)"))
                .isEmpty();
    }

    @Test
    void paymentsAreWhatTheItemsCostButForAFewCents() throws SQLException {
        List<String> differences = rows(connection, """
                select abs(gmv - paid) from
                  (select order_id, sum(price + freight_value) as gmv from ecommerce.order_items group by 1) i
                  join (select order_id, sum(payment_value) as paid from ecommerce.order_payments group by 1) p using (order_id)
                where gmv <> paid""");
        assertThat(differences).hasSizeBetween(1, 100).containsOnly("0.01", "0.02", "0.03");
        assertThat(rows(
                        connection,
                        "select order_id from ecommerce.orders except select order_id from ecommerce.order_payments"))
                .isEmpty();
    }

    @Test
    void growsOverTwoYears() throws SQLException {
        List<String> months = rows(
                connection,
                "select to_char(order_purchase_timestamp, 'yyyy-MM'), count(*) from ecommerce.orders group by 1 order by 1");
        assertThat(months).hasSize(24);
        assertThat(months.get(0)).startsWith("2016-09|");
        assertThat(months.get(23)).startsWith("2018-08|");
        assertThat(count(months.get(23))).isGreaterThan(4 * count(months.get(0)));
        assertThat(count(months.get(14))).as("November 2017").isGreaterThan(count(months.get(15)));
    }

    private static int count(String month) {
        return Integer.parseInt(month.substring(month.indexOf('|') + 1));
    }

    private static String sha256(Path folder) throws IOException, NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                digest.update(Files.readAllBytes(file));
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
