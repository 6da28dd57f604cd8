package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.LaunchTemplate;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.UserData;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.s3.assets.Asset;
import software.amazon.awscdk.services.scheduler.Schedule;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.scheduler.ScheduleTargetInput;
import software.amazon.awscdk.services.scheduler.targets.Universal;
import software.amazon.awscdk.services.ssm.CfnDocument;

/** Airflow on an instance that one function starts when there is work, and another ends. */
public final class OnDemandAirflow {
    /** Where the instance writes its logs. */
    public static final String LOGS = "airflow";

    /** Parameter that the instance writes its heartbeat to. */
    static final String HEARTBEAT = "airflow/heartbeat";

    /** What makes an instance the one that Airflow runs on. */
    private static final String PROGRAMS = "airflow/instance";

    private final Stack stack;
    private final Deployment deployment;
    private final IKey key;

    /** @param key that everything here is encrypted with */
    public OnDemandAirflow(Stack stack, Deployment deployment, IKey key) {
        this.stack = stack;
        this.deployment = deployment;
        this.key = key;
    }

    /** The command that calls Airflow's API on its instance. */
    static String callDocument(Names names) {
        return names.of("call-airflow");
    }

    /** An instance that one function starts and another ends. */
    public void declare(Environment.Airflow.OnDemand onDemand, Role role, SecurityGroup group, String subnet) {
        Names names = deployment.names();
        role.addToPolicy(Iam.allow(List.of("ssm:PutParameter"), Iam.arn("ssm", "parameter" + names.path(HEARTBEAT))));
        OnDemandInstance instance = new OnDemandInstance(
                stack, deployment, key, "airflow", onDemand.instance(), 20, role, group, subnet, userData(role));
        reaper(instance.template());
        CfnDocument.Builder.create(stack, "CallAirflow")
                .name(callDocument(names))
                .documentType("Command")
                .documentFormat("JSON")
                .targetType("/AWS::EC2::Instance")
                .updateMethod("NewVersion")
                .content(Json.read(deployment.text(PROGRAMS + "/call.json")))
                .build();
    }

    /** What makes a new instance the one that Airflow runs on. Its DAGs and programs are named by what they hold, so it never mixes those of two deployments. */
    private UserData userData(Role role) {
        Names names = deployment.names();
        Map<String, String> values = new TreeMap<>(Map.of(
                "AWS_DEFAULT_REGION",
                Aws.REGION,
                "BUNDLE_ZIP",
                archive("Bundle", AirflowOptions.BUNDLE, List.of(), role),
                "PROGRAMS_ZIP",
                archive("Programs", PROGRAMS, List.of("user-data.sh", "call.json", "**/__pycache__"), role),
                "ENVIRONMENT",
                names.environment(),
                "HEARTBEAT",
                names.path(HEARTBEAT),
                "LOGS",
                deployment.s3(LakeBucket.LOGS, LOGS),
                "OPENLINEAGE_URL",
                deployment.openLineageUrl(),
                "SPARK",
                AirflowOptions.spark(deployment),
                "WAREHOUSE",
                AirflowOptions.warehouse(deployment),
                "WEB_EVENTS",
                Boolean.toString(deployment.webEvents())));
        UserData userData = UserData.forLinux();
        values.forEach((name, value) -> userData.addCommands("export " + name + "='" + value + "'"));
        userData.addCommands(deployment.text(PROGRAMS + "/user-data.sh"));
        return userData;
    }

    private String archive(String id, String folder, List<String> exclude, Role reader) {
        Asset archive = Asset.Builder.create(stack, id)
                .path(deployment.file(folder))
                .exclude(exclude)
                .build();
        reader.addToPolicy(
                Iam.allow(List.of("s3:GetObject"), archive.getBucket().arnForObjects(archive.getS3ObjectKey())));
        return archive.getS3ObjectUrl();
    }

    private void reaper(LaunchTemplate template) {
        Names names = deployment.names();
        Function function = JavaFunction.of(
                stack, deployment, key, "airflow-reaper", "AirflowReaper", builder -> builder.description(
                                "Ends the instance that Airflow runs on when it has nothing to do")
                        .timeout(Duration.minutes(1))
                        .environment(Map.of(
                                "LAUNCH_TEMPLATE_ID",
                                template.getLaunchTemplateId(),
                                "HEARTBEAT_PARAMETER",
                                names.path(HEARTBEAT),
                                "AGE",
                                "PT8H",
                                "SILENCE",
                                "PT15M",
                                "IDLE",
                                "PT30M")));
        Role role = JavaFunction.role(function);
        role.addToPolicy(Iam.allow(List.of("ec2:DescribeInstances"), "*"));
        Map<String, Object> ours =
                new HashMap<>(Map.of("aws:ResourceTag/aws:ec2launchtemplate:id", template.getLaunchTemplateId()));
        names.tags().forEach((name, value) -> ours.put("aws:ResourceTag/" + name, value));
        role.addToPolicy(Iam.allow(
                List.of("ec2:TerminateInstances"), Map.of("StringEquals", ours), Iam.arn("ec2", "instance/*")));
        role.addToPolicy(Iam.allow(List.of("ssm:GetParameter"), Iam.arn("ssm", "parameter" + names.path(HEARTBEAT))));
        OnDemandInstance.waive(function, "The instance has no name before it runs; its tags are the condition.");
        new SharedParameter(stack, names.path("airflow-reaper-function"), function.getFunctionName());
        Schedule.Builder.create(stack, "Reap")
                .scheduleName(names.of("reap-airflow"))
                .description("Looks whether Airflow has anything to do")
                .schedule(ScheduleExpression.rate(Duration.minutes(10)))
                .target(Universal.Builder.create()
                        .service("lambda")
                        .action("invoke")
                        .input(ScheduleTargetInput.fromObject(Json.sorted(
                                Map.of("FunctionName", function.getFunctionName(), "InvocationType", "Event"))))
                        .policyStatements(
                                List.of(Iam.allow(List.of("lambda:InvokeFunction"), function.getFunctionArn())))
                        // the next look is near
                        .retryAttempts(0)
                        .build())
                .build();
    }
}
