package dataplatform.local.athena;

import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Ports;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import io.trino.jdbc.TrinoDriver;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;

/** Athena's engine on one machine: a Trino server that reads S3 through a Glue catalog, and writes nothing. */
public final class Trino implements AutoCloseable {
    /** The catalog, named as Athena names it. */
    public static final String CATALOG = "awsdatacatalog";
    /** Name that queries run under; there is no password. */
    public static final String USER = "athena";

    /** Reads the tables that are not Delta; {@link #CATALOG} hands them over. */
    private static final String HIVE_CATALOG = "hive";

    private final URI endpoint;
    private final ChildProcess server;

    private Trino(URI endpoint, ChildProcess server) {
        this.endpoint = endpoint;
        this.server = server;
    }

    /**
     * Starts it on a free port, and does not wait until it is up, which takes some 15 seconds: {@link #attach} does.
     *
     * @param folder for its configuration and its log
     * @throws IllegalStateException if it is not installed
     */
    public static Trino start(Path folder) throws IOException {
        Path home = home();
        URI endpoint = URI.create("http://127.0.0.1:" + Ports.free());
        Path configuration = Files.writeString(
                Files.createDirectories(folder).resolve("trino.properties"), configuration(endpoint, home));
        List<String> command = List.of(
                Project.java25(),
                "-Xmx1536m",
                // it is up in two thirds of the time
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dconfig=" + configuration,
                "-cp",
                home.resolve("lib") + "/*",
                "io.trino.server.TrinoServer");
        return new Trino(endpoint, ChildProcess.start("Trino", command, Map.of(), folder.resolve("trino.log")));
    }

    /** The folder that {@code make} installs Trino in, of the same version as the driver on this class path. */
    public static Path home() {
        String caches = System.getenv("XDG_CACHE_HOME");
        Path home = (caches == null || caches.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache")
                        : Path.of(caches))
                .resolve("dataplatform/trino-" + new TrinoDriver().getMajorVersion());
        if (!Files.isDirectory(home)) {
            throw new IllegalStateException(home + " is not there; `make athena` installs Trino in it");
        }
        return home;
    }

    private static String configuration(URI endpoint, Path home) {
        return """
                node.environment=local
                node.bind-ip=%1$s
                node.internal-address=%1$s
                coordinator=true
                node-scheduler.include-coordinator=true
                http-server.http.port=%2$d
                http-server.log.enabled=false
                discovery.uri=%3$s
                plugin.dir=%4$s
                # created by attach: those of files are not in use until seconds after the server says that it is
                catalog.management=dynamic
                catalog.store=memory
                """.formatted(endpoint.getHost(), endpoint.getPort(), endpoint, home.resolve("plugin"));
    }

    /**
     * Gives it the tables of a Glue catalog, and returns when it takes queries.
     *
     * @param glue the catalog's endpoint
     * @param s3 the endpoint of the S3 that the tables are in, which takes the credentials of {@link S3Server}
     * @throws IllegalStateException if the server did not come up
     */
    public void attach(URI glue, URI s3) throws IOException, InterruptedException, SQLException {
        server.awaitAnswer(endpoint.resolve("/v1/info"), "\"starting\":false");
        String access = """
                "hive.metastore" = 'glue',
                "hive.metastore.glue.region" = '%1$s',
                "hive.metastore.glue.endpoint-url" = '%2$s',
                "hive.metastore.glue.aws-access-key" = '%4$s',
                "hive.metastore.glue.aws-secret-key" = '%5$s',
                "fs.native-s3.enabled" = 'true',
                "s3.region" = '%1$s',
                "s3.endpoint" = '%3$s',
                "s3.path-style-access" = 'true',
                "s3.aws-access-key" = '%4$s',
                "s3.aws-secret-key" = '%5$s'
                """.formatted(S3Server.REGION, glue, s3, S3Server.ACCESS_KEY, S3Server.SECRET_KEY);
        try (Connection connection =
                        DriverManager.getConnection("jdbc:trino://" + endpoint.getAuthority() + "?user=" + USER);
                Statement statement = connection.createStatement()) {
            // moto does not know the call for a column's statistics, which would be tried for a minute
            statement.execute("create catalog " + HIVE_CATALOG + " using hive with (" + access
                    + ", \"hive.security\" = 'read-only', \"hive.table-statistics-enabled\" = 'false'"
                    + ", \"hive.partition-projection-enabled\" = 'true')");
            statement.execute("create catalog " + CATALOG + " using delta_lake with (" + access
                    + ", \"delta.security\" = 'read_only', \"delta.table-statistics-enabled\" = 'false'"
                    + ", \"delta.hive-catalog-name\" = '" + HIVE_CATALOG + "')");
        }
    }

    /** Where it answers, for JDBC and HTTP. */
    public URI endpoint() {
        return endpoint;
    }

    /**
     * A connection; the session's time zone is UTC.
     *
     * @param database of the Glue catalog, in which names of tables are looked up
     */
    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:trino://" + endpoint.getAuthority() + "/" + CATALOG + "/" + database
                + "?timezone=UTC&user=" + USER);
    }

    @Override
    public void close() {
        server.close();
    }
}
