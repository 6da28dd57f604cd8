package dataplatform.cdk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.cost.Cost;
import dataplatform.cdk.cost.Prices;
import dataplatform.cdk.stacks.SparkStack;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awscdk.App;

/** What matters in each part's template. */
class PlatformTest {
    private static final List<String> ENVIRONMENTS = List.of("dev", "staging", "production", "dev-other");

    private final Synthesis synthesis = Synthesis.everything();

    @ParameterizedTest
    @ValueSource(strings = {"dev", "staging", "production"})
    void dataIsKeptWhenAStackIsDeleted(String environment) {
        String prefix = "dataplatform-" + environment + "-";
        Map<String, JsonNode> buckets = synthesis.resources(prefix + "lake", "AWS::S3::Bucket");
        assertThat(buckets).hasSize(LakeBucket.values().length);
        buckets.values()
                .forEach(bucket -> assertThat(policies(bucket)).containsExactly("RetainExceptOnCreate", "Retain"));
        synthesis.resources(prefix + "lake", "AWS::KMS::Key").values().forEach(key -> assertThat(policies(key))
                .containsExactly("RetainExceptOnCreate", "Retain"));
        JsonNode database = synthesis
                .resources(prefix + "source-database", "AWS::RDS::DBInstance")
                .values()
                .iterator()
                .next();
        assertThat(policies(database)).containsExactly("Snapshot", "Snapshot");
        assertThat(database.at("/Properties/DeletionProtection").asBoolean()).isTrue();
        synthesis
                .resources(prefix + "warehouse", "AWS::RedshiftServerless::Namespace")
                .values()
                .forEach(
                        namespace -> assertThat(policies(namespace)).containsExactly("RetainExceptOnCreate", "Retain"));
    }

    @Test
    void bothKeysDeleteData() {
        synthesis
                .resources("dataplatform-dev-other-lake", "AWS::S3::Bucket")
                .values()
                .forEach(bucket -> assertThat(policies(bucket)).containsExactly("Delete", "Delete"));
        assertThat(synthesis.resources("dataplatform-dev-other-lake", "Custom::S3AutoDeleteObjects"))
                .hasSize(LakeBucket.values().length);
        assertThat(synthesis
                        .only("dataplatform-dev-other-source-database", "AWS::RDS::DBInstance")
                        .get("DeletionProtection")
                        .asBoolean())
                .isFalse();
    }

    @Test
    void whatDependsOnNothingOfAnother() {
        for (JsonNode template : synthesis.templates().values()) {
            assertThat(template.path("Outputs").properties())
                    .noneMatch(output -> output.getValue().has("Export"));
            assertThat(template.toString()).doesNotContain("Fn::ImportValue");
        }
    }

    @Test
    void everyBucketIsReachedByTlsAloneAndLogsAccess() {
        for (String environment : ENVIRONMENTS) {
            String lake = "dataplatform-" + environment + "-lake";
            Map<String, JsonNode> policies = synthesis.resources(lake, "AWS::S3::BucketPolicy");
            assertThat(policies).hasSize(LakeBucket.values().length);
            policies.values().forEach(policy -> assertThat(policy.toString())
                    .contains("\"aws:SecureTransport\":\"false\"", "\"Effect\":\"Deny\""));
            synthesis.resources(lake, "AWS::S3::Bucket").values().forEach(bucket -> {
                String name = bucket.at("/Properties/BucketName").toString();
                assertThat(bucket.at("/Properties/LoggingConfiguration").isMissingNode())
                        .as(name)
                        .isEqualTo(name.contains("-logs-"));
                assertThat(bucket.at("/Properties/LifecycleConfiguration/Rules"))
                        .as(name)
                        .isNotEmpty();
            });
        }
    }

    @Test
    void onlyAnEnvironmentThatAsksForItHasNat() {
        assertThat(synthesis.resources("dataplatform-dev-network", "AWS::EC2::NatGateway"))
                .isEmpty();
        assertThat(endpoints("dev")).containsExactlyInAnyOrder("s3", "secretsmanager");
        assertThat(endpoints("dev-other")).containsExactlyInAnyOrder("s3", "secretsmanager", "kms", "elasticmapreduce");
        assertThat(synthesis.resources("dataplatform-staging-network", "AWS::EC2::NatGateway"))
                .hasSize(1);
        assertThat(endpoints("staging")).containsExactly("s3");
    }

    @Test
    void changesOfTheDatabaseCanBeFollowedAndConnectionsAreEncrypted() {
        for (String environment : ENVIRONMENTS) {
            String stack = "dataplatform-" + environment + "-source-database";
            JsonNode parameters =
                    synthesis.only(stack, "AWS::RDS::DBParameterGroup").get("Parameters");
            assertThat(parameters.get("rds.logical_replication").asText()).isEqualTo("1");
            assertThat(parameters.get("rds.force_ssl").asText()).isEqualTo("1");
            JsonNode database = synthesis.only(stack, "AWS::RDS::DBInstance");
            assertThat(database.get("EngineVersion").asText()).startsWith("16.");
            assertThat(database.get("PubliclyAccessible").asBoolean()).isFalse();
            assertThat(database.get("StorageEncrypted").asBoolean()).isTrue();
            assertThat(database.get("BackupRetentionPeriod").asInt()).isPositive();
            assertThat(synthesis.resources(
                            "dataplatform-" + environment + "-source-upkeep", "AWS::SecretsManager::RotationSchedule"))
                    .hasSize(1);
        }
    }

