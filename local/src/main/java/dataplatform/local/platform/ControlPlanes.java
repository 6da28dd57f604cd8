package dataplatform.local.platform;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.contracts.Contracts;
import dataplatform.local.airflow.Lineage;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.Moto;
import dataplatform.local.dms.DmsServer;
import dataplatform.local.emr.EmrServer;
import dataplatform.local.emr.EmrServerlessServer;
import dataplatform.local.emr.SparkRuns;
import dataplatform.local.emr.SparkSubmit;
import dataplatform.local.glue.GlueServer;
import dataplatform.local.glue.GoldCatalog;
import dataplatform.local.lambda.LambdaRuntime;
import dataplatform.local.lambda.LambdaServer;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Closing;
import dataplatform.local.redshift.RedshiftDataServer;
import dataplatform.local.redshift.Unload;
import dataplatform.local.s3.S3Server;
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
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/**
 * The AWS services that Airflow calls, over the engines of one demo: EMR, EMR Serverless, DMS, Glue and the Redshift Data API with something real behind each, and
 * moto for the rest. What the deployment hands over to the DAGs in SSM stands there, too.
 */
public final class ControlPlanes implements AutoCloseable {
    /** What this machine stands for. */
    public static final String ENVIRONMENT = "dev";

    public static final String GOLD_DATABASE = "glue_ecommerce_" + ENVIRONMENT + "_data_lake_gold";

    private static final String SOURCE_KEYS = "source-keys";
    private static final String PARAMETERS = "/dataplatform/" + ENVIRONMENT + "/";

    private final Engines engines;
    private final Moto moto;
    private final GoldCatalog gold;
    private final List<AutoCloseable> servers = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();

    private ControlPlanes(Engines engines, Moto moto, GoldCatalog gold) {
        this.engines = engines;
        this.moto = moto;
        this.gold = gold;
        environment.putAll(moto.environment());
        environment.putAll(engines.s3().environment());
    }

    /**
     * Starts them.
     *
     * @param state folder that the engines keep everything in
     * @param sparkLines hears what Spark jobs print
     */
    public static ControlPlanes start(Engines engines, Path state, Consumer<String> sparkLines)
            throws IOException, InterruptedException, SQLException {
        Moto moto = Moto.start(state.resolve("logs"));
        ControlPlanes planes = new ControlPlanes(engines, moto, new GoldCatalog(moto, state.resolve("gold.json")));
        try {
            planes.start(state, sparkLines);
            return planes;
        } catch (IOException | SQLException | RuntimeException e) {
            Closing.after(e, planes::stop);
            throw e;
        }
    }

    private void start(Path state, Consumer<String> sparkLines) throws IOException, SQLException {
        SparkRuns spark = new SparkRuns(engines.spark(), engines.s3Client(), state.resolve("logs/spark"), sparkLines);
        servers.add(spark);
        EmrServer emr = EmrServer.start(spark);
        servers.add(emr);
        environment.putAll(emr.environment());
        EmrServerlessServer serverless = EmrServerlessServer.start(spark);
        servers.add(serverless);
        environment.putAll(serverless.environment());
        DmsServer dms = DmsServer.start(engines::replication);
        servers.add(dms);
        environment.putAll(dms.environment());
        GlueServer glue = GlueServer.start(moto, this::crawl);
        servers.add(glue);
        environment.putAll(glue.environment());
        RedshiftDataServer warehouse =
                RedshiftDataServer.start(engines.postgres(), new Unload(engines.s3Client(), state.resolve("tmp")));
        servers.add(warehouse);
        environment.putAll(warehouse.environment());
        LambdaRuntime sourceKeys = engines.sourceKeys(moto);
        servers.add(sourceKeys);
        LambdaServer lambda = LambdaServer.start(Map.of(SOURCE_KEYS, sourceKeys));
        servers.add(lambda);
        environment.putAll(lambda.environment());
        gold.restore();
        runSpark(false, Optional.empty());
        tell(Map.of("airflow/settings", settings()));
    }

    /** What an AWS SDK in a child process needs to find these services and no other. */
    public Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    Moto moto() {
        return moto;
    }

