package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.DagSettings;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.CustomResource;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.CompositePrincipal;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.redshift.CfnCluster;
import software.amazon.awscdk.services.redshift.CfnClusterParameterGroup;
import software.amazon.awscdk.services.redshift.CfnClusterSubnetGroup;
import software.amazon.awscdk.services.redshiftserverless.CfnNamespace;
import software.amazon.awscdk.services.redshiftserverless.CfnWorkgroup;
import software.constructs.Construct;

/** The warehouse: Redshift, which reads silver where it stands and keeps the marts. */
public final class WarehouseStack extends Stack {
    private static final int PORT = 5439;
    private static final String DATABASE = "dw";
    private static final String ADMIN = "dw_admin";

    private final Deployment deployment;
    private final LakeStack lake;
    private final IKey key;
    private final SharedParameter securityGroup;
    private SharedParameter host;
    /** The ARN of the workgroup, whose end AWS makes up, where there is one. */
    private Optional<SharedParameter> workgroup = Optional.empty();

    WarehouseStack(Construct scope, Deployment deployment, LakeStack lake, NetworkStack network, CatalogStack catalog) {
        super(scope, deployment.names().of("warehouse"), deployment.stack("warehouse", "The warehouse"));
        addStackDependency(catalog);
        this.deployment = deployment;
        this.lake = lake;
        this.key = lake.key(this);
        IVpc vpc = network.vpc(this);
        SecurityGroup group = NetworkStack.securityGroup(this, "Reach", vpc, "The warehouse");
        this.securityGroup = new SharedParameter(
                this, deployment.names().path("warehouse/security-group-id"), group.getSecurityGroupId());
        if (deployment.environment().nat()) {
            // where all that it reads and writes goes through the network
            group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to S3 and the Glue catalog");
        }
        Role spectrum = spectrum();
        Environment.Warehouse runsOn = deployment.environment().warehouse();
        if (runsOn instanceof Environment.Warehouse.Serverless serverless) {
            serverless(serverless, spectrum, group, network.privateSubnetIds(this));
        } else {
            cluster((Environment.Warehouse.Cluster) runsOn, spectrum, group, network.privateSubnetIds(this));
        }
    }

    /** What the workgroup or the cluster is called. */
    static String identifier(Names names) {
        return names.of("warehouse");
    }

    /** Lets what has this security group connect, from another stack. */
    void allowConnecting(SecurityGroup from) {
        var to = NetworkStack.securityGroup(from, "Warehouse", securityGroup);
        from.addEgressRule(to, Port.tcp(PORT), "to the warehouse");
        to.addIngressRule(from, Port.tcp(PORT), "to the warehouse", true);
    }

    /** What lets one connect with a password of the moment, from another stack. */
    List<PolicyStatement> signingIn(Construct scope) {
        if (workgroup.isPresent()) {
            return List.of(Iam.allow(
                    List.of("redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"),
                    workgroup.get().in(scope)));
        }
        return List.of(
                Iam.allow(
                        List.of("redshift:GetClusterCredentialsWithIAM"),
                        Iam.arn("redshift", "dbname:" + identifier(deployment.names()) + "/" + DATABASE)),
                Iam.allow(
                        List.of("redshift:DescribeClusters"),
                        Iam.arn("redshift", "cluster:" + identifier(deployment.names()))));
    }

    /** What lets one have statements run as oneself and see their columns, from another stack. */
    List<PolicyStatement> writing(Construct scope) {
        return List.of(
                Iam.allow(List.of("redshift-data:BatchExecuteStatement", "redshift-data:DescribeTable"), arn(scope)),
                ownStatements("redshift-data:DescribeStatement", "redshift-data:CancelStatement"));
    }

    /** What lets one have queries run as oneself and read what they give, from another stack. */
    List<PolicyStatement> asking(Construct scope) {
        return List.of(
                Iam.allow(
                        List.of(
                                "redshift-data:DescribeTable",
                                "redshift-data:ExecuteStatement",
                                "redshift-data:ListSchemas",
                                "redshift-data:ListTables"),
                        arn(scope)),
                ownStatements(
                        "redshift-data:CancelStatement",
                        "redshift-data:DescribeStatement",
                        "redshift-data:GetStatementResult"));
    }

    private String arn(Construct scope) {
        return workgroup
                .map(arn -> arn.in(scope))
                .orElse(Iam.arn("redshift", "cluster:" + identifier(deployment.names())));
    }

