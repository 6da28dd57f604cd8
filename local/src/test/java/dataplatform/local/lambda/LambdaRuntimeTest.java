package dataplatform.local.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.process.Project;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LambdaRuntimeTest {
    /** Where AWS's client unpacks its library, for all processes of the machine. */
    private static final Path SHARED = Path.of("/tmp/.libaws-lambda-jni.so");

    @TempDir
    Path folder;

    @Test
    void aFunctionLoadsALibraryThatNoOtherOverwrites() throws Exception {
        Files.deleteIfExists(SHARED);
        try (LambdaRuntime function = LambdaRuntime.start(
                Project.file("lambdas/source-database/target/source-database.jar"),
                "dataplatform.lambdas.sourcedatabase.SourceKeys",
                Map.of("AWS_REGION", "us-east-1"),
                folder)) {
            assertThat(function.invoke("{}").body()).contains("the environment variable SILVER_BUCKET is missing");
        }
        assertThat(SHARED).doesNotExist();
    }
}