    @Test
    void webEventsComeFromAnApiToRawFilesWhereTheyAreWanted() {
        assertThat(synthesis.templates())
                .containsKey("dataplatform-dev-other-events")
                .doesNotContainKey("dataplatform-dev-events");
        String stack = "dataplatform-dev-other-events";
        JsonNode delivery = synthesis.only(stack, "AWS::KinesisFirehose::DeliveryStream");
        JsonNode files = delivery.get("ExtendedS3DestinationConfiguration");
        assertThat(files.get("Prefix").asText()).isEqualTo("web-data/raw/!{timestamp:yyyy/MM/dd/HH}/");
        assertThat(files.get("CompressionFormat").asText()).isEqualTo("GZIP");
        assertThat(synthesis.only(stack, "AWS::Kinesis::Stream").toString()).contains("\"EncryptionType\":\"KMS\"");
        assertThat(synthesis
                        .only(stack, "AWS::ApiGatewayV2::Integration")
                        .get("PayloadFormatVersion")
                        .asText())
                .isEqualTo("2.0");
        assertThat(synthesis.only(stack, "AWS::ApiGatewayV2::Stage").toString())
                .doesNotContain("authorization", "sourceIp");
        assertThat(synthesis.resources("dataplatform-dev-other-watch", "AWS::CloudWatch::Alarm").values().stream()
                        .map(alarm -> alarm.at("/Properties/AlarmDescription").asText())
                        .filter(what -> what.endsWith("docs/runbooks/web-events.md")))
                .hasSize(7);
        assertThat(Synthesis.CHECKOUT.resolve("docs/runbooks/web-events.md")).exists();
    }

    @Test
    void airflowIsToldWhetherWebEventsAreTaken() {
        assertThat(synthesis
                        .resources("dataplatform-production-airflow", "AWS::MWAA::Environment")
                        .toString())
                .contains("\"dataplatform.web_events\":\"false\"");
        assertThat(synthesis
                        .resources("dataplatform-dev-other-airflow", "AWS::EC2::LaunchTemplate")
                        .toString())
                .contains("export WEB_EVENTS='true'");
    }

    @Test
    void rawFilesOfWebEventsAreTransformedWhenTheyCome() {
        String stack = "dataplatform-dev-other-events";
        JsonNode pattern = synthesis.only(stack, "AWS::Events::Rule").get("EventPattern");
        assertThat(pattern.at("/detail/object/key").toString()).isEqualTo("[{\"prefix\":\"web-data/raw/\"}]");
        assertThat(pattern.at("/detail/bucket/name").toString()).contains("dataplatform-dev-other-bronze-");

        Map<String, JsonNode> functions = synthesis.resources(stack, "AWS::Lambda::Function");
        JsonNode source = synthesis.only(stack, "AWS::Lambda::EventSourceMapping");
        JsonNode function =
                functions.get(source.at("/FunctionName/Ref").asText()).get("Properties");
        assertThat(function.get("Handler").asText())
                .isEqualTo("dataplatform.lambdas.eventtransformer.EventTransformer::handleRequest");
        assertThat(source.get("FunctionResponseTypes").toString()).isEqualTo("[\"ReportBatchItemFailures\"]");
        assertThat(source.at("/ScalingConfig/MaximumConcurrency").asInt()).isEqualTo(5);
        assertThat(source.get("BatchSize").asInt()).isEqualTo(1);
        JsonNode queue = synthesis
                .resources(stack, "AWS::SQS::Queue")
                .get(source.at("/EventSourceArn/Fn::GetAtt/0").asText())
                .get("Properties");
        assertThat(queue.get("VisibilityTimeout").asInt())
                .isEqualTo(6 * function.get("Timeout").asInt());
        assertThat(queue.at("/RedrivePolicy/maxReceiveCount").asInt()).isEqualTo(5);
        assertThat(queue.has("KmsMasterKeyId")).isTrue();

        List<JsonNode> may = statements(stack, "TransformerEventTransformer");
        assertThat(only(may, "s3:GetObject").get("Resource").toString()).endsWith("/web-data/raw/*\"]]}");
        assertThat(only(may, "s3:PutObject").get("Resource").toString()).endsWith("/web-data/transformed/*\"]]}");
        assertThat(may.toString()).doesNotContain("s3:ListBucket", "s3:DeleteObject");
        assertThat(synthesis.resources("dataplatform-dev-other-lake", "AWS::S3::Bucket").values().stream()
                        .flatMap(bucket -> StreamSupport.stream(
                                bucket.at("/Properties/LifecycleConfiguration/Rules")
                                        .spliterator(),
                                false))
                        .filter(rule -> rule.path("Prefix").asText().equals("web-data/transformed/")))
                .singleElement()
                .satisfies(
                        rule -> assertThat(rule.get("ExpirationInDays").asInt()).isEqualTo(30));
    }

    /** DMS fails for good when it starts and finds no table, and CloudFormation does not start it again. */
    @Test
    void theTablesAreThereBeforeReplicationStarts() throws IOException {
        JsonNode artifacts = Synthesis.JSON
                .readTree(synthesis.folder().resolve("manifest.json").toFile())
                .get("artifacts");
        for (String environment : ENVIRONMENTS) {
            String prefix = "dataplatform-" + environment + "-";
            assertThat(synthesis.resources(prefix + "source-upkeep", "Custom::SourceTables"))
                    .hasSize(1);
            assertThat(artifacts.at("/" + prefix + "replication/dependencies").toString())
                    .contains("\"" + prefix + "source-upkeep\"");
        }
    }

    /** A first deployment that fails is deleted before the next, and this would refuse it. */
    @Test
    void nothingThatCanFailStandsInAStackWithWhatIsProtectedFromDeletion() {
        synthesis.templates().forEach((stack, template) -> {
            JsonNode resources = template.get("Resources");
            if (resources.findValuesAsText("DeletionProtection").contains("true")) {
                assertThat(resources.findValuesAsText("Type"))
                        .as(stack)
                        .noneMatch(type -> type.startsWith("Custom::")
                                || type.equals("AWS::Lambda::Function")
                                || type.equals("AWS::SecretsManager::RotationSchedule"));
            }
        });
    }

