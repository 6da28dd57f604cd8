package dataplatform.cdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.cdk.config.Environment;
import dataplatform.platform.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The templates as they were last reviewed, in {@code src/test/templates}: production's, and for each other environment where its
 * templates differ from them. {@code make baselines} writes them anew; what they change is what a deployment will.
 */
class BaselinesTest {
    private static final Path FOLDER = Path.of("src", "test", "templates");
    private static final boolean WRITE = Boolean.getBoolean("baselines.write");
    private static final Names PRODUCTION = new Names("production");

    @Test
    void templatesAreAsReviewed() throws IOException {
        Map<String, String> current = current();
        if (WRITE) {
            write(current);
        }
        Map<String, String> reviewed = read();
        assertThat(reviewed.keySet()).as("make baselines writes them anew").isEqualTo(current.keySet());
        assertThat(current.keySet()).as("make baselines writes them anew").allSatisfy(name -> assertThat(
                        firstDifference(reviewed.get(name), current.get(name)))
                .as(name)
                .isEmpty());
    }

    /** What the folder should hold, by the file's name. */
    private static Map<String, String> current() {
        Map<String, String> files = new TreeMap<>();
        Map<Names, Map<String, JsonNode>> environments = environments();
        Map<String, JsonNode> production = environments.get(PRODUCTION);
        environments.forEach((names, templates) -> {
            if (names.equals(PRODUCTION)) {
                templates.forEach(
                        (part, template) -> files.put(names.of(part) + ".json", TemplateText.of(template) + "\n"));
            } else {
                files.put(names.namespace() + ".diff", differences(production, names, templates));
            }
        });
        return files;
    }

    /** Where the templates of an environment, by their part, differ from production's. */
    private static String differences(Map<String, JsonNode> production, Names names, Map<String, JsonNode> templates) {
        Set<String> parts = new TreeSet<>(production.keySet());
        parts.addAll(templates.keySet());
        StringBuilder text = new StringBuilder();
        for (String part : parts) {
            JsonNode none = Synthesis.JSON.createObjectNode();
            text.append(Differences.text(
                    part,
                    TemplateText.withoutName(PRODUCTION, production.getOrDefault(part, none)),
                    TemplateText.withoutName(names, templates.getOrDefault(part, none))));
        }
        return text.toString();
    }

    /** The templates of each environment, by the part of the platform that is their stack. */
    private static Map<Names, Map<String, JsonNode>> environments() {
        List<Names> environments = Stream.concat(Environment.ALL.stream(), Stream.of(Synthesis.OTHER))
                .map(Environment::names)
                .toList();
        Map<Names, Map<String, JsonNode>> templates = new HashMap<>();
        Synthesis.everything().templates().forEach((stack, template) -> {
            // dataplatform-dev-other-lake is not of dev
            Names names = environments.stream()
                    .filter(environment -> stack.startsWith(environment.of("")))
                    .max(Comparator.comparing(
                            environment -> environment.namespace().length()))
                    .orElseThrow();
            templates
                    .computeIfAbsent(names, each -> new TreeMap<>())
                    .put(stack.substring(names.of("").length()), template);
        });
        return templates;
    }

    /** A file is too long to be printed whole. */
    private static Optional<String> firstDifference(String reviewed, String current) {
        List<String> expected = reviewed.lines().toList();
        List<String> actual = current.lines().toList();
        return IntStream.range(0, Math.max(expected.size(), actual.size()))
                .filter(i -> i >= expected.size()
                        || i >= actual.size()
                        || !expected.get(i).equals(actual.get(i)))
                .mapToObj(i -> "line " + (i + 1) + place(actual, i) + ": "
                        + (i < actual.size() ? actual.get(i).strip() : "the end") + ", reviewed was "
                        + (i < expected.size() ? expected.get(i).strip() : "the end"))
                .findFirst();
    }

    /** The stack and the pointer that a line of differences is about. */
    private static String place(List<String> lines, int line) {
        return lines.stream()
                .limit(line + 1)
                .filter(each -> each.startsWith(Differences.PLACE))
                .reduce("", (before, after) -> ", " + after);
    }

    private static Map<String, String> read() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(FOLDER)) {
            for (Path path : paths.toList()) {
                files.put(path.getFileName().toString(), Files.readString(path));
            }
        }
        return files;
    }

    private static void write(Map<String, String> files) throws IOException {
        Files.createDirectories(FOLDER);
        try (Stream<Path> stale = Files.list(FOLDER)) {
            for (Path path : stale.toList()) {
                Files.delete(path);
            }
        }
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(FOLDER.resolve(file.getKey()), file.getValue());
        }
    }
}
