package dataplatform.operations;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import software.amazon.awssdk.core.exception.SdkClientException;

/** How the commands of this module run and end. */
final class Commands {
    private Commands() {}

    /**
     * Runs a command and ends the program: with 1, and the reason on standard error, if it can't be done.
     *
     * @param failure stands before the reason, such as {@code "Nothing was loaded. "}
     */
    static void main(Object command, String failure, String[] args) {
        System.exit(new CommandLine(command)
                .setExecutionExceptionHandler((e, line, result) -> {
                    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
                    System.err.println(
                            failure + (e instanceof SdkClientException ? "AWS can't be called: " + reason : reason));
                    return 1;
                })
                .execute(args));
    }

    /**
     * A value of the CDK app's context.
     *
     * @param file {@code cdk.json}
     * @return empty if it is not there
     */
    static String context(Path file, String name) throws IOException {
        return new ObjectMapper()
                .readTree(file.toFile())
                .path("context")
                .path(name)
                .asText("");
    }
}
