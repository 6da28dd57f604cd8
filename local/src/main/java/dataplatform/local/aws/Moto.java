package dataplatform.local.aws;

import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Ports;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.glue.GlueClient;

/** AWS's control planes on one machine: moto's server. What it holds is gone when it stops. */
public final class Moto implements AutoCloseable {
    private static final String PROGRAM = "moto_server.py";

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
    public static Moto start(Path folder) throws IOException, InterruptedException {
        int port = Ports.free();
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        List<String> command = List.of(
                Project.file(".venv/bin/python").toString(),
                "-c",
                Project.resource(Moto.class, PROGRAM),
                "--host",
                endpoint.getHost(),
                "--port",
                Integer.toString(port));
        // with the policies that AWS has made
        Map<String, String> environment = Map.of("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        ChildProcess server = ChildProcess.start("moto", command, environment, folder.resolve("moto.log"));
        try {
            server.awaitAnswer(endpoint.resolve("/moto-api/"), "moto");
        } catch (IOException | InterruptedException | RuntimeException e) {
            Closing.after(e, server);
            throw e;
        }
        return new Moto(endpoint, server);
    }

    /** Where it answers, for every service. */
    public URI endpoint() {
        return endpoint;
    }

    /** What an AWS SDK in a child process needs to find this server and nothing else. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL", endpoint.toString(),
                "AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY,
                "AWS_REGION", S3Server.REGION);
    }

    /** A client for the Glue catalog in it; the caller closes it. */
    public GlueClient glue() {
        return client(GlueClient.builder());
    }

    /** A client for one of the services in it; the caller closes it. */
    public <C> C client(AwsClientBuilder<?, C> builder) {
        builder.endpointOverride(endpoint);
        builder.region(Region.of(S3Server.REGION));
        builder.credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(S3Server.ACCESS_KEY, S3Server.SECRET_KEY)));
        return builder.build();
    }

    @Override
    public void close() {
        server.close();
    }
}
