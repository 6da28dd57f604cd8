package dataplatform.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dataplatform.cdk.Main;
import dataplatform.contracts.Contracts;
import dataplatform.local.process.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each function may do what its code calls, and nothing beside: the calls are read from the classes that its handler leads to, the rights from the
 * templates of all environments.
 */
class PermissionsTest {
    private static final Pattern CLIENT =
            Pattern.compile("software\\.amazon\\.awssdk\\.services\\.(\\w+)\\.[\\w.]*\\w+(?:Client|Waiter)");

    /** Services whose actions have another prefix than the SDK's package. */
    private static final Map<String, String> PREFIX =
            Map.of("databasemigration", "dms", "mwaa", "airflow", "redshiftdata", "redshift-data");

    /** Actions that have another name than the call, by the Service Authorization Reference. */
    private static final Map<String, String> ACTION = Map.of(
            "lambda:Invoke", "lambda:InvokeFunction",
            "s3:HeadObject", "s3:GetObject",
            "s3:ListObjectsV2", "s3:ListBucket");

    /** Classes that a function uses only where it has the variable. */
    private static final Map<String, String> ONLY_WITH = Map.of(
            "dataplatform.lambdas.startdag.ManagedAirflow", "MWAA_ENVIRONMENT",
            "dataplatform.lambdas.startdag.AirflowOnDemand", "LAUNCHER_FUNCTION");

    /** What AWS asks the caller of an action for beside it. */
    private static final Map<String, Set<String>> WITH = Map.of(
            // with the tags and the profile of the launch template
            "ec2:RunInstances", Set.of("ec2:CreateTags", "iam:PassRole"),
            "redshift-data:ExecuteStatement", Set.of("secretsmanager:GetSecretValue"),
            // the platform's own key
            "s3:GetObject", Set.of("kms:Decrypt"),
            "s3:PutObject", Set.of("kms:GenerateDataKey"),
            "kinesis:PutRecords", Set.of("kms:GenerateDataKey"),
            "secretsmanager:GetSecretValue", Set.of("kms:Decrypt"));

    private static final Set<String> LOG = Set.of("logs:CreateLogStream", "logs:PutLogEvents");

