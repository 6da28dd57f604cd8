package dataplatform.contracts;

import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A table of silver, or of bronze's web events, as the Glue catalog describes it. Silver's are Delta tables; the format says how a reader
 * finds that out.
 *
 * @param name lower-case
 * @param description for people
 * @param folder of the table, without a slash at its end
 * @param format how it is to be read
 * @param columns without the partition keys
 * @param partitionKeys empty in {@link Format#DELTA}, whose log knows the partitions
 */
public record GlueTable(
        String name,
        String description,
        String folder,
        Format format,
        List<Column> columns,
        List<Column> partitionKeys) {
    private static final String MANIFESTS = "/_symlink_format_manifest";
    private static final Column ARRIVED_HOUR = new Column(
            "arrived_hour", "string", "Hour in UTC whose folder the raw object stands in, as yyyy/MM/dd/HH.");

    /** How a table is read. */
    public enum Format {
        /** By its Delta log, as Athena does. */
        DELTA(
                "org.apache.hadoop.mapred.SequenceFileInputFormat",
                "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
                "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
        /** By the manifests that list its Parquet files, as Redshift Spectrum does. */
        SYMLINK(
                "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
                "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
        /** By listing the folder of each hour, which no catalog has to know. */
        PARQUET(
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe");

        private final String inputFormat;
        private final String outputFormat;
        private final String serde;

        Format(String inputFormat, String outputFormat, String serde) {
            this.inputFormat = inputFormat;
            this.outputFormat = outputFormat;
            this.serde = serde;
        }

        /** Class name for the storage descriptor. */
        public String inputFormat() {
            return inputFormat;
        }

        /** Class name for the storage descriptor. */
        public String outputFormat() {
            return outputFormat;
        }

        /** Class name of the serialization library. */
        public String serde() {
            return serde;
        }
    }

    /**
     * A column or partition key.
     *
     * @param type its name in Glue, such as {@code decimal(12,2)}
     * @param comment for people
     */
    public record Column(String name, String type, String comment) {}

    public GlueTable {
        columns = List.copyOf(columns);
        partitionKeys = List.copyOf(partitionKeys);
    }

    /**
     * What silver holds: each contract's table, its quarantine and the quality log. A quarantine's Delta table is not there until a
     * row has broken the contract.
     *
     * @param silver the layer's bucket, such as {@code s3://silver}
     * @param format one of those of Delta tables
     */
    public static List<GlueTable> silver(List<Contract> contracts, String silver, Format format) {
        List<GlueTable> tables = new ArrayList<>();
        for (Contract contract : contracts) {
            tables.add(table(
                    contract.table(),
                    contract.description() + " " + contract.grain(),
                    silver + "/" + contract.folder(),
                    format,
                    columns(SilverColumn.of(contract)),
                    contract.partition().map(Partition::name)));
            tables.add(table(
                    contract.quarantine(),
                    "Rows that break the contract " + contract.id() + ". One row per change, however often it came.",
                    silver + "/" + contract.quarantineFolder(),
                    format,
                    columns(SilverColumn.QUARANTINE),
                    Optional.empty()));
        }
        tables.add(table(
                QualityTable.NAME,
                QualityTable.DESCRIPTION,
                silver + "/" + QualityTable.FOLDER,
                format,
                QualityTable.COLUMNS,
                Optional.empty()));
        return tables;
    }

    /**
     * What the function {@code event-transformer} writes: a table for each contract that loads by stream, and none for others. A message
     * that a client has sent twice stands in it twice.
     *
     * @param bronze the layer's bucket, such as {@code s3://bronze}
     */
    public static List<GlueTable> transformed(List<Contract> contracts, String bronze) {
        return contracts.stream()
                .filter(Contract::isStreamed)
                .map(contract -> new GlueTable(
                        contract.table(),
                        contract.description() + " As it came, a minute ago or up to thirty days.",
                        bronze + "/" + Names.TRANSFORMED + "/" + contract.sourceFolder(),
                        Format.PARQUET,
                        contract.columns().stream()
                                .map(c -> new Column(c.name(), c.type().glueType(), c.description()))
                                .toList(),
                        List.of(ARRIVED_HOUR)))
                .toList();
    }

    private static List<Column> columns(List<SilverColumn> columns) {
        return columns.stream()
                .map(c -> new Column(c.name(), c.type().glueType(), c.description()))
                .toList();
    }

    private static GlueTable table(
            String name,
            String description,
            String folder,
            Format format,
            List<Column> columns,
            Optional<String> partition) {
        Map<Boolean, List<Column>> isKey = columns.stream()
                .collect(Collectors.partitioningBy(column -> format == Format.SYMLINK
                        && partition.filter(column.name()::equals).isPresent()));
        return new GlueTable(name, description, folder, format, isKey.get(false), isKey.get(true));
    }

    /** The database of an environment's Glue catalog that holds the tables of that format. */
    public static String database(Names names, Format format) {
        return switch (format) {
            case DELTA -> names.catalog(LakeBucket.SILVER);
            case SYMLINK -> names.catalog(LakeBucket.SILVER) + "_spectrum";
            case PARQUET -> names.catalog(LakeBucket.BRONZE);
        };
    }

    /** Where readers start. */
    public String location() {
        return format == Format.SYMLINK ? folder + MANIFESTS : folder;
    }

    /** The table's parameters, by which engines know its format. */
    public Map<String, String> parameters() {
        return switch (format) {
            case DELTA ->
                Map.of(
                        "EXTERNAL", "TRUE",
                        "classification", "delta",
                        "table_type", "delta",
                        "spark.sql.sources.provider", "delta");
            case SYMLINK -> Map.of("EXTERNAL", "TRUE", "classification", "parquet");
            case PARQUET -> projected("projection." + ARRIVED_HOUR.name());
        };
    }

    /** Has engines make up the partitions, https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html. */
    private Map<String, String> projected(String hour) {
        return Map.of(
                "EXTERNAL",
                "TRUE",
                "classification",
                "parquet",
                "projection.enabled",
                "true",
                hour + ".type",
                "date",
                hour + ".format",
                "yyyy/MM/dd/HH",
                hour + ".interval",
                "1",
                hour + ".interval.unit",
                "HOURS",
                hour + ".range",
                "2026/01/01/00,NOW",
                "storage.location.template",
                folder + "/${" + ARRIVED_HOUR.name() + "}");
    }

    /** The serialization library's parameters. */
    public Map<String, String> serdeParameters() {
        return switch (format) {
            case DELTA -> Map.of("serialization.format", "1", "path", folder);
            case SYMLINK, PARQUET -> Map.of("serialization.format", "1");
        };
    }
}
