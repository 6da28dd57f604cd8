package dataplatform.lambdas.sourcedatabase;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import dataplatform.contracts.Contracts;
import dataplatform.lambdas.customresource.CustomResource;
import dataplatform.lambdas.sourcedatabase.SourceDatabase.UnreachableException;
import dataplatform.source.SourceDdl;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.lambda.powertools.cloudformation.Response;

/**
 * The custom resource {@code Custom::SourceTables}: the tables of all replicated contracts, empty, in the source database, so that
 * replication finds some when it starts. Tables that are there stay as they are, and stay when the resource goes. Its property {@code
 * Version} changes with the contracts, so that CloudFormation calls again. Its environment is that of {@link SourceDatabase}.
 */
public final class SourceTables extends CustomResource {
    private static final String ID = "source-tables";

    private final SecretsManagerClient secrets = SecretsManagerClient.create();

    @Override
    protected Response create(CloudFormationCustomResourceEvent event, Context context) {
        return answer(ID, context, this::create);
    }

    private void create() {
        try (Connection connection = SourceDatabase.connect(secrets);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String ddl : SourceDdl.statements(Contracts.replicated())) {
                statement.execute(ddl);
            }
            connection.commit();
        } catch (UnreachableException e) {
            throw new IllegalStateException(
                    e.getMessage() + ". If the database rests, start it (aws rds start-db-instance) and deploy again",
                    e);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