    @Test
    void onlyProductionTakesNoDemoData() {
        assertThat(functions("dataplatform-production-source-upkeep"))
                .doesNotContain("dataplatform.lambdas.loaddemodata.LoadDemoData::handleRequest");
        assertThat(functions("dataplatform-dev-source-upkeep"))
                .contains("dataplatform.lambdas.loaddemodata.LoadDemoData::handleRequest");
    }

    private List<String> functions(String stack) {
        return synthesis.resources(stack, "AWS::Lambda::Function").values().stream()
                .map(function -> function.at("/Properties/Handler").asText())
                .toList();
    }

    @Test
    void functionsReachTheSourceDatabaseByTheNetwork() {
        String[] access = {"DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_SECRET_ARN"};
        synthesis.resources("dataplatform-dev-source-upkeep", "AWS::Lambda::Function").values().stream()
                .map(function -> function.get("Properties"))
                .forEach(function -> {
                    assertThat(names(function.at("/Environment/Variables"))).contains(access);
                    assertThat(function.has("VpcConfig")).isTrue();
                });
    }

    @Test
    void dmsWritesWhatSilverReads() throws IOException {
        JsonNode target = synthesis.resources("dataplatform-dev-replication", "AWS::DMS::Endpoint").values().stream()
                .map(endpoint -> endpoint.at("/Properties/S3Settings"))
                .filter(settings -> !settings.isMissingNode())
                .findFirst()
                .orElseThrow();
        assertThat(target.get("DataFormat").asText()).isEqualTo("parquet");
        assertThat(target.get("CompressionType").asText()).isEqualTo("gzip");
        assertThat(target.get("IncludeOpForFullLoad").asBoolean()).isTrue();
        assertThat(target.get("TimestampColumnName").asText()).isEqualTo("extracted_at");
        assertThat(target.get("BucketFolder").asText()).isEqualTo("ecommerce_rds");

        JsonNode rules = Synthesis.JSON
                .readTree(synthesis
                        .only("dataplatform-dev-replication", "Custom::StartReplication")
                        .get("TableMappings")
                        .asText())
                .get("rules");
        Set<String> tables = new TreeSet<>();
        Set<String> actions = new TreeSet<>();
        rules.forEach(rule -> {
            if (rule.get("rule-type").asText().equals("selection")) {
                tables.add(rule.at("/object-locator/schema-name").asText() + "."
                        + rule.at("/object-locator/table-name").asText());
            } else {
                actions.add(rule.get("rule-action").asText() + " "
                        + rule.path("value").asText()
                        + rule.at("/before-image-def/column-prefix").asText());
            }
        });
        assertThat(tables)
                .containsExactlyInAnyOrderElementsOf(Contracts.replicated().stream()
                        .map(contract -> contract.sourceTable())
                        .toList());
        assertThat(actions).containsExactly("add-before-image-columns BI_", "add-column change_seq");
        assertThat(synthesis
                        .only("dataplatform-dev-replication", "AWS::DMS::ReplicationTask")
                        .get("ReplicationTaskSettings")
                        .asText())
                .contains("\"TargetTablePrepMode\":\"DO_NOTHING\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dev", "staging"})
    void replicationIsStartedByItsFunction(String environment) {
        String stack = "dataplatform-" + environment + "-replication";
        JsonNode start = synthesis.only(stack, "Custom::StartReplication");
        assertThat(names(start)).contains("ServiceToken", "ReplicationTaskArn", "TableMappings");
        assertThat(start.get("TableMappings").asText()).startsWith("{\"rules\":[");
        JsonNode policy = synthesis
                .resources(stack, "AWS::IAM::Policy")
                .get(synthesis.resources(stack, "AWS::IAM::Policy").keySet().stream()
                        .filter(id -> id.startsWith("StartReplication"))
                        .findFirst()
                        .orElseThrow());
        assertThat(policy.toString()).contains("dms:StartReplicationTask\"", "dms:TestConnection");
    }

    @Test
    void whatRestsStopsInTheEvening() {
        // replication first: a task that loses its database fails
        Map.of("source-upkeep", "cron(0 20 * * ? *)", "replication", "cron(30 19 * * ? *)")
                .forEach((part, evening) -> {
                    JsonNode schedule = synthesis.only("dataplatform-dev-" + part, "AWS::Scheduler::Schedule");
                    assertThat(schedule.get("ScheduleExpression").asText()).isEqualTo(evening);
                    assertThat(synthesis.resources("dataplatform-production-" + part, "AWS::Scheduler::Schedule"))
                            .isEmpty();
                });
        assertThat(synthesis
                        .only("dataplatform-dev-catalog", "AWS::Glue::Crawler")
                        .has("Schedule"))
                .isFalse();
        assertThat(synthesis
                        .only("dataplatform-production-catalog", "AWS::Glue::Crawler")
                        .has("Schedule"))
                .isTrue();
    }

