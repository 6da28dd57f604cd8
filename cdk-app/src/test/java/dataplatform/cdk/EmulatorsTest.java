package dataplatform.cdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dataplatform.contracts.GlueTable;
import dataplatform.contracts.GlueTable.Format;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.cloudformation.model.Stack;
import software.amazon.awssdk.services.cloudformation.model.StackResource;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.Column;
import software.amazon.awssdk.services.glue.model.Table;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * The environment {@code dev}, deployed by the real {@code cdk deploy} to two emulators of AWS, each of which gets the resources
 * whose types it says it knows. What they have created is compared with what the templates declare.
 */
class EmulatorsTest {
    /** Types that neither emulator creates: nothing but their templates is proven here. */
    private static final Set<String> NOT_EMULATED = Set.of(
            "AWS::Athena::NamedQuery",
            "AWS::Budgets::Budget",
            "AWS::DMS::Endpoint",
            "AWS::DMS::ReplicationInstance",
            "AWS::DMS::ReplicationTask",
            "AWS::DMS::ReplicationSubnetGroup",
            // moto fails on a prefix in the bucket
            "AWS::EC2::FlowLog",
            "AWS::EC2::SecurityGroupEgress",
            // moto adds them, and does not say that it has
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EMRServerless::Application",
            "AWS::Glue::SecurityConfiguration",
            "AWS::RedshiftServerless::Namespace",
            "AWS::RedshiftServerless::Workgroup",
            "AWS::SecretsManager::RotationSchedule",
            // their functions are Java, which neither runs
            "Custom::SourceTables",
            "Custom::StartReplication",
            "Custom::WarehouseSetup");

    /** An alarm on a query, where the others of its type are on a metric: known to neither. */
    private static final Set<String> NOT_EMULATED_ALONE = Set.of("dataplatform-dev-watch/replicationlag");

    /** What an emulator says it knows and fails on. */
    private static final Map<String, Set<String>> FAILS =
            Map.of("moto", Set.of("AWS::EC2::FlowLog", "AWS::RDS::DBInstance"), "ministack", Set.of());

    @TempDir
    static Path folder;

    private static final Map<String, JsonNode> DECLARED = new TreeMap<>();
    private static Emulator moto;
    private static Emulator ministack;

    @BeforeAll
    static void deploy() throws Exception {
        Synthesis.everything().templates().forEach((stack, template) -> {
            if (stack.startsWith("dataplatform-dev-") && !stack.startsWith("dataplatform-dev-other-")) {
                DECLARED.put(stack, template);
            }
        });
        moto = Emulator.moto(folder.resolve("moto"));
        ministack = Emulator.ministack(folder.resolve("ministack"));
        CompletableFuture<Void> other = CompletableFuture.runAsync(() -> deploy(ministack));
        deploy(moto);
        other.join();
    }

    @AfterAll
    static void stop() {
        ministack.close();
        moto.close();
    }

    @Test
    void everyResourceIsCreatedByOneOfThemOrOnTheList() {
        Set<String> created = new TreeSet<>();
        for (Emulator emulator : List.of(moto, ministack)) {
            try (CloudFormationClient client = emulator.client(CloudFormationClient.builder())) {
                for (String stack : client.describeStacks().stacks().stream()
                        .map(Stack::stackName)
                        .filter(DECLARED::containsKey)
                        .toList()) {
                    client.describeStackResources(request -> request.stackName(stack)).stackResources().stream()
                            .filter(resource -> resource.physicalResourceId() != null)
                            .map(StackResource::logicalResourceId)
                            .forEach(id -> created.add(stack + "/" + id));
                }
            }
        }
        Set<String> missing = new TreeSet<>();
        DECLARED.forEach(
                (stack, template) -> template.get("Resources").properties().forEach(resource -> {
                    String id = stack + "/" + resource.getKey();
                    if (!created.contains(id)) {
                        missing.add(
                                NOT_EMULATED_ALONE.contains(id)
                                        ? id
                                        : resource.getValue().get("Type").asText());
                    }
                }));
        Set<String> expected = new TreeSet<>(NOT_EMULATED);
        expected.addAll(NOT_EMULATED_ALONE);
        assertThat(missing).isEqualTo(expected);
        assertThat(created).noneMatch(id -> NOT_EMULATED.contains(type(id)));
    }

    @Test
    void bucketsAreEncrypted() {
        try (S3Client s3 = moto.client(S3Client.builder().forcePathStyle(true))) {
            for (LakeBucket layer : LakeBucket.values()) {
                String bucket = new Names("dev").bucket(layer, moto.account());
                var rule = s3.getBucketEncryption(request -> request.bucket(bucket))
                        .serverSideEncryptionConfiguration()
                        .rules()
                        .get(0)
                        .applyServerSideEncryptionByDefault();
                assertThat(rule.sseAlgorithm())
                        .as(bucket)
                        .isEqualTo(
                                layer == LakeBucket.LOGS ? ServerSideEncryption.AES256 : ServerSideEncryption.AWS_KMS);
            }
        }
    }

