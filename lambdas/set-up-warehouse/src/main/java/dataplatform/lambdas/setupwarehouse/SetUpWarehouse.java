package dataplatform.lambdas.setupwarehouse;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import dataplatform.lambdas.customresource.CustomResource;
import dataplatform.lambdas.setupwarehouse.SqlScript.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.redshiftdata.RedshiftDataClient;
import software.amazon.lambda.powertools.cloudformation.Response;

/**
 * The custom resource {@code Custom::WarehouseSetup}: schemas, roles, users and grants in Redshift. Properties:
 *
 * <ul>
 *   <li>{@code WorkgroupName} of Redshift Serverless, or {@code ClusterIdentifier}
 *   <li>{@code Database}
 *   <li>{@code SecretArn} of a superuser's login
 *   <li>{@code ExternalDatabase} of the Glue catalog, which holds the silver tables
 *   <li>{@code SpectrumRoleArn} of the role with which Redshift reads them
 *   <li>{@code LoaderUser} that makes the marts: {@code IAMR:} and the name of Airflow's role
 *   <li>{@code SqlVersion}, which changes with the SQL, so that CloudFormation calls again
 * </ul>
 *
 * What is there already stays as it is, so that a run that broke off is finished by the next. Deleting the resource deletes nothing in the warehouse.
 */
public final class SetUpWarehouse extends CustomResource {
    private static final List<String> FILES = List.of("1-schemas.sql", "2-roles.sql", "3-grants.sql");
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,127}");
    /** As Redshift calls the user of an IAM role. */
    private static final Pattern ROLE_USER = Pattern.compile("IAMR:[\\w+=,.@-]{1,64}");

    private static final Pattern ROLE_ARN = Pattern.compile("arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+");

    private final RedshiftDataClient data;

    /** The function as Lambda starts it: with the environment's region and credentials. */
    public SetUpWarehouse() {
        this.data = RedshiftDataClient.create();
    }

    @Override
    protected Response create(CloudFormationCustomResourceEvent event, Context context) {
        Map<String, Object> properties = event.getResourceProperties();
        String id = properties.getOrDefault("WorkgroupName", properties.get("ClusterIdentifier")) + "/"
                + properties.get("Database");
        return answer(id, context, () -> setUp(properties, context));
    }

    private void setUp(Map<String, Object> properties, Context context) throws InterruptedException {
        if (properties.containsKey("WorkgroupName") == properties.containsKey("ClusterIdentifier")) {
            throw new IllegalArgumentException("give WorkgroupName or ClusterIdentifier, one of them");
        }
        Warehouse warehouse = new Warehouse(
                data,
                (String) properties.get("WorkgroupName"),
                (String) properties.get("ClusterIdentifier"),
                text(properties, "Database", NAME),
                text(properties, "SecretArn", Pattern.compile(".+")));
        Map<String, String> values = Map.of(
                "ExternalDatabase", text(properties, "ExternalDatabase", NAME),
                "SpectrumRoleArn", text(properties, "SpectrumRoleArn", ROLE_ARN),
                "LoaderUser", text(properties, "LoaderUser", ROLE_USER));
        Instant deadline = deadline(context);
        for (String file : FILES) {
            for (Statement statement : SqlScript.read(file, values)) {
                run(statement, warehouse, deadline, context);
            }
        }
    }

    private static void run(Statement statement, Warehouse warehouse, Instant deadline, Context context)
            throws InterruptedException {
        try {
            if (statement.condition().isPresent()) {
                boolean found = warehouse.run(statement.condition().get().query(), deadline) > 0;
                if (found != statement.condition().get().expected()) {
                    return;
                }
            }
            warehouse.run(statement.sql(), deadline);
            context.getLogger().log("ran " + statement.name(), LogLevel.INFO);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(statement.name() + ": " + e.getMessage(), e);
        }
    }

    private static String text(Map<String, Object> properties, String name, Pattern pattern) {
        Object value = properties.get(name);
        if (!(value instanceof String text) || !pattern.matcher(text).matches()) {
            throw new IllegalArgumentException(name + " is '" + value + "'; expected is " + pattern);
        }
        return text;
    }
}