    @Test
    void theCatalogIsWhatTheContractsSay() {
        Names names = new Names("dev-other");
        List<GlueTable> tables = Stream.of(
                        GlueTable.silver(Contracts.bundled(), "s3://silver", Format.DELTA),
                        GlueTable.silver(Contracts.bundled(), "s3://silver", Format.SYMLINK),
                        GlueTable.transformed(Contracts.bundled(), "s3://bronze"))
                .flatMap(List::stream)
                .toList();
        Map<String, JsonNode> declared = synthesis.resources(names.of("catalog"), "AWS::Glue::Table");
        assertThat(declared).hasSameSizeAs(tables);
        for (GlueTable table : tables) {
            JsonNode made = declared.values().stream()
                    .map(each -> each.get("Properties"))
                    .filter(each -> each.get("DatabaseName").asText().equals(GlueTable.database(names, table.format()))
                            && each.at("/TableInput/Name").asText().equals(table.name()))
                    .findFirst()
                    .orElseThrow();
            assertThat(made.at("/TableInput/StorageDescriptor/Columns").findValuesAsText("Type"))
                    .containsExactlyElementsOf(
                            table.columns().stream().map(GlueTable.Column::type).toList());
            assertThat(made.at("/TableInput/PartitionKeys").findValuesAsText("Name"))
                    .containsExactlyElementsOf(table.partitionKeys().stream()
                            .map(GlueTable.Column::name)
                            .toList());
        }
        assertThat(synthesis.resources("dataplatform-staging-catalog", "AWS::Glue::Table"))
                .as("where no web events are taken")
                .hasSize(2
                        * GlueTable.silver(Synthesis.CONTRACTS, "s3://silver", Format.DELTA)
                                .size());
        assertThat(synthesis
                        .resources("dataplatform-staging-catalog", "AWS::Glue::Database")
                        .values())
                .extracting(each -> each.at("/Properties/DatabaseInput/Name").asText())
                .containsExactlyInAnyOrder(
                        "glue_ecommerce_staging_data_lake_bronze",
                        "glue_ecommerce_staging_data_lake_silver",
                        "glue_ecommerce_staging_data_lake_silver_spectrum",
                        "glue_ecommerce_staging_data_lake_gold");
    }

    @Test
    void analystsQueriesAreLimitedAndTheirAnswersEncrypted() {
        JsonNode configuration = synthesis
                .only("dataplatform-production-athena", "AWS::Athena::WorkGroup")
                .get("WorkGroupConfiguration");
        assertThat(configuration.get("EnforceWorkGroupConfiguration").asBoolean())
                .isTrue();
        assertThat(configuration.get("BytesScannedCutoffPerQuery").asLong()).isEqualTo(100L << 30);
        assertThat(configuration
                        .at("/ResultConfiguration/EncryptionConfiguration/EncryptionOption")
                        .asText())
                .isEqualTo("SSE_KMS");
        assertThat(synthesis
                        .resources("dataplatform-production-athena", "AWS::Athena::NamedQuery")
                        .values())
                .isNotEmpty()
                .allSatisfy(query ->
                        assertThat(query.at("/Properties/Description").asText()).endsWith("."))
                .noneMatch(query -> query.at("/Properties/Name").asText().equals("daily_active_users"));
        Map<String, String> databases = new HashMap<>();
        synthesis
                .resources("dataplatform-dev-other-athena", "AWS::Athena::NamedQuery")
                .values()
                .forEach(query -> databases.put(
                        query.at("/Properties/Name").asText(),
                        query.at("/Properties/Database").asText()));
        assertThat(databases)
                .containsEntry("largest_orders", "glue_ecommerce_dev_other_data_lake_silver")
                .containsEntry("daily_active_users", "glue_ecommerce_dev_other_data_lake_silver")
                .containsEntry("quarantined_messages_by_reason", "glue_ecommerce_dev_other_data_lake_bronze");
    }

    @Test
    void analystsReadWebEventsAndNothingElseOfBronze() {
        assertThat(bronzeOfAnalysts("production")).isEmpty();
        assertThat(bronzeOfAnalysts("dev-other")).allSatisfy(statement -> assertThat(statement)
                .containsAnyOf(
                        "/web-data/transformed/*",
                        "\"s3:prefix\":\"web-data/transformed/*\"",
                        "glue:",
                        "s3:GetBucketLocation\""));
    }

    private List<String> bronzeOfAnalysts(String environment) {
        return StreamSupport.stream(
                        synthesis
                                .resources("dataplatform-" + environment + "-people", "AWS::IAM::ManagedPolicy")
                                .values()
                                .stream()
                                .map(policy -> policy.get("Properties"))
                                .filter(policy ->
                                        policy.get("ManagedPolicyName").asText().endsWith("-analyst"))
                                .findFirst()
                                .orElseThrow()
                                .at("/PolicyDocument/Statement")
                                .spliterator(),
                        false)
                .map(JsonNode::toString)
                .filter(statement -> statement.contains("bronze"))
                .toList();
    }

    @Test
    void sparkStopsWhenItIsIdleAndSaysHowToStartAJob() {
        JsonNode application = synthesis.only("dataplatform-dev-spark", "AWS::EMRServerless::Application");
        assertThat(application.get("ReleaseLabel").asText()).isEqualTo(SparkStack.RELEASE);
        assertThat(application.get("Architecture").asText()).isEqualTo("ARM64");
        assertThat(application.at("/AutoStopConfiguration/Enabled").asBoolean()).isTrue();
        assertThat(application.has("InitialCapacity")).isFalse();
        assertThat(request("dev", "bronze-to-silver"))
                .contains("dataplatform.spark.job.BronzeToSilver", "ConditionalPutLogStore", "--bronze");
        for (String environment : List.of("dev", "dev-other")) {
            assertThat(request(environment, "landing-to-silver"))
                    .contains(
                            "dataplatform.spark.job.LandingToSilver", "ConditionalPutLogStore", "--landing", "--silver")
                    .doesNotContain("bronze-to-silver");
        }
        assertThat(request("dev-other", "bronze-to-silver"))
                .contains(
                        "dataplatform.spark.job.BronzeToSilver",
                        "AutoTerminationPolicy",
                        "\\\"SPOT\\\"",
                        "ManagedScalingPolicy");
    }

