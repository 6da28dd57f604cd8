package dataplatform.operations;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.lambdas.airflowheartbeat.Heartbeat;
import dataplatform.platform.Names;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;

/**
 * Starts and ends instances of an environment, by the functions that {@code /dataplatform/<environment>/…-function} name: whoever may call them needs no
 * right to EC2. {@code up} waits until Airflow is healthy and says how to reach its page.
 */
@Command(
        name = "airflow",
        mixinStandardHelpOptions = true,
        description = "Starts and ends instances of an environment.")
public final class AirflowCommands {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Databases that only the network reaches: the parameter with the host, and the port. */
    private static final Map<String, Integer> DATABASES =
            new TreeMap<>(Map.of("source-database/host", 5432, "warehouse/host", 5439));

    private static final Duration LONGEST_START = Duration.ofMinutes(15);
    private static final Duration LONGEST_CALL = Duration.ofMinutes(1);

    /** Ends with 1 if it can't be done, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new AirflowCommands(), "", args);
    }

    @Command(name = "up", description = "Starts Airflow, and waits until it is healthy.")
    int up(@Option(names = "--environment", required = true, description = "Its name, such as dev.") String environment)
            throws InterruptedException {
        try (Caller caller = new Caller(environment)) {
            String instance = caller.launch("airflow");
            Instant start = Instant.now();
            while (caller.heartbeat(instance).isEmpty()) {
                Duration waited = Duration.between(start, Instant.now());
                if (waited.compareTo(LONGEST_START) > 0) {
                    throw new IllegalStateException(instance + " has not said within " + LONGEST_START.toMinutes()
                            + " minutes that Airflow is up: docs/runbooks/airflow-on-demand.md");
                }
                System.err.println("waiting for Airflow on " + instance + ", " + waited.toSeconds() + " s");
                Thread.sleep(10_000);
            }
            System.err.println(
                    "Airflow is up on " + instance + "; for its page run this, and open http://localhost:8080");
            System.out.println("aws ssm start-session --target " + instance
                    + " --document-name AWS-StartPortForwardingSession"
                    + " --parameters portNumber=8080,localPortNumber=8080");
        }
        return 0;
    }

    @Command(name = "down", description = "Ends Airflow.")
    int down(
            @Option(names = "--environment", required = true, description = "Its name, such as dev.")
                    String environment,
            @Option(names = "--force", description = "Also while DAGs run.") boolean force) {
        try (Caller caller = new Caller(environment)) {
            Optional<Heartbeat> last = caller.heartbeat("");
            boolean fresh = last.filter(said -> said.at().isAfter(Instant.now().minus(Duration.ofMinutes(5))))
                    .isPresent();
            if (!force && fresh && last.get().running() > 0) {
                throw new IllegalStateException(last.get().running() + " runs of DAGs are going on on "
                        + last.get().instance() + ": FORCE=1 ends it nevertheless");
            }
            JsonNode ended = caller.call("airflow-reaper-function", "{\"stop\": true}");
            System.err.println(
                    ended.isEmpty()
                            ? "Airflow does not run"
                            : "ended " + String.join(", ", (Iterable<String>) ended::fieldNames));
        }
        return 0;
    }

    @Command(name = "dev-env", description = "Starts a machine to develop on.")
    int developerMachine(
            @Option(names = "--environment", required = true, description = "Its name, such as dev.")
                    String environment) {
        try (Caller caller = new Caller(environment)) {
            String instance = caller.launch("dev-env");
            System.err.println(instance + " ends itself ten hours after its start, with all that is on it."
                    + " A new one takes two minutes before this lets you in:");
            System.out.println("aws ssm start-session --target " + instance);
        }
        return 0;
    }

    @Command(name = "tunnel", description = "Starts the machine through which databases are reached, and says how.")
    int tunnel(
            @Option(names = "--environment", required = true, description = "Its name, such as dev.")
                    String environment) {
        try (Caller caller = new Caller(environment)) {
            String instance = caller.launch("dev-env");
            System.err.println(instance + " ends itself ten hours after its start. A new one takes two minutes before"
                    + " these go through it; connect to localhost then:");
            // the platform knows no host of a source database that is not its own
            DATABASES.forEach((parameter, port) -> caller.find(parameter)
                    .ifPresent(host -> System.out.println("aws ssm start-session --target " + instance
                            + " --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters host=" + host
                            + ",portNumber=" + port + ",localPortNumber=" + port)));
        }
        return 0;
    }

    private static final class Caller implements AutoCloseable {
        private final String path;
        private final SdkHttpClient http;
        private final SsmClient ssm;
        private final LambdaClient lambda;

        Caller(String environment) {
            this.path = new Names(environment).path("");
            this.http = UrlConnectionHttpClient.builder()
                    .socketTimeout(LONGEST_CALL)
                    .build();
            this.ssm = SsmClient.builder().httpClient(http).build();
            this.lambda = LambdaClient.builder().httpClient(http).build();
        }

        /** Starts the instance of a part, unless it runs, and gives its id. */
        String launch(String part) {
            return call(part + "-launcher-function", "{}").get("instanceId").asText();
        }

        /** What a parameter of the environment says. */
        String parameter(String name) {
            return find(name)
                    .orElseThrow(() -> new IllegalStateException("There is no parameter " + path + name
                            + ": this environment does not exist, has MWAA, or waits for make deploy-airflow"));
        }

        Optional<String> find(String name) {
            try {
                return Optional.of(ssm.getParameter(request -> request.name(path + name))
                        .parameter()
                        .value());
            } catch (ParameterNotFoundException e) {
                return Optional.empty();
            }
        }

        /** The answer of the function that a parameter names. */
        JsonNode call(String parameter, String event) {
            String function = parameter(parameter);
            InvokeResponse response =
                    lambda.invoke(request -> request.functionName(function).payload(SdkBytes.fromUtf8String(event)));
            try {
                JsonNode answer = JSON.readTree(response.payload().asUtf8String());
                if (response.functionError() != null) {
                    throw new IllegalStateException(
                            function + " failed: " + answer.path("errorMessage").asText());
                }
                return answer;
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(function + " answers no JSON", e);
            }
        }

        /**
         * The last heartbeat.
         *
         * @param instance whose; anybody's if empty
         * @throws IllegalStateException if that instance says that it has failed
         */
        Optional<Heartbeat> heartbeat(String instance) {
            try {
                return Optional.of(Heartbeat.parse(ssm.getParameter(request -> request.name(path + "airflow/heartbeat"))
                                .parameter()
                                .value()))
                        .filter(said -> said.instance().startsWith(instance));
            } catch (ParameterNotFoundException e) {
                return Optional.empty();
            } catch (IllegalArgumentException e) {
                if (!instance.isEmpty() && e.getMessage().startsWith(instance)) {
                    throw new IllegalStateException(
                            e.getMessage() + ", and ends itself: docs/runbooks/airflow-on-demand.md", e);
                }
                return Optional.empty();
            }
        }

        @Override
        public void close() {
            lambda.close();
            ssm.close();
            http.close();
        }
    }
}
