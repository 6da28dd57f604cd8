package dataplatform.lambdas.airflowlauncher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.lambdas.airflowlauncher.AirflowLauncher.Airflow;
import dataplatform.local.aws.Moto;
import dataplatform.local.lambda.LambdaRuntime;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.DescribeInstancesResponse;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.InstanceStateName;
import software.amazon.awssdk.services.ec2.model.InstanceType;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/** On the instances that moto holds, which keeps client tokens as EC2 does. */
class AirflowLauncherTest {
    private static final int AT_ONCE = 20;
    private static final String LAUNCHES = "/dataplatform/dev/airflow/launches";
    private static final Tag ENVIRONMENT =
            Tag.builder().key("environment").value("dev").build();

    @TempDir
    static Path folder;

    private static Moto moto;
    private static Ec2Client ec2;
    private static Ec2Client unlisted;
    private static SsmClient ssm;
    private static String template;

    @BeforeAll
    static void start() throws Exception {
        moto = Moto.start(folder);
        ec2 = moto.client(Ec2Client.builder());
        ssm = moto.client(SsmClient.builder());
        template = ec2.createLaunchTemplate(request -> request.launchTemplateName("airflow")
                        .launchTemplateData(data -> data.imageId("ami-12c6146b").instanceType(InstanceType.T4_G_MICRO)))
                .launchTemplate()
                .launchTemplateId();
        // as CloudFormation updates one: a new version, and the first stays the default
        ec2.createLaunchTemplateVersion(
                request -> request.launchTemplateId(template).launchTemplateData(data -> data.imageId("ami-12c6146b")
                        .instanceType(InstanceType.T4_G_MEDIUM)
                        .tagSpecifications(
                                tags -> tags.resourceType(ResourceType.INSTANCE).tags(ENVIRONMENT))));
        unlisted = moto.client(Ec2Client.builder()
                .overrideConfiguration(override -> override.addExecutionInterceptor(new NothingListed())));
    }

    @AfterAll
    static void stop() {
        ssm.close();
        unlisted.close();
        ec2.close();
        moto.close();
    }

    @BeforeEach
    void nothingRuns() {
        instances().forEach(AirflowLauncherTest::terminate);
        last(1);
    }

    @Test
    void startsOneHoweverManyCallAtOnce() throws Exception {
        Set<String> answers = callAtOnce(ec2);
        assertThat(running()).singleElement().satisfies(instance -> {
            assertThat(answers).containsExactly(instance.instanceId());
            assertThat(instance.instanceType()).isEqualTo(InstanceType.T4_G_MEDIUM);
            assertThat(instance.tags()).contains(ENVIRONMENT);
        });
        assertThat(launcher(ec2).start())
                .isEqualTo(new Airflow(answers.iterator().next(), "running"));
    }

    @Test
    void startsOneThoughEc2DoesNotListItYet() throws Exception {
        for (int day = 0; day < 3; day++) {
            Set<String> answers = callAtOnce(unlisted);
            assertThat(running()).extracting(Instance::instanceId).containsExactlyElementsOf(answers);
            terminate(running().get(0));
        }
    }

    @Test
    void aNumberThatIsTooLowLeadsToTheOneThatRuns() {
        for (int day = 0; day < 3; day++) {
            launcher(ec2).start();
            terminate(running().get(0));
        }
        Airflow airflow = launcher(ec2).start();
        last(1);
        assertThat(launcher(unlisted).start()).isEqualTo(airflow);
        assertThat(running()).hasSize(1);
    }

    @Test
    void failsWhenEc2Fails() {
        assertThatThrownBy(() -> new AirflowLauncher(ec2, ssm, "lt-0123456789abcdef0", LAUNCHES).start())
                .isInstanceOf(Ec2Exception.class);
        assertThat(running()).isEmpty();
    }

    @Test
    void runsInLambda() throws Exception {
        Map<String, String> environment = new HashMap<>(moto.environment());
        environment.put("LAUNCH_TEMPLATE_ID", template);
        environment.put("LAUNCHES_PARAMETER", LAUNCHES);
        try (LambdaRuntime function = LambdaRuntime.start(
                Path.of("target", "airflow-launcher.jar"), AirflowLauncher.class.getName(), environment, folder)) {
            LambdaRuntime.Answer first = function.invoke("{}");
            String id = running().get(0).instanceId();
            assertThat(first.body()).contains("\"instanceId\":\"" + id + "\"", "\"state\":");
            assertThat(function.invoke("{}").body()).contains(id);
            assertThat(function.log()).contains("\"message\":\"" + id + " is ");
        }
        assertThat(running()).hasSize(1);
    }

    /** The instances that the callers were given. */
    private static Set<String> callAtOnce(Ec2Client client) throws Exception {
        CyclicBarrier together = new CyclicBarrier(AT_ONCE);
        Callable<Airflow> call = () -> {
            together.await();
            return launcher(client).start();
        };
        ExecutorService callers = Executors.newFixedThreadPool(AT_ONCE);
        try {
            Set<String> ids = new HashSet<>();
            for (Future<Airflow> answer : callers.invokeAll(Collections.nCopies(AT_ONCE, call))) {
                ids.add(answer.get().instanceId());
            }
            return ids;
        } finally {
            callers.shutdown();
        }
    }

    private static AirflowLauncher launcher(Ec2Client client) {
        return new AirflowLauncher(client, ssm, template, LAUNCHES);
    }

    private static void last(int launch) {
        ssm.putParameter(request -> request.name(LAUNCHES)
                .type(ParameterType.STRING)
                .value(Integer.toString(launch))
                .overwrite(true));
    }

    private static List<Instance> running() {
        return instances().stream()
                .filter(instance -> instance.state().name() == InstanceStateName.RUNNING)
                .toList();
    }

    private static List<Instance> instances() {
        return ec2.describeInstances().reservations().stream()
                .flatMap(reservation -> reservation.instances().stream())
                .toList();
    }

    private static void terminate(Instance instance) {
        ec2.terminateInstances(request -> request.instanceIds(instance.instanceId()));
    }

    /** EC2 as it is for a while after each launch. */
    private static final class NothingListed implements ExecutionInterceptor {
        @Override
        public SdkResponse modifyResponse(Context.ModifyResponse context, ExecutionAttributes attributes) {
            return context.response() instanceof DescribeInstancesResponse
                    ? DescribeInstancesResponse.builder().build()
                    : context.response();
        }
    }
}
