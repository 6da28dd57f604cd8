package dataplatform.local.dms;

import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Where replication puts its files: {@code <folder>/<schema>/<table>/}, named as AWS DMS names them. */
public final class BronzeFolder {
    /** As DMS names a file of changes: the time in UTC. */
    private static final DateTimeFormatter CHANGES =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").withZone(ZoneOffset.UTC);

    private final S3Client s3;
    private final String bucket;
    private final String prefix;
    private final Clock clock;
    private Instant last = Instant.EPOCH;

    /** @param folder such as {@code s3://bronze/ecommerce_rds} */
    BronzeFolder(S3Client s3, URI folder, Clock clock) {
        this.s3 = s3;
        this.bucket = folder.getHost();
        this.prefix = folder.getPath().replaceAll("^/|/$", "");
        this.clock = clock;
    }

    /** Puts a file of a full load, which keeps its name: put again it replaces itself. */
    void putLoad(String table, Path file) {
        put(key(table, file.getFileName().toString()), file, null);
    }

    /** Deletes what an earlier, longer load of a table has left. */
    void deleteLoadsBut(String table, List<String> names) {
        String loads = key(table, "LOAD");
        for (S3Object object : s3.listObjectsV2Paginator(
                        request -> request.bucket(bucket).prefix(loads))
                .contents()) {
            String name = object.key().substring(object.key().lastIndexOf('/') + 1);
            if (!names.contains(name)) {
                s3.deleteObject(request -> request.bucket(bucket).key(object.key()));
            }
        }
    }

    /** Puts a file of changes under the present time; never over another file. */
    String putChanges(String table, Path file) {
        while (true) {
            last = clock.instant().isAfter(last.plusMillis(1)) ? clock.instant() : last.plusMillis(1);
            String key = key(table, CHANGES.format(last) + ".parquet");
            try {
                put(key, file, "*");
                return key;
            } catch (S3Exception e) {
                if (e.statusCode() != 412) {
                    throw e;
                }
            }
        }
    }

    /** Throws what S3 answered, with the object's name in front, if it refuses. */
    private void put(String key, Path file, String ifNoneMatch) {
        try {
            s3.putObject(
                    request -> request.bucket(bucket).key(key).ifNoneMatch(ifNoneMatch), RequestBody.fromFile(file));
        } catch (S3Exception e) {
            if (e.statusCode() == 412) {
                throw e;
            }
            throw refused(key, e);
        } catch (SdkException e) {
            throw refused(key, e);
        }
    }

    private IllegalStateException refused(String key, SdkException e) {
        return new IllegalStateException(
                "could not write s3://" + bucket + "/" + key + ": " + e.getMessage()
                        + ". Nothing is lost: mend it and start the replication again",
                e);
    }

    /** @param table with its schema, as in {@code ecommerce.orders} */
    private String key(String table, String file) {
        return prefix + "/" + table.replace('.', '/') + "/" + file;
    }
}
