package dataplatform.source;

import dataplatform.source.Shop.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** Writes orders, one after the other, with all that hangs on them: customer, items, payments, reviews. */
final class OrderWriter implements Closeable {
    private static final long HOUR = 3600;
    private static final long DAY = 24 * HOUR;
    /** What would come later has not happened yet. */
    private static final long TODAY = OrderTimes.END.plusDays(3).toEpochDay() * DAY;

    private static final long NEVER = -1;

    private static final String CANCELED = "canceled";
    private static final String CREATED = "created";
    private static final String DELIVERED = "delivered";
    private static final String PROCESSING = "processing";
    private static final String SHIPPED = "shipped";
    private static final String UNAVAILABLE = "unavailable";
    private static final Weighted<String> STATUS = new Weighted<>(
            List.of(DELIVERED, SHIPPED, CANCELED, UNAVAILABLE, "invoiced", PROCESSING, CREATED, "approved"),
            967,
            11,
            6,
            6,
            3,
            3,
            2,
            2);

    private static final String CREDIT_CARD = "credit_card";
    private static final String VOUCHER = "voucher";
    private static final Weighted<String> PAYMENT_TYPE =
            new Weighted<>(List.of(CREDIT_CARD, "boleto", VOUCHER, "debit_card"), 760, 190, 35, 15);

    /** By number of items; likewise below. */
    private static final Weighted<Integer> ITEMS = Weighted.numbers(0, 9000, 750, 130, 60, 30, 20, 3, 2, 1, 2, 1, 1);

    private static final Weighted<Integer> VOUCHERS = Weighted.numbers(0, 60, 15, 9, 6, 4, 2, 1, 1, 0, 0, 1, 1);
    private static final Weighted<Integer> INSTALLMENTS =
            Weighted.numbers(1, 3300, 1600, 1350, 930, 690, 510, 210, 560, 80, 700, 3, 17, 2, 2, 10, 1, 1, 4);
    private static final Weighted<Integer> SCORE_IN_TIME = Weighted.numbers(0, 9, 3, 8, 20, 60);
    private static final Weighted<Integer> SCORE_TOO_LATE = Weighted.numbers(0, 50, 10, 12, 10, 18);

    private static final List<String> PRAISE = List.of(
            "Muito bom",
            "Recomendo",
            "Ótimo produto, chegou antes do prazo",
            "Entrega rápida",
            "Adorei, a qualidade é excelente",
            "Veio tudo certinho, bem embalado e como na descrição",
            "O vendedor escreveu \"obrigado\" na caixa",
            "Super satisfeita com a compra");
    private static final List<String> COMPLAINTS = List.of(
            "Não recebi o produto",
            "Veio errado, quero trocar",
            "Péssimo",
            "Comprei duas unidades, só chegou uma",
            "Produto com defeito; não funciona",
            "Disseram \"em 5 dias\", já são 20",
            "Não recomendo",
            "Ninguém responde às minhas mensagens");
    private static final List<String> BETWEEN_SENTENCES = List.of(". ", ", ", "! ", "\n", "\r\n\r\n", " ");

    private record Order(
            long number,
            long key,
            String status,
            long purchase,
            long approved,
            long carrier,
            long delivered,
            long estimated) {}

    private record Review(long key, int score, String title, String message, long creation, long answer) {}

    private final Shop shop;
    private final OrderTimes times;
    private final CsvWriter customers;
    private final CsvWriter orders;
    private final CsvWriter items;
    private final CsvWriter payments;
    private final CsvWriter reviews;
    private Review lastReview;

    OrderWriter(Shop shop, Path folder) throws IOException {
        this.shop = shop;
        times = new OrderTimes(shop.orders());
        customers = new CsvWriter(
                folder.resolve("olist_customers_dataset.csv"),
                "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state");
        orders = new CsvWriter(
                folder.resolve("olist_orders_dataset.csv"),
                "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
                        + "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date");
        items = new CsvWriter(
                folder.resolve("olist_order_items_dataset.csv"),
                "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value");
        payments = new CsvWriter(
                folder.resolve("olist_order_payments_dataset.csv"),
                "order_id,payment_sequential,payment_type,payment_installments,payment_value");
        reviews = new CsvWriter(
                folder.resolve("olist_order_reviews_dataset.csv"),
                "review_id,order_id,review_score,review_comment_title,review_comment_message,"
                        + "review_creation_date,review_answer_timestamp");
    }

