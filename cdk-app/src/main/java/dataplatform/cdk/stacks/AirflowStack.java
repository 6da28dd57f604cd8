package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.DeveloperMachine;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.constructs.Json;
import dataplatform.cdk.constructs.LandingEvents;
import dataplatform.cdk.constructs.ManagedAirflow;
import dataplatform.cdk.constructs.OnDemandAirflow;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.cdk.policy.Waivers;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.DagSettings;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import dataplatform.platform.SilverState;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.CompositePrincipal;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;
import software.constructs.Construct;

/** Airflow, which says when what runs: MWAA, or an instance that is there only while there is work. */
public final class AirflowStack extends Stack {
    private final Deployment deployment;
    private final LakeStack lake;
    private final IKey key;

    AirflowStack(
            Construct scope,
            Deployment deployment,
            LakeStack lake,
            NetworkStack network,
            SourceDatabaseStack database,
            SourceUpkeepStack upkeep,
            ReplicationStack replication,
            SparkStack spark,
            WarehouseStack warehouse,
            List<String> landingPrefixes) {
        super(scope, deployment.names().of("airflow"), deployment.stack("airflow", "Says when what runs"));
        this.deployment = deployment;
        this.lake = lake;
        this.key = lake.key(this);
        IVpc vpc = network.vpc(this);
        SecurityGroup group = NetworkStack.securityGroup(this, "Reach", vpc, "Airflow");
        group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to AWS");
        warehouse.allowConnecting(group);

        Environment.Airflow runsOn = deployment.environment().airflow();
        Role role = role(runsOn);
        replication.allowWatching(role);
        String sourceKeys = upkeep.sourceKeysArn(this);
        role.addToPolicy(Iam.allow(List.of("lambda:InvokeFunction"), sourceKeys));
        spark.allowStarting(role);
        warehouse.signingIn(role).forEach(role::addToPolicy);
        warehouse.writing(role).forEach(role::addToPolicy);
        allowGold(role);
        new SharedParameter(
                this,
                deployment.names().path(DagSettings.PARAMETER),
                Json.text(
                        this,
                        settings(replication.arn(this), sourceKeys, warehouse.connection(this))
                                .fields()));
        if (runsOn instanceof Environment.Airflow.Managed managed) {
            new ManagedAirflow(this, deployment, key, lake.bucket(this, LakeBucket.ARTIFACTS))
                    .declare(managed, role, group, network.privateSubnetIds(this, 2));
        } else {
            // of the instance and of tasks, to be read when it is gone
            lake.allow(role, LakeBucket.LOGS, OnDemandAirflow.LOGS + "/", List.of("s3:GetObject", "s3:PutObject"));
            new OnDemandAirflow(this, deployment, key)
                    .declare((Environment.Airflow.OnDemand) runsOn, role, group, network.publicSubnetId(this));
        }
        SecurityGroup machine = NetworkStack.securityGroup(this, "Machine", vpc, "Where people work");
        machine.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to AWS, and for packages");
        warehouse.allowConnecting(machine);
        database.allowConnecting(machine);
        DeveloperMachine.declare(this, deployment, key, machine, network.publicSubnetId(this));
        if (!landingPrefixes.isEmpty()) {
            new LandingEvents(this, deployment, key, landingPrefixes);
        }
    }

    private Role role(Environment.Airflow runsOn) {
        Role role = Role.Builder.create(this, "Role")
                .roleName(deployment.names().dagsRole())
                .assumedBy(
                        runsOn instanceof Environment.Airflow.Managed
                                ? new CompositePrincipal(Iam.service("airflow"), Iam.service("airflow-env"))
                                : new ServicePrincipal("ec2.amazonaws.com"))
                .description("What DAGs may do")
                .build();
        Names names = deployment.names();
        lake.allow(role, LakeBucket.LANDING, "", List.of("s3:GetObject"));
        for (String folder : List.of(SilverState.REPORTS, SilverState.SOURCE_KEYS)) {
            lake.allow(role, LakeBucket.SILVER, folder, List.of("s3:GetObject"));
        }
        for (String folder : List.of(SilverState.DONE, SilverState.PASSED, SilverState.FRESHNESS)) {
            lake.allow(role, LakeBucket.SILVER, folder, List.of("s3:GetObject", "s3:PutObject"));
        }
        lake.allowListing(role, LakeBucket.BRONZE);
        role.addToPolicy(Iam.allow(List.of("cloudwatch:GetMetricData"), "*"));
        role.addToPolicy(Iam.allow(
                List.of("cloudwatch:PutMetricData"),
                Map.of("StringEquals", Map.of("cloudwatch:namespace", Names.METRICS)),
                "*"));
        role.addToPolicy(Iam.allow(
                List.of(
                        "glue:GetTables",
                        "glue:GetPartitions",
                        "glue:BatchCreatePartition",
                        "glue:BatchDeletePartition"),
                Iam.glueTables(GlueTable.database(names, Format.SYMLINK))));
        role.addToPolicy(Iam.allow(List.of("ssm:GetParameter"), Iam.arn("ssm", "parameter" + names.path("*"))));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:ssm:/",
                "The stacks' shared parameters stand under one path, and are no secret.");
        return role;
    }

    /** Lets a role show in the catalog what has been written to gold, and delete what nobody reads any more. */
    private void allowGold(Role role) {
        String database = deployment.names().catalog(LakeBucket.GOLD);
        lake.allow(role, LakeBucket.GOLD, "", List.of("s3:DeleteObject"));
        role.addToPolicy(
                Iam.allow(List.of("glue:GetTable", "glue:CreateTable", "glue:UpdateTable"), Iam.glueTables(database)));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:glue:/",
                "Tables come with marts and contracts; the grants end at gold's database and Spectrum's.");
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::\\*$/",
                "Statements and metrics have no ARN, and conditions stand for it; DMS describes all replications or none.");
    }

    private DagSettings settings(String replication, String sourceKeys, DagSettings.Warehouse warehouse) {
        return new DagSettings(
                deployment.bucket(LakeBucket.LANDING),
                deployment.bucket(LakeBucket.BRONZE),
                deployment.bucket(LakeBucket.SILVER),
                deployment.bucket(LakeBucket.GOLD),
                deployment.names().catalog(LakeBucket.GOLD),
                GlueTable.database(deployment.names(), Format.SYMLINK),
                replication,
                ReplicationStack.identifier(deployment.names()),
                deployment.replicationRests(),
                sourceKeys,
                warehouse);
    }
}
