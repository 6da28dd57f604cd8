package dataplatform.lambdas.startreplication;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.lambdas.customresource.CustomResource;
import dataplatform.lambdas.startreplication.Replication.Phase;
import dataplatform.lambdas.startreplication.Replication.State;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.databasemigration.DatabaseMigrationClient;
import software.amazon.awssdk.services.databasemigration.model.InvalidResourceStateException;
import software.amazon.lambda.powertools.cloudformation.Response;

/**
 * The custom resource {@code Custom::StartReplication}: a DMS replication that runs while the resource exists. Properties:
 *
 * <ul>
 *   <li>{@code ReplicationTaskArn}
 *   <li>{@code TableMappings}, as JSON; if the replication has others, it gets these, for which it is stopped and resumed
 *   <li>{@code Version}, which changes with this function, so that CloudFormation calls again
 * </ul>
 *
 * All tables are loaded once, at the first start. A replication that ran before is only ever resumed, never started anew and never reloaded.
 */
public final class StartReplication extends CustomResource {
    private final DatabaseMigrationClient dms;
    private final Duration pause;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public StartReplication() {
        this(DatabaseMigrationClient.create(), Duration.ofSeconds(2));
    }

    /**
     * The function with another client.
     *
     * @param pause between two looks at a replication that is changing
     */
    StartReplication(DatabaseMigrationClient dms, Duration pause) {
        this.dms = dms;
        this.pause = pause;
    }

    /** What one event asks for. */
    private record Request(Replication replication, String tableMappings) {}

    @Override
    protected Response create(CloudFormationCustomResourceEvent event, Context context) {
        Optional<Request> request = request(event);
        String id = request.map(each -> each.replication().arn())
                .or(() -> Optional.ofNullable(event.getPhysicalResourceId()))
                .orElse(event.getLogicalResourceId());
        return answer(
                id,
                context,
                () -> run(
                        request.orElseThrow(
                                () -> new IllegalArgumentException("give ReplicationTaskArn and TableMappings")),
                        context));
    }

    /** As for a new resource; another ARN makes another resource, and CloudFormation deletes the one before. */
    @Override
    protected Response update(CloudFormationCustomResourceEvent event, Context context) {
        return create(event, context);
    }

    @Override
    protected Response delete(CloudFormationCustomResourceEvent event, Context context) {
        return answer(event.getPhysicalResourceId(), context, () -> {
            Optional<Request> request = request(event);
            // a resource without one was never created
            if (request.isPresent()) {
                halt(request.get(), context);
            }
        });
    }

    private Optional<Request> request(CloudFormationCustomResourceEvent event) {
        Map<String, Object> properties = event.getResourceProperties();
        String task = (String) properties.get("ReplicationTaskArn");
        String mappings = (String) properties.get("TableMappings");
        return mappings == null || task == null
                ? Optional.empty()
                : Optional.of(new Request(new Replication(dms, task), mappings));
    }

    /** Brings it, step by step, to run with these mappings. That the tables are loaded is not waited for. */
    private void run(Request request, Context context) throws InterruptedException {
        Replication replication = request.replication();
        boolean mapped = false;
        boolean ran = false;
        Steps steps = new Steps(replication, context);
        while (true) {
            State state = steps.look()
                    .orElseThrow(() -> new IllegalStateException("there is no such replication; create it before"));
            mapped = mapped || TableMappings.same(state.tableMappings(), request.tableMappings());
            ran = ran || state.phase() == Phase.RUNNING || state.phase() == Phase.STOPPED;
            if (mapped) {
                boolean runs =
                        switch (state.phase()) {
                            case STARTING, RUNNING -> true;
                            case NEW, STOPPED ->
                                steps.isReady()
                                        && (ran
                                                ? steps.take("resume", replication::resume)
                                                : steps.take("start with a full load", replication::start));
                            case CHANGING -> false;
                        };
                if (runs) {
                    return;
                }
            } else {
                switch (state.phase()) {
                    case RUNNING -> steps.take("stop to change its tables", replication::stop);
                    case NEW, STOPPED ->
                        mapped = steps.take("change its tables", () -> replication.map(request.tableMappings()));
                    case STARTING, CHANGING -> {
                        // takes no orders yet
                    }
                }
            }
            steps.pause();
        }
    }

    /** Stops it, and waits until it has stopped: DMS deletes none that runs. */
    private void halt(Request request, Context context) throws InterruptedException {
        Steps steps = new Steps(request.replication(), context);
        while (true) {
            Optional<State> state = steps.look();
            if (state.isEmpty()
                    || state.get().phase() == Phase.NEW
                    || state.get().phase() == Phase.STOPPED) {
                return;
            }
            if (state.get().phase() == Phase.RUNNING) {
                steps.take("stop", request.replication()::stop);
            }
            steps.pause();
        }
    }

    /** Looks at a replication and acts on it until it is as wanted, or the function's time is over. */
    private final class Steps {
        private final Replication replication;
        private final LambdaLogger log;
        private final Instant deadline;
        private String status = "";
        private String refusal = "";

        Steps(Replication replication, Context context) {
            this.replication = replication;
            this.log = context.getLogger();
            this.deadline = deadline(context);
        }

        Optional<State> look() {
            Optional<State> state = replication.find();
            String before = status;
            status = state.map(State::status).orElse("gone");
            if (!status.equals(before)) {
                log.log("the replication is " + status, LogLevel.INFO);
            }
            return state;
        }

        /** Whether it can start; if not, begins what it has to wait for. */
        boolean isReady() {
            Optional<String> obstacle = replication.waitsFor();
            if (obstacle.isPresent() && !refusal.equals("; " + obstacle.get())) {
                log.log("not yet: " + obstacle.get(), LogLevel.INFO);
            }
            refusal = obstacle.map(each -> "; " + each).orElse("");
            return obstacle.isEmpty();
        }

        /** Whether DMS takes the order: it refuses one if the replication has begun to change meanwhile. */
        boolean take(String step, Runnable order) {
            log.log(step, LogLevel.INFO);
            try {
                order.run();
                return true;
            } catch (InvalidResourceStateException e) {
                log.log("not now: " + e.getMessage(), LogLevel.WARN);
                refusal = "; DMS refused to " + step + ": " + e.getMessage();
                return false;
            }
        }

        void pause() throws InterruptedException {
            if (Instant.now().plus(pause).isAfter(deadline)) {
                throw new IllegalStateException("it is still " + status
                        + " and the function's time is over; see in DMS what it does, then deploy again" + refusal);
            }
            Thread.sleep(pause.toMillis());
        }
    }
}
