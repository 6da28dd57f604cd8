package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.policy.Waivers;
import dataplatform.contracts.Contract;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.glue.CfnCrawler;
import software.amazon.awscdk.services.glue.CfnDatabase;
import software.amazon.awscdk.services.glue.CfnSecurityConfiguration;
import software.amazon.awscdk.services.glue.CfnTable;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.constructs.Construct;

/**
 * The catalog: what stands in the lake. Silver is what the contracts say and no crawler may say otherwise; of bronze a crawler tells what
 * replication has written, and contracts what web events become.
 */
public final class CatalogStack extends Stack {
    private final Deployment deployment;
    private final LakeStack lake;
    private final CfnSecurityConfiguration encryption;

    CatalogStack(Construct scope, Deployment deployment, LakeStack lake) {
        super(scope, deployment.names().of("catalog"), deployment.stack("catalog", "What stands in the lake"));
        this.deployment = deployment;
        this.lake = lake;
        Names names = deployment.names();
        this.encryption = encryption(lake.key(this));

        CfnDatabase bronze = database(names.catalog(LakeBucket.BRONZE), "As replication and web applications deliver");
        // none where no web events are taken
        GlueTable.transformed(deployment.contracts(), "s3://" + deployment.bucket(LakeBucket.BRONZE))
                .forEach(table -> table(bronze, names.catalog(LakeBucket.BRONZE), table));
        database(names.catalog(LakeBucket.GOLD), "Marts as files");
        for (Format format : List.of(Format.DELTA, Format.SYMLINK)) {
            String name = GlueTable.database(names, format);
            CfnDatabase silver = database(
                    name,
                    format == Format.DELTA ? "Delta tables" : "The Delta tables, as Redshift Spectrum reads them");
            GlueTable.silver(deployment.contracts(), "s3://" + deployment.bucket(LakeBucket.SILVER), format)
                    .forEach(table -> table(silver, name, table));
        }

        List<CfnCrawler.S3TargetProperty> written = deployment.contracts().stream()
                .filter(Contract::isReplicated)
                .map(contract -> CfnCrawler.S3TargetProperty.builder()
                        .path(deployment.s3(LakeBucket.BRONZE, folder(contract)))
                        // the newest files have the newest columns
                        .sampleSize(10)
                        .build())
                .toList();
        crawler(CfnCrawler.TargetsProperty.builder().s3Targets(written).build());
    }

    private static String folder(Contract contract) {
        return Names.REPLICATED + "/" + contract.sourceFolder() + "/";
    }

    private CfnDatabase database(String name, String description) {
        return CfnDatabase.Builder.create(this, name)
                .catalogId(Aws.ACCOUNT_ID)
                .databaseInput(CfnDatabase.DatabaseInputProperty.builder()
                        .name(name)
                        .description(description)
                        .build())
                .build();
    }

    private void table(CfnDatabase database, String databaseName, GlueTable table) {
        CfnTable made = CfnTable.Builder.create(this, databaseName + "-" + table.name())
                .catalogId(Aws.ACCOUNT_ID)
                .databaseName(databaseName)
                .tableInput(CfnTable.TableInputProperty.builder()
                        .name(table.name())
                        .description(table.description())
                        .tableType("EXTERNAL_TABLE")
                        .parameters(table.parameters())
                        .partitionKeys(columns(table.partitionKeys()))
                        .storageDescriptor(CfnTable.StorageDescriptorProperty.builder()
                                .location(table.location())
                                .columns(columns(table.columns()))
                                .inputFormat(table.format().inputFormat())
                                .outputFormat(table.format().outputFormat())
                                .serdeInfo(CfnTable.SerdeInfoProperty.builder()
                                        .serializationLibrary(table.format().serde())
                                        .parameters(table.serdeParameters())
                                        .build())
                                .build())
                        .build())
                .build();
        made.addResourceDependency(database);
    }

