package dataplatform.operations;

import dataplatform.contracts.Contracts;
import dataplatform.contracts.Source;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sts.StsClient;

/** An address to which a partner without an AWS account puts one file, with the rights of whoever asks for it. */
@Command(
        name = "upload-url",
        mixinStandardHelpOptions = true,
        description = "Gives an address to which a partner puts one file within an hour.")
public final class UploadUrl implements Callable<Integer> {
    private static final Duration VALID = Duration.ofHours(1);

    @Option(names = "--environment", required = true, description = "Name of the environment, such as dev.")
    private String environment;

    @Option(
            names = "--file",
            required = true,
            description = "Where it goes, such as finance/accounts/accounts_2026-01-31.csv.")
    private String file;

    /** Ends with 1 if there is no such place, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new UploadUrl(), "There is no address. ", args);
    }

    @Override
    public Integer call() {
        if (Contracts.bundled().stream()
                .filter(contract -> contract.source() instanceof Source.Files)
                .noneMatch(contract -> file.matches(contract.domain() + "/" + contract.name() + "/[^/]+\\.csv"))) {
            throw new IllegalArgumentException(
                    file + " is the place of no data set that comes in files; give <domain>/<data set>/<name>.csv");
        }
        try (StsClient sts = StsClient.create();
                S3Presigner presigner = S3Presigner.create()) {
            String account = sts.getCallerIdentity().account();
            String bucket = new Names(environment).bucket(LakeBucket.LANDING, account);
            System.err.println("For one file, within an hour, or until your own credentials end:");
            System.out.println("curl --fail --upload-file <file> '"
                    + presigner
                            .presignPutObject(request -> request.signatureDuration(VALID)
                                    .putObjectRequest(put -> put.bucket(bucket).key(file)))
                            .url()
                    + "'");
        }
        return 0;
    }
}
