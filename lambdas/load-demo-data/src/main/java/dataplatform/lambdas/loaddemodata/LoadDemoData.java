package dataplatform.lambdas.loaddemodata;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.contracts.Contracts;
import dataplatform.lambdas.sourcedatabase.SourceDatabase;
import dataplatform.source.CsvLoader;
import dataplatform.source.Progress;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Makes the source database equal to a folder of CSV files in S3, by {@link CsvLoader}: tables that are missing are created, and loading the same files
 * again writes nothing. Its environment is that of {@link SourceDatabase}.
 */
public final class LoadDemoData implements RequestHandler<Map<String, String>, Map<String, List<TableLoad>>> {
    private static final String FILE = ".csv";

    private final S3Client s3 = S3Client.create();
    private final SecretsManagerClient secrets = SecretsManagerClient.create();

    /** Where the files are. Lambda's own reader of JSON makes no records. */
    private record Source(String bucket, String prefix) {}

    /**
     * Loads the files.
     *
     * @param event {@code bucket}, and {@code prefix} of the files' keys with the slash at its end
     * @return {@code tables}: what happened to each, parents first
     * @throws IllegalArgumentException if the event names no bucket and prefix, or there is no CSV file
     * @throws dataplatform.source.LoadException if a file is not as its contract has it, or belongs to no table; the
     *     database is as it was before
     * @throws IllegalStateException if the database can't be reached or fails; it is as it was before
     */
    @Override
    public Map<String, List<TableLoad>> handleRequest(Map<String, String> event, Context context) {
        Source source = new Source(event.get("bucket"), event.getOrDefault("prefix", ""));
        if (source.bucket() == null || !source.prefix().endsWith("/")) {
            throw new IllegalArgumentException("give the event a bucket, and a prefix that ends with a slash");
        }
        try {
            Path folder = Files.createTempDirectory("demo");
            try {
                download(source, folder);
                List<TableLoad> tables = load(folder);
                tables.forEach(table -> context.getLogger().log(table.toString(), LogLevel.INFO));
                return Map.of("tables", tables);
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void download(Source source, Path folder) {
        List<S3Object> files = s3
                .listObjectsV2Paginator(
                        request -> request.bucket(source.bucket()).prefix(source.prefix()))
                .contents()
                .stream()
                .filter(object -> name(object, source).matches("[^/]+\\" + FILE))
                .toList();
        if (files.isEmpty()) {
            throw new IllegalArgumentException("s3://" + source.bucket() + "/" + source.prefix() + " holds no " + FILE
                    + " file; upload the demo's");
        }
        for (S3Object file : files) {
            s3.getObject(
                    request -> request.bucket(source.bucket()).key(file.key()), folder.resolve(name(file, source)));
        }
    }

    private static String name(S3Object object, Source source) {
        return object.key().substring(source.prefix().length());
    }

    private List<TableLoad> load(Path folder) {
        try (Connection connection = SourceDatabase.connect(secrets)) {
            return new CsvLoader(Contracts.replicated(), Progress.none()).load(connection, folder);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