    /** AWSLambdaVPCAccessExecutionRole. */
    private static final Set<String> NETWORK = Set.of(
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses");

    /** Of a queue that Lambda takes messages from, encrypted with the platform's own key. */
    private static final Set<String> QUEUE = Set.of(
            "kms:Decrypt",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage");

    /**
     * A function of a template.
     *
     * @param needs what Lambda itself does in the function's name
     */
    private record Function(
            String name, String handler, Set<String> variables, Set<String> needs, Set<String> granted) {}

    @Test
    void eachFunctionMayDoWhatItsCodeCallsAndNothingElse(@TempDir Path folder) throws IOException {
        Main.synthesise(
                Main.app(
                        Map.of(
                                "web-events",
                                "true",
                                "checkout",
                                Project.file("").toString()),
                        folder),
                Contracts::bundled);
        JavaClasses classes = new ClassFileImporter().importPaths(ownClasses());
        Collection<Function> functions = functions(folder);
        assertThat(functions).hasSizeGreaterThan(10);
        Map<String, String> wrong = new TreeMap<>();
        for (Function function : functions) {
            Set<String> needed = needed(classes, function);
            Set<String> missing = new TreeSet<>(needed);
            missing.removeAll(function.granted());
            Set<String> needless = new TreeSet<>(function.granted());
            needless.removeAll(needed);
            if (!missing.isEmpty() || !needless.isEmpty()) {
                wrong.put(function.name(), "needs and may not: " + missing + ", may and does not need: " + needless);
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Where those of the functions, and of the modules that they share, are compiled to. */
    private static List<Path> ownClasses() throws IOException {
        try (Stream<Path> functions = Files.list(Project.file("lambdas"))) {
            return Stream.concat(functions, Stream.of(Project.file("source-data"), Project.file("contracts")))
                    .map(module -> module.resolve("target/classes"))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    /** What the commands of this module call is what the policy for operators allows, and more. */
    @Test
    void anOperatorMayDoWhatTheCommandsCall(@TempDir Path folder) throws IOException {
        Main.synthesise(
                Main.app(Map.of("env", "dev", "checkout", Project.file("").toString()), folder), Contracts::bundled);
        JsonNode people = new ObjectMapper()
                .readTree(
                        folder.resolve("dataplatform-dev-people.template.json").toFile());
        Set<String> granted = new TreeSet<>();
        for (JsonNode policy : people.get("Resources")) {
            if (policy.at("/Properties/ManagedPolicyName").asText().equals("dataplatform-dev-operator")) {
                policy.at("/Properties/PolicyDocument/Statement")
                        .forEach(statement -> granted.addAll(actions(statement)));
            }
        }
        JavaClasses classes = new ClassFileImporter().importPaths(Project.file("operations/target/classes"));
        for (Class<?> command : List.of(AirflowCommands.class, LoadDemo.class, UploadUrl.class)) {
            Function called = new Function("", command.getName(), Set.of(), Set.of(), Set.of());
            Set<String> needed = needed(classes, called);
            // which nobody can be refused
            needed.remove("sts:GetCallerIdentity");
            assertThat(granted).as(command.getSimpleName()).containsAll(needed);
        }
    }

    private static Set<String> needed(JavaClasses classes, Function function) {
        Set<String> needed = new TreeSet<>();
        Deque<String> open = new ArrayDeque<>(called(classes, function));
        open.addAll(function.needs());
        while (!open.isEmpty()) {
            String action = open.pop();
            if (needed.add(action)) {
                open.addAll(WITH.getOrDefault(action, Set.of()));
            }
        }
        return needed;
    }

    private static Set<String> called(JavaClasses classes, Function function) {
        Set<String> called = new TreeSet<>();
        Set<JavaClass> seen = new HashSet<>();
        Deque<JavaClass> open = new ArrayDeque<>(List.of(classes.get(function.handler())));
        while (!open.isEmpty()) {
            JavaClass next = open.pop();
            String variable = ONLY_WITH.get(next.getName());
            if (!seen.add(next) || variable != null && !function.variables().contains(variable)) {
                continue;
            }
            next.getMethodCallsFromSelf().forEach(call -> action(call.getTargetOwner(), call.getName(), called));
            next.getMethodReferencesFromSelf().forEach(call -> action(call.getTargetOwner(), call.getName(), called));
            next.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(target -> classes.contain(target.getName()))
                    .forEach(open::push);
        }
        return called;
    }

    private static void action(JavaClass owner, String method, Set<String> called) {
        Matcher client = CLIENT.matcher(owner.getName());
        if (client.matches()
                && !Set.of("create", "builder", "close", "serviceClientConfiguration")
                        .contains(method)) {
            String name = method.replaceFirst("Paginator$", "");
            String action = PREFIX.getOrDefault(client.group(1), client.group(1)) + ":"
                    + Character.toUpperCase(name.charAt(0)) + name.substring(1);
            called.add(ACTION.getOrDefault(action, action));
        }
    }

    private static Collection<Function> functions(Path folder) throws IOException {
        Map<String, Function> functions = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".template.json"))
                    .toList()) {
                JsonNode resources = new ObjectMapper().readTree(file.toFile()).get("Resources");
                resources.properties().forEach(each -> {
                    JsonNode properties = each.getValue().path("Properties");
                    String handler = properties.path("Handler").asText();
                    if (type(each.getValue()).equals("AWS::Lambda::Function") && handler.startsWith("dataplatform.")) {
                        String name = properties.get("FunctionName").asText();
                        functions.put(
                                name,
                                new Function(
                                        name,
                                        handler.replaceFirst("::.*", ""),
                                        names(properties.at("/Environment/Variables")),
                                        needs(resources, each.getKey(), properties),
                                        granted(
                                                resources,
                                                properties
                                                        .at("/Role/Fn::GetAtt/0")
                                                        .asText())));
                    }
                });
            }
        }
        return functions.values();
    }

    private static Set<String> needs(JsonNode resources, String id, JsonNode function) {
        Set<String> needs = new TreeSet<>(LOG);
        if (function.has("VpcConfig")) {
            needs.addAll(NETWORK);
        }
        if (function.has("KmsKeyArn")) {
            // of the variables, with the function's role
            needs.add("kms:Decrypt");
        }
        for (JsonNode resource : resources) {
            if (type(resource).equals("AWS::Lambda::EventSourceMapping")
                    && resource.at("/Properties/FunctionName/Ref").asText().equals(id)) {
                needs.addAll(QUEUE);
            }
        }
        return needs;
    }

    private static String type(JsonNode resource) {
        return resource.path("Type").asText();
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> granted(JsonNode resources, String role) {
        Set<String> granted = new TreeSet<>();
        for (JsonNode resource : resources) {
            if (type(resource).equals("AWS::IAM::Policy")
                    && resource.at("/Properties/Roles").findValuesAsText("Ref").contains(role)) {
                for (JsonNode statement : resource.at("/Properties/PolicyDocument/Statement")) {
                    granted.addAll(actions(statement));
                }
            }
        }
        return granted;
    }

    private static Set<String> actions(JsonNode statement) {
        JsonNode actions = statement.get("Action");
        Set<String> names = new TreeSet<>();
        if (actions.isArray()) {
            actions.forEach(action -> names.add(action.asText()));
        } else {
            names.add(actions.asText());
        }
        return names;
    }
}