    @Test
    void theWarehouseReadsSilverWritesGoldAndNothingElse() {
        String stack = "dataplatform-production-warehouse";
        String id = synthesis.resources(stack, "AWS::IAM::Policy").keySet().stream()
                .filter(each -> each.startsWith("SpectrumRole"))
                .findFirst()
                .orElseThrow();
        String policy = synthesis.resources(stack, "AWS::IAM::Policy").get(id).toString();
        assertThat(policy).contains("dataplatform-production-silver-", "data_lake_silver_spectrum");
        assertThat(policy).doesNotContain("bronze", "landing", "glue:Create", "glue:Update");
        assertThat(statements(stack, "SpectrumRole").stream()
                        .filter(statement -> statement.get("Action").toString().contains("s3:PutObject")))
                .singleElement()
                .satisfies(statement -> assertThat(statement.get("Resource").toString())
                        .contains("dataplatform-production-gold-")
                        .doesNotContain("silver"));
        JsonNode workgroup = synthesis.only(stack, "AWS::RedshiftServerless::Workgroup");
        assertThat(workgroup.get("PubliclyAccessible").asBoolean()).isFalse();
        assertThat(workgroup.get("MaxCapacity").asInt()).isEqualTo(64);
        for (String environment : ENVIRONMENTS) {
            JsonNode setUp = synthesis.only("dataplatform-" + environment + "-warehouse", "Custom::WarehouseSetup");
            assertThat(names(setUp))
                    .containsExactlyInAnyOrder(
                            "ServiceToken",
                            environment.equals("dev-other") ? "ClusterIdentifier" : "WorkgroupName",
                            "Database",
                            "SecretArn",
                            "ExternalDatabase",
                            "SpectrumRoleArn",
                            "LoaderUser",
                            "SqlVersion");
        }
    }

    @Test
    void subnetsAreInTheZonesThatAreNamed(@TempDir Path folder) {
        App app = Main.app(
                Map.of(
                        "env", "dev",
                        "zones", "us-east-1b, us-east-1c,us-east-1d",
                        "checkout", Synthesis.checkout(folder).toString()),
                folder.resolve("out"));
        Main.synthesise(app, Contracts::bundled);
        assertThat(Synthesis.templates(folder.resolve("out"))
                        .get("dataplatform-dev-network")
                        .findValuesAsText("AvailabilityZone"))
                .containsOnly("us-east-1b", "us-east-1c", "us-east-1d");
    }

    @Test
    void aDatabaseAndANetworkThatAreThereAreUsedAsTheyAre(@TempDir Path folder) {
        String secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crm-AbCdEf";
        App app = Main.app(
                Map.of(
                        "env", "dev",
                        "source-secret", secret,
                        "source-security-group", "sg-0crm",
                        "source-database", "crm",
                        "vpc", "vpc-0crm",
                        "zones", "eu-west-1a,eu-west-1b,eu-west-1c",
                        "private-subnets", "subnet-0a,subnet-0b,subnet-0c",
                        "public-subnet", "subnet-0p",
                        "checkout", Synthesis.checkout(folder).toString()),
                folder.resolve("out"));
        Main.synthesise(app, Contracts::bundled);
        Synthesis own = new Synthesis(folder.resolve("out"), Synthesis.templates(folder.resolve("out")));
        String everything = own.templates().toString();

        assertThat(everything)
                .doesNotContain("AWS::RDS::DBInstance", "AWS::EC2::VPC\"", "AWS::EC2::Subnet\"", "AWS/RDS")
                .doesNotContain("Custom::SourceTables", "LoadDemoData", "HostedRotation", "stop-replication");
        assertThat(own.resources("dataplatform-dev-network", "AWS::SSM::Parameter").values().stream()
                        .map(each -> each.at("/Properties/Value").asText()))
                .containsExactlyInAnyOrder("vpc-0crm", "subnet-0a", "subnet-0b", "subnet-0c", "subnet-0p");
        assertThat(own.resources("dataplatform-dev-replication", "AWS::DMS::Endpoint").values().stream()
                        .map(each -> each.at("/Properties/DatabaseName").asText()))
                .contains("crm");
        assertThat(own.resources("dataplatform-dev-source-database", "AWS::SSM::Parameter").values().stream()
                        .map(each -> each.at("/Properties/Value").asText()))
                .as("by which other stacks find its secret, and the group that they add who may connect to")
                .containsExactlyInAnyOrder(secret, "sg-0crm");
        assertThat(everything).contains("kms:EncryptionContext:SecretARN");
    }

    @Test
    void theWarehouseKnowsAirflowsRole() {
        for (String environment : List.of("dev", "staging", "production", "dev-other")) {
            String prefix = "dataplatform-" + environment;
            JsonNode setUp = synthesis.only(prefix + "-warehouse", "Custom::WarehouseSetup");
            assertThat(setUp.get("LoaderUser").asText()).isEqualTo("IAMR:" + prefix + "-airflow");
            assertThat(synthesis
                            .resources(prefix + "-airflow", "AWS::IAM::Role")
                            .values())
                    .anyMatch(role -> role.at("/Properties/RoleName").asText().equals(prefix + "-airflow"));
        }
    }

    /** Then UNLOAD, Spectrum and the catalog go through the network, and out of the group. */
    @Test
    void aWarehouseThatRoutesThroughTheNetworkIsLetOut() {
        for (String environment : List.of("dev", "staging", "production", "dev-other")) {
            String stack = "dataplatform-" + environment + "-warehouse";
            boolean routed = Stream.of("AWS::RedshiftServerless::Workgroup", "AWS::Redshift::Cluster")
                    .flatMap(type -> synthesis.resources(stack, type).values().stream())
                    .anyMatch(each -> each.at("/Properties/EnhancedVpcRouting").asBoolean());
            boolean letOut = synthesis.resources(stack, "AWS::EC2::SecurityGroup").values().stream()
                    .flatMap(group -> StreamSupport.stream(
                            group.at("/Properties/SecurityGroupEgress").spliterator(), false))
                    .anyMatch(rule -> rule.path("CidrIp").asText().equals("0.0.0.0/0")
                            && rule.path("ToPort").asInt() == 443);
            assertThat(letOut).as(environment).isEqualTo(routed);
        }
    }

