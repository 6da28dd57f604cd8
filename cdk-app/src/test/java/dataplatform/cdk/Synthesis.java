package dataplatform.cdk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.config.Network;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.stacks.Platform;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import software.amazon.awscdk.App;

/**
 * An app that has been synthesised, with small files in place of the jars.
 *
 * @param folder of the templates
 * @param templates by the stack's name
 */
record Synthesis(Path folder, Map<String, JsonNode> templates) {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

    static final String REPOSITORY = "example/data-platform";

    private static final Environment DEV = Environment.named("dev");
    static final Environment OTHER = new Environment(
            "dev-other",
            true,
            true,
            true,
            false,
            DEV.database(),
            new Environment.Replication("dms.t3.small", false),
            1,
            new Environment.Spark.Clusters("m7g.xlarge", 8),
            DEV.airflow(),
            new Environment.Warehouse.Cluster("ra3.large", 2),
            DEV.budget());

    /** The contracts of an environment that takes no web events, as none of those that have a name does. */
    static final List<Contract> CONTRACTS = Contracts.bundled().stream()
            .filter(contract -> !contract.isStreamed())
            .toList();

    private static final List<String> JARS = jars();

    private static final List<String> LANDING_PREFIXES = List.of("finance/", "stock/");

    private static Synthesis synthesis;
    private static Synthesis managed;

    /**
     * All environments that have a name, and {@code dev-other}, which has every switch the other way and both keys to delete
     * data. Done once: it is the same for all tests.
     */
    static synchronized Synthesis everything() {
        if (synthesis == null) {
            Path folder = Path.of("target", "synthesis").toAbsolutePath();
            Path checkout = checkout(folder);
            Path out = empty(folder.resolve("cdk.out"));
            App app = Main.app(Map.of("checkout", checkout.toString(), "repository", REPOSITORY), out);
            Platform.add(
                    app,
                    new Deployment(
                            OTHER,
                            true,
                            Contracts.bundled(),
                            REPOSITORY,
                            "alerts@example.org",
                            "",
                            true,
                            Network.OWN,
                            Optional.empty(),
                            checkout),
                    LANDING_PREFIXES);
            Main.synthesise(app, Contracts::bundled);
            synthesis = new Synthesis(out, templates(out));
        }
        return synthesis;
    }

    /** An environment with MWAA to which files come. */
    static synchronized Synthesis managed() {
        if (managed == null) {
            Path folder = Path.of("target", "synthesis-managed").toAbsolutePath();
            Path out = empty(folder.resolve("cdk.out"));
            App app = Main.app(Map.of(), out);
            Deployment deployment = new Deployment(
                    Environment.named("production"),
                    false,
                    Contracts.bundled(),
                    REPOSITORY,
                    "",
                    "https://lineage.example.org",
                    true,
                    Network.OWN,
                    Optional.empty(),
                    checkout(folder));
            Platform.add(app, deployment, LANDING_PREFIXES);
            Platform.check(app);
            app.synth();
            managed = new Synthesis(out, templates(out));
        }
        return managed;
    }

    /** Those of the Spark jobs, and that of each function. */
    private static List<String> jars() {
        try (Stream<Path> functions = Files.list(CHECKOUT.resolve("lambdas"))) {
            return Stream.concat(
                            Stream.of("spark-jobs/target/spark-jobs.jar", "spark-jobs/target/openlineage-spark.jar"),
                            functions
                                    .filter(function -> Files.exists(function.resolve("pom.xml")))
                                    .map(function -> JavaFunction.jar(
                                            function.getFileName().toString())))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A checkout with small files in place of the jars. */
    static Path checkout(Path folder) {
        try {
            Path checkout = Files.createDirectories(folder.resolve("checkout"));
            for (String jar : JARS) {
                Path file = checkout.resolve(jar);
                Files.createDirectories(file.getParent());
                try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
                    ZipEntry entry = new ZipEntry("placeholder");
                    entry.setTime(0);
                    zip.putNextEntry(entry);
                }
            }
            for (String part : List.of("queries", "airflow/instance", "airflow/target/bundle")) {
                copy(CHECKOUT.resolve(part), checkout.resolve(part));
            }
            return checkout;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = to.resolve(from.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** Without the templates of stacks that were there once. */
    private static Path empty(Path out) {
        try {
            if (Files.exists(out)) {
                try (Stream<Path> files = Files.walk(out)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, JsonNode> templates(Path out) {
        try (Stream<Path> files = Files.list(out)) {
            Map<String, JsonNode> templates = new TreeMap<>();
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".template.json")).toList()) {
                templates.put(
                        file.getFileName().toString().replace(".template.json", ""), JSON.readTree(file.toFile()));
            }
            return templates;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The resources of a stack that have that type, by their logical id. */
    Map<String, JsonNode> resources(String stack, String type) {
        return templates.get(stack).get("Resources").properties().stream()
                .filter(resource -> resource.getValue().get("Type").asText().equals(type))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, TreeMap::new));
    }

    /** The properties of a stack's only resource of that type. */
    JsonNode only(String stack, String type) {
        Map<String, JsonNode> found = resources(stack, type);
        if (found.size() != 1) {
            throw new AssertionError(stack + " has " + found.size() + " resources of type " + type);
        }
        return found.values().iterator().next().get("Properties");
    }
}
