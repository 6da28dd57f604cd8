package dataplatform.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.glue.GlueClient;

/** AWS's control planes on one machine, of which the Glue catalog is used here: moto's server. It keeps nothing when it stops. */
final class Moto implements AutoCloseable {
    private final URI endpoint;
    private final ChildProcess server;

    private Moto(URI endpoint, ChildProcess server) {
        this.endpoint = endpoint;
        this.server = server;
    }

    /**
     * Starts it on a free port, and returns when it answers.
     *
     * @param log file of its output
     * @throws IllegalStateException if it does not start
     */
    static Moto start(Path log) throws IOException, InterruptedException {
        int port = Ports.free();
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        List<String> command = List.of(
                Project.file(".venv/bin/moto_server").toString(), "--host", "127.0.0.1", "--port", Integer.toString(port));
        ChildProcess server = ChildProcess.start("moto", command, Map.of(), log);
        return null;
    }
}
