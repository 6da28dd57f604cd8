package dataplatform.local.s3;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** S3 on one machine: S3Proxy over a folder, with signatures checked and conditional writes. */
public final class S3Server implements AutoCloseable {
    public static final String ACCESS_KEY = "local";
    public static final String SECRET_KEY = "local-secret-key";
    public static final String REGION = "us-east-1";
    /** The layers' buckets. */
    public static final String BRONZE = "bronze";

    public static final String LANDING = "landing";
    public static final String SILVER = "silver";
    public static final String GOLD = "gold";
    public static final String LOGS = "logs";

    private final S3Proxy server;
    private final URI endpoint;

    private S3Server(S3Proxy server, URI endpoint) {
        this.server = server;
        this.endpoint = endpoint;
    }

    /**
     * Starts it with the layers' buckets.
     *
     * @param folder that holds a folder per bucket; made if it is not there. Nobody else may write into it
     * @param port on the loopback interface; 0 for any that is free
     */
    public static S3Server start(Path folder, int port) throws IOException {
        for (String bucket : List.of(BRONZE, SILVER, GOLD, LANDING, LOGS)) {
            Files.createDirectories(folder.resolve(bucket));
        }
        S3Proxy server = S3Proxy.builder()
                .endpoint(URI.create("http://127.0.0.1:" + port))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY, SECRET_KEY)
                .blobStore(new FilesystemNio2BlobStore(folder.toAbsolutePath().toString()))
                .ignoreUnknownHeaders(true)
                .build();
        try {
            server.start();
        } catch (Exception e) {
            throw new IOException("S3Proxy did not start over " + folder, e);
        }
        return new S3Server(server, URI.create("http://127.0.0.1:" + server.getPort()));
    }

    /** The same server for those who reach it at another address. */
    public S3Server at(URI other) {
        return new S3Server(server, other);
    }

    /** Where it answers. */
    public URI endpoint() {
        return endpoint;
    }

    /** What an AWS SDK in a child process needs to find this server and nothing else. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_S3", endpoint().toString(),
                "AWS_ACCESS_KEY_ID", ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY", SECRET_KEY,
                "AWS_REGION", REGION);
    }

    /** A client for this server; the caller closes it. */
    public S3Client client() {
        return S3Client.builder()
                .endpointOverride(endpoint())
                .region(Region.of(REGION))
                .credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCESS_KEY, SECRET_KEY)))
                .forcePathStyle(true)
                .build();
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy did not stop", e);
        }
    }
}
