package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

class UploadUrlTest {
    private static final String KEY = "finance/accounts/accounts_2026-01-31.csv";
    private static final Pattern COMMAND = Pattern.compile("curl --fail --upload-file <file> '(.*)'");

    @TempDir
    static Path folder;

    @Test
    void aPartnerPutsAFileWithNothingButTheAddress() throws Exception {
        String bucket = new Names("dev").bucket(LakeBucket.LANDING, "123456789012");
        try (Moto moto = Moto.start(folder);
                S3Client s3 = moto.client(S3Client.builder().forcePathStyle(true))) {
            s3.createBucket(request -> request.bucket(bucket));
            Matcher given = COMMAND.matcher(run(moto, KEY));
            assertThat(given.find()).isTrue();
            // the SDK names the bucket in the host, which this machine does not resolve
            URI there = URI.create(given.group(1));
            URI address = moto.endpoint().resolve("/" + bucket + there.getRawPath() + "?" + there.getRawQuery());
            int status = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(there.getHost().startsWith(bucket) ? address : there)
                                    .PUT(BodyPublishers.ofString("id\n1\n"))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();

            assertThat(status).isEqualTo(200);
            assertThat(s3.getObjectAsBytes(request -> request.bucket(bucket).key(KEY))
                            .asUtf8String())
                    .isEqualTo("id\n1\n");
            assertThat(run(moto, "ecommerce/orders/x.csv"))
                    .isEqualTo("There is no address. ecommerce/orders/x.csv is the place of no data set that comes in"
                            + " files; give <domain>/<data set>/<name>.csv\nexit code 1");
        }
    }

    private static String run(Moto moto, String file) throws Exception {
        return Shell.run(moto.environment(), UploadUrl.class, "--environment", "dev", "--file", file);
    }
}
