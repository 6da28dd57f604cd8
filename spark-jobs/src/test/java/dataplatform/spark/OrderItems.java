package dataplatform.spark;

import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.Instant;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Rows of {@code order_items} in bronze, as replication writes them. */
public final class OrderItems {
    public static final StructType BRONZE = new StructType()
            .add("Op", DataTypes.StringType)
            .add("order_id", DataTypes.StringType)
            .add("order_item_id", DataTypes.IntegerType)
            .add("product_id", DataTypes.StringType)
            .add("seller_id", DataTypes.StringType)
            .add("shipping_limit_date", DataTypes.TimestampType)
            .add("price", DataTypes.createDecimalType(12, 2))
            .add("freight_value", DataTypes.createDecimalType(12, 2))
            .add("extracted_at", DataTypes.StringType)
            .add("change_seq", DataTypes.StringType)
            .add("BI_order_id", DataTypes.StringType)
            .add("BI_order_item_id", DataTypes.IntegerType);

    /** When all rows were read. */
    public static final String LOADED_AT = "2026-01-01 00:00:00.000000";

    private OrderItems() {}

    /** A change_seq as AWS DMS writes it: of a transaction committed so many hundredths of a second after noon. */
    public static String seq(int hundredths) {
        return "20260101120000%02d%019d".formatted(hundredths, hundredths);
    }

    /** A row of a full load. */
    public static Row load(String order, String shippingLimit, String price) {
        return change("I", order, shippingLimit, price, null);
    }

    /** A change by op I, U or D; a null in its values stands for what a delete may leave out. */
    public static Row change(String op, String order, String shippingLimit, String price, String seq) {
        return row(op, order, shippingLimit, price, seq, null);
    }

    /** An update that gives a row another key. */
    public static Row changeOfKey(String before, String order, String shippingLimit, String price, String seq) {
        return row("U", order, shippingLimit, price, seq, before);
    }

    private static Row row(String op, String order, String shippingLimit, String price, String seq, String before) {
        return RowFactory.create(
                op,
                order,
                1,
                "p",
                "s",
                shippingLimit == null ? null : noon(shippingLimit),
                price == null ? null : new BigDecimal(price),
                new BigDecimal("1.50"),
                LOADED_AT,
                seq,
                before,
                before == null ? null : 1);
    }

    private static Timestamp noon(String day) {
        return Timestamp.from(Instant.parse(day + "T12:00:00Z"));
    }
}
