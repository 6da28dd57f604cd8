package dataplatform.platform;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A job of the Spark jar: a class in {@code dataplatform.spark.job} of the same name, and the folders that it gets as options. */
public enum SparkJob {
    BRONZE_TO_SILVER(new Folder("bronze", LakeBucket.BRONZE, "/" + Names.REPLICATED), Folder.SILVER),
    DAYS_TO_SILVER(new Folder("landing", LakeBucket.LANDING, ""), Folder.SILVER),
    EVENTS_TO_SILVER(new Folder("transformed", LakeBucket.BRONZE, "/" + Names.TRANSFORMED), Folder.SILVER),
    LANDING_TO_SILVER(new Folder("landing", LakeBucket.LANDING, ""), Folder.SILVER),
    MAINTENANCE(Folder.SILVER);

    /** Two writers at once never overwrite each other's commit. */
    private static final String LOG_STORE =
            "spark.delta.logStore.s3.impl=dataplatform.spark.storage.ConditionalPutLogStore";

    /** Where a job reads or writes: a folder of a bucket, or the bucket itself. */
    private record Folder(String option, LakeBucket bucket, String path) {
        static final Folder SILVER = new Folder("silver", LakeBucket.SILVER, "");
    }

    private final List<Folder> folders;

    SparkJob(Folder... folders) {
        this.folders = List.of(folders);
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
     * @param address of a bucket, such as {@code s3://silver}
     */
    public List<String> arguments(Function<LakeBucket, String> address) {
        return folders.stream()
                .flatMap(folder -> Stream.of("--" + folder.option(), address.apply(folder.bucket()) + folder.path()))
                .toList();
    }
}
