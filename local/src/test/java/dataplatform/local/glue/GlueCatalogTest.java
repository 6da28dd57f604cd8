package dataplatform.local.glue;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contracts;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.local.aws.Moto;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.Names;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.Table;
import software.amazon.awssdk.services.s3.S3Client;

class GlueCatalogTest {
    private static final String DATABASE = GlueTable.database(new Names("dev"), Format.SYMLINK);
    private static final String ORDERS = "ecommerce/orders/";
    private static final String MANIFESTS = ORDERS + "_symlink_format_manifest/order_purchase_month=";

    @TempDir
    static Path folder;

    private static S3Server s3;
    private static Moto moto;
    private static S3Client objects;
    private static GlueClient glue;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Server.start(folder.resolve("s3"), 0);
        moto = Moto.start(folder);
        objects = s3.client();
        glue = moto.glue();
    }

    @AfterAll
    static void stop() {
        glue.close();
        objects.close();
        moto.close();
        s3.close();
    }

    @Test
    void holdsTheTablesAndPartitionsThatAreInSilver() {
        put(ORDERS + "_delta_log/00000000000000000000.json");
        put("ecommerce/orders_quarantine/_delta_log/00000000000000000000.json");
        // as S3A leaves it for a folder
        put(ORDERS + "_symlink_format_manifest/");
        // more than one request may create
        for (int year = 2010; year < 2020; year++) {
            for (int month = 1; month <= 12; month++) {
                put(MANIFESTS + "%d-%02d/manifest".formatted(year, month));
            }
        }
        assertThat(register()).isEqualTo(2);
        assertThat(tables()).containsExactlyInAnyOrder("orders", "orders_quarantine");
        assertThat(partitions())
                .hasSize(120)
                .contains("2019-12 s3://silver/" + MANIFESTS + "2019-12")
                .allMatch(partition -> partition.startsWith("201"));

        put(MANIFESTS + "2020-01/manifest");
        // more than one request may delete
        for (int year = 2010; year < 2013; year++) {
            for (int month = 1; month <= 12; month++) {
                delete(MANIFESTS + "%d-%02d/manifest".formatted(year, month));
            }
        }
        delete("ecommerce/orders_quarantine/_delta_log/00000000000000000000.json");
        assertThat(register()).isEqualTo(1);
        assertThat(tables()).containsExactly("orders");
        assertThat(partitions())
                .hasSize(85)
                .contains("2020-01 s3://silver/" + MANIFESTS + "2020-01")
                .noneMatch(partition -> partition.startsWith("2012"));
    }

    private static int register() {
        return new GlueCatalog(glue, objects)
                .register(DATABASE, GlueTable.silver(Contracts.bundled(), "s3://silver", Format.SYMLINK));
    }

    private static List<String> tables() {
        return glue.getTables(request -> request.databaseName(DATABASE)).tableList().stream()
                .map(Table::name)
                .toList();
    }

    private static List<String> partitions() {
        return glue
                .getPartitionsPaginator(
                        request -> request.databaseName(DATABASE).tableName("orders"))
                .stream()
                .flatMap(page -> page.partitions().stream())
                .map(partition -> String.join("/", partition.values()) + " "
                        + partition.storageDescriptor().location())
                .toList();
    }

    private static void put(String key) {
        objects.putObject(request -> request.bucket(S3Server.SILVER).key(key), RequestBody.fromString("{}"));
    }

    private static void delete(String key) {
        objects.deleteObject(request -> request.bucket(S3Server.SILVER).key(key));
    }
}
