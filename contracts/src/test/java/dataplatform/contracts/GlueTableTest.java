package dataplatform.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.Names;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class GlueTableTest {
    private static final List<Contract> ITEMS =
            List.of(Contracts.readFile(Path.of("ecommerce", "order_items.odcs.yaml")));

    @Test
    void silverHoldsEachContractsTableItsQuarantineAndTheQualityLog() {
        assertThat(GlueTable.silver(ITEMS, "s3://silver", Format.DELTA))
                .extracting(GlueTable::name, GlueTable::location)
                .containsExactly(
                        tuple("order_items", "s3://silver/ecommerce/order_items"),
                        tuple("order_items_quarantine", "s3://silver/ecommerce/order_items_quarantine"),
                        tuple("data_quality", "s3://silver/platform/data_quality"));
    }

    @Test
    void athenaTakesThePartitionsFromTheDeltaLog() {
        GlueTable items = GlueTable.silver(ITEMS, "s3://silver", Format.DELTA).get(0);

        assertThat(items.partitionKeys()).isEmpty();
        assertThat(items.columns()).hasSize(10);
        assertThat(items.parameters()).containsEntry("spark.sql.sources.provider", "delta");
        assertThat(items.serdeParameters()).containsEntry("path", "s3://silver/ecommerce/order_items");
    }

    @Test
    void spectrumTakesThePartitionsFromTheCatalogAndTheFilesFromManifests() {
        GlueTable items = GlueTable.silver(ITEMS, "s3://silver", Format.SYMLINK).get(0);

        assertThat(items.partitionKeys())
                .extracting(GlueTable.Column::name, GlueTable.Column::type)
                .containsExactly(tuple("shipping_limit_month", "string"));
        assertThat(items.columns()).extracting(GlueTable.Column::name).doesNotContain("shipping_limit_month");
        assertThat(items.location()).isEqualTo("s3://silver/ecommerce/order_items/_symlink_format_manifest");
    }

    @Test
    void webEventsHaveATableForEachContractOverTheFoldersOfHours() {
        List<Contract> contracts = Contracts.bundled();
        List<GlueTable> tables = GlueTable.transformed(contracts, "s3://bronze");

        assertThat(tables)
                .extracting(GlueTable::name)
                .containsExactlyInAnyOrder("events", "follows", "posts", "quarantined_messages", "unfollows", "users");
        assertThat(tables).allSatisfy(table -> {
            String folder = "s3://bronze/web-data/transformed/" + table.name();
            assertThat(table.location()).isEqualTo(folder);
            assertThat(table.parameters())
                    .containsEntry("storage.location.template", folder + "/${arrived_hour}")
                    .containsEntry("projection.enabled", "true")
                    .containsEntry("projection.arrived_hour.type", "date")
                    .containsEntry("projection.arrived_hour.format", "yyyy/MM/dd/HH")
                    .containsEntry("projection.arrived_hour.interval", "1")
                    .containsEntry("projection.arrived_hour.interval.unit", "HOURS")
                    .containsEntry("projection.arrived_hour.range", "2026/01/01/00,NOW");
            assertThat(table.partitionKeys())
                    .extracting(GlueTable.Column::name, GlueTable.Column::type)
                    .containsExactly(tuple("arrived_hour", "string"));
            assertThat(table.columns()).extracting(GlueTable.Column::name).doesNotContain("occurred_on", "received_on");
        });
        assertThat(tables.get(0).columns())
                .extracting(GlueTable.Column::name, GlueTable.Column::type)
                .startsWith(tuple("message_id", "string"), tuple("source", "string"))
                .contains(tuple("occurred_at", "timestamp"));
        assertThat(GlueTable.transformed(ITEMS, "s3://bronze")).isEmpty();
    }

    @Test
    void anEnvironmentHasDatabasesOfItsOwn() {
        assertThat(GlueTable.database(new Names("dev"), Format.DELTA)).isEqualTo("glue_ecommerce_dev_data_lake_silver");
        assertThat(GlueTable.database(new Names("jo"), Format.SYMLINK))
                .isEqualTo("glue_ecommerce_jo_data_lake_silver_spectrum");
        assertThat(GlueTable.database(new Names("jo"), Format.PARQUET)).isEqualTo("glue_ecommerce_jo_data_lake_bronze");
    }
}
