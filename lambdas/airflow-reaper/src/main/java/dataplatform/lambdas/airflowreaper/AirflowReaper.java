package dataplatform.lambdas.airflowreaper;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.lambdas.airflowheartbeat.Heartbeat;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;

/**
 * Terminates the instance that Airflow runs on when it has nothing to do, by {@link TerminationRules}, or when somebody asks for it. Environment:
 *
 * <ul>
 *   <li>{@code LAUNCH_TEMPLATE_ID} that it is started from
 *   <li>{@code HEARTBEAT_PARAMETER} in SSM, where it writes a {@link Heartbeat}
 *   <li>{@code AGE}, {@code SILENCE}, {@code IDLE}: the rules, such as {@code PT30M}
 * </ul>
 */
public final class AirflowReaper implements RequestHandler<Map<String, Object>, Map<String, String>> {
    private static final List<String> NOT_GONE = List.of("pending", "running", "stopping", "stopped");

    private final Ec2Client ec2;
    private final SsmClient ssm;
    private final InstantSource clock;
    private final String template;
    private final String parameter;
    private final TerminationRules rules;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public AirflowReaper() {
        this(
                Ec2Client.create(),
                SsmClient.create(),
                InstantSource.system(),
                System.getenv("LAUNCH_TEMPLATE_ID"),
                System.getenv("HEARTBEAT_PARAMETER"),
                new TerminationRules(
                        Duration.parse(System.getenv("AGE")),
                        Duration.parse(System.getenv("SILENCE")),
                        Duration.parse(System.getenv("IDLE"))));
    }

    AirflowReaper(
            Ec2Client ec2,
            SsmClient ssm,
            InstantSource clock,
            String template,
            String parameter,
            TerminationRules rules) {
        this.ec2 = ec2;
        this.ssm = ssm;
        this.clock = clock;
        this.template = template;
        this.parameter = parameter;
        this.rules = rules;
    }

    /**
     * Terminates what has to go.
     *
     * @param event with {@code stop} true, the instance has to go whatever it does
     * @return why, by the instance's id
     */
    @Override
    public Map<String, String> handleRequest(Map<String, Object> event, Context context) {
        boolean stop = event != null && Boolean.TRUE.equals(event.get("stop"));
        return reap(stop, message -> context.getLogger().log(message, LogLevel.INFO));
    }

    Map<String, String> reap(boolean stop, Consumer<String> log) {
        Instant now = clock.instant();
        Optional<Heartbeat> heartbeat = heartbeat(log);
        Map<String, String> gone = new TreeMap<>();
        for (Instance instance : instances()) {
            String id = instance.instanceId();
            Optional<Heartbeat> own = heartbeat.filter(last -> last.instance().equals(id));
            Optional<String> reason =
                    stop ? Optional.of("somebody wants it so") : rules.broken(now, instance.launchTime(), own);
            reason.ifPresent(why -> {
                ec2.terminateInstances(request -> request.instanceIds(id));
                log.accept("terminated " + id + ": " + why);
                gone.put(id, why);
            });
        }
        return gone;
    }

    /** The last one; nothing if there is none yet, or none that can be read: an instance that can't say what it does has said nothing. */
    private Optional<Heartbeat> heartbeat(Consumer<String> log) {
        try {
            return Optional.of(Heartbeat.parse(ssm.getParameter(request -> request.name(parameter))
                    .parameter()
                    .value()));
        } catch (ParameterNotFoundException e) {
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            log.accept(parameter + " holds no heartbeat: " + e.getMessage());
            return Optional.empty();
        }
    }

    private List<Instance> instances() {
        // the tag that EC2 itself gives, and nobody else can
        Filter ours = Filter.builder()
                .name("tag:aws:ec2launchtemplate:id")
                .values(template)
                .build();
        Filter there =
                Filter.builder().name("instance-state-name").values(NOT_GONE).build();
        return ec2.describeInstancesPaginator(request -> request.filters(ours, there)).reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .toList();
    }
}
