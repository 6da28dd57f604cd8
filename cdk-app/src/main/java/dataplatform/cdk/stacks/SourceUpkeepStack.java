package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.JavaFunction;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.SilverState;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.CustomResource;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.FileSystem;
import software.amazon.awscdk.Size;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.TimeZone;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.scheduler.CronOptionsWithTimezone;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.amazon.awscdk.services.secretsmanager.HostedRotation;
import software.amazon.awscdk.services.secretsmanager.RotationScheduleOptions;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.secretsmanager.SecretAttributes;
import software.amazon.awscdk.services.secretsmanager.SingleUserHostedRotationOptions;
import software.constructs.Construct;

/**
 * What works with the source database, in a stack of its own: a first deployment that fails here leaves the database's stack as it is,
 * whose deletion the database's protection would refuse.
 */
public final class SourceUpkeepStack extends Stack {
    private final Deployment deployment;
    private final LakeStack lake;
    private final SourceDatabaseStack database;
    private final IVpc vpc;
    private final SubnetSelection subnets;
    private final SharedParameter sourceKeys;

    SourceUpkeepStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            NetworkStack network,
            SourceDatabaseStack database) {
        super(
                scope,
                deployment.names().of("source-upkeep"),
                deployment.stack("source-upkeep", "The tables, password and nights of the source database"));
        this.deployment = deployment;
        this.lake = lake;
        this.database = database;
        this.vpc = network.vpc(this);
        this.subnets = network.privateSubnets(this);
        if (deployment.source().isEmpty()) {
            tables();
            rotate();
            if (deployment.environment().demoData()) {
                loader();
            }
            if (deployment.environment().rests()) {
                stopInTheEvening();
            }
        }
        this.sourceKeys = new SharedParameter(
                this,
                deployment.names().path("source-database/keys-function-arn"),
                sourceKeys().getFunctionArn());
    }

    private void rotate() {
        SecurityGroup rotation =
                NetworkStack.securityGroup(this, "Rotation", vpc, "Changes the password of the database");
        rotation.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to Secrets Manager");
        database.allowConnecting(rotation);
        Secret.fromSecretAttributes(
                        this,
                        "Password",
                        SecretAttributes.builder()
                                .secretCompleteArn(database.secretArn(this))
                                .encryptionKey(lake.key(this))
                                .build())
                .addRotationSchedule(
                        "Schedule",
                        RotationScheduleOptions.builder()
                                .hostedRotation(
                                        HostedRotation.postgreSqlSingleUser(SingleUserHostedRotationOptions.builder()
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
    private void stopInTheEvening() {
        String identifier = SourceDatabaseStack.identifier(deployment.names());
        Schedule.Builder.create(this, "Stop")
                .scheduleName(deployment.names().of("stop-source-database"))
                .description("Stops the shop's database for the night")
                .schedule(daily("20", "0"))
                .target(Universal.Builder.create()
                        .service("rds")
                        .action("stopDBInstance")
                        .input(software.amazon.awscdk.services.scheduler.ScheduleTargetInput.fromObject(
                                Map.of("DbInstanceIdentifier", identifier)))
                        .policyStatements(
                                List.of(Iam.allow(List.of("rds:StopDBInstance"), Iam.arn("rds", "db:" + identifier))))
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
        Map<String, String> variables = new TreeMap<>(database.access(this));
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
                        .environment(database.access(this)));
        reach(function, tables);
        CustomResource made = CustomResource.Builder.create(this, "CreateTables")
                .resourceType("Custom::SourceTables")
                .serviceToken(function.getFunctionArn())
                .properties(
                        Map.of("Version", FileSystem.fingerprint(deployment.file(JavaFunction.jar("source-database")))))
                .build();
        // and the rules that let it reach the database
        made.getNode().addDependency(JavaFunction.role(function), tables);
    }

    private void loader() {
        SecurityGroup loading = NetworkStack.securityGroup(this, "Loader", vpc, "Loads the made-up shop");
        Function loader = JavaFunction.of(
                this, deployment, lake.key(this), "load-demo-data", "LoadDemoData", builder -> inNetwork(
                                builder, loading)
                        .description("Loads CSV files of the landing bucket into the shop's database")
                        .environment(database.access(this)));
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
        database.allowConnecting(from);
        Role role = JavaFunction.role(function);
        // with the key of the secret and of the function's own variables
        database.allowSecret(role, database.secretArn(this), "secretsmanager:GetSecretValue");
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

    /** ARN of the function that looks which rows the tables have, for another stack. */
    String sourceKeysArn(Construct scope) {
        return sourceKeys.in(scope);
    }
}
