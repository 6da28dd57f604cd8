package dataplatform.cdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The templates as they were last reviewed, in {@code src/test/templates}. {@code make baselines} writes them anew; what they change is
 * what a deployment will.
 */
class BaselinesTest {
    private static final Path FOLDER = Path.of("src", "test", "templates");
    private static final boolean WRITE = Boolean.getBoolean("baselines.write");

    @Test
    void templatesAreAsReviewed() throws IOException {
        Map<String, String> templates = new TreeMap<>();
        Synthesis.everything().templates().forEach((stack, template) -> templates.put(stack + ".json", text(template)));
        if (WRITE) {
            write(templates);
        }
        Map<String, String> baselines = read();
        assertThat(baselines.keySet()).as("make baselines writes them anew").isEqualTo(templates.keySet());
        assertThat(templates.keySet()).as("make baselines writes them anew").allSatisfy(name -> assertThat(
                        firstDifference(baselines.get(name), templates.get(name)))
                .as(name)
                .isEmpty());
    }

    /** A template is too long to be printed whole. */
    private static Optional<String> firstDifference(String baseline, String template) {
        List<String> expected = baseline.lines().toList();
        List<String> actual = template.lines().toList();
        return IntStream.range(0, Math.max(expected.size(), actual.size()))
                .filter(i -> i >= expected.size()
                        || i >= actual.size()
                        || !expected.get(i).equals(actual.get(i)))
                .mapToObj(i -> "line " + (i + 1) + ": "
                        + (i < actual.size() ? actual.get(i).strip() : "the end") + ", reviewed was "
                        + (i < expected.size() ? expected.get(i).strip() : "the end"))
                .findFirst();
    }

    /** Sorted, and without the hashes of jars and folders. */
    private static String text(Object template) {
        try {
            Object tree = Synthesis.JSON.convertValue(template, Object.class);
            return Synthesis.JSON
                            .writer()
                            .with(SerializationFeature.INDENT_OUTPUT)
                            .with(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                            .writeValueAsString(tree)
                            .replaceAll("\\b[0-9a-f]{64}\\b", "0".repeat(64))
                    + "\n";
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> read() throws IOException {
        Map<String, String> baselines = new TreeMap<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                baselines.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        return baselines;
    }

    private static void write(Map<String, String> templates) throws IOException {
        Files.createDirectories(FOLDER);
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        for (Map.Entry<String, String> template : templates.entrySet()) {
            Files.writeString(FOLDER.resolve(template.getKey()), template.getValue());
        }
    }
}
