package dataplatform.lambdas.sourcedatabase;

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
 *   <li>{@code DATABASE_HOST}, {@code DATABASE_PORT}, {@code DATABASE_NAME}
 *   <li>{@code DATABASE_SECRET_ARN} of a secret with {@code username} and {@code password} as JSON
 *   <li>{@code DATABASE_SSLMODE} in PostgreSQL's words; {@code verify-full} if it is not there, with the authorities that the Java of Lambda trusts,
 *       among which are those of RDS (https://docs.aws.amazon.com/lambda/latest/dg/services-rds.html)
 * </ul>
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
        String url = "jdbc:postgresql://" + variable("DATABASE_HOST") + ":" + variable("DATABASE_PORT") + "/"
                + variable("DATABASE_NAME");
        try {
            return DriverManager.getConnection(url, login(secrets));
        } catch (SQLException e) {
            String message = url + ": " + e.getMessage();
            // 08: the connection
            if (e.getSQLState() != null && e.getSQLState().startsWith("08")) {
                throw new UnreachableException(message, e);
            }
            throw new IllegalStateException(message, e);
        }
    }

    private static Properties login(SecretsManagerClient secrets) {
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

    /** @throws IllegalStateException if it is missing */
    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException("the environment variable " + name + " is missing");
        }
        return value;
    }
}
