package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.config.OwnSource;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import dataplatform.platform.SilverState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.CustomResource;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Size;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.TimeZone;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.rds.CaCertificate;
import software.amazon.awscdk.services.rds.Credentials;
import software.amazon.awscdk.services.rds.DatabaseInstance;
import software.amazon.awscdk.services.rds.DatabaseInstanceEngine;
import software.amazon.awscdk.services.rds.DatabaseSecret;
import software.amazon.awscdk.services.rds.ParameterGroup;
import software.amazon.awscdk.services.rds.PerformanceInsightRetention;
import software.amazon.awscdk.services.rds.PostgresEngineVersion;
import software.amazon.awscdk.services.rds.PostgresInstanceEngineProps;
import software.amazon.awscdk.services.rds.StorageType;
import software.amazon.awscdk.services.scheduler.CronOptionsWithTimezone;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.amazon.awscdk.services.secretsmanager.HostedRotation;
import software.amazon.awscdk.services.secretsmanager.ISecret;
import software.amazon.awscdk.services.secretsmanager.RotationScheduleOptions;
import software.amazon.awscdk.services.secretsmanager.SingleUserHostedRotationOptions;
import software.constructs.Construct;

/** The shop's database: PostgreSQL that only the network reaches, whose changes can be followed. */
public final class SourceDatabaseStack extends Stack {
    static final int PORT = 5432;
    private static final int GROWTH = 5;
    private static final String SECRET = "DATABASE_SECRET_ARN";
    private static final String INSTANCE = "Database";
    private static final String ADMIN = "shop_admin";

    private final Deployment deployment;
    private final LakeStack lake;
    private final IVpc vpc;
    private final SubnetSelection subnets;
    private final ISecurityGroup group;
    private final String database;
    private final Map<String, String> access;
    private final SharedParameter secret;
    private final SharedParameter securityGroup;
    private final SharedParameter sourceKeys;

    SourceDatabaseStack(Construct scope, Deployment deployment, LakeStack lake, NetworkStack network) {
        super(
                scope,
                deployment.names().of("source-database"),
                deployment.stack("source-database", "The shop's PostgreSQL database"));
        this.deployment = deployment;
        Names names = deployment.names();
        this.vpc = network.vpc(this);
        this.subnets = network.privateSubnets(this);
        this.lake = lake;
        Optional<OwnSource> own = deployment.source();
        this.group = own.isPresent()
                ? SecurityGroup.fromSecurityGroupId(this, "Reach", own.get().securityGroup())
                : NetworkStack.securityGroup(this, "Reach", vpc, "The source database");
        this.database = own.map(OwnSource::database).orElse("shop");
        this.access = own.map(SourceDatabaseStack::existing).orElseGet(this::make);
        this.secret = new SharedParameter(this, names.path("source-database/secret-arn"), access.get(SECRET));
        this.securityGroup =
                new SharedParameter(this, names.path("source-database/security-group-id"), group.getSecurityGroupId());
        if (own.isEmpty()) {
            tables();
            if (deployment.environment().demoData()) {
                loader();
            }
        }
        Function keys = sourceKeys();
        this.sourceKeys =
                new SharedParameter(this, names.path("source-database/keys-function-arn"), keys.getFunctionArn());
    }

    /** How functions reach a database that is there; its host and port stand in its secret. */
    private static Map<String, String> existing(OwnSource source) {
        return Map.of("DATABASE_NAME", source.database(), SECRET, source.secretArn());
    }

