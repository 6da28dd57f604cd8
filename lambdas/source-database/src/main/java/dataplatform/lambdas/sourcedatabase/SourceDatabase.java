package dataplatform.lambdas.sourcedatabase;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * The source database, as functions reach it. Environment:
 *
 * <ul>
 *   <li>{@code DATABASE_NAME}; {@code DATABASE_HOST} and {@code DATABASE_PORT}, if they don't stand in the secret
 *   <li>{@code DATABASE_SECRET_ARN} of a secret with {@code username} and {@code password} as JSON, and perhaps {@code host} and
 *       {@code port}
 *   <li>{@code DATABASE_SSLMODE} in PostgreSQL's words; if it is not there, {@code verify-full} for RDS, and {@code require} for others, whose
 *       authority is not known
 * </ul>
 *
 * <p>Java does not know the authorities of RDS, so they are packed: {@code rds-authorities.pem} holds the roots of all regions (each
 * {@code Root CA … G1}, valid until 2061 or longer) out of AWS's bundle
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html).
 */
public final class SourceDatabase {
    private SourceDatabase() {}

    /** The database does not answer: perhaps it rests. */
    public static final class UnreachableException extends RuntimeException {
        private UnreachableException(String message, SQLException cause) {
            super(message, cause);
        }
    }

    /**
     * A connection; whoever asks for it closes it.
     *
     * @throws UnreachableException if it does not answer
     * @throws IllegalStateException if a variable is missing, the secret is none, or the database refuses
     */
    public static Connection connect(SecretsManagerClient secrets) {
        Map<?, ?> secret = secret(secrets);
        String host = place(secret, "DATABASE_HOST", "host");
        String url = "jdbc:postgresql://" + host + ":" + place(secret, "DATABASE_PORT", "port") + "/"
                + variable("DATABASE_NAME");
        try {
            return DriverManager.getConnection(url, login(secret, host));
        } catch (SQLException e) {
            String message = url + ": " + e.getMessage();
            // 08: the connection
            if (e.getSQLState() != null && e.getSQLState().startsWith("08")) {
                throw new UnreachableException(message, e);
            }
            throw new IllegalStateException(message, e);
        }
    }

    private static Map<?, ?> secret(SecretsManagerClient secrets) {
        String arn = variable("DATABASE_SECRET_ARN");
        if (parse(secrets.getSecretValue(request -> request.secretId(arn)).secretString()) instanceof Map<?, ?> fields
                && fields.get("username") instanceof String
                && fields.get("password") instanceof String) {
            return fields;
        }
        throw new IllegalStateException(arn + " is no JSON with username and password");
    }

    private static String place(Map<?, ?> secret, String variable, String field) {
        String value = System.getenv(variable);
        return value == null && secret.get(field) != null ? secret.get(field).toString() : variable(variable);
    }

    static Properties login(Map<?, ?> secret, String host) {
        Properties login = new Properties();
        login.setProperty("user", (String) secret.get("username"));
        login.setProperty("password", (String) secret.get("password"));
        boolean isRds = host.endsWith(".rds.amazonaws.com");
        login.setProperty(
                "sslmode", System.getenv().getOrDefault("DATABASE_SSLMODE", isRds ? "verify-full" : "require"));
        if (isRds) {
            login.setProperty("sslrootcert", Authorities.FILE.toString());
        }
        return login;
    }

    /** The driver reads them from a file. */
    private static final class Authorities {
        static final Path FILE = write();

        private static Path write() {
            try (InputStream packed = SourceDatabase.class.getResourceAsStream("rds-authorities.pem")) {
                Path file = Files.createTempFile("rds-authorities", ".pem");
                file.toFile().deleteOnExit();
                Files.copy(packed, file, StandardCopyOption.REPLACE_EXISTING);
                return file;
            } catch (IOException e) {
                throw new UncheckedIOException("could not unpack the authorities of RDS", e);
            }
        }
    }

    /** By YAML's reader, which is here for the contracts, as all JSON is YAML; null if it is none. What the reader says is not told: it quotes the secret. */
    private static Object parse(String secret) {
        try {
            return new Load(LoadSettings.builder().build()).loadFromString(secret);
        } catch (YamlEngineException e) {
            return null;
        }
    }

    /** @throws IllegalStateException if it is missing */
    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException("the environment variable " + name + " is missing");
        }
        return value;
    }
}
