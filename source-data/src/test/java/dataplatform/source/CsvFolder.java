package dataplatform.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small shop as a folder of CSV files. */
record CsvFolder(Path path) {
    static final String CUSTOMERS = "olist_customers_dataset.csv";
    static final String GEOLOCATION = "olist_geolocation_dataset.csv";
    static final String ITEMS = "olist_order_items_dataset.csv";
    static final String PAYMENTS = "olist_order_payments_dataset.csv";
    static final String REVIEWS = "olist_order_reviews_dataset.csv";
    static final String ORDERS = "olist_orders_dataset.csv";
    static final String PRODUCTS = "olist_products_dataset.csv";
    static final String SELLERS = "olist_sellers_dataset.csv";
    static final String TRANSLATION = "product_category_name_translation.csv";

    static CsvFolder write(Path path) throws IOException {
        CsvFolder folder = new CsvFolder(path);
        folder.put(CUSTOMERS, """
                customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state
                c1,u1,01037,sao paulo,SP
                c2,u1,1037,São Paulo,SP
                c3,u2,20000,rio de janeiro,RJ
                """);
        folder.put(GEOLOCATION, """
                geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city,geolocation_state
                01037,-23.548945985189434,-46.63467133,são paulo,SP
                01037,-23.548945985189434,-46.63467133,são paulo,SP
                20000,-22.9,-43.2,rio de janeiro,RJ
                """);
        folder.put(ITEMS, """
                order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
                o1,1,p1,s1,2018-01-05 10:00:00,58.90,13.29
                o1,2,p1,s1,2018-01-05 10:00:00,58.90,13.29
                o2,1,p2,s1,2018-02-05 10:00:00,9.9,0.0
                """);
        folder.put(PAYMENTS, """
                order_id,payment_sequential,payment_type,payment_installments,payment_value
                o1,1,credit_card,3,144.38
                o2,1,boleto,1,9.90
                """);
        folder.put(REVIEWS, """
                review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp
                r1,o1,5,,"Ótimo, ""recomendo""\r\nchegou antes",2018-01-20 00:00:00,2018-01-21 10:11:12
                r1,o2,1,ruim,,2018-01-20 00:00:00,2018-01-21 10:11:12
                """);
        folder.put(ORDERS, """
                order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
                o1,c1,delivered,2018-01-01 10:00:00,2018-01-01 10:05:00,2018-01-04 00:00:00,2018-01-14 00:00:00,2018-01-24 00:00:00
                o2,c2,created,2018-02-01 23:59:59,,,,2018-02-24 00:00:00
                """);
        folder.put(PRODUCTS, """
                product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,product_weight_g,product_length_cm,product_height_cm,product_width_cm
                p1,perfumaria,40,287,1,225,16,10,14
                p2,,,,,150,20,10,10
                """);
        folder.put(SELLERS, "seller_id,seller_zip_code_prefix,seller_city,seller_state\ns1,13023,campinas,SP\n");
        folder.put(TRANSLATION, "\ufeffproduct_category_name,product_category_name_english\nperfumaria,perfumery\n");
        return folder;
    }

    void put(String file, String text) throws IOException {
        Files.writeString(path.resolve(file), text);
    }

    void replace(String file, String found, String replacement) throws IOException {
        String text = Files.readString(path.resolve(file));
        if (!text.contains(found)) {
            throw new IllegalArgumentException(file + " does not hold " + found);
        }
        put(file, text.replace(found, replacement));
    }
}
