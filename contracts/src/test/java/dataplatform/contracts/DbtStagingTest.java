package dataplatform.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Holds the staging models of the repository to the contracts; with {@code -Dstaging.write=true} it writes them. */
class DbtStagingTest {
    private static final Path PROJECT = Path.of("..", "dbt_project");

    @Test
    void theRepositorysModelsAreThoseOfTheContracts() throws IOException {
        if (Boolean.getBoolean("staging.write")) {
            DbtStaging.write(PROJECT);
        }
        Map<Path, String> files = DbtStaging.files(Contracts.bundled());
        assertThat(DbtStaging.written(PROJECT)).as("run make generate").containsExactlyElementsOf(files.keySet());
        for (Map.Entry<Path, String> file : files.entrySet()) {
            assertThat(Files.readString(PROJECT.resolve(file.getKey())))
                    .as("%s; run make generate", file.getKey())
                    .isEqualTo(file.getValue());
        }
    }
}