    /** A statement has no ARN: whoever asks may do this to those that it has submitted itself. */
    private static PolicyStatement ownStatements(String... actions) {
        return Iam.allow(
                List.of(actions),
                Map.of("StringEquals", Map.of("redshift-data:statement-owner-iam-userid", "${aws:userid}")),
                "*");
    }

    /** What a client has to know, for another stack. */
    DagSettings.Warehouse connection(Construct scope) {
        return new DagSettings.Warehouse(
                host.in(scope), PORT, DATABASE, identifier(deployment.names()), Iam.role(spectrumRole()));
    }

    private SharedParameter host(String address) {
        return new SharedParameter(this, deployment.names().path("warehouse/host"), address);
    }

    private String spectrumRole() {
        return deployment.names().of("spectrum");
    }

    private Role spectrum() {
        Role role = Role.Builder.create(this, "SpectrumRole")
                .roleName(spectrumRole())
                .assumedBy(new CompositePrincipal(Iam.service("redshift"), Iam.service("redshift-serverless")))
                .description("How the warehouse reads silver and writes gold")
                .build();
        lake.allowReading(role, LakeBucket.SILVER, "");
        lake.allowWriting(role, LakeBucket.GOLD, "");
        String database = externalDatabase();
        role.addToPolicy(Iam.allow(
                List.of(
                        "glue:GetDatabase",
                        "glue:GetDatabases",
                        "glue:GetTable",
                        "glue:GetTables",
                        "glue:GetPartition",
                        "glue:GetPartitions",
                        "glue:BatchGetPartition"),
                Iam.glueTables(database)));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:glue:/",
                "Tables come with contracts; the grant ends at silver's database.");
        return role;
    }

    private String externalDatabase() {
        return GlueTable.database(deployment.names(), Format.SYMLINK);
    }

    private void serverless(
            Environment.Warehouse.Serverless size, Role spectrum, SecurityGroup group, List<String> subnets) {
        String name = identifier(deployment.names());
        CfnNamespace namespace = CfnNamespace.Builder.create(this, "Namespace")
                .namespaceName(name)
                .dbName(DATABASE)
                .adminUsername(ADMIN)
                .manageAdminPassword(true)
                .adminPasswordSecretKmsKeyId(key.getKeyArn())
                .kmsKeyId(key.getKeyArn())
                .iamRoles(List.of(spectrum.getRoleArn()))
                .logExports(List.of("userlog", "connectionlog", "useractivitylog"))
                .build();
        namespace.applyRemovalPolicy(deployment.data());
        namespace.getNode().addDependency(spectrum);
        CfnWorkgroup workgroup = CfnWorkgroup.Builder.create(this, "Workgroup")
                .workgroupName(name)
                .namespaceName(name)
                .baseCapacity(size.units())
                // what a query that got out of hand can cost
                .maxCapacity(size.mostUnits())
                .publiclyAccessible(false)
                .enhancedVpcRouting(deployment.environment().nat())
                .port(PORT)
                .subnetIds(subnets)
                .securityGroupIds(List.of(group.getSecurityGroupId()))
                .configParameters(
                        List.of(parameter("require_ssl", "true"), parameter("max_query_execution_time", "3600")))
                .build();
        workgroup.addResourceDependency(namespace);
        workgroup.applyRemovalPolicy(deployment.data());
        this.host = host(workgroup.getAttrWorkgroupEndpointAddress());
        this.workgroup = Optional.of(new SharedParameter(
                this, deployment.names().path("warehouse/workgroup-arn"), workgroup.getAttrWorkgroupWorkgroupArn()));
        setUp(Map.of("WorkgroupName", name), workgroup.getAttrWorkgroupWorkgroupArn(), workgroup);
    }

    private static CfnWorkgroup.ConfigParameterProperty parameter(String key, String value) {
        return CfnWorkgroup.ConfigParameterProperty.builder()
                .parameterKey(key)
                .parameterValue(value)
                .build();
    }

    private void cluster(Environment.Warehouse.Cluster size, Role spectrum, SecurityGroup group, List<String> subnets) {
        String name = identifier(deployment.names());
        CfnClusterSubnetGroup subnetGroup = CfnClusterSubnetGroup.Builder.create(this, "Subnets")
                .description("Where the warehouse runs")
                .subnetIds(subnets)
                .build();
        CfnClusterParameterGroup parameters = CfnClusterParameterGroup.Builder.create(this, "Parameters")
                .description("Connections are encrypted and logged")
                .parameterGroupFamily("redshift-1.0")
                .parameters(List.of(
                        CfnClusterParameterGroup.ParameterProperty.builder()
                                .parameterName("require_ssl")
                                .parameterValue("true")
                                .build(),
                        CfnClusterParameterGroup.ParameterProperty.builder()
                                .parameterName("enable_user_activity_logging")
                                .parameterValue("true")
                                .build()))
                .build();
        CfnCluster cluster = CfnCluster.Builder.create(this, "Cluster")
                .clusterIdentifier(name)
                .clusterType(size.nodes() == 1 ? "single-node" : "multi-node")
                .nodeType(size.node())
                .numberOfNodes(size.nodes())
                .dbName(DATABASE)
                .masterUsername(ADMIN)
                .manageMasterPassword(true)
                .masterPasswordSecretKmsKeyId(key.getKeyArn())
                .encrypted(true)
                .kmsKeyId(key.getKeyArn())
                .port(PORT)
                .publiclyAccessible(false)
                .enhancedVpcRouting(deployment.environment().nat())
                .allowVersionUpgrade(true)
                .automatedSnapshotRetentionPeriod(7)
                .clusterSubnetGroupName(subnetGroup.getRef())
                .clusterParameterGroupName(parameters.getRef())
                .vpcSecurityGroupIds(List.of(group.getSecurityGroupId()))
                .iamRoles(List.of(spectrum.getRoleArn()))
                .loggingProperties(CfnCluster.LoggingPropertiesProperty.builder()
                        .logDestinationType("cloudwatch")
                        .logExports(List.of("userlog", "connectionlog", "useractivitylog"))
                        .build())
                .build();
        cluster.applyRemovalPolicy(deployment.deletesData() ? RemovalPolicy.DESTROY : RemovalPolicy.SNAPSHOT);
        cluster.getNode().addDependency(spectrum);
        Waivers.nag(cluster, "AwsSolutions-RS4", "The network lets nobody near who would have to guess the port.");
        String logs = "It logs to CloudWatch, which the rule, older than that, does not know.";
        Waivers.nag(cluster, "AwsSolutions-RS5", logs);
        Waivers.checkov(cluster, "CKV_AWS_71", logs);
        this.host = host(cluster.getAttrEndpointAddress());
        setUp(Map.of("ClusterIdentifier", name), Iam.arn("redshift", "cluster:" + name), cluster);
    }

    /** Makes the external schema, roles, users and grants once the warehouse is there, and again when their SQL changes. */
    private void setUp(Map<String, String> target, String arn, Construct warehouse) {
        // as Redshift calls the secret that it keeps; CloudFormation does not return its ARN
        String secret = "redshift!" + identifier(deployment.names()) + "-" + ADMIN;
        Function function = JavaFunction.of(
                this,
                deployment,
                lake.key(this),
                "set-up-warehouse",
                "SetUpWarehouse",
                builder -> builder.description("Makes the warehouse's external schema, roles, users and grants"));
        Role role = JavaFunction.role(function);
        role.addToPolicy(Iam.allow(List.of("redshift-data:ExecuteStatement"), arn));
        role.addToPolicy(ownStatements("redshift-data:DescribeStatement"));
        role.addToPolicy(Iam.allow(
                List.of("secretsmanager:GetSecretValue"), Iam.arn("secretsmanager", "secret:" + secret + "-??????")));
        role.addToPolicy(Iam.allow(List.of("kms:Decrypt"), key.getKeyArn()));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::\\*$/",
                "A statement has no ARN; the condition leaves the function its own ones.");
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/secret:redshift!/",
                "Secrets Manager puts six characters of its own behind a secret's name.");
        Waivers.checkov(function, "CKV_AWS_117", "It calls the Redshift Data API, which is not in our network.");
        CustomResource made = CustomResource.Builder.create(this, "SetUp")
                .resourceType("Custom::WarehouseSetup")
                .serviceToken(function.getFunctionArn())
                .properties(Map.of(
                        target.keySet().iterator().next(),
                        target.values().iterator().next(),
                        "Database",
                        DATABASE,
                        "SecretArn",
                        secret,
                        "ExternalDatabase",
                        externalDatabase(),
                        "SpectrumRoleArn",
                        Iam.role(spectrumRole()),
                        "LoaderUser",
                        deployment.names().dagsUser(),
                        "SqlVersion",
                        FileSystem.fingerprint(deployment.file(JavaFunction.jar("set-up-warehouse")))))
                .build();
        made.getNode().addDependency(warehouse, role);
    }
}