    /**
     * Says how the DAGs' Spark jobs run.
     *
     * @param onClusters on a cluster each, and not on the serverless application
     * @param lineage where they tell what they read and write
     */
    public void runSpark(boolean onClusters, Optional<Lineage> lineage) {
        for (Job job : Job.values()) {
            List<String> options = new ArrayList<>(SparkSubmit.options("dataplatform.spark." + job.mainClass));
            lineage.ifPresent(wanted -> options.addAll(wanted.sparkOptions()));
            tell(Map.of(
                    "spark/" + job.parameter,
                    onClusters ? clusterRequest(job, options) : serverlessRequest(job, options)));
        }
    }

    /** As a crawler of silver: the catalog in step, and what the warehouse sees through it. */
    private Void crawl() throws SQLException, IOException {
        engines.refreshSpectrum(Contracts.bundled());
        return null;
    }

    /** The Spark jobs that DAGs run. */
    private enum Job {
        BRONZE_TO_SILVER(
                "bronze-to-silver", "BronzeToSilver", List.of("--bronze", Engines.BRONZE, "--silver", Engines.SILVER)),
        LANDING_TO_SILVER(
                "landing-to-silver",
                "LandingToSilver",
                List.of("--landing", Engines.LANDING, "--silver", Engines.SILVER)),
        MAINTENANCE("maintenance", "Maintenance", List.of("--silver", Engines.SILVER));

        final String parameter;
        private final String mainClass;
        private final List<String> arguments;

        Job(String parameter, String mainClass, List<String> arguments) {
            this.parameter = parameter;
            this.mainClass = mainClass;
            this.arguments = arguments;
        }
    }

    private ObjectNode settings() {
        ObjectNode settings = AwsJson.JSON
                .createObjectNode()
                .put("landing", S3Server.LANDING)
                .put("silver", S3Server.SILVER)
                .put("gold", S3Server.GOLD)
                .put("gold_database", GOLD_DATABASE)
                .put("crawler", "silver")
                .put("replication", DmsServer.ARN)
                .put("replication_may_rest", true)
                .put("source_keys_function", SOURCE_KEYS);
        settings.putObject("warehouse")
                .put("host", "127.0.0.1")
                .put("port", engines.postgres().port())
                .put("database", PostgresServer.WAREHOUSE)
                .put("identifier", ENVIRONMENT)
                .put("unload_role", "arn:aws:iam::123456789012:role/local");
        return settings;
    }

    private static ObjectNode serverlessRequest(Job job, List<String> options) {
        ObjectNode request = AwsJson.JSON
                .createObjectNode()
                .put("name", job.parameter)
                .put("applicationId", EmrServerlessServer.APPLICATION)
                .put("executionRoleArn", "arn:aws:iam::123456789012:role/local");
        ObjectNode driver = request.putObject("jobDriver").putObject("sparkSubmit");
        driver.put("entryPoint", SparkSubmit.jar());
        driver.put("sparkSubmitParameters", String.join(" ", options));
        ArrayNode arguments = driver.putArray("entryPointArguments");
        job.arguments.forEach(arguments::add);
        request.putObject("configurationOverrides")
                .putObject("monitoringConfiguration")
                .putObject("s3MonitoringConfiguration")
                .put("logUri", "s3://" + S3Server.LOGS + "/spark/");
        return request;
    }

    private static ObjectNode clusterRequest(Job job, List<String> options) {
        ObjectNode request = AwsJson.JSON
                .createObjectNode()
                .put("Name", job.parameter)
                .put("ReleaseLabel", "local")
                .put("LogUri", "s3://" + S3Server.LOGS + "/spark/");
        request.putObject("Instances").put("KeepJobFlowAliveWhenNoSteps", false);
        ObjectNode step = request.putArray("Steps").addObject().put("Name", job.parameter);
        step.put("ActionOnFailure", "TERMINATE_CLUSTER");
        ArrayNode arguments = step.putObject("HadoopJarStep")
                .put("Jar", "command-runner.jar")
                .putArray("Args")
                .add("spark-submit");
        options.forEach(arguments::add);
        arguments.add(SparkSubmit.jar());
        job.arguments.forEach(arguments::add);
        return request;
    }

    private void tell(Map<String, ObjectNode> parameters) {
        try (SsmClient ssm = moto.client(SsmClient.builder())) {
            parameters.forEach((name, value) -> ssm.putParameter(request -> request.name(PARAMETERS + name)
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
