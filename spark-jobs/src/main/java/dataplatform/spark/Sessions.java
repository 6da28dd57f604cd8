package dataplatform.spark;

import org.apache.spark.sql.SparkSession;

/** The Spark session that every job here runs in: what the results depend on is set here, not where the job is started. */
public final class Sessions {
    /** Up to this many bytes of files what becomes of a batch is worked out in one task. */
    public static final long SMALL = 1L << 20;
    /** Up to this many bytes the changes are beside a table's rows in memory, and a first load is sorted whole. */
    public static final long MEDIUM = 64L << 20;

    private Sessions() {}

    /** A builder that takes master, memory and endpoints from {@code spark-submit}. */
    public static SparkSession.Builder builder(String name) {
        return SparkSession.builder()
                .appName(name)
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.ansi.enabled", "false")
                // a date that is none is null, and not an error that asks whether Spark 2 would have read it
                .config("spark.sql.legacy.timeParserPolicy", "CORRECTED")
                // days before 1900 are what they are, as in PostgreSQL and Athena: Spark 2 never wrote here
                .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
                .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
                .config("spark.sql.parquet.int96RebaseModeInRead", "CORRECTED")
                .config("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
                .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
                .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
                .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
                // what holds of a value that is made of many columns is written down for each of their aliases: for
                // ever
                .config("spark.sql.constraintPropagation.enabled", "false")
                // rows come grouped by partition or in few of them: an open file each is cheaper than a sort of
                // everything
                .config("spark.sql.maxConcurrentOutputFileWriters", "64")
                .config("spark.sql.autoBroadcastJoinThreshold", "32m")
                // the changes of a batch are compared with a table's log of a few files, not of thousands
                .config("spark.databricks.delta.snapshotPartitions", "2")
                // what files a table has stands beside each commit, and nobody has to work it out
                .config("spark.databricks.delta.allFilesInCrc.thresholdNumFiles", "500")
                .config("spark.databricks.delta.optimize.minFileSize", Long.toString(128L << 20))
                .config("spark.databricks.delta.optimize.maxFileSize", Long.toString(256L << 20))
                // columns of ids and amounts give up their dictionary soon, those of a few words keep it
                .config("spark.hadoop.parquet.dictionary.page.size", Integer.toString(64 << 10))
                // a longer method is never compiled by the JVM: rather several steps than one that is interpreted
                .config("spark.sql.codegen.hugeMethodLimit", "8000")
                // a merge has a dozen queries and a run many merges: each is compiled once
                .config("spark.sql.codegen.cache.maxEntries", "1000")
                // Redshift Spectrum can't read them
                .config("spark.databricks.delta.properties.defaults.enableDeletionVectors", "false");
    }

    /** The session for a batch, which shares everything with the given one but settings. */
    public static SparkSession forBatch(SparkSession spark, long bytes) {
        if (bytes > MEDIUM) {
            return spark;
        }
        // where there is little to do, Spark takes longer to think it over again after each step than to do it
        SparkSession session = spark.newSession();
        session.conf().set("spark.sql.adaptive.enabled", false);
        int partitions = bytes > SMALL ? Math.min(8, spark.sessionState().conf().numShufflePartitions()) : 1;
        session.conf().set("spark.sql.shuffle.partitions", partitions);
        // many small files are looked for in a task a core and not in a task a file
        session.conf()
                .set(
                        "spark.sql.sources.parallelPartitionDiscovery.parallelism",
                        spark.sparkContext().defaultParallelism());
        return session;
    }
}
