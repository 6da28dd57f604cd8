package dataplatform.local.emr;

import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** EMR on one machine: {@code spark-submit} of the jar that is deployed, in a process of its own. */
public final class SparkSubmit {
    /** The options that Spark 3.5 needs on Java 17. */
    private static final List<String> OPENS = List.of(
            "java.lang",
            "java.lang.invoke",
            "java.lang.reflect",
            "java.io",
            "java.net",
            "java.nio",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "sun.nio.ch",
            "sun.nio.cs",
            "sun.security.action",
            "sun.util.calendar");

    private final S3Server s3;
    private final Path scratch;

    /** @param scratch folder for logs and for what Spark spills */
    public SparkSubmit(S3Server s3, Path scratch) {
        this.s3 = s3;
        this.scratch = scratch.toAbsolutePath();
    }

    /**
     * Starts a job; it is the caller's to await.
     *
     * @param arguments of {@code spark-submit}: its options, the jar, the jar's arguments
     * @param log file of the job's output
     */
    public ChildProcess start(List<String> arguments, Path log) throws IOException {
        Files.createDirectories(scratch);
        List<String> command = new ArrayList<>(List.of(Project.java()));
        OPENS.forEach(name -> command.add("--add-opens=java.base/" + name + "=ALL-UNNAMED"));
        command.addAll(List.of(
                "-Xmx1200m",
                "-Xss4m",
                // short jobs on small data end before the optimising compiler pays
                "-XX:TieredStopAtLevel=1",
                // with one compiler Java reserves 48 MB, and stops compiling when Spark has filled them
                "-XX:ReservedCodeCacheSize=256m",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + scratch,
                "-Dlog4j2.configurationFile=" + Project.file("local/spark-log4j2.properties"),
                "-cp",
                Files.readString(Project.file("spark-jobs/target/spark.classpath"))
                        .trim(),
                "org.apache.spark.deploy.SparkSubmit",
                "--master",
                "local[2]"));
        configuration().forEach((name, value) -> command.addAll(List.of("--conf", name + "=" + value)));
        command.addAll(arguments);
        return ChildProcess.start("the Spark job", command, s3.environment(), log);
    }

    /** The jar that holds the platform's jobs. */
    public static String jar() {
        return Project.file("spark-jobs/target/spark-jobs.jar").toString();
    }

    private Map<String, String> configuration() {
        Map<String, String> configuration = new LinkedHashMap<>();
        configuration.put("spark.ui.enabled", "false");
        configuration.put("spark.driver.host", "127.0.0.1");
        configuration.put("spark.driver.bindAddress", "127.0.0.1");
        configuration.put("spark.local.dir", scratch.toString());
        configuration.put(
                "spark.sql.warehouse.dir", scratch.resolve("warehouse").toString());
        configuration.put("spark.sql.shuffle.partitions", "2");
        // to write a program for a few hundred rows takes longer than to do without, and each task would write it again
        configuration.put("spark.sql.codegen.wholeStage", "false");
        configuration.put("spark.sql.codegen.factoryMode", "NO_CODEGEN");
        configuration.put("spark.databricks.delta.snapshotPartitions", "1");
        configuration.put("spark.hadoop.fs.s3.impl", "org.apache.hadoop.fs.s3a.S3AFileSystem");
        configuration.put("spark.hadoop.fs.AbstractFileSystem.s3.impl", "org.apache.hadoop.fs.s3a.S3A");
        configuration.put("spark.hadoop.fs.s3a.endpoint", s3.endpoint().toString());
        configuration.put("spark.hadoop.fs.s3a.endpoint.region", S3Server.REGION);
        configuration.put("spark.hadoop.fs.s3a.path.style.access", "true");
        configuration.put("spark.hadoop.fs.s3a.buffer.dir", scratch.toString());
        return configuration;
    }
}
