package dataplatform.lambdas.airflowlauncher;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ssm.SsmClient;

/**
 * Starts an instance, such as the one that Airflow runs on, from its launch template, unless it is there. Environment:
 *
 * <ul>
 *   <li>{@code LAUNCH_TEMPLATE_ID}, of which the newest version is taken
 *   <li>{@code LAUNCHES_PARAMETER} in SSM: the number of the last launch
 * </ul>
 *
 * However many call at once, one instance starts. That it is not listed proves nothing, as EC2 lists a new instance a little later; so each
 * launch has a client token, the template and its number, and for one token EC2 starts one instance. If that one is gone, all callers try the
 * next number, hence again the same token. The parameter only says where to begin: a number that is too low, as a slow caller may leave it,
 * leads through those that are gone to the one that runs.
 */
public final class AirflowLauncher implements RequestHandler<Map<String, Object>, AirflowLauncher.Airflow> {
    /** The tag that EC2 itself gives, and nobody else can. */
    private static final String TEMPLATE_TAG = "tag:aws:ec2launchtemplate:id";

    private static final Set<InstanceStateName> RUNS = Set.of(InstanceStateName.PENDING, InstanceStateName.RUNNING);

    /** What EC2 says of a token whose instance is gone; the second if the template has changed since. */
    private static final Set<String> USED = Set.of("IdempotentInstanceTerminated", "IdempotentParameterMismatch");

    private final Ec2Client ec2;
    private final SsmClient ssm;
    private final String template;
    private final String launches;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public AirflowLauncher() {
        this(
                Ec2Client.create(),
                SsmClient.create(),
                System.getenv("LAUNCH_TEMPLATE_ID"),
                System.getenv("LAUNCHES_PARAMETER"));
    }

    AirflowLauncher(Ec2Client ec2, SsmClient ssm, String template, String launches) {
        this.ec2 = ec2;
        this.ssm = ssm;
        this.template = template;
        this.launches = launches;
    }

    /**
     * The instance.
     *
     * @param instanceId such as {@code i-0123456789abcdef0}
     * @param state {@code pending} or {@code running}
     */
    public record Airflow(String instanceId, String state) {
        private static Airflow of(Instance instance) {
            return new Airflow(instance.instanceId(), instance.state().nameAsString());
        }
    }

    /**
     * Starts the instance, or finds it.
     *
     * @param event nothing of it is read
     * @throws Ec2Exception if EC2 can't start it now, as when it has no such instance left
     */
    @Override
    public Airflow handleRequest(Map<String, Object> event, Context context) {
        Airflow airflow = start();
        context.getLogger().log(airflow.instanceId() + " is " + airflow.state(), LogLevel.INFO);
        return airflow;
    }

    Airflow start() {
        return listed().orElseGet(this::launch);
    }

    private Optional<Airflow> listed() {
        Filter ours = Filter.builder().name(TEMPLATE_TAG).values(template).build();
        return ec2.describeInstancesPaginator(request -> request.filters(ours)).reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .filter(AirflowLauncher::runs)
                .map(Airflow::of)
                .findFirst();
    }

    private Airflow launch() {
        long last = Long.parseLong(
                ssm.getParameter(request -> request.name(launches)).parameter().value());
        long number = last;
        Optional<Airflow> airflow = launch(number);
        while (airflow.isEmpty()) {
            number++;
            airflow = launch(number);
        }
        if (number != last) {
            String reached = Long.toString(number);
            ssm.putParameter(request -> request.name(launches).value(reached).overwrite(true));
        }
        return airflow.get();
    }

    /** The instance of this number; nothing if it is gone. */
    private Optional<Airflow> launch(long number) {
        try {
            return ec2
                    .runInstances(request -> request.launchTemplate(
                                    from -> from.launchTemplateId(template).version("$Latest"))
                            .clientToken(template + "-" + number)
                            .minCount(1)
                            .maxCount(1))
                    .instances()
                    .stream()
                    .filter(AirflowLauncher::runs)
                    .map(Airflow::of)
                    .findFirst();
        } catch (Ec2Exception e) {
            // which an error of EC2's own may not have
            String code = e.awsErrorDetails().errorCode();
            if (code != null && USED.contains(code)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean runs(Instance instance) {
        return RUNS.contains(instance.state().name());
    }
}