    /** Makes the shop's database; how functions reach it. */
    private Map<String, String> make() {
        Names names = deployment.names();
        Environment.Database size = deployment.environment().database();
        DatabaseSecret password = DatabaseSecret.Builder.create(this, "Password")
                .secretName(names.of("source-database"))
                .username(ADMIN)
                .dbname(this.database)
                .encryptionKey(lake.key(this))
                .build();
        LogGroup logs = LogGroup.Builder.create(this, "Logs")
                .logGroupName("/aws/rds/instance/" + identifier(names) + "/postgresql")
                .encryptionKey(lake.key(this))
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        var engine = DatabaseInstanceEngine.postgres(PostgresInstanceEngineProps.builder()
                .version(PostgresEngineVersion.VER_16_13)
                .build());
        DatabaseInstance instance = DatabaseInstance.Builder.create(this, INSTANCE)
                .instanceIdentifier(identifier(names))
                .engine(engine)
                .instanceType(new InstanceType(size.instance()))
                .vpc(vpc)
                .vpcSubnets(subnets)
                .securityGroups(List.of(group))
                .port(PORT)
                .publiclyAccessible(false)
                .databaseName(this.database)
                .credentials(Credentials.fromSecret(password))
                .iamAuthentication(true)
                .caCertificate(CaCertificate.RDS_CA_RSA2048_G1)
                .parameterGroup(ParameterGroup.Builder.create(this, "Parameters")
                        .engine(engine)
                        .description("Changes can be followed; connections are encrypted")
                        .parameters(Map.of(
                                "rds.force_ssl", "1",
                                "rds.logical_replication", "1",
                                // a replication that stands still for longer loses its place: better than a full disk
                                "max_slot_wal_keep_size", Integer.toString(slotLimitMegabytes(size)),
                                "log_min_duration_statement", "1000"))
                        .build())
                .allocatedStorage(size.gigabytes())
                .maxAllocatedStorage(size.gigabytes() * GROWTH)
                .storageType(StorageType.GP3)
                .storageEncrypted(true)
                .storageEncryptionKey(lake.key(this))
                .multiAz(size.multiAz())
                .backupRetention(Duration.days(size.backupDays()))
                .copyTagsToSnapshot(true)
                .autoMinorVersionUpgrade(true)
                .cloudwatchLogsExports(List.of("postgresql"))
                .enablePerformanceInsights(true)
                .performanceInsightEncryptionKey(lake.key(this))
                .performanceInsightRetention(PerformanceInsightRetention.DEFAULT)
                .monitoringInterval(Duration.minutes(1))
                .deletionProtection(!deployment.deletesData())
                .removalPolicy(deployment.deletesData() ? RemovalPolicy.DESTROY : RemovalPolicy.SNAPSHOT)
                .build();
        instance.getNode().addDependency(logs);
        new SharedParameter(this, names.path("source-database/host"), instance.getDbInstanceEndpointAddress());
        rotate(password, instance.getSecret());
        if (deployment.environment().rests()) {
            stopInTheEvening(instance);
        }
        Waivers.nag(instance, "AwsSolutions-RDS11", "The network lets nobody near who would have to guess the port.");
        Waivers.nag(
                instance,
                "AwsSolutions-IAM4",
                "/AmazonRDSEnhancedMonitoringRole/",
                "AWS keeps this policy, and it allows to write one log.");
        if (!size.multiAz()) {
            String reason = "Half an hour without this database is cheaper than a second one; it can be restored.";
            Waivers.nag(instance, "AwsSolutions-RDS3", reason);
            Waivers.checkov(instance, "CKV_AWS_157", reason);
        }
        if (deployment.deletesData()) {
            Waivers.nag(instance, "AwsSolutions-RDS10", "Both keys to delete this data were given.");
        }
        Waivers.checkov(
                password, "CKV_AWS_149", "It is encrypted with the platform's own key, whose name comes from SSM.");
        return Map.of(
                "DATABASE_HOST",
                instance.getDbInstanceEndpointAddress(),
                "DATABASE_PORT",
                Integer.toString(PORT),
                "DATABASE_NAME",
                database,
                SECRET,
                password.getSecretArn());
    }

    /** What the instance is called. */
    static String identifier(Names names) {
        return names.of("source");
    }

    /** How much log a replication that stands still may hold back: half of the disk. */
    static int slotLimitMegabytes(Environment.Database size) {
        return size.gigabytes() * 1024 / 2;
    }

