package dataplatform.local.process;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the parts of the checkout stand that this program runs from. */
public final class Project {
    private Project() {}

    /** The checkout's folder. */
    public static Path root() {
        // local/target/classes or local/target/local.jar
        return home(Project.class).getParent().getParent().getParent();
    }

    /** The folder or jar that a class is from. */
    public static Path home(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the class path has an entry that is not a file", e);
        }
    }

    /**
     * A file of the checkout.
     *
     * @throws IllegalStateException if it is not there
     */
    public static Path file(String path) {
        Path file = root().resolve(path);
        if (!Files.exists(file)) {
            throw new IllegalStateException(file + " is not there; build it with `make build`");
        }
        return file;
    }

    /** The text of a file that is packed beside a class, such as a program in another language. */
    public static String resource(Class<?> type, String name) throws IOException {
        try (InputStream text = type.getResourceAsStream(name)) {
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The {@code java} of the version that Lambda runs, which Trino takes too. */
    public static String java25() {
        return file(".venv/bin/java-25").toString();
    }

    /** The {@code java} that runs this program. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
