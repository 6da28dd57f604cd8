package dataplatform.platform;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * Every name and tag of one environment: whoever knows the environment knows what its resources are called.
 *
 * @param environment such as {@code dev}
 */
public record Names(String environment) {
    /** Folder of the bronze bucket that replication writes under. */
    public static final String REPLICATED = "ecommerce_rds";
    /** Folder of the bronze bucket that web events stand under. */
    public static final String WEB_DATA = "web-data";
    /** Folder of the bronze bucket that web events stand under as they came, by the hour. */
    public static final String RAW = WEB_DATA + "/raw";
    /** Folder of the bronze bucket that web events stand under as files with columns. */
    public static final String TRANSFORMED = WEB_DATA + "/transformed";

    /** Namespace of the platform's own metrics in CloudWatch. */
    public static final String METRICS = "DataPlatform";
    /** Metric of a function: web events that it has made rows of, quarantined ones too. */
    public static final String MESSAGES = "Messages";
    /** Metric of a function: those of them that are in quarantine. */
    public static final String QUARANTINED_MESSAGES = "QuarantinedMessages";

    private static final String PLATFORM = "dataplatform";
    private static final Pattern ENVIRONMENT = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
    private static final int BUCKET_LIMIT = 63;
    private static final int ACCOUNT_LENGTH = 12;

    /** @throws IllegalArgumentException if the name can't be part of the names that AWS allows */
    public Names {
        if (!ENVIRONMENT.matcher(environment).matches()) {
            throw new IllegalArgumentException(
                    "the environment '" + environment
                            + "' can't be part of a bucket's name: use lower-case letters, digits and single hyphens between them");
        }
        for (LakeBucket layer : LakeBucket.values()) {
            String bucket = bucket(environment, layer, "<account>");
            int tooLong = bucket.length() - "<account>".length() + ACCOUNT_LENGTH - BUCKET_LIMIT;
            if (tooLong > 0) {
                throw new IllegalArgumentException("the environment's name '" + environment + "' makes the bucket "
                        + bucket + " longer than " + BUCKET_LIMIT + " characters: shorten it by " + tooLong);
            }
        }
    }

    /** A resource, or a stack after its part: {@code dataplatform-dev-lake}. */
    public String of(String part) {
        return PLATFORM + "-" + environment + "-" + part;
    }

    /** What OpenLineage calls all of it: {@code dataplatform-dev}. */
    public String namespace() {
        return PLATFORM + "-" + environment;
    }

    /** A layer's bucket. Names of buckets are the whole world's, so the account is in them. */
    public String bucket(LakeBucket layer, String account) {
        return bucket(environment, layer, account);
    }

    private static String bucket(String environment, LakeBucket layer, String account) {
        return PLATFORM + "-" + environment + "-" + layer.folder() + "-" + account;
    }

    /** A database of the Glue catalog. */
    public String catalog(LakeBucket layer) {
        return "glue_ecommerce_" + inSql() + "_data_lake_" + layer.folder();
    }

    /** The IAM role that DAGs run under. */
    public String dagsRole() {
        return of("airflow");
    }

    /** The user that Redshift signs this role in as. */
    public String dagsUser() {
        return "IAMR:" + dagsRole();
    }

    /** The environment where names have no hyphens. */
    public String inSql() {
        return environment.replace('-', '_');
    }

    /** A parameter in SSM or a group of logs: {@code /dataplatform/dev/lake/key-arn}. */
    public String path(String path) {
        return "/" + PLATFORM + "/" + environment + "/" + path;
    }

    /** What every resource is tagged with; the budget counts by it. */
    public Map<String, String> tags() {
        return Map.of("platform", PLATFORM, "environment", environment);
    }
}