    /** The database's name on its server. */
    String database() {
        return database;
    }

    /** The secret with everything that a connection needs, for another stack. */
    String secretArn(Construct scope) {
        return secret.in(scope);
    }

    /** Lets a role read the secret, be it of this stack or of another. */
    void allowSecret(Role role, String secretArn, String... actions) {
        role.addToPolicy(Iam.allow(List.of(actions), secretArn));
        role.addToPolicy(Iam.allow(List.of("kms:Decrypt"), lake.key(role).getKeyArn()));
        if (deployment.source().isPresent()) {
            // with whatever key somebody has encrypted it
            role.addToPolicy(Iam.allow(
                    List.of("kms:Decrypt"),
                    Map.of(
                            "StringEquals",
                            Map.of(
                                    "kms:EncryptionContext:SecretARN",
                                    secretArn,
                                    "kms:ViaService",
                                    "secretsmanager." + Aws.REGION + ".amazonaws.com")),
                    Iam.arn("kms", "key/*")));
            Waivers.nag(
                    role,
                    "AwsSolutions-IAM5",
                    "/^Resource::arn:<AWS::Partition>:kms:/",
                    "The key of a secret that is there already is not known; the condition names the secret.");
        }
    }

    /** ARN of the function that looks which rows the tables have, for another stack. */
    String sourceKeysArn(Construct scope) {
        return sourceKeys.in(scope);
    }

    /** Lets what has this security group connect, from another stack. */
    void allowConnecting(SecurityGroup from) {
        allow(from, NetworkStack.securityGroup(from, "SourceDatabase", securityGroup));
    }

    private static void allow(SecurityGroup from, ISecurityGroup to) {
        from.addEgressRule(to, Port.tcp(PORT), "to the source database");
        to.addIngressRule(from, Port.tcp(PORT), "to the source database", true);
    }

    private void rotate(DatabaseSecret password, ISecret attached) {
        SecurityGroup rotation =
                NetworkStack.securityGroup(this, "Rotation", vpc, "Changes the password of the database");
        rotation.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to Secrets Manager");
        allow(rotation, group);
        attached.addRotationSchedule(
                "Schedule",
                RotationScheduleOptions.builder()
                        .hostedRotation(HostedRotation.postgreSqlSingleUser(SingleUserHostedRotationOptions.builder()
                                .functionName(deployment.names().of("rotate-password"))
                                .vpc(vpc)
                                .vpcSubnets(subnets)
                                .securityGroups(List.of(rotation))
                                .excludeCharacters(" %+~`#$&*()|[]{}:;<>?!'/@\"\\")
                                .build()))
                        .automaticallyAfter(Duration.days(30))
                        // by itself it would begin while the tables are made, with the password that it changes
                        .rotateImmediatelyOnUpdate(false)
                        .build());
    }

    /** AWS starts a stopped instance again after a week: hence every evening. */
    private void stopInTheEvening(DatabaseInstance database) {
        Schedule.Builder.create(this, "Stop")
                .scheduleName(deployment.names().of("stop-source-database"))
                .description("Stops the shop's database for the night")
                .schedule(daily("20", "0"))
                .target(Universal.Builder.create()
                        .service("rds")
                        .action("stopDBInstance")
                        .input(software.amazon.awscdk.services.scheduler.ScheduleTargetInput.fromObject(
                                Map.of("DbInstanceIdentifier", identifier(deployment.names()))))
                        .policyStatements(List.of(Iam.allow(List.of("rds:StopDBInstance"), database.getInstanceArn())))
                        // that it is stopped already is no failure
                        .retryAttempts(0)
                        .build())
                .build();
    }

    /** A time of each day, in UTC. */
    static ScheduleExpression daily(String hour, String minute) {
        return ScheduleExpression.cron(CronOptionsWithTimezone.builder()
                .hour(hour)
                .minute(minute)
                .timeZone(TimeZone.ETC_UTC)
                .build());
    }

