package dataplatform.local.platform;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.local.airflow.Lineage;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.aws.Moto;
import dataplatform.local.dms.DmsServer;
import dataplatform.local.emr.EmrServer;
import dataplatform.local.emr.EmrServerlessServer;
import dataplatform.local.emr.SparkRuns;
import dataplatform.local.emr.SparkSubmit;
import dataplatform.local.glue.GlueCatalog;
import dataplatform.local.glue.GoldCatalog;
import dataplatform.local.lambda.CloudFormation;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.LambdaServer;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Project;
import dataplatform.local.redshift.RedshiftDataServer;
import dataplatform.local.redshift.Unload;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.DagSettings;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.SparkJob;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/**
 * The AWS APIs that Airflow calls, over the engines of a {@link LocalPlatform}: EMR, EMR Serverless, DMS, Glue and the Redshift Data
 * API with something real behind each, and moto for the rest. SSM has the parameters that a deployment writes for the DAGs.
 */
public final class AwsApis implements AutoCloseable {
    private static final String SOURCE_KEYS = "source-keys";
    private static final String SPECTRUM_DATABASE = GlueTable.database(LocalEnvironment.NAMES, Format.SYMLINK);
    private static final String SPECTRUM_ROLE = "arn:aws:iam::123456789012:role/local";

    private final LocalPlatform platform;
    private final Moto moto;
    private final GoldCatalog gold;
    private final List<AutoCloseable> servers = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();

    private AwsApis(LocalPlatform platform, Moto moto, GoldCatalog gold) {
        this.platform = platform;
        this.moto = moto;
        this.gold = gold;
        environment.putAll(moto.environment());
        environment.putAll(platform.s3().environment());
    }

    /**
     * Starts them.
     *
     * @param state folder that the engines keep everything in
     * @param sparkLines hears what Spark jobs print
     */
    public static AwsApis start(LocalPlatform platform, Path state, Consumer<String> sparkLines)
            throws IOException, InterruptedException, SQLException {
        Moto moto = Moto.start(state.resolve("logs"));
        AwsApis apis = new AwsApis(platform, moto, new GoldCatalog(moto, state.resolve("gold.json")));
        try {
            apis.start(state, sparkLines);
            return apis;
        } catch (IOException | InterruptedException | SQLException | RuntimeException e) {
            Closing.after(e, apis::stop);
            throw e;
        }
    }

    private void start(Path state, Consumer<String> sparkLines) throws IOException, InterruptedException, SQLException {
        SparkRuns spark = new SparkRuns(
                platform.spark(), platform.s3Client(), state.resolve("logs/spark"), sparkLines, this::refreshSpectrum);
        servers.add(spark);
        EmrServer emr = EmrServer.start(spark);
        servers.add(emr);
        environment.putAll(emr.environment());
        EmrServerlessServer serverless = EmrServerlessServer.start(spark);
        servers.add(serverless);
        environment.putAll(serverless.environment());
        DmsServer dms = DmsServer.start(platform::replication);
        servers.add(dms);
        environment.putAll(dms.environment());
        RedshiftDataServer warehouse = RedshiftDataServer.start(
                platform.postgres(),
                new Unload(platform.s3Client(), state.resolve("tmp")),
                LocalEnvironment.NAMES.dagsUser());
        servers.add(warehouse);
        environment.putAll(warehouse.environment());
        setUpWarehouse(warehouse, state.resolve("logs"));
        LambdaRuntime sourceKeys = platform.sourceKeys(moto);
        servers.add(sourceKeys);
        LambdaServer lambda = LambdaServer.start(Map.of(SOURCE_KEYS, sourceKeys));
        servers.add(lambda);
        environment.putAll(lambda.environment());
        gold.restore();
        try (GlueClient glue = moto.glue()) {
            GlueCatalog.declare(
                    glue,
                    SPECTRUM_DATABASE,
                    GlueTable.silver(Contracts.bundled(), "s3://" + S3Server.SILVER, Format.SYMLINK));
        }
        runSpark(false, Optional.empty());
        putParameters(Map.of(
                DagSettings.PARAMETER, AwsJson.JSON.valueToTree(settings().fields())));
    }