    @Test
    void bucketsAreClosedAndVersioned() {
        try (S3Client s3 = ministack.client(S3Client.builder().forcePathStyle(true))) {
            for (LakeBucket layer : LakeBucket.values()) {
                String bucket = new Names("dev").bucket(layer, ministack.account());
                var access = s3.getPublicAccessBlock(request -> request.bucket(bucket))
                        .publicAccessBlockConfiguration();
                assertThat(access.blockPublicAcls()
                                && access.blockPublicPolicy()
                                && access.ignorePublicAcls()
                                && access.restrictPublicBuckets())
                        .as(bucket)
                        .isTrue();
                assertThat(s3.getBucketVersioning(request -> request.bucket(bucket))
                                .status())
                        .as(bucket)
                        .isEqualTo(
                                layer == LakeBucket.LOGS || layer == LakeBucket.ATHENA_RESULTS
                                        ? null
                                        : BucketVersioningStatus.ENABLED);
            }
        }
    }

    @Test
    void tablesHaveTheColumnsOfTheirContracts() {
        String silver = "s3://" + new Names("dev").bucket(LakeBucket.SILVER, ministack.account());
        try (GlueClient glue = ministack.client(GlueClient.builder())) {
            for (Format format : List.of(Format.DELTA, Format.SYMLINK)) {
                Map<String, Table> tables = glue
                        .getTables(request -> request.databaseName(GlueTable.database(new Names("dev"), format)))
                        .tableList()
                        .stream()
                        .collect(Collectors.toMap(Table::name, table -> table));
                List<GlueTable> expected = GlueTable.silver(Synthesis.CONTRACTS, silver, format);
                assertThat(tables).hasSameSizeAs(expected);
                for (GlueTable table : expected) {
                    Table made = tables.get(table.name());
                    assertThat(made.storageDescriptor().location()).isEqualTo(table.location());
                    assertThat(made.storageDescriptor().columns().stream().map(EmulatorsTest::text))
                            .containsExactlyElementsOf(table.columns().stream()
                                    .map(EmulatorsTest::text)
                                    .toList());
                    assertThat(made.partitionKeys().stream().map(EmulatorsTest::text))
                            .containsExactlyElementsOf(table.partitionKeys().stream()
                                    .map(EmulatorsTest::text)
                                    .toList());
                }
            }
        }
    }

    private static String text(Column column) {
        return column.name() + " " + column.type();
    }

    private static String text(GlueTable.Column column) {
        return column.name() + " " + column.type();
    }

    private static String type(String id) {
        String[] path = id.split("/");
        return DECLARED.get(path[0]).at("/Resources/" + path[1] + "/Type").asText();
    }

    private static void deploy(Emulator emulator) {
        try {
            Path assembly = assembly(emulator);
            emulator.awaitStart();
            emulator.deploy(assembly, DECLARED.keySet());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("could not deploy to " + emulator.name(), e);
        }
    }

    /** The assembly with those resources that the emulator knows; what refers to another gets an ARN that leads nowhere. */
    private static Path assembly(Emulator emulator) throws IOException, InterruptedException {
        Set<String> known = emulator.knownTypes();
        Path assembly = Files.createDirectories(folder.resolve(emulator.name()).resolve("cdk.out"));
        try (var files = Files.walk(Synthesis.everything().folder())) {
            for (Path file : files.toList()) {
                Path copy = assembly.resolve(Synthesis.everything().folder().relativize(file));
                if (!Files.exists(copy)) {
                    Files.copy(file, copy);
                }
            }
        }
        DECLARED.forEach((stack, template) -> {
            ObjectNode reduced = template.deepCopy();
            ObjectNode resources = (ObjectNode) reduced.get("Resources");
            Set<String> gone = new TreeSet<>();
            resources.properties().forEach(resource -> {
                String type = resource.getValue().get("Type").asText();
                if (!known.contains(type)
                        || FAILS.get(emulator.name()).contains(type)
                        || NOT_EMULATED_ALONE.contains(stack + "/" + resource.getKey())) {
                    gone.add(resource.getKey());
                }
            });
            resources.remove(gone);
            resources.forEach(resource -> forget(resource, gone));
            // one of AWS's own, which only AWS publishes
            reduced.get("Parameters").forEach(parameter -> {
                if (parameter.path("Default").asText().startsWith("/aws/service/")) {
                    ((ObjectNode) parameter).put("Type", "String").put("Default", "ami-11111111111111111");
                }
            });
            try {
                Files.writeString(
                        assembly.resolve(stack + ".template.json"),
                        without(reduced, gone).toString());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        return assembly;
    }

    private static void forget(JsonNode resource, Set<String> gone) {
        JsonNode before = resource.path("DependsOn");
        if (before.isMissingNode()) {
            return;
        }
        var after = Synthesis.JSON.createArrayNode();
        for (JsonNode each :
                before.isArray() ? before : Synthesis.JSON.createArrayNode().add(before)) {
            if (!gone.contains(each.asText())) {
                after.add(each);
            }
        }
        ((ObjectNode) resource).set("DependsOn", after);
    }

    private static JsonNode without(JsonNode node, Set<String> gone) {
        if (gone.contains(node.path("Ref").asText())
                || gone.contains(node.path("Fn::GetAtt").path(0).asText())) {
            return TextNode.valueOf("arn:aws:none:us-east-1:111111111111:not-emulated");
        }
        if (node instanceof ObjectNode object) {
            object.properties().forEach(field -> field.setValue(without(field.getValue(), gone)));
        } else if (node.isArray()) {
            var copy = Synthesis.JSON.createArrayNode();
            node.forEach(item -> copy.add(without(item, gone)));
            return copy;
        }
        return node;
    }
}
