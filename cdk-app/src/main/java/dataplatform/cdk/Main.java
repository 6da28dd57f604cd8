package dataplatform.cdk;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.config.Network;
import dataplatform.cdk.config.OwnSource;
import dataplatform.cdk.stacks.Platform;
import dataplatform.contracts.Contract;
import dataplatform.contracts.ContractException;
import dataplatform.contracts.Contracts;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;

/**
 * What the command {@code cdk} runs: puts the platform together for the environment in the context value {@code env}, or for all that
 * have a name of their own.
 *
 * <p>Other context values: {@code repository} on GitHub, as {@code owner/name}; {@code alert-email}, who receives alarms; {@code openlineage-url}, where Airflow and Spark emit their events; {@code delete-data}, the second key to delete data: the
 * environment's name again; {@code cidr}, {@code zones}, {@code vpc}, {@code private-subnets} and {@code public-subnet}, the {@link Network};
 * {@code source-secret}, {@code source-security-group} and {@code source-database}, the {@link OwnSource}; {@code web-events}, whether they are taken; {@code checkout}, the folder
 * that holds the modules, if it is not the one above.
 */
public final class Main {
    /** How CDK behaves where it kept an older way for older apps. */
    private static final Map<String, Object> CDK = Map.of(
            "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", true,
            "@aws-cdk/aws-iam:minimizePolicies", true,
            "@aws-cdk/aws-kms:aliasNameRef", true,
            "@aws-cdk/aws-events:eventsTargetQueueSameAccount", true,
            "@aws-cdk/aws-secretsmanager:useAttachedSecretResourcePolicyForSecretTargetAttachments", true,
            "@aws-cdk/aws-iam:oidcRejectUnauthorizedConnections", true,
            "@aws-cdk/core:validateSnapshotRemovalPolicy", true);

    private Main() {}

    /** Synthesises the stacks into the folder that the CDK's command line names in {@code CDK_OUTDIR}. */
    public static void main(String[] args) {
        try {
            synthesise(app(Map.of(), null), Contracts::bundled);
        } catch (IllegalArgumentException | ContractException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    /**
     * An app with this context beside the command's.
     *
     * @param folder for the templates; if null, the one that the command names
     */
    public static App app(Map<String, Object> context, Path folder) {
        return new App(AppProps.builder()
                .postCliContext(CDK)
                .context(context)
                .outdir(folder == null ? null : folder.toString())
                .analyticsReporting(false)
                .build());
    }

    /**
     * Writes the templates.
     *
     * @throws IllegalArgumentException if there is no such environment, its name is too long, its data may not be
     *     deleted or a jar is missing
     * @throws ContractException if a contract can't be used
     */
    public static void synthesise(App app, Supplier<List<Contract>> contracts) {
        String environment = context(app, "env", "");
        String key = context(app, "delete-data", "");
        List<Contract> read = contracts.get();
        if (!key.isEmpty() && !Environment.named(key).dataMayBeDeleted()) {
            throw new IllegalArgumentException(
                    "the data of " + key + " may not be deleted: only an environment that allows it takes this key");
        }
        for (Environment each : environment.isEmpty() ? Environment.ALL : List.of(Environment.named(environment))) {
            Platform.add(
                    app,
                    new Deployment(
                            each,
                            key.equals(each.name()),
                            read,
                            context(app, "repository", ""),
                            context(app, "alert-email", ""),
                            context(app, "openlineage-url", ""),
                            Boolean.parseBoolean(context(app, "web-events", "false")),
                            network(app),
                            source(app),
                            Path.of(context(app, "checkout", "..")).toAbsolutePath()));
        }
        Platform.check(app);
        app.synth();
    }

    private static Network network(App app) {
        String vpc = context(app, "vpc", "");
        return new Network(
                context(app, "cidr", Network.OWN.cidr()),
                list(app, "zones"),
                vpc.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Network.Existing(
                                vpc, list(app, "private-subnets"), context(app, "public-subnet", ""))));
    }

    private static Optional<OwnSource> source(App app) {
        String secret = context(app, "source-secret", "");
        return secret.isEmpty()
                ? Optional.empty()
                : Optional.of(new OwnSource(
                        secret, context(app, "source-security-group", ""), context(app, "source-database", "")));
    }

    private static List<String> list(App app, String key) {
        return Stream.of(context(app, key, "").split(","))
                .map(String::strip)
                .filter(each -> !each.isEmpty())
                .toList();
    }

    private static String context(App app, String key, String otherwise) {
        Object value = app.getNode().tryGetContext(key);
        return value == null ? otherwise : value.toString();
    }
}