    /** As a deployment does: the external schema, roles, users and grants, by the function that makes them in Redshift. */
    private static void setUpWarehouse(RedshiftDataServer warehouse, Path logs)
            throws IOException, InterruptedException {
        Path jar = Project.file("lambdas/set-up-warehouse/target/set-up-warehouse.jar");
        String handler = "dataplatform.lambdas.setupwarehouse.SetUpWarehouse";
        try (CloudFormation deployment =
                CloudFormation.start(LambdaRuntime.start(jar, handler, warehouse.environment(), logs))) {
            CloudFormation.Answer answer = deployment.create(Map.of(
                    "WorkgroupName",
                    LocalEnvironment.NAMES.environment(),
                    "Database",
                    PostgresServer.WAREHOUSE,
                    "SecretArn",
                    "arn:aws:secretsmanager:us-east-1:123456789012:secret:warehouse",
                    "ExternalDatabase",
                    LocalEnvironment.NAMES.catalog(LakeBucket.SILVER),
                    "SpectrumRoleArn",
                    SPECTRUM_ROLE,
                    "LoaderUser",
                    LocalEnvironment.NAMES.dagsUser()));
            if (!answer.status().equals("SUCCESS")) {
                throw new IllegalStateException("the warehouse could not be set up: " + answer.reason());
            }
        }
    }

    /** What an AWS SDK in a child process needs to find these services and no other. */
    public Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    /** What stands for the services that have nothing behind them here. */
    public Moto moto() {
        return moto;
    }

    /**
     * Says how the DAGs' Spark jobs run.
     *
     * @param onClusters on a cluster each, and not on the serverless application
     * @param lineage where they emit what they read and write
     */
    public void runSpark(boolean onClusters, Optional<Lineage> lineage) {
        for (SparkJob job : SparkJob.values()) {
            List<String> options = new ArrayList<>(job.options());
            lineage.ifPresent(wanted -> options.addAll(wanted.sparkOptions()));
            putParameters(Map.of(
                    job.parameter(), onClusters ? clusterRequest(job, options) : serverlessRequest(job, options)));
        }
    }

    private Void refreshSpectrum() throws SQLException, IOException {
        platform.refreshSpectrum(Contracts.bundled());
        return null;
    }

    private DagSettings settings() {
        return new DagSettings(
                S3Server.LANDING,
                S3Server.BRONZE,
                S3Server.SILVER,
                S3Server.GOLD,
                LocalEnvironment.NAMES.catalog(LakeBucket.GOLD),
                SPECTRUM_DATABASE,
                DmsServer.ARN,
                "local",
                true,
                SOURCE_KEYS,
                new DagSettings.Warehouse(
                        "127.0.0.1",
                        platform.postgres().port(),
                        PostgresServer.WAREHOUSE,
                        LocalEnvironment.NAMES.environment(),
                        SPECTRUM_ROLE));
    }

    private static ObjectNode serverlessRequest(SparkJob job, List<String> options) {
        ObjectNode request = AwsJson.JSON
                .createObjectNode()
                .put("name", job.id())
                .put("applicationId", EmrServerlessServer.APPLICATION)
                .put("executionRoleArn", "arn:aws:iam::123456789012:role/local");
        ObjectNode driver = request.putObject("jobDriver").putObject("sparkSubmit");
        driver.put("entryPoint", SparkSubmit.jar());
        driver.put("sparkSubmitParameters", String.join(" ", options));
        ArrayNode arguments = driver.putArray("entryPointArguments");
        job.arguments(LocalPlatform::address).forEach(arguments::add);
        request.putObject("configurationOverrides")
                .putObject("monitoringConfiguration")
                .putObject("s3MonitoringConfiguration")
                .put("logUri", "s3://" + S3Server.LOGS + "/spark/");
        return request;
    }

    private static ObjectNode clusterRequest(SparkJob job, List<String> options) {
        ObjectNode request = AwsJson.JSON
                .createObjectNode()
                .put("Name", job.id())
                .put("ReleaseLabel", "local")
                .put("LogUri", "s3://" + S3Server.LOGS + "/spark/");
        request.putObject("Instances").put("KeepJobFlowAliveWhenNoSteps", false);
        ObjectNode step = request.putArray("Steps").addObject().put("Name", job.id());
        step.put("ActionOnFailure", "TERMINATE_CLUSTER");
        ArrayNode arguments = step.putObject("HadoopJarStep")
                .put("Jar", "command-runner.jar")
                .putArray("Args")
                .add("spark-submit");
        options.forEach(arguments::add);
        arguments.add(SparkSubmit.jar());
        job.arguments(LocalPlatform::address).forEach(arguments::add);
        return request;
    }

    private void putParameters(Map<String, ? extends JsonNode> parameters) {
        try (SsmClient ssm = moto.client(SsmClient.builder())) {
            parameters.forEach(
                    (name, value) -> ssm.putParameter(request -> request.name(LocalEnvironment.NAMES.path(name))
                            .value(value.toString())
                            .type(ParameterType.STRING)
                            .overwrite(true)));
        }
    }

    /** Stops them; what gold's catalog holds is there again at the next start. */
    @Override
    public void close() {
        Closing.all(gold::keep, this::stop);
    }

    private void stop() {
        List<AutoCloseable> lastFirst = new ArrayList<>(servers);
        Collections.reverse(lastFirst);
        lastFirst.add(moto);
        Closing.all(lastFirst);
    }
}
