package dataplatform.lambdas.sourcedatabase;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.platform.SilverState;
import dataplatform.source.SourceTables;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Writes which rows the source has, all tables that it looks at as of one moment, so that Spark can tell whether silver has the same. Of a row it writes a
 * hash of the key: the first 16 hexadecimal digits of the MD5 of the key's values as text, in UTF-8, with the character U+0001 between them.
 *
 * <p>Into the bucket {@code SILVER_BUCKET} it writes, for each replicated contract, {@code _state/source_keys/<domain>/<data set>.json}, an object
 * with
 *
 * <ul>
 *   <li>{@code taken_at}: the moment, in ISO 8601 and UTC, by the database's clock
 *   <li>{@code rows}: how many rows there were
 *   <li>{@code sum}: the sum of the hashes as numbers of 64 bits, by which two moments are told apart
 *   <li>{@code file}: key of the object, in the same bucket, with the hashes: a line each, gzipped
 * </ul>
 *
 * The rest of its environment is that of {@link SourceDatabase}.
 */
public final class SourceKeys implements RequestHandler<Map<String, Object>, Map<String, Long>> {
    private static final int ROWS_AT_ONCE = 50_000;

    static {
        // the function rests for hours, the server closes what it kept open, and the SDK's client does not try a PUT
        // again
        System.setProperty("http.keepAlive", "false");
    }

    private final S3Client s3 = S3Client.create();
    private final SecretsManagerClient secrets = SecretsManagerClient.create();
    private final List<Contract> contracts = Contracts.replicated();

    /**
     * Looks at the tables of a domain, or at all of them.
     *
     * @param event with the {@code domain}; all if there is none
     * @return how many rows each data set has in the source, by its id
     * @throws SourceDatabase.UnreachableException if the database does not answer; what was written last time stays, here and below
     * @throws IllegalArgumentException if no data set of the domain comes from the database
     * @throws IllegalStateException if the database refuses, lacks a table, or has one of which changes don't tell enough
     */
    @Override
    public Map<String, Long> handleRequest(Map<String, Object> event, Context context) {
        String bucket = SourceDatabase.variable("SILVER_BUCKET");
        List<Contract> wanted = contracts(event.get("domain"));
        Map<String, Long> rows = new LinkedHashMap<>();
        try (Connection connection = SourceDatabase.connect(secrets)) {
            SourceTables.check(connection, SourceTables.keys(wanted));
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            String takenAt = now(connection);
            for (Contract contract : wanted) {
                long count = look(connection, contract, takenAt, bucket);
                rows.put(contract.id(), count);
                context.getLogger().log(contract.id() + ": " + count + " rows at " + takenAt, LogLevel.INFO);
            }
            connection.rollback();
        } catch (SQLException e) {
            throw new IllegalStateException("could not read the source's keys: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return rows;
    }

    private List<Contract> contracts(Object domain) {
        if (domain == null) {
            return contracts;
        }
        List<Contract> wanted = contracts.stream()
                .filter(contract -> contract.domain().equals(domain))
                .toList();
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("no data set of the domain " + domain + " comes from the database");
        }
        return wanted;
    }

    private static String now(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")) {
            row.next();
            return row.getString(1);
        }
    }

    private long look(Connection connection, Contract contract, String takenAt, String bucket)
            throws SQLException, IOException {
        Path file = Files.createTempFile("keys", ".gz");
        try {
            Keys keys = write(connection, contract, file);
            String folder = SilverState.SOURCE_KEYS + contract.folder();
            String key = folder + "/" + takenAt.replaceAll("\\W", "") + ".txt.gz";
            s3.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromFile(file));
            String look = "{\"taken_at\":\"%s\",\"rows\":%d,\"sum\":%d,\"file\":\"%s\"}"
                    .formatted(takenAt, keys.rows(), keys.sum(), key);
            s3.putObject(request -> request.bucket(bucket).key(folder + ".json"), RequestBody.fromString(look));
            deleteBefore(key, folder + "/", bucket);
            return keys.rows();
        } finally {
            Files.delete(file);
        }
    }

    private record Keys(long rows, long sum) {}

    private static Keys write(Connection connection, Contract contract, Path file) throws SQLException, IOException {
        String key = contract.key().stream().map(SourceKeys::text).collect(Collectors.joining(", "));
        String query = "select substr(md5(convert_to(concat_ws(E'\\x01', " + key + "), 'UTF8')), 1, 16) from "
                + quoted(contract.sourceSchema()) + "." + quoted(contract.name());
        long rows = 0;
        long sum = 0;
        try (Writer out = new OutputStreamWriter(
                        new GZIPOutputStream(Files.newOutputStream(file)), StandardCharsets.US_ASCII);
                Statement statement = connection.createStatement()) {
            statement.setFetchSize(ROWS_AT_ONCE);
            try (ResultSet hashes = statement.executeQuery(query)) {
                while (hashes.next()) {
                    String hash = hashes.getString(1);
                    out.write(hash);
                    out.write('\n');
                    rows++;
                    sum += Long.parseUnsignedLong(hash, 16);
                }
            }
        }
        return new Keys(rows, sum);
    }

    /** As silver's value is written, whatever kind of number it is in the source. */
    private static String text(Column column) {
        String name = quoted(column.name());
        return switch (column.type().kind()) {
            case INTEGER, LONG -> "trim_scale(" + name + "::numeric)::text";
            default -> name + "::text";
        };
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    private void deleteBefore(String key, String folder, String bucket) {
        for (S3Object old : s3.listObjectsV2Paginator(
                        request -> request.bucket(bucket).prefix(folder))
                .contents()) {
            if (old.key().compareTo(key) < 0) {
                s3.deleteObject(request -> request.bucket(bucket).key(old.key()));
            }
        }
    }
}
