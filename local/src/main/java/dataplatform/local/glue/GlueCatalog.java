package dataplatform.local.glue;

import dataplatform.contracts.GlueTable;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.AlreadyExistsException;
import software.amazon.awssdk.services.glue.model.BatchCreatePartitionResponse;
import software.amazon.awssdk.services.glue.model.BatchDeletePartitionResponse;
import software.amazon.awssdk.services.glue.model.Column;
import software.amazon.awssdk.services.glue.model.Partition;
import software.amazon.awssdk.services.glue.model.PartitionError;
import software.amazon.awssdk.services.glue.model.PartitionInput;
import software.amazon.awssdk.services.glue.model.PartitionValueList;
import software.amazon.awssdk.services.glue.model.StorageDescriptor;
import software.amazon.awssdk.services.glue.model.Table;
import software.amazon.awssdk.services.glue.model.TableInput;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Keeps databases of the Glue catalog in step with the Delta tables in S3. */
public final class GlueCatalog {
    // the most that one request may name
    private static final int CREATE_LIMIT = 100;
    private static final int DELETE_LIMIT = 25;

    private final GlueClient glue;
    private final S3Client s3;

    /** A catalog of what the bucket of silver holds. */
    public GlueCatalog(GlueClient glue, S3Client s3) {
        this.glue = glue;
        this.s3 = s3;
    }

    /**
     * Makes a database hold those of the tables whose Delta table is there, with their partitions as they are now, and no other.
     *
     * @param database made if it is missing
     * @return how many tables it holds
     */
    public int register(String database, List<GlueTable> tables) {
        createDatabase(database);
        List<GlueTable> present = tables.stream().filter(this::exists).toList();
        Set<String> registered = glue.getTablesPaginator(request -> request.databaseName(database)).stream()
                .flatMap(page -> page.tableList().stream())
                .map(Table::name)
                .collect(Collectors.toSet());
        for (GlueTable table : present) {
            TableInput input = tableInput(table);
            if (registered.remove(table.name())) {
                glue.updateTable(request -> request.databaseName(database).tableInput(input));
            } else {
                glue.createTable(request -> request.databaseName(database).tableInput(input));
            }
            if (!table.partitionKeys().isEmpty()) {
                registerPartitions(database, table);
            }
        }
        registered.forEach(name ->
                glue.deleteTable(request -> request.databaseName(database).name(name)));
        return present.size();
    }

    private void createDatabase(String database) {
        try {
            glue.createDatabase(request -> request.databaseInput(input -> input.name(database)));
        } catch (AlreadyExistsException e) {
            // as wanted
        }
    }

    private boolean exists(GlueTable table) {
        URI folder = URI.create(table.folder());
        return s3.listObjectsV2(request -> request.bucket(folder.getHost())
                        .prefix(key(folder) + "/_delta_log/")
                        .maxKeys(1))
                .hasContents();
    }

    private void registerPartitions(String database, GlueTable table) {
        Map<List<String>, PartitionInput> wanted = partitions(table);
        List<List<String>> gone = new ArrayList<>();
        List<Partition> registered =
                glue
                        .getPartitionsPaginator(
                                request -> request.databaseName(database).tableName(table.name()))
                        .stream()
                        .flatMap(page -> page.partitions().stream())
                        .toList();
        for (Partition partition : registered) {
            PartitionInput same = wanted.get(partition.values());
            if (same != null
                    && same.storageDescriptor()
                            .columns()
                            .equals(partition.storageDescriptor().columns())) {
                wanted.remove(partition.values());
            } else {
                gone.add(partition.values());
            }
        }
        for (List<List<String>> batch : batches(gone, DELETE_LIMIT)) {
            BatchDeletePartitionResponse response = glue.batchDeletePartition(request -> request.databaseName(database)
                    .tableName(table.name())
                    .partitionsToDelete(batch.stream()
                            .map(values ->
                                    PartitionValueList.builder().values(values).build())
                            .toList()));
            check(table, response.errors());
        }
        for (List<PartitionInput> batch : batches(List.copyOf(wanted.values()), CREATE_LIMIT)) {
            BatchCreatePartitionResponse response = glue.batchCreatePartition(request ->
                    request.databaseName(database).tableName(table.name()).partitionInputList(batch));
            check(table, response.errors());
        }
    }

    /** By their values. A partition is there when its manifest is. */
    private Map<List<String>, PartitionInput> partitions(GlueTable table) {
        URI location = URI.create(table.location());
        String prefix = key(location) + "/";
        Map<List<String>, PartitionInput> partitions = new HashMap<>();
        for (S3Object object : s3.listObjectsV2Paginator(
                        request -> request.bucket(location.getHost()).prefix(prefix))
                .contents()) {
            // <key>=<value>/…/manifest; S3A leaves objects for folders among them
            String[] path = object.key().substring(prefix.length()).split("/");
            if (path.length != table.partitionKeys().size() + 1) {
                continue;
            }
            List<String> folders = List.of(path).subList(0, path.length - 1);
            List<String> values = folders.stream()
                    .map(folder -> folder.substring(folder.indexOf('=') + 1))
                    .toList();
            StorageDescriptor storage = storage(table, table.location() + "/" + String.join("/", folders));
            partitions.put(
                    values,
                    PartitionInput.builder()
                            .values(values)
                            .storageDescriptor(storage)
                            .build());
        }
        return partitions;
    }

    private static TableInput tableInput(GlueTable table) {
        return TableInput.builder()
                .name(table.name())
                .description(table.description())
                .tableType("EXTERNAL_TABLE")
                .parameters(table.parameters())
                .partitionKeys(columns(table.partitionKeys()))
                .storageDescriptor(storage(table, table.location()))
                .build();
    }

    private static StorageDescriptor storage(GlueTable table, String location) {
        return StorageDescriptor.builder()
                .location(location)
                .columns(columns(table.columns()))
                .inputFormat(table.format().inputFormat())
                .outputFormat(table.format().outputFormat())
                .serdeInfo(serde ->
                        serde.serializationLibrary(table.format().serde()).parameters(table.serdeParameters()))
                // Trino fails on a table without this number
                .numberOfBuckets(0)
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

    private static void check(GlueTable table, List<PartitionError> errors) {
        if (!errors.isEmpty()) {
            throw new IllegalStateException("the catalog refused partitions of " + table.name() + ": " + errors);
        }
    }

    private static <T> List<List<T>> batches(List<T> all, int limit) {
        return IntStream.iterate(0, start -> start < all.size(), start -> start + limit)
                .mapToObj(start -> all.subList(start, Math.min(start + limit, all.size())))
                .toList();
    }

    /** The key of an {@code s3://bucket/key}. */
    private static String key(URI object) {
        return object.getPath().substring(1);
    }
}
