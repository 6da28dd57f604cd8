package dataplatform.local.glue;

import dataplatform.contracts.GlueTable;
import java.util.List;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.Column;
import software.amazon.awssdk.services.glue.model.StorageDescriptor;
import software.amazon.awssdk.services.glue.model.TableInput;

/** Declares tables of silver and bronze in the Glue catalog, as a deployment does. */
public final class GlueCatalog {
    private GlueCatalog() {}

    /**
     * Makes a database with tables; without partitions, which come with the data.
     *
     * @param database one that is not there yet
     */
    public static void declare(GlueClient glue, String database, List<GlueTable> tables) {
        glue.createDatabase(request -> request.databaseInput(input -> input.name(database)));
        for (GlueTable table : tables) {
            glue.createTable(request -> request.databaseName(database).tableInput(tableInput(table)));
        }
    }

    private static TableInput tableInput(GlueTable table) {
        return TableInput.builder()
                .name(table.name())
                .description(table.description())
                .tableType("EXTERNAL_TABLE")
                .parameters(table.parameters())
                .partitionKeys(columns(table.partitionKeys()))
                .storageDescriptor(StorageDescriptor.builder()
                        .location(table.location())
                        .columns(columns(table.columns()))
                        .inputFormat(table.format().inputFormat())
                        .outputFormat(table.format().outputFormat())
                        .serdeInfo(serde -> serde.serializationLibrary(
                                        table.format().serde())
                                .parameters(table.serdeParameters()))
                        // Trino fails on a table without this number
                        .numberOfBuckets(0)
                        .build())
                .build();
    }

    private static List<Column> columns(List<GlueTable.Column> columns) {
        return columns.stream()
                .map(column -> Column.builder()
                        .name(column.name())
                        .type(column.type())
                        .comment(column.comment())
                        .build())
                .toList();
    }
}
