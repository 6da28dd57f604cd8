package dataplatform.platform;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A job of the Spark jar: a class in {@code dataplatform.spark.job} of the same name, and the buckets that it gets as options. */
public enum SparkJob {
    BRONZE_TO_SILVER(LakeBucket.BRONZE, LakeBucket.SILVER),
    LANDING_TO_SILVER(LakeBucket.LANDING, LakeBucket.SILVER),
    MAINTENANCE(LakeBucket.SILVER);

    /** Two writers at once never overwrite each other's commit. */
    private static final String LOG_STORE =
            "spark.delta.logStore.s3.impl=dataplatform.spark.storage.ConditionalPutLogStore";

    private final List<LakeBucket> buckets;

    SparkJob(LakeBucket... buckets) {
        this.buckets = List.of(buckets);
    }

    /** Its name, such as {@code bronze-to-silver}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The class whose {@code main} it is. */
    public String mainClass() {
        return Stream.of(name().split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining("", "dataplatform.spark.job.", ""));
    }

    /** The parameter in SSM that the request which starts it stands in, for {@link Names#path}. */
    public String parameter() {
        return "spark/" + id();
    }

    /** The options of {@code spark-submit} that it needs wherever it runs. */
    public List<String> options() {
        return List.of("--class", mainClass(), "--conf", LOG_STORE);
    }

    /**
     * The arguments that it always has.
     *
     * @param address of a bucket, such as {@code s3://silver}; of bronze the folder that replication writes under
     */
    public List<String> arguments(Function<LakeBucket, String> address) {
        return buckets.stream()
                .flatMap(bucket -> Stream.of("--" + bucket.folder(), address.apply(bucket)))
                .toList();
    }
}
