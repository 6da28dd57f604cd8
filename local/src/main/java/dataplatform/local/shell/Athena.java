package dataplatform.local.shell;

import static java.nio.charset.StandardCharsets.UTF_8;

import dataplatform.contracts.Contracts;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.local.athena.Trino;
import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.aws.Moto;
import dataplatform.local.glue.GlueCatalog;
import dataplatform.local.glue.GoldCatalog;
import dataplatform.local.process.Program;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.s3.S3Client;
import sun.misc.Signal;

/** SQL on the demo's lake: a prompt, or the answer to the query in the environment variable {@code QUERY} as CSV. */
@Command(name = "athena", mixinStandardHelpOptions = true, description = "Queries the demo's lake.")
public final class Athena implements Callable<Integer> {
    static final String DATABASE = GlueTable.database(LocalEnvironment.NAMES, Format.DELTA);
    /** The database of web events as they came. */
    static final String BRONZE = GlueTable.database(LocalEnvironment.NAMES, Format.PARQUET);

    private static final Pattern NEEDS_QUOTES = Pattern.compile("[\",\n\r]");

    @Option(names = "--state", required = true, description = "Folder that the demo keeps everything in.")
    private Path state;

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new Athena(), args);
    }

    @Override
    public Integer call() throws Exception {
        Path lake = state.toAbsolutePath().resolve("s3");
        if (!Files.exists(lake)) {
            throw new IllegalStateException("there is no lake yet: run `make demo` first");
        }
        System.err.println("starting Trino over the lake; this takes some 20 seconds");
        // of its own: there may be another prompt
        Path folder = Files.createDirectories(state.toAbsolutePath()
                .resolve("athena")
                .resolve(Long.toString(ProcessHandle.current().pid())));
        String query = System.getenv().getOrDefault("QUERY", "").strip().replaceAll(";+$", "");
        int code;
        try (Trino trino = Trino.start(folder);
                S3Server s3 = S3Server.start(lake, 0);
                Moto moto = Moto.start(folder)) {
            register(s3, moto);
            new GoldCatalog(moto, state.toAbsolutePath().resolve("gold.json")).restore();
            trino.attach(moto.endpoint(), s3.endpoint());
            code = query.isEmpty() ? prompt(trino) : answer(trino, query);
        }
        delete(folder);
        return code;
    }

    /** Describes what is in silver, and the web events in bronze, to the Glue catalog. */
    static void register(S3Server s3, Moto moto) {
        try (GlueClient glue = moto.glue();
                S3Client s3Client = s3.client()) {
            List<GlueTable> present =
                    GlueTable.silver(Contracts.bundled(), "s3://" + S3Server.SILVER, Format.DELTA).stream()
                            .filter(table -> isThere(s3Client, table))
                            .toList();
            if (present.isEmpty()) {
                throw new IllegalStateException("there is no table in silver yet: run `make demo` to its end");
            }
            GlueCatalog.declare(glue, DATABASE, present);
            GlueCatalog.declare(glue, BRONZE, GlueTable.transformed(Contracts.bundled(), "s3://" + S3Server.BRONZE));
        }
    }

    /** A table that is declared and has no data yet would be an error to whoever looks at it. */
    private static boolean isThere(S3Client s3, GlueTable table) {
        URI folder = URI.create(table.folder());
        return s3.listObjectsV2(request -> request.bucket(folder.getHost())
                        .prefix(folder.getPath().substring(1) + "/_delta_log/")
                        .maxKeys(1))
                .hasContents();
    }

    private static int answer(Trino trino, String query) {
        // not System.out, whose encoding is the machine's
        try (Connection connection = trino.connect(DATABASE);
                PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, UTF_8)) {
            answer(connection, query, out);
            return 0;
        } catch (SQLException e) {
            System.err.println(e.getMessage());
            return 1;
        }
    }

    /** Prints the rows as CSV with a header. */
    public static void answer(Connection connection, String query, PrintStream out) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            int columns = rows.getMetaData().getColumnCount();
            List<String> fields = new ArrayList<>();
            for (int i = 1; i <= columns; i++) {
                fields.add(csv(rows.getMetaData().getColumnLabel(i)));
            }
            out.print(String.join(",", fields) + "\n");
            while (rows.next()) {
                fields.clear();
                for (int i = 1; i <= columns; i++) {
                    fields.add(csv(rows.getString(i)));
                }
                out.print(String.join(",", fields) + "\n");
            }
        }
    }

    /** As PostgreSQL writes it: null is an empty field, and an empty text a pair of quotes. */
    private static String csv(String value) {
        if (value == null) {
            return "";
        }
        return value.isEmpty() || NEEDS_QUOTES.matcher(value).find() ? '"' + value.replace("\"", "\"\"") + '"' : value;
    }

    private static int prompt(Trino trino) throws IOException, InterruptedException {
        List<String> command = List.of(
                Project.java(),
                "-jar",
                Trino.home().resolve("cli.jar").toString(),
                "--server=" + trino.endpoint(),
                "--user=" + Trino.USER,
                "--catalog=" + Trino.CATALOG,
                "--schema=" + DATABASE,
                "--timezone=UTC");
        // Ctrl-C is for the prompt
        Signal.handle(new Signal("INT"), signal -> {});
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