    @Test
    void airflowsPageAsksForATokenOfIam() {
        JsonNode mwaa = synthesis.only("dataplatform-production-airflow", "AWS::MWAA::Environment");
        assertThat(mwaa.get("WebserverAccessMode").asText()).isEqualTo("PUBLIC_ONLY");
        // what the image does not have, a web server would have to install; only events of OpenLineage need it
        assertThat(mwaa.has("RequirementsS3Path")).isFalse();
        assertThat(mwaa.get("AirflowVersion").asText()).isEqualTo("3.0.6");
        assertThat(mwaa.at("/AirflowConfigurationOptions/dataplatform.environment")
                        .asText())
                .isEqualTo("production");
        assertThat(synthesis
                        .resources("dataplatform-dev-airflow", "AWS::EC2::LaunchTemplate")
                        .values())
                .hasSize(2)
                .allSatisfy(
                        template -> assertThat(template.at("/Properties/LaunchTemplateData/MetadataOptions/HttpTokens")
                                        .asText())
                                .isEqualTo("required"));
        assertThat(synthesis
                        .resources("dataplatform-dev-airflow", "AWS::EC2::SecurityGroup")
                        .values())
                .noneMatch(group -> group.get("Properties").has("SecurityGroupIngress"));
    }

    @Test
    void airflowOnDemandIsStartedAndEndedByItsFunctionsAlone() {
        String stack = "dataplatform-dev-airflow";
        JsonNode template = launchTemplate("dataplatform-dev-airflow");
        assertThat(template.get("InstanceInitiatedShutdownBehavior").asText()).isEqualTo("terminate");
        assertThat(template.at("/NetworkInterfaces/0").has("SubnetId")).isTrue();
        assertThat(template.at("/TagSpecifications/0/Tags").toString())
                .contains("{\"Key\":\"environment\",\"Value\":\"dev\"}", "{\"Key\":\"part\",\"Value\":\"airflow\"}");

        JsonNode start = only(statements(stack, "airflowAirflowLauncher"), "ec2:RunInstances");
        assertThat(start.at("/Condition/ArnEquals/ec2:LaunchTemplate").toString())
                .contains(":launch-template/");
        assertThat(start.at("/Condition/Bool/ec2:IsLaunchTemplateResource").asText())
                .isEqualTo("true");
        assertThat(only(statements(stack, "airflowAirflowLauncher"), "iam:PassRole")
                        .at("/Resource/Fn::GetAtt/0")
                        .asText())
                .startsWith("Role");
        JsonNode end = only(statements(stack, "AirflowReaper"), "ec2:TerminateInstances");
        assertThat(names(end.at("/Condition/StringEquals")))
                .containsExactlyInAnyOrder(
                        "aws:ResourceTag/aws:ec2launchtemplate:id",
                        "aws:ResourceTag/environment",
                        "aws:ResourceTag/platform");

        JsonNode schedule = synthesis.only(stack, "AWS::Scheduler::Schedule");
        assertThat(schedule.get("ScheduleExpression").asText()).isEqualTo("rate(10 minutes)");
        assertThat(schedule.at("/Target/Input").toString()).contains("AirflowReaper");
        assertThat(synthesis.resources(stack, "AWS::SSM::Parameter").values())
                .extracting(parameter -> parameter.at("/Properties/Name").asText())
                .containsExactlyInAnyOrder(
                        "/dataplatform/dev/airflow/settings",
                        "/dataplatform/dev/airflow/launches",
                        "/dataplatform/dev/airflow-launcher-function",
                        "/dataplatform/dev/airflow-reaper-function",
                        "/dataplatform/dev/dev-env/launches",
                        "/dataplatform/dev/dev-env-launcher-function");
        assertThat(synthesis.resources("dataplatform-production-airflow", "AWS::Scheduler::Schedule"))
                .isEmpty();
    }

    @Test
    void eventsOfOpenLineageGoOutWhereAnAddressIsGiven() {
        Synthesis emitting = Synthesis.managed();
        String spark = "dataplatform-production-spark";
        assertThat(emitting.templates().get(spark).toString())
                .contains("spark.openlineage.transport.url=https://lineage.example.org");
        // outside of the network nothing but AWS is reached
        assertThat(emitting.only(spark, "AWS::EMRServerless::Application").at("/NetworkConfiguration/SubnetIds"))
                .hasSize(3);
        assertThat(emitting.only("dataplatform-production-airflow", "AWS::MWAA::Environment")
                        .has("RequirementsS3Path"))
                .isTrue();
        assertThat(synthesis.templates().get(spark).toString()).doesNotContain("openlineage");
        assertThat(synthesis.only(spark, "AWS::EMRServerless::Application").has("NetworkConfiguration"))
                .isFalse();
        assertThat(userData(launchTemplate("dataplatform-dev-airflow"))).contains("export OPENLINEAGE_URL=''");
    }

    @Test
    void aNewInstanceMakesItselfAirflowOfOneVersion() {
        for (String environment : List.of("dev", "dev-other")) {
            String data = userData(launchTemplate("dataplatform-" + environment + "-airflow"));
            assertThat(data.getBytes(UTF_8))
                    .hasSizeLessThan(16 * 1024 - 2000)
                    .startsWith("#!/bin/bash\n".getBytes(UTF_8));
            assertThat(data)
                    .contains(
                            "export ENVIRONMENT='" + environment + "'",
                            "export HEARTBEAT='/dataplatform/" + environment + "/airflow/heartbeat'",
                            "export SPARK='" + (environment.equals("dev") ? "serverless" : "cluster") + "'",
                            "trap finish EXIT")
                    .containsPattern("export BUNDLE_ZIP='s3://[^']*/[0-9a-f]{64}\\.zip'")
                    .containsPattern("export PROGRAMS_ZIP='s3://[^']*/[0-9a-f]{64}\\.zip'");
        }
        JsonNode machine = synthesis.resources("dataplatform-dev-airflow", "AWS::EC2::LaunchTemplate").values().stream()
                .map(template -> template.at("/Properties/LaunchTemplateData"))
                .filter(template ->
                        template.at("/TagSpecifications/0/Tags").toString().contains("\"dev-env\""))
                .findFirst()
                .orElseThrow();
        assertThat(userData(machine)).startsWith("#!/bin/bash\nshutdown -h +600");
    }

