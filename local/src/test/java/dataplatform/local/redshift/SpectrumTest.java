package dataplatform.local.redshift;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import dataplatform.contracts.SilverColumn;
import dataplatform.local.parquet.QueryRows;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.s3.S3Server;
import dataplatform.parquet.ParquetFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

class SpectrumTest {
    /** As replication reads them, Spark leaves them and the warehouse is to have them again. */
    private static final List<String> TIMES = List.of(
            "infinity",
            "-infinity",
            "4713-01-01 00:00:00 BC",
            "0005-02-29 00:00:00 BC",
            "0001-12-31 00:00:00 BC",
            "0004-02-29 12:00:00",
            "0018-03-04 05:06:07.000008",
            "1582-10-10 00:00:00",
            "9999-12-31 23:59:59.999999",
            "12345-06-07 08:09:10");

    @TempDir
    Path folder;

    @Test
    void timesFarAwayComeThrough() throws Exception {
        DataType date = DataType.of(Kind.DATE);
        Path file = folder.resolve("far.parquet");
        try (PostgresServer postgres = PostgresServer.start(folder.resolve("postgres"));
                Connection warehouse = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = warehouse.createStatement();
                S3Server s3 = S3Server.start(folder.resolve("s3"), 0);
                S3Client client = s3.client()) {
            String values = String.join("'), ('", TIMES);
            String query = "select t::timestamp as at, t::timestamp::date as day from (values ('" + values + "')) v(t)";
            try (ParquetFile parquet = new ParquetFile(
                            file,
                            List.of(
                                    new ParquetFile.Field("at", DataType.TIMESTAMP),
                                    new ParquetFile.Field("day", date)),
                            CompressionCodecName.GZIP);
                    ResultSet rows = statement.executeQuery(query)) {
                while (rows.next()) {
                    parquet.add(QueryRows.values(rows, parquet.fields()));
                }
            }
            client.putObject(request -> request.bucket(S3Server.SILVER).key("far/1.parquet"), file);
            client.putObject(
                    request -> request.bucket(S3Server.SILVER).key("far/_symlink_format_manifest/manifest"),
                    RequestBody.fromString("s3://silver/far/1.parquet\n"));

            new Spectrum(client, folder.resolve("tmp"))
                    .refresh(
                            warehouse,
                            List.of(new Spectrum.ExternalTable(
                                    "far",
                                    "far/",
                                    List.of(
                                            new SilverColumn("at", DataType.TIMESTAMP, ""),
                                            new SilverColumn("day", date, "")),
                                    Optional.empty())));

            List<String> times = new ArrayList<>();
            try (ResultSet rows =
                    statement.executeQuery("select at::text, day = at::date from data_lake_silver.far order by ctid")) {
                while (rows.next()) {
                    times.add(rows.getString(1));
                    assertThat(rows.getBoolean(2)).as(rows.getString(1)).isTrue();
                }
            }
            assertThat(times).isEqualTo(TIMES);
        }
    }
}
