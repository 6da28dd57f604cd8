package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.policy.Waivers;
import dataplatform.contracts.Contract;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.contracts.QualityTable;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.s3.IBucket;
import software.constructs.Construct;

/**
 * What people may do, as policies with names that do not change: an account's administrator attaches them to roles or to permission sets, as
 * only he knows who people are.
 */
public final class PeopleStack extends Stack {
    private final Deployment deployment;
    private final Names names;

    PeopleStack(Construct scope, Deployment deployment, LakeStack lake, WarehouseStack warehouse) {
        super(scope, deployment.names().of("people"), deployment.stack("people", "What people may do"));
        this.deployment = deployment;
        this.names = deployment.names();
        policy("analyst", "Asks Athena and the warehouse, and reads silver and gold", analyst(lake, warehouse));
        policy("operator", "Starts and stops what runs on demand, and looks at what went wrong", operator(lake));
        for (String prefix : deployment.landingPrefixes()) {
            String domain = prefix.replace("/", "");
            policy("partner-" + domain, "Delivers the files of " + domain, writing(lake, prefix));
        }
    }

    private void policy(String who, String description, List<PolicyStatement> statements) {
        ManagedPolicy policy = ManagedPolicy.Builder.create(this, who)
                .managedPolicyName(names.of(who))
                .description(description)
                .statements(statements)
                .build();
        Waivers.nag(
                policy,
                "AwsSolutions-IAM5",
                "Objects, tables, sessions and machines come and go: each grant ends at this environment's name, tag or caller, but for lists.");
    }