    /** Tells which rows the shop's tables have, to compare silver with. */
    private Function sourceKeys() {
        Map<String, String> variables = new TreeMap<>(access);
        variables.put("SILVER_BUCKET", deployment.bucket(LakeBucket.SILVER));
        SecurityGroup keys = NetworkStack.securityGroup(this, "Keys", vpc, "Looks which rows the shop has");
        Function function = JavaFunction.of(
                this, deployment, lake.key(this), "source-keys", "source-database", "SourceKeys", builder -> inNetwork(
                                builder, keys)
                        .description("Writes which rows the shop's tables have, to compare silver with")
                        .environment(variables));
        reach(function, keys);
        lake.allow(
                JavaFunction.role(function),
                LakeBucket.SILVER,
                SilverState.SOURCE_KEYS,
                List.of("s3:PutObject", "s3:DeleteObject"));
        return function;
    }

    /** DMS fails for good when it starts and finds no table: they are there before it is. */
    private void tables() {
        SecurityGroup tables = NetworkStack.securityGroup(this, "Tables", vpc, "Creates the tables of the shop");
        Function function = JavaFunction.of(
                this,
                deployment,
                lake.key(this),
                "source-tables",
                "source-database",
                "SourceTables",
                builder -> inNetwork(builder, tables)
                        .description("Creates the tables of the contracts that the shop's database lacks")
                        .memorySize(512)
                        .ephemeralStorageSize(Size.mebibytes(512))
                        .environment(access));
        reach(function, tables);
        CustomResource made = CustomResource.Builder.create(this, "CreateTables")
                .resourceType("Custom::SourceTables")
                .serviceToken(function.getFunctionArn())
                .properties(
                        Map.of("Version", FileSystem.fingerprint(deployment.file(JavaFunction.jar("source-database")))))
                .build();
        made.getNode().addDependency(getNode().findChild(INSTANCE), JavaFunction.role(function));
    }

    private void loader() {
        SecurityGroup loading = NetworkStack.securityGroup(this, "Loader", vpc, "Loads the made-up shop");
        Function loader = JavaFunction.of(
                this, deployment, lake.key(this), "load-demo-data", "LoadDemoData", builder -> inNetwork(
                                builder, loading)
                        .description("Loads CSV files of the landing bucket into the shop's database")
                        .environment(access));
        reach(loader, loading);
        lake.allow(JavaFunction.role(loader), LakeBucket.LANDING, "demo/", List.of("s3:GetObject"));
        // how `make load-demo` finds them
        new SharedParameter(this, deployment.names().path("landing-bucket"), deployment.bucket(LakeBucket.LANDING));
        new SharedParameter(this, deployment.names().path("load-demo-data-function"), loader.getFunctionName());
    }

    /** What functions that work with the database have in common: room for its rows, and a place in the network. */
    private Function.Builder inNetwork(Function.Builder builder, SecurityGroup from) {
        return builder.memorySize(2048)
                .ephemeralStorageSize(Size.gibibytes(4))
                .environmentEncryption(lake.key(this))
                .vpc(vpc)
                .vpcSubnets(subnets)
                .securityGroups(List.of(from));
    }

    /** Lets a function of the network work with the database. */
    private void reach(Function function, SecurityGroup from) {
        from.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to S3 and Secrets Manager");
        allow(from, group);
        Role role = JavaFunction.role(function);
        // with the key of the secret and of the function's own variables
        allowSecret(role, access.get(SECRET), "secretsmanager:GetSecretValue");
        role.addToPolicy(Iam.allow(
                List.of(
                        "ec2:CreateNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:DeleteNetworkInterface",
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:UnassignPrivateIpAddresses"),
                "*"));
        function.getNode().addDependency(role);
        String reason =
                "Lambda asks for its network interfaces on every resource before it puts the function into a network.";
        Waivers.checkov(role.getNode().findChild("DefaultPolicy"), "CKV_AWS_111", reason);
        Waivers.nag(role, "AwsSolutions-IAM5", "/^Resource::\\*$/", reason);
    }
}
