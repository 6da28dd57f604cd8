package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.Json;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.SparkJob;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.emrserverless.CfnApplication;
import software.amazon.awscdk.services.iam.IPrincipal;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.s3.assets.Asset;
import software.constructs.Construct;

/**
 * What runs the Spark jobs. The request that starts a job stands in SSM, whole, so that whoever starts it needs to know nothing of where
 * it runs.
 */
public final class SparkStack extends Stack {
    public static final String RELEASE = "emr-7.13.0";
    /** AmazonEMRServicePolicy_v2 asks for it on what EMR may use. */
    static final String EMR_TAG = "for-use-with-amazon-emr-managed-policies";

    private static final String JAR = "spark-jobs/target/spark-jobs.jar";
    private static final String LINEAGE_JAR = "spark-jobs/target/openlineage-spark.jar";
    private static final String LOG_FOLDER = "spark/";
    private static final String DELTA =
            "/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar";

    private final Deployment deployment;
    private final LakeStack lake;
    private final Asset jar;
    private final Optional<Asset> lineage;
    private Optional<SharedParameter> application = Optional.empty();

    SparkStack(Construct scope, Deployment deployment, LakeStack lake, NetworkStack network) {
        super(scope, deployment.names().of("spark"), deployment.stack("spark", "What runs the Spark jobs"));
        this.deployment = deployment;
        this.lake = lake;
        this.jar = Asset.Builder.create(this, "Jar").path(deployment.file(JAR)).build();
        this.lineage = deployment.emitsLineage()
                ? Optional.of(Asset.Builder.create(this, "LineageJar")
                        .path(deployment.file(LINEAGE_JAR))
                        .build())
                : Optional.empty();
        Environment.Spark runsOn = deployment.environment().spark();
        // EC2 assumes roles for an instance profile of the account, and knows no such condition
        Role role = jobRole(
                runsOn instanceof Environment.Spark.Serverless
                        ? Iam.service("emr-serverless")
                        : new ServicePrincipal("ec2.amazonaws.com"));
        Function<SparkJob, Map<String, Object>> request = runsOn instanceof Environment.Spark.Serverless serverless
                ? serverless(serverless, role, network)
                : clusters((Environment.Spark.Clusters) runsOn, role, network);
        for (SparkJob job : SparkJob.values()) {
            new SharedParameter(this, deployment.names().path(job.parameter()), Json.text(this, request.apply(job)));
        }
    }

    private List<String> arguments(SparkJob job) {
        return job.arguments(bucket -> "s3://" + deployment.bucket(bucket));
    }

    /** Lets a role start the jobs and see how they go, from another stack. */
    void allowStarting(Role role) {
        if (application.isPresent()) {
            String arn = "arn:" + Aws.PARTITION + ":emr-serverless:" + Aws.REGION + ":" + Aws.ACCOUNT_ID
                    + ":/applications/" + application.get().in(role);
            role.addToPolicy(Iam.allow(
                    List.of(
                            "emr-serverless:StartJobRun",
                            "emr-serverless:GetApplication",
                            "emr-serverless:StartApplication"),
                    arn));
            role.addToPolicy(
                    Iam.allow(List.of("emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"), arn + "/jobruns/*"));
            Waivers.nag(role, "AwsSolutions-IAM5", "/jobruns.*\\*$/", "A run's id is made up when it starts.");
        } else {
            String environment = deployment.environment().name();
            role.addToPolicy(Iam.allow(
                    List.of("elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags"),
                    Map.of("StringEquals", Map.of("elasticmapreduce:RequestTag/environment", environment)),
                    "*"));
            role.addToPolicy(Iam.allow(
                    List.of(
                            "elasticmapreduce:DescribeCluster",
                            "elasticmapreduce:DescribeStep",
                            "elasticmapreduce:ListSteps",
                            "elasticmapreduce:TerminateJobFlows"),
                    Map.of("StringEquals", Map.of("elasticmapreduce:ResourceTag/environment", environment)),
                    Iam.arn("elasticmapreduce", "cluster/*")));
            role.addToPolicy(Iam.passRole(Iam.role(serviceRole()), "elasticmapreduce"));
            Waivers.nag(
                    role,
                    "AwsSolutions-IAM5",
                    "/^Resource::(\\*|arn:<AWS::Partition>:elasticmapreduce:.*)$/",
                    "A cluster's id is made up when it starts; the grant ends at this environment's tag.");
        }
        role.addToPolicy(Iam.passRole(Iam.role(jobRole()), application.isPresent() ? "emr-serverless" : "ec2"));
    }

    /** The EMR Serverless application, for another stack; none where clusters do the work. */
    Optional<String> applicationId(Construct scope) {
        return application.map(parameter -> parameter.in(scope));
    }

    private Role jobRole(IPrincipal service) {
        Role role = Role.Builder.create(this, "JobRole")
                .roleName(jobRole())
                .assumedBy(service)
                .description("What a Spark job reads and writes")
                .build();
        lake.allowReading(role, LakeBucket.BRONZE, "");
        lake.allowReading(role, LakeBucket.LANDING, "");
        lake.allowWriting(role, LakeBucket.SILVER, "");
        lake.allowWriting(role, LakeBucket.LOGS, LOG_FOLDER);
        for (Asset each : Stream.concat(Stream.of(jar), lineage.stream()).toList()) {
            role.addToPolicy(Iam.allow(List.of("s3:GetObject"), each.getBucket().arnForObjects(each.getS3ObjectKey())));
        }
        return role;
    }

