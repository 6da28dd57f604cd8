package dataplatform.cdk.constructs;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.policy.Waivers;
import java.util.function.UnaryOperator;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.lambda.Architecture;
import software.amazon.awscdk.services.lambda.Code;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.Runtime;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.constructs.Construct;

/** A Lambda function from a module under {@code lambdas/}, with a role that may write its own log and nothing else. */
public final class JavaFunction {
    private JavaFunction() {}

    /** Where the build leaves a module's jar. */
    public static String jar(String module) {
        return "lambdas/" + module + "/target/" + module + ".jar";
    }

    /**
     * Declares it. Without SnapStart: nobody waits by the second for most of these functions, and a snapshot takes longer than their start.
     *
     * @param key that its log is encrypted with
     * @param module such as {@code start-replication}
     * @param handler the class, in the package {@code dataplatform.lambdas.<module without hyphens>}
     * @param more what this function needs beside
     * @throws IllegalArgumentException if its jar has not been built
     */
    public static Function of(
            Construct scope,
            Deployment deployment,
            IKey key,
            String module,
            String handler,
            UnaryOperator<Function.Builder> more) {
        return of(scope, deployment, key, module, module, handler, more);
    }

    /** Declares one of several that a module's jar is for, each with a name of its own. */
    public static Function of(
            Construct scope,
            Deployment deployment,
            IKey key,
            String name,
            String module,
            String handler,
            UnaryOperator<Function.Builder> more) {
        LogGroup logs = LogGroup.Builder.create(scope, handler + "Logs")
                .logGroupName(deployment.names().path(name))
                .encryptionKey(key)
                .retention(RetentionDays.ONE_YEAR)
                .removalPolicy(RemovalPolicy.DESTROY)
                .build();
        Role role = Role.Builder.create(scope, handler + "Role")
                .assumedBy(new ServicePrincipal("lambda.amazonaws.com"))
                .description("What the function " + name + " may do")
                .build();
        logs.grantWrite(role);
        Function function = more.apply(Function.Builder.create(scope, handler)
                        .functionName(deployment.names().of(name))
                        .runtime(Runtime.JAVA_25)
                        .architecture(Architecture.ARM_64)
                        .handler("dataplatform.lambdas." + module.replace("-", "") + "." + handler + "::handleRequest")
                        .code(Code.fromAsset(deployment.file(jar(module))))
                        .memorySize(1024)
                        .timeout(Duration.minutes(15))
                        .role(role)
                        .logGroup(logs))
                .build();
        Waivers.checkov(
                function,
                "CKV_AWS_115",
                "Called by deployments, by hand and by schedule; a reserve would take from the account's others.");
        Waivers.checkov(
                function,
                "CKV_AWS_116",
                "Whoever calls it waits for its answer or calls again, so nothing is lost that a queue could keep.");
        return function;
    }

    /** The function's role. */
    public static Role role(Function function) {
        return (Role) function.getRole();
    }
}
