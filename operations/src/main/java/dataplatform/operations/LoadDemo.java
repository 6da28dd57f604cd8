package dataplatform.operations;

import dataplatform.platform.Names;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.ssm.SsmClient;

/**
 * Fills the source database of an environment: uploads a folder of CSV files, or a made-up shop, to the landing bucket and has the function {@code load-demo-data} load
 * it. Bucket and function are found in the parameters {@code /dataplatform/<environment>/landing-bucket} and {@code …/load-demo-data-function}.
 */
@Command(name = "load-demo", mixinStandardHelpOptions = true, description = "Fills an environment's source database.")
public final class LoadDemo implements Callable<Integer> {
    private static final String PREFIX = "demo/";
    /** A function runs 15 minutes at most. */
    private static final Duration LONGEST_LOAD = Duration.ofMinutes(16);

    @Option(names = "--environment", required = true, description = "Name of the environment, such as dev.")
    private String environment;

    @Option(names = "--data", description = "Folder of CSV files; without it a shop is made up.")
    private Path data;

    @Option(names = "--scale", defaultValue = "1", description = "Size of the made-up shop in 10,000 orders.")
    private double scale;

    /** Ends with 1 if nothing was loaded, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new LoadDemo(), "Nothing was loaded. ", args);
    }

    @Override
    public Integer call() throws IOException {
        if (data != null && !Files.isDirectory(data)) {
            throw new IllegalArgumentException(data + " is no folder");
        }
        try (SdkHttpClient http =
                UrlConnectionHttpClient.builder().socketTimeout(LONGEST_LOAD).build()) {
            String bucket = parameter(http, "landing-bucket");
            String function = parameter(http, "load-demo-data-function");
            if (data == null) {
                Path folder = Files.createTempDirectory("shop");
                try {
                    new Generator(1, scale, Progress.toStandardError()).write(folder);
                    upload(http, folder, bucket);
                } finally {
                    for (Path file : csvFiles(folder)) {
                        Files.delete(file);
                    }
                    Files.delete(folder);
                }
            } else {
                upload(http, data, bucket);
            }
            System.err.println("loading");
            TableLoad.print(load(http, function, bucket), System.out);
        }
        return 0;
    }

    private String parameter(SdkHttpClient http, String name) {
        String path = new Names(environment).path(name);
        try (SsmClient ssm = SsmClient.builder().httpClient(http).build()) {
            return ssm.getParameter(request -> request.name(path)).parameter().value();
        } catch (software.amazon.awssdk.services.ssm.model.ParameterNotFoundException e) {
            throw new IllegalStateException("There is no parameter " + path + "; deploy " + environment + " first", e);
        }
    }

    /** Makes the prefix hold the folder's files and no other. */
    private static void upload(SdkHttpClient http, Path folder, String bucket) throws IOException {
        try (S3Client s3 = S3Client.builder().httpClient(http).build()) {
            List<String> keys = new ArrayList<>();
            for (Path file : csvFiles(folder)) {
                keys.add(PREFIX + file.getFileName());
                s3.putObject(
                        request -> request.bucket(bucket).key(PREFIX + file.getFileName()), RequestBody.fromFile(file));
                System.err.printf(
                        Locale.ROOT, "uploaded %s, %.1f MB%n", file.getFileName(), Files.size(file) / 1_000_000.0);
            }
            if (keys.isEmpty()) {
                throw new IllegalArgumentException(folder + " holds no CSV file");
            }
            List<String> others =
                    s3.listObjectsV2Paginator(request -> request.bucket(bucket).prefix(PREFIX)).contents().stream()
                            .map(S3Object::key)
                            .filter(key -> !keys.contains(key))
                            .toList();
            for (String key : others) {
                s3.deleteObject(request -> request.bucket(bucket).key(key));
            }
        }
    }

    private static List<Path> csvFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".csv"))
                    .sorted()
                    .toList();
        }
    }

    private static List<TableLoad> load(SdkHttpClient http, String function, String bucket) {
        // not twice at the same time
        try (LambdaClient lambda = LambdaClient.builder()
                .httpClient(http)
                .overrideConfiguration(config -> config.retryStrategy(AwsRetryStrategy.doNotRetry()))
                .build()) {
            InvokeResponse response = lambda.invoke(request -> request.functionName(function)
                    .payload(SdkBytes.fromUtf8String("{\"bucket\":\"" + bucket + "\",\"prefix\":\"" + PREFIX + "\"}")));
            // all JSON is YAML
            Map<?, ?> answer = (Map<?, ?>) new Load(LoadSettings.builder().build())
                    .loadFromString(response.payload().asUtf8String());
            if (response.functionError() != null) {
                throw new IllegalStateException((String) answer.get("errorMessage"));
            }
            return ((List<?>) answer.get("tables"))
                    .stream().map(table -> tableLoad((Map<?, ?>) table)).toList();
        }
    }

    private static TableLoad tableLoad(Map<?, ?> table) {
        return new TableLoad(
                (String) table.get("table"),
                number(table, "rows"),
                number(table, "inserted"),
                number(table, "updated"),
                number(table, "deleted"));
    }

    private static long number(Map<?, ?> table, String name) {
        return ((Number) table.get(name)).longValue();
    }
}
