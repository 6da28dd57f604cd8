package dataplatform.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.local.platform.AwsApis;
import dataplatform.local.platform.LocalPlatform;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosingTest {
    @TempDir
    Path folder;

    @Test
    void closesAllAndKeepsWhatEachThrows() {
        List<String> closed = new ArrayList<>();
        assertThatThrownBy(() -> Closing.all(
                        () -> closed.add("a"),
                        () -> {
                            throw new IllegalStateException("b");
                        },
                        () -> closed.add("c"),
                        () -> {
                            throw new StackOverflowError("d");
                        },
                        () -> closed.add("e")))
                .hasMessage("b")
                .satisfies(e -> assertThat(e.getSuppressed()).singleElement().satisfies(other -> assertThat(other)
                        .hasRootCauseInstanceOf(StackOverflowError.class)));
        assertThat(closed).containsExactly("a", "c", "e");
    }

    /** The catalog of gold is the first part of them. */
    @Test
    void controlPlanesAreClosedThoughTheCatalogOfGoldCannotBeKept() throws Exception {
        try (LocalPlatform engines = LocalPlatform.start(folder)) {
            AwsApis planes = AwsApis.start(engines, folder, line -> {});
            List<URI> servers = planes.environment().entrySet().stream()
                    .filter(each -> each.getKey().startsWith("AWS_ENDPOINT_URL"))
                    .map(each -> URI.create(each.getValue()))
                    .filter(each -> !each.equals(engines.s3().endpoint()))
                    .toList();
            assertThat(servers).hasSizeGreaterThan(5);
            Files.createDirectory(folder.resolve("gold.json"));

            assertThatThrownBy(planes::close)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("could not write");

            for (URI server : servers) {
                assertThatThrownBy(() -> new Socket("127.0.0.1", server.getPort()).close())
                        .isInstanceOf(ConnectException.class);
            }
        }
    }
}
