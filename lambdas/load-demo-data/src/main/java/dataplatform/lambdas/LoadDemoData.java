package dataplatform.lambdas;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.CsvLoader;
import dataplatform.source.Progress;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Makes the source database equal to a folder of CSV files in S3, by {@link CsvLoader}: tables that are missing are created, and loading the same files
 * again writes nothing. Environment:
 *
 * <ul>
 *   <li>{@code DATABASE_HOST}, {@code DATABASE_PORT}, {@code DATABASE_NAME}
 *   <li>{@code DATABASE_SECRET_ARN} of a secret with {@code username} and {@code password} as JSON
 *   <li>{@code DATABASE_SSLMODE} in PostgreSQL's words; {@code verify-full} if it is not there, with the authorities that the Java of Lambda trusts,
 *       among which are those of RDS
 * </ul>
 */
public final class LoadDemoData implements RequestHandler<Map<String, String>, Map<String, List<TableLoad>>> {
    private static final String FILE = ".csv";

    private final S3Client s3 = S3Client.create();
    private final SecretsManagerClient secrets = SecretsManagerClient.create();
    private final List<Contract> shop = Contracts.replicated().stream()
            .filter(contract -> contract.domain().equals("ecommerce"))
            .toList();

    /** Where the files are. Lambda's own reader of JSON makes no records. */
    private record Source(String bucket, String prefix) {}

    /**
     * Loads the files.
     *
     * @param event {@code bucket}, and {@code prefix} of the files' keys with the slash at its end
     * @return {@code tables}: what happened to each, parents first
     * @throws IllegalArgumentException if the event names no bucket and prefix, or there is no CSV file
     * @throws dataplatform.source.LoadException if a file is missing or not as its contract has it; the database is as it was before
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
        String url = "jdbc:postgresql://" + variable("DATABASE_HOST") + ":" + variable("DATABASE_PORT") + "/"
                + variable("DATABASE_NAME");
        try (Connection connection = DriverManager.getConnection(url, login())) {
            return new CsvLoader(shop, Progress.none()).load(connection, folder);
        } catch (SQLException e) {
            throw new IllegalStateException(url + ": " + e.getMessage(), e);
        }
    }

    private Properties login() {
        String arn = variable("DATABASE_SECRET_ARN");
        String secret = secrets.getSecretValue(request -> request.secretId(arn)).secretString();
        Properties login = new Properties();
        login.setProperty("sslmode", System.getenv().getOrDefault("DATABASE_SSLMODE", "verify-full"));
        login.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
        if (!(parse(secret) instanceof Map<?, ?> fields
                && fields.get("username") instanceof String user
                && fields.get("password") instanceof String password)) {
            throw new IllegalStateException(arn + " is no JSON with username and password");
        }
        login.setProperty("user", user);
        login.setProperty("password", password);
        return login;
    }

    /** By YAML's reader, which is here for the contracts, as all JSON is YAML; null if it is none. What the reader says is not told: it quotes the secret. */
    private static Object parse(String secret) {
        try {
            return new Load(LoadSettings.builder().build()).loadFromString(secret);
        } catch (YamlEngineException e) {
            return null;
        }
    }

    private static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException("the environment variable " + name + " is missing");
        }
        return value;
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
