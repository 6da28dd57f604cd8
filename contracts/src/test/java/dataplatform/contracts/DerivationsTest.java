package dataplatform.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.DataType.Kind;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DerivationsTest {
    @Test
    void silverAddsThePartitionAndThePlatformsColumns() {
        Contract items = Contracts.readFile(Path.of("ecommerce", "order_items.odcs.yaml"));

        assertThat(SilverColumn.of(items))
                .extracting(column -> column.name() + " " + column.type().glueType())
                .containsExactly(
                        "order_id string",
                        "order_item_id int",
                        "product_id string",
                        "seller_id string",
                        "shipping_limit_date timestamp",
                        "price decimal(12,2)",
                        "freight_value decimal(12,2)",
                        "shipping_limit_month string",
                        "change_seq string",
                        "extracted_at timestamp");
    }

    @Test
    void everyTypeHasANameInTheCatalog() {
        assertThat(Stream.of(Kind.LONG, Kind.DOUBLE, Kind.BOOLEAN, Kind.DATE)
                        .map(kind -> DataType.of(kind).glueType()))
                .containsExactly("bigint", "double", "boolean", "date");
    }
}