    private static List<Object> columns(List<GlueTable.Column> columns) {
        return new ArrayList<>(columns.stream()
                .map(column -> CfnTable.ColumnProperty.builder()
                        .name(column.name())
                        .type(column.type())
                        .comment(column.comment())
                        .build())
                .toList());
    }

    private CfnSecurityConfiguration encryption(IKey key) {
        return CfnSecurityConfiguration.Builder.create(this, "Encryption")
                .name(deployment.names().of("crawlers"))
                .encryptionConfiguration(CfnSecurityConfiguration.EncryptionConfigurationProperty.builder()
                        .cloudWatchEncryption(CfnSecurityConfiguration.CloudWatchEncryptionProperty.builder()
                                .cloudWatchEncryptionMode("SSE-KMS")
                                .kmsKeyArn(key.getKeyArn())
                                .build())
                        .jobBookmarksEncryption(CfnSecurityConfiguration.JobBookmarksEncryptionProperty.builder()
                                .jobBookmarksEncryptionMode("CSE-KMS")
                                .kmsKeyArn(key.getKeyArn())
                                .build())
                        .s3Encryptions(List.of(CfnSecurityConfiguration.S3EncryptionProperty.builder()
                                .s3EncryptionMode("SSE-KMS")
                                .kmsKeyArn(key.getKeyArn())
                                .build()))
                        .build())
                .build();
    }

    /** Crawls bronze before the day begins, in an environment that does not rest. */
    private void crawler(CfnCrawler.TargetsProperty targets) {
        String name = LakeBucket.BRONZE.folder();
        String database = deployment.names().catalog(LakeBucket.BRONZE);
        Role role = Role.Builder.create(this, name + "Role")
                .assumedBy(Iam.service("glue"))
                .description("What the crawler of " + name + " reads and changes")
                .build();
        lake.allowReading(role, LakeBucket.BRONZE, Names.REPLICATED + "/");
        role.addToPolicy(Iam.allow(
                List.of(
                        "glue:GetDatabase",
                        "glue:GetTable",
                        "glue:GetTables",
                        "glue:CreateTable",
                        "glue:UpdateTable",
                        "glue:GetPartition",
                        "glue:GetPartitions",
                        "glue:BatchGetPartition",
                        "glue:BatchCreatePartition",
                        "glue:UpdatePartition",
                        "glue:BatchUpdatePartition"),
                Iam.glueTables(database)));
        role.addToPolicy(Iam.allow(List.of("glue:GetSecurityConfiguration"), "*"));
        role.addToPolicy(Iam.allow(
                List.of("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"),
                Iam.arn("logs", "log-group:/aws-glue/crawlers*")));
        Waivers.nag(
                role,
                "AwsSolutions-IAM5",
                "/^Resource::arn:<AWS::Partition>:(glue|logs):/",
                "A crawler finds tables, and Glue names its log; the grant ends at one database and that log.");
        Waivers.nag(
                role, "AwsSolutions-IAM5", "/^Resource::\\*$/", "Glue knows no resource for security configurations.");
        CfnCrawler.Builder crawler = CfnCrawler.Builder.create(this, name)
                .name(deployment.names().of(name))
                .role(role.getRoleArn())
                .databaseName(database)
                .targets(targets)
                .crawlerSecurityConfiguration(encryption.getName())
                .recrawlPolicy(CfnCrawler.RecrawlPolicyProperty.builder()
                        .recrawlBehavior("CRAWL_EVERYTHING")
                        .build())
                .schemaChangePolicy(CfnCrawler.SchemaChangePolicyProperty.builder()
                        .updateBehavior("UPDATE_IN_DATABASE")
                        .deleteBehavior("LOG")
                        .build());
        if (!deployment.environment().rests()) {
            crawler.schedule(CfnCrawler.ScheduleProperty.builder()
                    .scheduleExpression("cron(0 4 * * ? *)")
                    .build());
        }
        CfnCrawler made = crawler.build();
        made.addResourceDependency(encryption);
        made.getNode().addDependency(role);
    }
}
