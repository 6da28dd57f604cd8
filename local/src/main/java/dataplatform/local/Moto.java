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

/** AWS's control planes on one machine, of which the Glue catalog is used: moto's server. What it holds is gone when it stops. */
final class Moto implements AutoCloseable {
    /** Out of reach of Ctrl-C, at which moto would stop though the program that started it goes on. */
    private static final String MAIN = "import os; os.setpgrp(); from moto.server import main; main()";

    private final URI endpoint;
    private final ChildProcess server;

    private Moto(URI endpoint, ChildProcess server) {
        this.endpoint = endpoint;
        this.server = server;
    }

    /**
     * Starts it on a free port, and returns when it answers.
     *
     * @param folder for its log
     * @throws IllegalStateException if it does not start
     */
    static Moto start(Path folder) throws IOException, InterruptedException {
        int port = Ports.free();
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        List<String> command = List.of(
                Project.file(".venv/bin/python").toString(),
                "-c",
                MAIN,
                "--host",
                endpoint.getHost(),
                "--port",
                Integer.toString(port));
        ChildProcess server = ChildProcess.start("moto", command, Map.of(), folder.resolve("moto.log"));
        try {
            server.awaitAnswer(endpoint.resolve("/moto-api/"), "moto");
        } catch (IOException | InterruptedException | RuntimeException e) {
            server.close();
            throw e;
        }
        return new Moto(endpoint, server);
    }

    URI endpoint() {
        return endpoint;
    }

    /** A client for the Glue catalog in it; the caller closes it. */
    GlueClient glue() {
        return GlueClient.builder()
                .endpointOverride(endpoint)
                .region(Region.of(S3Server.REGION))
                .credentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(S3Server.ACCESS_KEY, S3Server.SECRET_KEY)))
                .build();
    }

    @Override
    public void close() {
        server.close();
    }
}