    /**
     * The {@code spark-submit} parameters of a job.
     *
     * @param jars that EMR has and this kind of it does not add by itself
     */
    private List<String> options(SparkJob job, String jars) {
        List<String> options = new ArrayList<>(job.options());
        String all = Stream.concat(Stream.of(jars), lineage.map(Asset::getS3ObjectUrl).stream())
                .filter(each -> !each.isEmpty())
                .collect(Collectors.joining(","));
        if (!all.isEmpty()) {
            options.addAll(List.of("--conf", "spark.jars=" + all));
        }
        if (deployment.emitsLineage()) {
            options.addAll(List.of(
                    "--conf",
                    "spark.extraListeners=io.openlineage.spark.agent.OpenLineageSparkListener",
                    "--conf",
                    "spark.openlineage.namespace=" + deployment.names().namespace(),
                    "--conf",
                    "spark.openlineage.transport.type=http",
                    "--conf",
                    "spark.openlineage.transport.url=" + deployment.openLineageUrl()));
        }
        return options;
    }

    private String logUri() {
        return deployment.s3(LakeBucket.LOGS, LOG_FOLDER);
    }

    private Function<SparkJob, Map<String, Object>> serverless(
            Environment.Spark.Serverless size, Role role, NetworkStack network) {
        CfnApplication made = CfnApplication.Builder.create(this, "Application")
                .networkConfiguration(deployment.emitsLineage() ? inNetwork(network) : null)
                .name(deployment.names().of("spark"))
                .type("SPARK")
                .releaseLabel(RELEASE)
                .architecture("ARM64")
                .autoStartConfiguration(CfnApplication.AutoStartConfigurationProperty.builder()
                        .enabled(true)
                        .build())
                .autoStopConfiguration(CfnApplication.AutoStopConfigurationProperty.builder()
                        .enabled(true)
                        .idleTimeoutMinutes(5)
                        .build())
                // a job that is started while another runs waits for it: two of them never change a table at once
                .schedulerConfiguration(CfnApplication.SchedulerConfigurationProperty.builder()
                        .maxConcurrentRuns(1)
                        .queueTimeoutMinutes(360)
                        .build())
                .maximumCapacity(CfnApplication.MaximumAllowedResourcesProperty.builder()
                        .cpu(size.vcpus() + " vCPU")
                        .memory(size.vcpus() * 8 + " GB")
                        .disk(size.vcpus() * 20 + " GB")
                        .build())
                .build();
        this.application =
                Optional.of(new SharedParameter(this, deployment.names().path("spark/application-id"), made.getRef()));
        return job -> Map.of(
                "name",
                job.id(),
                "applicationId",
                made.getRef(),
                "executionRoleArn",
                role.getRoleArn(),
                "jobDriver",
                Map.of(
                        "sparkSubmit",
                        Map.of(
                                "entryPoint",
                                jar.getS3ObjectUrl(),
                                "entryPointArguments",
                                arguments(job),
                                "sparkSubmitParameters",
                                String.join(" ", options(job, DELTA)))),
                "configurationOverrides",
                Map.of("monitoringConfiguration", Map.of("s3MonitoringConfiguration", Map.of("logUri", logUri()))));
    }

    /** Outside of our network EMR Serverless reaches nothing but AWS of its region, and so nobody who takes events of OpenLineage. */
    private CfnApplication.NetworkConfigurationProperty inNetwork(NetworkStack network) {
        SecurityGroup group = NetworkStack.securityGroup(this, "Reach", network.vpc(this), "Spark");
        group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to AWS, and to who takes events of OpenLineage");
        return CfnApplication.NetworkConfigurationProperty.builder()
                .subnetIds(network.privateSubnetIds(this))
                .securityGroupIds(List.of(group.getSecurityGroupId()))
                .build();
    }

    private String jobRole() {
        return deployment.names().of("spark-job");
    }

    private String serviceRole() {
        return deployment.names().of("emr");
    }

    private Function<SparkJob, Map<String, Object>> clusters(
            Environment.Spark.Clusters size, Role role, NetworkStack network) {
        Map<String, Object> cluster =
                SparkCluster.create(this, deployment, size, role, serviceRole(), network, lake.key(this), logUri());
        return job -> {
            Map<String, Object> request = new HashMap<>(cluster);
            request.put("Name", deployment.names().of(job.id()));
            List<String> command = new ArrayList<>(List.of("spark-submit"));
            command.addAll(options(job, ""));
            command.add(jar.getS3ObjectUrl());
            command.addAll(arguments(job));
            request.put(
                    "Steps",
                    List.of(Map.of(
                            "Name",
                            job.id(),
                            "ActionOnFailure",
                            "TERMINATE_CLUSTER",
                            "HadoopJarStep",
                            Map.of("Jar", "command-runner.jar", "Args", command))));
            return request;
        };
    }
}