    @Test
    void aFileThatComesStartsItsDag() {
        String stack = "dataplatform-dev-other-airflow";
        JsonNode pattern = synthesis.only(stack, "AWS::Events::Rule").get("EventPattern");
        assertThat(pattern.at("/detail/object/key").toString())
                .isEqualTo("[{\"prefix\":\"finance/\"},{\"prefix\":\"stock/\"}]");
        assertThat(pattern.at("/detail/bucket/name").toString()).contains("dataplatform-dev-other-landing-");
        assertThat(bucketsThatTellOfObjects("dev")).containsExactly("landing");
        assertThat(bucketsThatTellOfObjects("dev-other")).containsExactlyInAnyOrder("bronze", "landing");

        JsonNode source = synthesis.only(stack, "AWS::Lambda::EventSourceMapping");
        assertThat(source.get("FunctionResponseTypes").toString()).isEqualTo("[\"ReportBatchItemFailures\"]");
        JsonNode queue = synthesis.resources(stack, "AWS::SQS::Queue").values().stream()
                .map(each -> each.get("Properties"))
                .filter(each -> each.has("RedrivePolicy"))
                .findFirst()
                .orElseThrow();
        // longer than an instance takes that has to be started twice
        assertThat(queue.get("VisibilityTimeout").asInt()
                        * queue.at("/RedrivePolicy/maxReceiveCount").asInt())
                .isGreaterThan(2 * 15 * 60);
        assertThat(queue.has("KmsMasterKeyId")).isTrue();

        List<JsonNode> send = statements(stack, "LandingEventsStartDag").stream()
                .filter(statement -> statement.get("Action").asText().equals("ssm:SendCommand"))
                .toList();
        assertThat(send).hasSize(2);
        assertThat(send.get(0).get("Resource").toString()).contains(":document/dataplatform-dev-other-call-airflow");
        assertThat(names(send.get(1).at("/Condition/StringEquals")))
                .containsExactly("ssm:resourceTag/environment", "ssm:resourceTag/part", "ssm:resourceTag/platform");
        assertThat(synthesis
                        .resources("dataplatform-dev-other-watch", "AWS::CloudWatch::Alarm")
                        .values())
                .anyMatch(alarm -> alarm.toString().contains("docs/runbooks/landing-files.md")
                        && alarm.toString().contains("dataplatform-dev-other-landing-files-dead"));
        assertThat(Synthesis.CHECKOUT.resolve("docs/runbooks/landing-files.md")).exists();
    }

    @Test
    void aFileThatComesStartsItsDagInMwaa() throws IOException {
        Synthesis managed = Synthesis.managed();
        List<JsonNode> statements = new ArrayList<>();
        managed.resources("dataplatform-production-airflow", "AWS::IAM::Policy").forEach((id, policy) -> {
            if (id.startsWith("LandingEventsStartDag")) {
                policy.at("/Properties/PolicyDocument/Statement").forEach(statements::add);
            }
        });
        assertThat(only(statements, "airflow:InvokeRestApi").get("Resource").toString())
                .contains(":role/dataplatform-production-airflow/User");
        assertThat(statements).noneMatch(statement -> statement.toString().contains("ssm:"));
        assertThat(SecurityTest.nag(managed.folder()))
                .isNotEmpty()
                .noneMatch(line -> line.contains("\"Non-Compliant\"") || line.contains("\"UNKNOWN\""));
    }

    private JsonNode launchTemplate(String stack) {
        return synthesis.resources(stack, "AWS::EC2::LaunchTemplate").values().stream()
                .map(template -> template.at("/Properties/LaunchTemplateData"))
                .filter(template -> template.at("/TagSpecifications/0/Tags")
                        .toString()
                        .contains("{\"Key\":\"part\",\"Value\":\"airflow\"}"))
                .findFirst()
                .orElseThrow();
    }

    /** With {@code Ref} and the like by their names. */
    private static String userData(JsonNode template) {
        JsonNode text = template.at("/UserData/Fn::Base64");
        if (text.isTextual()) {
            return text.asText();
        }
        StringBuilder all = new StringBuilder();
        text.at("/Fn::Join/1")
                .forEach(part -> all.append(
                        part.isTextual() ? part.asText() : part.at("/Fn::Sub").asText()));
        return all.toString();
    }

    @Test
    void everyAlarmTellsSomebodyAndNamesARunbookThatIsThere() {
        Map<String, JsonNode> alarms = synthesis.resources("dataplatform-production-watch", "AWS::CloudWatch::Alarm");
        assertThat(alarms.values())
                .extracting(alarm -> alarm.at("/Properties/AlarmName").asText())
                .filteredOn(name -> !name.contains("stale-tables"))
                .containsExactlyInAnyOrder(
                        "dataplatform-production-landing-files",
                        "dataplatform-production-files-set-aside",
                        "dataplatform-production-reconciliation",
                        "dataplatform-production-replication-lag",
                        "dataplatform-production-replication-slot",
                        "dataplatform-production-storage",
                        "dataplatform-production-dead-letters");
        for (JsonNode alarm : alarms.values()) {
            String description = alarm.at("/Properties/AlarmDescription").asText();
            assertThat(alarm.at("/Properties/AlarmActions")).hasSize(1);
            assertThat(Synthesis.CHECKOUT.resolve(description.substring(description.indexOf("docs/"))))
                    .as(description)
                    .exists();
        }
        assertThat(synthesis
                        .resources("dataplatform-dev-watch", "AWS::CloudWatch::Alarm")
                        .values())
                .noneMatch(alarm -> alarm.toString().contains("stale-tables"));
    }

