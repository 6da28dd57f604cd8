package dataplatform.operations;

import dataplatform.platform.Names;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.emrserverless.EmrServerlessClient;
import software.amazon.awssdk.services.emrserverless.model.ApplicationState;
import software.amazon.awssdk.services.emrserverless.model.ApplicationSummary;
import software.amazon.awssdk.services.emrserverless.model.JobRunState;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.ListEntitiesForPolicyResponse;
import software.amazon.awssdk.services.iam.model.PolicyScopeType;
import software.amazon.awssdk.services.rds.RdsClient;
import software.amazon.awssdk.services.rds.model.DbInstanceNotFoundException;

/**
 * Ends what would stand in the way of deleting an environment, and is in none of its stacks: instances that functions have started, jobs
 * that run, a database that rests, which AWS does not change. Names who holds the environment's policies, which only a person can take away.
 */
@Command(
        name = "prepare-destroy",
        mixinStandardHelpOptions = true,
        description = "Ends what would stand in the way of deleting an environment.")
public final class PrepareDestroy implements Callable<Integer> {
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int LOOKS = 120;

    @Option(names = "--environment", required = true, description = "Name of the environment, such as dev.")
    private String environment;

    /** Ends with 1 if something stays in the way, and says why on standard error. */
    public static void main(String[] args) {
        Commands.main(new PrepareDestroy(), "Nothing was deleted. ", args);
    }

    @Override
    public Integer call() throws InterruptedException {
        Names names = new Names(environment);
        try (IamClient iam = IamClient.builder().build();
                Ec2Client ec2 = Ec2Client.create();
                EmrServerlessClient spark = EmrServerlessClient.create();
                RdsClient rds = RdsClient.create()) {
            policies(iam, names);
            instances(ec2, names);
            jobs(spark, names);
            database(rds, names);
        }
        return 0;
    }

    private static void policies(IamClient iam, Names names) {
        List<String> held = iam
                .listPoliciesPaginator(
                        request -> request.scope(PolicyScopeType.LOCAL).onlyAttached(true))
                .policies()
                .stream()
                .filter(policy -> policy.policyName().startsWith(names.of("")))
                .flatMap(policy -> holders(
                        policy.policyName(), iam.listEntitiesForPolicy(request -> request.policyArn(policy.arn()))))
                .sorted()
                .toList();
        if (!held.isEmpty()) {
            throw new IllegalStateException(
                    "Detach what people were given, and call again: " + String.join(", ", held));
        }
    }

    private static Stream<String> holders(String policy, ListEntitiesForPolicyResponse entities) {
        return Stream.of(
                        entities.policyRoles().stream().map(role -> "the role " + role.roleName()),
                        entities.policyGroups().stream().map(group -> "the group " + group.groupName()),
                        entities.policyUsers().stream().map(user -> "the user " + user.userName()))
                .flatMap(each -> each)
                .map(holder -> policy + " of " + holder);
    }

    private static void instances(Ec2Client ec2, Names names) {
        List<Filter> ours = Stream.concat(
                        names.tags().entrySet().stream().map(tag -> filter("tag:" + tag.getKey(), tag.getValue())),
                        Stream.of(filter("instance-state-name", "pending", "running", "stopping", "stopped")))
                .toList();
        List<String> ids = ec2.describeInstancesPaginator(request -> request.filters(ours)).reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .map(Instance::instanceId)
                .toList();
        if (!ids.isEmpty()) {
            System.out.println("ending instances: " + String.join(", ", ids));
            ec2.terminateInstances(request -> request.instanceIds(ids));
            ec2.waiter().waitUntilInstanceTerminated(request -> request.instanceIds(ids));
        }
    }

    private static Filter filter(String name, String... values) {
        return Filter.builder().name(name).values(values).build();
    }

    private static void jobs(EmrServerlessClient spark, Names names) throws InterruptedException {
        List<String> applications = spark.listApplicationsPaginator(request -> {}).applications().stream()
                .filter(application -> application.name().equals(names.of("spark")))
                .filter(application -> application.state() != ApplicationState.TERMINATED)
                .map(ApplicationSummary::id)
                .toList();
        for (String application : applications) {
            spark.listJobRunsPaginator(request -> request.applicationId(application)
                            .states(
                                    JobRunState.SUBMITTED,
                                    JobRunState.PENDING,
                                    JobRunState.SCHEDULED,
                                    JobRunState.RUNNING))
                    .jobRuns()
                    .forEach(run -> {
                        System.out.println("ending the Spark job " + run.id());
                        spark.cancelJobRun(
                                request -> request.applicationId(application).jobRunId(run.id()));
                    });
            await("the Spark application " + application, () -> {
                ApplicationState state = spark.getApplication(request -> request.applicationId(application))
                        .application()
                        .state();
                if (state == ApplicationState.STARTED) {
                    spark.stopApplication(request -> request.applicationId(application));
                }
                return state == ApplicationState.STOPPED || state == ApplicationState.CREATED;
            });
        }
    }

    private static void database(RdsClient rds, Names names) throws InterruptedException {
        String instance = names.of("source");
        try {
            String status = rds.describeDBInstances(request -> request.dbInstanceIdentifier(instance))
                    .dbInstances()
                    .get(0)
                    .dbInstanceStatus();
            if (status.equals("stopped")) {
                System.out.println("starting the source database: AWS changes none that rests");
                rds.startDBInstance(request -> request.dbInstanceIdentifier(instance));
            }
            rds.waiter().waitUntilDBInstanceAvailable(request -> request.dbInstanceIdentifier(instance));
        } catch (DbInstanceNotFoundException e) {
            // deleted already, or somebody's own
        }
    }

    private static void await(String what, BooleanSupplier over) throws InterruptedException {
        for (int look = 0; look < LOOKS; look++) {
            if (over.getAsBoolean()) {
                return;
            }
            Thread.sleep(LOOK.toMillis());
        }
        throw new IllegalStateException(what + " does not stop; call again");
    }
}
