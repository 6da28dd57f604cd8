package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.config.OwnSource;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.InstanceType;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.iam.Role;
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
import software.constructs.Construct;

/** The shop's database: PostgreSQL that only the network reaches, whose changes can be followed. */
public final class SourceDatabaseStack extends Stack {
    static final int PORT = 5432;
    private static final int GROWTH = 5;
    private static final String ADMIN = "shop_admin";

    private final Deployment deployment;
    private final LakeStack lake;
    private final String database;
    private final Optional<SharedParameter> host;
    private final SharedParameter secret;
    private final SharedParameter securityGroup;

    SourceDatabaseStack(Construct scope, Deployment deployment, LakeStack lake, NetworkStack network) {
        super(
                scope,
                deployment.names().of("source-database"),
                deployment.stack("source-database", "The shop's PostgreSQL database"));
        this.deployment = deployment;
        this.lake = lake;
        Names names = deployment.names();
        Optional<OwnSource> own = deployment.source();
        ISecurityGroup group;
        String secretArn;
        if (own.isPresent()) {
            group = SecurityGroup.fromSecurityGroupId(this, "Reach", own.get().securityGroup());
            this.database = own.get().database();
            // its host and port stand there, too
            secretArn = own.get().secretArn();
            this.host = Optional.empty();
        } else {
            IVpc vpc = network.vpc(this);
            group = NetworkStack.securityGroup(this, "Reach", vpc, "The source database");
            this.database = "shop";
            DatabaseSecret password = password();
            secretArn = password.getSecretArn();
            DatabaseInstance instance = instance(vpc, network.privateSubnets(this), group, password);
            this.host = Optional.of(new SharedParameter(
                    this, names.path("source-database/host"), instance.getDbInstanceEndpointAddress()));
        }
        this.secret = new SharedParameter(this, names.path("source-database/secret-arn"), secretArn);
        this.securityGroup =
                new SharedParameter(this, names.path("source-database/security-group-id"), group.getSecurityGroupId());
    }

    private DatabaseSecret password() {
        DatabaseSecret password = DatabaseSecret.Builder.create(this, "Password")
                .secretName(deployment.names().of("source-database"))
                .username(ADMIN)
                .dbname(database)
                .encryptionKey(lake.key(this))
                .build();
        Waivers.nag(password, "AwsSolutions-SMG4", "It is changed every month by what the stack source-upkeep has.");
        Waivers.checkov(
                password, "CKV_AWS_149", "It is encrypted with the platform's own key, whose name comes from SSM.");
        return password;
    }

    private DatabaseInstance instance(
            IVpc vpc, SubnetSelection subnets, ISecurityGroup group, DatabaseSecret password) {
        Names names = deployment.names();
        Environment.Database size = deployment.environment().database();
        LogGroup logs = LogGroup.Builder.create(this, "Logs")
                .logGroupName("/aws/rds/instance/" + identifier(names) + "/postgresql")
                .encryptionKey(lake.key(this))
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        var engine = DatabaseInstanceEngine.postgres(PostgresInstanceEngineProps.builder()
                .version(PostgresEngineVersion.VER_16_13)
                .build());
        DatabaseInstance instance = DatabaseInstance.Builder.create(this, "Database")
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
        return instance;
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

    /** How a function of another stack reaches it: what the environment variables of {@code SourceDatabase} are to hold. */
    Map<String, String> access(Construct scope) {
        Map<String, String> access =
                new TreeMap<>(Map.of("DATABASE_NAME", database, "DATABASE_SECRET_ARN", secretArn(scope)));
        host.ifPresent(known -> {
            access.put("DATABASE_HOST", known.in(scope));
            access.put("DATABASE_PORT", Integer.toString(PORT));
        });
        return access;
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

    /** Lets what has this security group connect, from another stack. */
    void allowConnecting(SecurityGroup from) {
        ISecurityGroup to = NetworkStack.securityGroup(from, "SourceDatabase", securityGroup);
        from.addEgressRule(to, Port.tcp(PORT), "to the source database");
        to.addIngressRule(from, Port.tcp(PORT), "to the source database", true);
    }
}
