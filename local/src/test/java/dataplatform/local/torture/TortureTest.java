package dataplatform.local.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code make torture} with a fixed seed. */
class TortureTest {
    @TempDir
    Path folder;

    @Test
    void silverEqualsTheSourceThoughReplicationAndSparkAreKilled() throws Exception {
        assertThat(Torture.run(7, 1, folder.resolve("state"))).isEmpty();
    }
}
