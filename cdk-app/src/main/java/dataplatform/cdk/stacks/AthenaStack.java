package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.athena.CfnNamedQuery;
import software.amazon.awscdk.services.athena.CfnWorkGroup;
import software.constructs.Construct;

/** SQL over the lake: one workgroup, whose answers are kept encrypted for a month, and the queries of {@code queries/}. */
public final class AthenaStack extends Stack {
    private static final long GIGABYTE = 1L << 30;
    private static final int MOST_GIGABYTES = 100;
    private static final String COMMENT = "-- ";

    AthenaStack(Construct scope, Deployment deployment, LakeStack lake) {
        super(scope, deployment.names().of("athena"), deployment.stack("athena", "SQL over the lake"));
        Names names = deployment.names();
        CfnWorkGroup workGroup = CfnWorkGroup.Builder.create(this, "WorkGroup")
                .name(workGroup(names))
                .description("Analysts")
                .recursiveDeleteOption(deployment.deletesData())
                .workGroupConfiguration(CfnWorkGroup.WorkGroupConfigurationProperty.builder()
                        .enforceWorkGroupConfiguration(true)
                        .publishCloudWatchMetricsEnabled(true)
                        .bytesScannedCutoffPerQuery(MOST_GIGABYTES * GIGABYTE)
                        .engineVersion(CfnWorkGroup.EngineVersionProperty.builder()
                                .selectedEngineVersion("Athena engine version 3")
                                .build())
                        .resultConfiguration(CfnWorkGroup.ResultConfigurationProperty.builder()
                                .outputLocation(deployment.s3(LakeBucket.ATHENA_RESULTS, ""))
                                .encryptionConfiguration(CfnWorkGroup.EncryptionConfigurationProperty.builder()
                                        .encryptionOption("SSE_KMS")
                                        .kmsKey(lake.key(this).getKeyArn())
                                        .build())
                                .build())
                        .build())
                .build();
        String silver = GlueTable.database(names, Format.DELTA);
        queries(deployment, workGroup, "queries", silver);
        if (deployment.webEvents()) {
            queries(deployment, workGroup, "queries/web/silver", silver);
            queries(deployment, workGroup, "queries/web/bronze", GlueTable.database(names, Format.PARQUET));
        }
    }

    /** Saves the queries of a folder, which ask a database of the catalog. */
    private void queries(Deployment deployment, CfnWorkGroup workGroup, String folder, String database) {
        for (Path file : files(Path.of(deployment.file(folder)))) {
            String name = file.getFileName().toString().replace(".sql", "");
            String sql = read(file);
            CfnNamedQuery.Builder.create(this, name)
                    .name(name)
                    .description(sql.lines().findFirst().orElseThrow().substring(COMMENT.length()))
                    .database(database)
                    .workGroup(workGroup(deployment.names()))
                    .queryString(sql)
                    .build()
                    .addResourceDependency(workGroup);
        }
    }

    /** What the workgroup is called. */
    static String workGroup(Names names) {
        return names.of("analysts");
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".sql"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list the queries in " + folder, e);
        }
    }

    private static String read(Path file) {
        try {
            String sql = Files.readString(file);
            if (!sql.startsWith(COMMENT)) {
                throw new IllegalArgumentException(
                        file + " does not say what it asks: begin it with a line '-- …', which analysts see in Athena");
            }
            return sql;
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the query " + file, e);
        }
    }
}
