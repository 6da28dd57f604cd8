package dataplatform.local;

import io.trino.jdbc.TrinoDriver;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Athena's engine on one machine: a Trino server that reads S3 through a Glue catalog, and writes nothing. */
final class Trino implements AutoCloseable {
    /** The catalog, named as Athena names it. */
    static final String CATALOG = "awsdatacatalog";
    /** Name that queries run under; there is no password. */
    static final String USER = "athena";

    /** Reads the tables that are not Delta; {@link #CATALOG} hands them over. */
    private static final String HIVE_CATALOG = "hive";

    private final URI endpoint;
    private final ChildProcess server;

    private Trino(URI endpoint, ChildProcess server) {
        this.endpoint = endpoint;
        this.server = server;
    }

    /**
     * Starts it on a free port, and returns when it takes queries, which is some 15 seconds later.
     *
     * @param folder for its configuration and its log
     * @param glue the Glue catalog's endpoint
     * @param s3 the endpoint of S3, with the credentials of {@link S3Server}
     * @throws IllegalStateException if it is not installed or does not start
     */
    static Trino start(Path folder, URI glue, URI s3) throws IOException, InterruptedException {
        Path home = home();
        int port = Ports.free();
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        Path configuration = configure(folder, home, endpoint, glue, s3);
        List<String> command = List.of(
                Project.file(".venv/bin/java-25").toString(),
                "-Xmx1536m",
                // it is up in two thirds of the time
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dconfig=" + configuration,
                "-cp",
                home.resolve("lib") + "/*",
                "io.trino.server.TrinoServer");
        ChildProcess server = ChildProcess.start("Trino", command, Map.of(), folder.resolve("trino.log"));
        try {
            server.awaitAnswer(endpoint.resolve("/v1/info"), "\"starting\":false");
        } catch (IOException | InterruptedException | RuntimeException e) {
            server.close();
            throw e;
        }
        return new Trino(endpoint, server);
    }

    /** The folder that {@code make} installs Trino in, of the same version as the driver on this class path. */
    static Path home() {
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

    private static Path configure(Path folder, Path home, URI endpoint, URI glue, URI s3) throws IOException {
        Path catalogs = Files.createDirectories(folder.resolve("catalog"));
        String access = """
                hive.metastore=glue
                hive.metastore.glue.region=%1$s
                hive.metastore.glue.endpoint-url=%2$s
                hive.metastore.glue.aws-access-key=%4$s
                hive.metastore.glue.aws-secret-key=%5$s
                fs.native-s3.enabled=true
                s3.region=%1$s
                s3.endpoint=%3$s
                s3.path-style-access=true
                s3.aws-access-key=%4$s
                s3.aws-secret-key=%5$s
                """.formatted(S3Server.REGION, glue, s3, S3Server.ACCESS_KEY, S3Server.SECRET_KEY);
        // statistics: moto does not know the call for those of a column, and each would be tried for a minute
        Files.writeString(catalogs.resolve(CATALOG + ".properties"), access + """
                        connector.name=delta_lake
                        delta.security=read_only
                        delta.table-statistics-enabled=false
                        delta.hive-catalog-name=%s
                        """.formatted(HIVE_CATALOG));
        Files.writeString(catalogs.resolve(HIVE_CATALOG + ".properties"), access + """
                        connector.name=hive
                        hive.security=read-only
                        hive.table-statistics-enabled=false
                        """);
        return Files.writeString(folder.resolve("config.properties"), """
                node.environment=local
                node.bind-ip=%1$s
                node.internal-address=%1$s
                coordinator=true
                node-scheduler.include-coordinator=true
                http-server.http.port=%2$d
                discovery.uri=%3$s
                plugin.dir=%4$s
                catalog.config-dir=%5$s
                """.formatted(
                        endpoint.getHost(), endpoint.getPort(), endpoint, home.resolve("plugin"), catalogs));
    }

    URI endpoint() {
        return endpoint;
    }

    /** @param database of the Glue catalog, in which table names are looked up */
    String jdbcUrl(String database) {
        return "jdbc:trino://" + endpoint.getAuthority() + "/" + CATALOG + "/" + database + "?user=" + USER;
    }

    @Override
    public void close() {
        server.close();
    }
}