    /** Writes the order of that number; to be called for each from 0 on, as one review can stand under two neighbours. */
    void write(long number) throws IOException {
        SplittableRandom random = shop.random(Kind.ORDER, number);
        long customer = shop.key(Kind.CUSTOMER, number);
        writeCustomer(customer, shop.person(number), random);
        Order order = order(number, random);
        orders.id(order.key).id(customer).text(order.status);
        for (long time : new long[] {order.purchase, order.approved, order.carrier, order.delivered, order.estimated}) {
            if (time == NEVER) {
                orders.empty();
            } else {
                orders.time(time);
            }
        }
        orders.endRow();
        long total = writeItems(order, random);
        writePayments(order, total, random);
        writeReviews(order, random);
    }

    long rows() {
        return customers.rows() + orders.rows() + items.rows() + payments.rows() + reviews.rows();
    }

    @Override
    public void close() throws IOException {
        try (customers;
                orders;
                items;
                payments;
                reviews) {
            lastReview = null;
        }
    }

    private void writeCustomer(long customer, long person, SplittableRandom random) throws IOException {
        SplittableRandom address = shop.random(Kind.ADDRESS, person);
        Place place = shop.place(address);
        customers
                .id(customer)
                .id(shop.key(Kind.PERSON, person))
                .zip(place.zip(address), random.nextInt(10) == 0)
                .text(place.spelling(random))
                .text(place.state())
                .endRow();
    }

    private Order order(long number, SplittableRandom random) {
        long purchase = times.time(number, random);
        String status = STATUS.pick(random);
        boolean paid = !status.equals(CREATED) && !(status.equals(CANCELED) && random.nextInt(4) == 0);
        long approved = paid ? purchase + random.nextLong(random.nextInt(3) == 0 ? 3 * DAY : HOUR) : NEVER;
        boolean sent = status.equals(DELIVERED)
                || status.equals(SHIPPED)
                || paid && status.equals(CANCELED) && random.nextInt(8) == 0;
        long carrier = sent ? approved + random.nextLong(6 * HOUR, 5 * DAY) : NEVER;
        long estimated = (purchase / DAY + random.nextInt(14, 40)) * DAY;
        long delivered = NEVER;
        if (status.equals(DELIVERED)) {
            boolean late = random.nextInt(100) < 7;
            delivered =
                    late ? estimated + random.nextLong(DAY, 30 * DAY) : carrier + random.nextLong(DAY / 2, 12 * DAY);
        }
        if (carrier > TODAY) {
            status = PROCESSING;
            carrier = NEVER;
            delivered = NEVER;
        } else if (delivered > TODAY) {
            status = SHIPPED;
            delivered = NEVER;
        }
        if (number % 5003 == 101) {
            // delivered though nobody is known to have approved it: a few real orders are like that
            approved = NEVER;
        }
        return new Order(
                number, shop.key(Kind.ORDER, number), status, purchase, approved, carrier, delivered, estimated);
    }

    /** Writes the order's items, if it has any, and returns what they cost in cents. */
    private long writeItems(Order order, SplittableRandom random) throws IOException {
        boolean none =
                switch (order.status) {
                    case CREATED, UNAVAILABLE -> true;
                    case CANCELED -> random.nextInt(4) == 0;
                    default -> false;
                };
        if (none) {
            return 0;
        }
        long limit = Math.max(order.purchase, order.approved) + random.nextLong(2 * DAY, 7 * DAY);
        if (order.number % 4999 == 17) {
            // a date far off, as in the real rows
            limit += 600 * DAY;
        }
        int count = ITEMS.pick(random);
        long total = 0;
        int product = 0;
        long price = 0;
        long freight = 0;
        for (int item = 1; item <= count; item++) {
            boolean another = item == 1 || random.nextInt(5) < 2;
            if (another) {
                product = Shop.skewed(random, shop.products());
                price = shop.price(product) * random.nextInt(90, 101) / 100;
                freight = random.nextInt(33) == 0 ? 0 : random.nextInt(700, 3200) + price / 40;
            }
            items.id(order.key)
                    .number(item)
                    .id(shop.key(Kind.PRODUCT, product))
                    .id(shop.key(Kind.SELLER, shop.seller(product)))
                    .time(limit)
                    .decimal(price, 2)
                    .decimal(freight, 2)
                    .endRow();
            total += price + freight;
        }
        return total;
    }