    @Test
    void eachContractsPromiseHasAnAlarmThatSilenceSetsOffToo() {
        Map<String, JsonNode> alarms = new HashMap<>();
        synthesis.resources("dataplatform-production-watch", "AWS::CloudWatch::Alarm").values().stream()
                .map(alarm -> alarm.get("Properties"))
                .filter(alarm -> alarm.get("AlarmName").asText().contains("stale-tables"))
                .forEach(alarm -> alarms.put(alarm.at("/Dimensions/0/Value").asText(), alarm));
        assertThat(alarms.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        Synthesis.CONTRACTS.stream().map(Contract::id).toList());
        for (Contract contract : Synthesis.CONTRACTS) {
            JsonNode alarm = alarms.get(contract.id());
            assertThat(alarm.get("Namespace").asText() + "/"
                            + alarm.get("MetricName").asText())
                    .isEqualTo("DataPlatform/Age");
            assertThat(alarm.at("/Dimensions/1/Value").asText()).isEqualTo("production");
            assertThat(alarm.get("Threshold").asLong())
                    .isEqualTo(contract.freshness().toSeconds());
            assertThat(alarm.get("TreatMissingData").asText()).isEqualTo("breaching");
        }
        assertThat(synthesis
                        .resources("dataplatform-production-airflow", "AWS::MWAA::Environment")
                        .toString())
                .as("what gives the DAG that measures its schedule")
                .contains("\"dataplatform.keeps_promises\":\"true\"");
    }

    @Test
    void onlyOneEnvironmentOfTheRepositoryMayDeploy() {
        String trust = synthesis
                .resources("dataplatform-production-delivery", "AWS::IAM::Role")
                .toString();
        assertThat(trust)
                .contains(
                        "\"token.actions.githubusercontent.com:sub\":\"repo:example/data-platform:environment:production\"")
                .doesNotContain("StringLike");
    }

    /** Else a second environment, or whatever else uses the account, stops the first deployment. */
    @Test
    void nothingIsMadeThatAnAccountHasOnlyOnce() {
        List<String> names = new ArrayList<>();
        synthesis.templates().keySet().forEach(stack -> {
            assertThat(synthesis.resources(stack, "AWS::IAM::OIDCProvider")).isEmpty();
            synthesis.resources(stack, "AWS::IAM::Role").values().stream()
                    .map(role -> role.at("/Properties/RoleName").asText())
                    .filter(name -> !name.isEmpty())
                    .forEach(names::add);
        });
        assertThat(names).isNotEmpty().doesNotHaveDuplicates().allMatch(name -> name.startsWith("dataplatform-"));
    }

    @Test
    void devAtRestCostsLessThanADollarADayAsTheReadmeSays() throws IOException {
        BigDecimal day = Cost.of(Environment.named("dev"), synthesis.folder(), Prices.read()).stream()
                .map(Cost.Line::rest)
                .reduce(BigDecimal.ZERO, BigDecimal::add)
                .divide(new BigDecimal("30.4"), 2, RoundingMode.HALF_UP);
        assertThat(day).isBetween(new BigDecimal("0.10"), BigDecimal.ONE);
        assertThat(Files.readString(Synthesis.CHECKOUT.resolve("README.md")))
                .contains("At rest `dev` costs " + day + " USD a day");
    }

    @Test
    void theCostOfEveryResourceIsKnown() throws IOException {
        for (Environment environment : Environment.ALL) {
            assertThat(Cost.of(environment, synthesis.folder(), Prices.read())).isNotEmpty();
        }
        assertThat(Cost.of(Environment.named("dev-other"), synthesis.folder(), Prices.read()))
                .isNotEmpty();
    }

    private List<JsonNode> statements(String stack, String construct) {
        List<JsonNode> statements = new ArrayList<>();
        synthesis.resources(stack, "AWS::IAM::Policy").forEach((id, policy) -> {
            if (id.startsWith(construct)) {
                policy.at("/Properties/PolicyDocument/Statement").forEach(statements::add);
            }
        });
        return statements;
    }

    /** The layers whose buckets have EventBridge on. */
    private List<String> bucketsThatTellOfObjects(String environment) {
        String prefix = "dataplatform-" + environment + "-";
        return synthesis.resources(prefix + "lake", "AWS::S3::Bucket").values().stream()
                .map(bucket -> bucket.get("Properties"))
                .filter(bucket -> bucket.at("/NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled")
                        .asBoolean())
                .map(bucket -> bucket.at("/BucketName/Fn::Join/1/0").asText())
                .map(name -> name.substring(prefix.length(), name.length() - 1))
                .toList();
    }

    private static JsonNode only(List<JsonNode> statements, String action) {
        List<JsonNode> found = statements.stream()
                .filter(statement -> statement.get("Action").toString().contains("\"" + action + "\""))
                .toList();
        assertThat(found).as(action).hasSize(1);
        return found.get(0);
    }

    private String request(String environment, String job) {
        return synthesis.resources("dataplatform-" + environment + "-spark", "AWS::SSM::Parameter").values().stream()
                .filter(parameter -> parameter.at("/Properties/Name").asText().endsWith("/spark/" + job))
                .findFirst()
                .orElseThrow()
                .toString();
    }

    private Set<String> endpoints(String environment) {
        Set<String> services = new TreeSet<>();
        synthesis
                .resources("dataplatform-" + environment + "-network", "AWS::EC2::VPCEndpoint")
                .values()
                .forEach(endpoint -> services.add(
                        endpoint.at("/Properties/ServiceName").toString().replaceAll(".*\\.([a-z0-9-]+)\".*", "$1")));
        return services;
    }

    private static List<String> policies(JsonNode resource) {
        return List.of(
                resource.path("DeletionPolicy").asText(),
                resource.path("UpdateReplacePolicy").asText());
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
