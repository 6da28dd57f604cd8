package dataplatform.local.redshift;

import dataplatform.local.parquet.QueryRows;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Redshift's UNLOAD on one machine: the rows of a query to Parquet in S3, named as Redshift names the file of its first slice. It knows the
 * statement as the platform writes it, with {@code cleanpath}.
 */
public final class Unload {
    private static final Pattern STATEMENT = Pattern.compile(
            "unload \\('(.*)'\\) to 's3://([^/']+)/([^']+/)' iam_role '[^']+' format as parquet cleanpath",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final S3Client s3;
    private final Path scratch;

    /** @param scratch folder for files before they are uploaded */
    public Unload(S3Client s3, Path scratch) {
        this.s3 = s3;
        this.scratch = scratch;
    }

    boolean takes(String sql) {
        return STATEMENT.matcher(normal(sql)).matches();
    }

    /** @return how many rows were written */
    long run(Connection connection, String sql) throws SQLException {
        Matcher unload = STATEMENT.matcher(normal(sql));
        if (!unload.matches()) {
            throw new IllegalArgumentException("not an UNLOAD that this machine knows: " + sql);
        }
        String bucket = unload.group(2);
        String prefix = unload.group(3);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(10_000);
            ResultSet rows = statement.executeQuery(unload.group(1).replace("''", "'"));
            List<ParquetFile.Field> fields = QueryRows.fields(rows.getMetaData());
            Files.createDirectories(scratch);
            Path local = Files.createTempFile(scratch, "unload", ".parquet");
            try {
                ParquetFile file = new ParquetFile(local, fields, CompressionCodecName.GZIP);
                try (file) {
                    while (rows.next()) {
                        file.add(QueryRows.exactValues(rows, fields));
                    }
                }
                for (S3Object object : s3.listObjectsV2Paginator(
                                request -> request.bucket(bucket).prefix(prefix))
                        .contents()) {
                    s3.deleteObject(request -> request.bucket(bucket).key(object.key()));
                }
                s3.putObject(request -> request.bucket(bucket).key(prefix + "0000_part_00.parquet"), local);
                return file.rows();
            } finally {
                Files.deleteIfExists(local);
            }
        } catch (IOException | UncheckedIOException | SdkException e) {
            throw new SQLException("could not write to s3://" + bucket + "/" + prefix + ": " + e.getMessage(), e);
        }
    }

    private static String normal(String sql) {
        return sql.strip().replaceAll("\\s+", " ");
    }
}