    private void writePayments(Order order, long total, SplittableRandom random) throws IOException {
        if (total == 0 && order.status.equals(CANCELED) && random.nextInt(3) == 0) {
            payments.id(order.key)
                    .number(1)
                    .text("not_defined")
                    .number(1)
                    .decimal(0, 2)
                    .endRow();
            return;
        }
        // what an order without items cost is known from its payments only
        long rest = total == 0 ? random.nextLong(2_000, 30_000) : total;
        if (random.nextInt(500) == 0) {
            // off by a few cents
            rest += random.nextInt(2) == 0 ? random.nextInt(1, 4) : -random.nextInt(1, 4);
        }
        String type = PAYMENT_TYPE.pick(random);
        int count = 1;
        if (type.equals(VOUCHER)) {
            count = VOUCHERS.pick(random);
        } else if (type.equals(CREDIT_CARD) && random.nextInt(30) == 0) {
            count = random.nextInt(2, 4);
        }
        for (int payment = 1; payment <= count; payment++) {
            long value = payment == count ? rest : rest * random.nextInt(20, 70) / 100;
            rest -= value;
            payments.id(order.key)
                    .number(payment)
                    .text(payment == 1 ? type : VOUCHER)
                    .number(payment == 1 && type.equals(CREDIT_CARD) ? INSTALLMENTS.pick(random) : 1)
                    .decimal(value, 2)
                    .endRow();
        }
    }

    private void writeReviews(Order order, SplittableRandom random) throws IOException {
        int drawn = random.nextInt(1000);
        if (order.status.equals(CREATED) || drawn < 13) {
            return;
        }
        if (lastReview != null && drawn < 18) {
            // one review of two orders
            writeReview(order, lastReview);
            return;
        }
        for (int i = 0; i < (drawn < 24 ? 2 : 1); i++) {
            lastReview = review(order, shop.key(Kind.REVIEW, 2 * order.number + i), random);
            writeReview(order, lastReview);
        }
    }

    private static Review review(Order order, long key, SplittableRandom random) {
        boolean inTime = order.delivered != NEVER && order.delivered <= order.estimated;
        int score = (inTime ? SCORE_IN_TIME : SCORE_TOO_LATE).pick(random);
        List<String> sentences = score > 3 ? PRAISE : COMPLAINTS;
        String title = random.nextInt(8) == 0 ? one(sentences, random) : null;
        String message = null;
        if (random.nextInt(5) < 2) {
            int first = random.nextInt(sentences.size());
            message = sentences.get(first);
            if (random.nextInt(2) == 0) {
                int second = (first + random.nextInt(1, sentences.size())) % sentences.size();
                message += one(BETWEEN_SENTENCES, random) + sentences.get(second);
            }
        }
        long asked = (Math.min(order.estimated, Math.max(order.delivered, order.purchase + 5 * DAY)) / DAY + 1) * DAY;
        return new Review(key, score, title, message, asked, asked + random.nextLong(8 * HOUR, 4 * DAY));
    }

    private void writeReview(Order order, Review review) throws IOException {
        reviews.id(review.key)
                .id(order.key)
                .number(review.score)
                .text(review.title)
                .text(review.message)
                .time(review.creation)
                .time(review.answer)
                .endRow();
    }

    private static String one(List<String> texts, SplittableRandom random) {
        return texts.get(random.nextInt(texts.size()));
    }
}