    private List<PolicyStatement> analyst(LakeStack lake, WarehouseStack warehouse) {
        String workGroup = Iam.arn("athena", "workgroup/" + AthenaStack.workGroup(names));
        List<PolicyStatement> may = new ArrayList<>();
        may.add(Iam.allow(
                List.of(
                        "athena:BatchGetNamedQuery",
                        "athena:GetNamedQuery",
                        "athena:GetQueryExecution",
                        "athena:GetQueryResults",
                        "athena:GetQueryResultsStream",
                        "athena:GetWorkGroup",
                        "athena:ListNamedQueries",
                        "athena:ListQueryExecutions",
                        "athena:StartQueryExecution",
                        "athena:StopQueryExecution"),
                workGroup));
        // what the console and the drivers ask before a query
        may.add(Iam.allow(
                List.of(
                        "athena:GetDataCatalog",
                        "athena:GetDatabase",
                        "athena:GetTableMetadata",
                        "athena:ListDatabases",
                        "athena:ListTableMetadata"),
                Iam.arn("athena", "datacatalog/AwsDataCatalog")));
        may.add(Iam.allow(List.of("athena:ListDataCatalogs", "athena:ListWorkGroups"), "*"));
        may.add(Iam.allow(
                List.of("glue:GetDatabase"), Iam.arn("glue", "catalog"), Iam.arn("glue", "database/default")));
        List<String> databases =
                new ArrayList<>(List.of(GlueTable.database(names, Format.DELTA), names.catalog(LakeBucket.GOLD)));
        if (deployment.webEvents()) {
            databases.add(GlueTable.database(names, Format.PARQUET));
            may.addAll(transformed(lake));
        }
        List<String> tables = databases.stream()
                .flatMap(database -> Stream.of(Iam.glueTables(database)))
                .distinct()
                .toList();
        may.add(Iam.allow(
                List.of(
                        "glue:GetDatabase",
                        "glue:GetDatabases",
                        "glue:GetPartition",
                        "glue:GetPartitions",
                        "glue:GetTable",
                        "glue:GetTables"),
                tables.toArray(String[]::new)));
        may.add(Iam.allow(
                List.of("s3:GetBucketLocation", "s3:ListBucket"),
                Stream.of(LakeBucket.SILVER, LakeBucket.GOLD, LakeBucket.ATHENA_RESULTS)
                        .map(layer -> lake.bucket(this, layer).getBucketArn())
                        .toArray(String[]::new)));
        may.add(Iam.allow(List.of("s3:GetObject"), readable(lake)));
        may.add(Iam.allow(
                List.of("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
                lake.bucket(this, LakeBucket.ATHENA_RESULTS).arnForObjects("*")));
        may.add(Iam.allow(
                List.of("kms:Decrypt", "kms:GenerateDataKey"), lake.key(this).getKeyArn()));
        may.addAll(warehouse.signingIn(this));
        may.addAll(warehouse.asking(this));
        return may;
    }

    /** What reads the web events of the last minutes, and nothing else of bronze. */
    private List<PolicyStatement> transformed(LakeStack lake) {
        IBucket bronze = lake.bucket(this, LakeBucket.BRONZE);
        return List.of(
                Iam.allow(List.of("s3:GetBucketLocation"), bronze.getBucketArn()),
                Iam.allow(
                        List.of("s3:ListBucket"),
                        Map.of("StringLike", Map.of("s3:prefix", Names.TRANSFORMED + "/*")),
                        bronze.getBucketArn()),
                Iam.allow(List.of("s3:GetObject"), bronze.arnForObjects(Names.TRANSFORMED + "/*")));
    }

    /** What puts files under a prefix of the landing bucket. */
    private List<PolicyStatement> writing(LakeStack lake, String prefix) {
        return List.of(
                Iam.allow(
                        List.of("s3:AbortMultipartUpload", "s3:PutObject"),
                        lake.bucket(this, LakeBucket.LANDING).arnForObjects(prefix + "*")),
                Iam.allow(
                        List.of("kms:Decrypt", "kms:GenerateDataKey"),
                        lake.key(this).getKeyArn()));
    }

    /** What is data in silver, and not the platform's own memory; and all of gold. */
    private String[] readable(LakeStack lake) {
        return Stream.concat(
                        Stream.concat(
                                        deployment.contracts().stream().map(Contract::domain),
                                        Stream.of(QualityTable.FOLDER))
                                .distinct()
                                .sorted()
                                .map(folder ->
                                        lake.bucket(this, LakeBucket.SILVER).arnForObjects(folder + "/*")),
                        Stream.of(lake.bucket(this, LakeBucket.GOLD).arnForObjects("*")))
                .toArray(String[]::new);
    }

    private List<PolicyStatement> operator(LakeStack lake) {
        List<PolicyStatement> may = new ArrayList<>();
        // what `make airflow-up`, `airflow-down`, `dev-env` and `tunnel` call
        may.add(Iam.allow(List.of("ssm:GetParameter"), Iam.arn("ssm", "parameter" + names.path("*"))));
        may.add(Iam.allow(List.of("lambda:InvokeFunction"), functions()));
        may.add(Iam.allow(
                List.of("ssm:StartSession"),
                Map.of("StringEquals", Map.of("ssm:resourceTag/environment", names.environment())),
                Iam.arn("ec2", "instance/*")));
        may.add(Iam.allow(
                List.of("ssm:StartSession"),
                Iam.arn("ssm", "document/SSM-SessionManagerRunShell"),
                document("AWS-StartPortForwardingSession"),
                document("AWS-StartPortForwardingSessionToRemoteHost")));
        may.add(Iam.allow(List.of("ssmmessages:OpenDataChannel"), Iam.arn("ssm", "session/${aws:userid}-*")));
        // a role's sessions have other ids, and tell by a tag whose they are:
        // https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
        may.add(Iam.allow(
                List.of("ssm:ResumeSession", "ssm:TerminateSession"),
                Map.of("StringLike", Map.of("ssm:resourceTag/aws:ssmmessages:session-id", "${aws:userid}")),
                Iam.arn("ssm", "session/*")));
        // and `load-demo` and `upload-url`
        may.addAll(writing(lake, ""));
        may.add(Iam.allow(
                List.of("s3:ListBucket"), lake.bucket(this, LakeBucket.LANDING).getBucketArn()));
        may.add(Iam.allow(
                List.of("s3:DeleteObject"),
                lake.bucket(this, LakeBucket.LANDING).arnForObjects("demo/*")));
        // what the runbooks call
        may.add(Iam.allow(List.of("dms:DescribeReplicationTasks", "ec2:DescribeInstances"), "*"));
        may.add(Iam.allow(List.of("cloudwatch:DescribeAlarms"), Iam.arn("cloudwatch", "alarm:" + names.of("*"))));
        may.add(Iam.allow(
                List.of("ec2:GetConsoleOutput"),
                Map.of("StringEquals", Map.of("aws:ResourceTag/environment", names.environment())),
                Iam.arn("ec2", "instance/*")));
        // dead letters are looked at, and given back to the queue that they come from
        may.add(Iam.allow(
                List.of(
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:ReceiveMessage",
                        "sqs:SendMessage",
                        "sqs:StartMessageMoveTask"),
                Iam.arn("sqs", names.of("*"))));
        may.add(Iam.allow(
                List.of(
                        "dms:DescribeTableStatistics",
                        "dms:ReloadTables",
                        "dms:StartReplicationTask",
                        "dms:StopReplicationTask"),
                Map.of("StringEquals", Map.of("aws:ResourceTag/environment", names.environment())),
                Iam.arn("dms", "task:*")));
        may.add(Iam.allow(
                List.of("rds:DescribeDBInstances", "rds:StartDBInstance"),
                Iam.arn("rds", "db:" + SourceDatabaseStack.identifier(names))));
        may.add(Iam.allow(
                List.of("logs:FilterLogEvents", "logs:GetLogEvents"),
                Iam.arn("logs", "log-group:" + names.path("*")),
                Iam.arn("logs", "log-group:airflow-" + names.of("airflow") + "-*"),
                Iam.arn("logs", "log-group:dms-tasks-" + ReplicationStack.identifier(names) + "*")));
        may.add(Iam.allow(
                List.of("s3:GetBucketLocation", "s3:ListBucket"),
                lake.bucket(this, LakeBucket.LOGS).getBucketArn()));
        may.add(Iam.allow(
                List.of("s3:GetObject"),
                lake.bucket(this, LakeBucket.LOGS).arnForObjects("*"),
                lake.bucket(this, LakeBucket.LANDING).arnForObjects("*"),
                lake.bucket(this, LakeBucket.SILVER).arnForObjects("_state/*")));
        if (deployment.environment().airflow() instanceof Environment.Airflow.Managed) {
            may.add(Iam.allow(
                    List.of("airflow:CreateWebLoginToken"), Iam.arn("airflow", "role/" + names.of("airflow") + "/Op")));
        }
        return may;
    }

    private String[] functions() {
        List<String> functions = new ArrayList<>(List.of("dev-env-launcher"));
        if (deployment.environment().airflow() instanceof Environment.Airflow.OnDemand) {
            functions.addAll(List.of("airflow-launcher", "airflow-reaper"));
        }
        if (deployment.environment().demoData() && deployment.source().isEmpty()) {
            functions.add("load-demo-data");
        }
        return functions.stream()
                .map(name -> Iam.arn("lambda", "function:" + names.of(name)))
                .toArray(String[]::new);
    }

    /** One of those that AWS keeps, for all accounts. */
    private static String document(String name) {
        return Iam.arn("ssm", "document/" + name).replace(Aws.ACCOUNT_ID, "");
    }
}
