package dataplatform.lambdas.setupwarehouse;

import java.time.Instant;
import software.amazon.awssdk.services.redshiftdata.RedshiftDataClient;
import software.amazon.awssdk.services.redshiftdata.model.DescribeStatementResponse;

/**
 * A database of Redshift behind the Data API.
 *
 * @param workgroup of Redshift Serverless; null for a cluster
 * @param cluster its identifier; null for a workgroup
 * @param secret ARN of the secret with user and password
 */
record Warehouse(RedshiftDataClient data, String workgroup, String cluster, String database, String secret) {
    private static final long SHORTEST_PAUSE = 20;
    private static final long LONGEST_PAUSE = 1000;

    /**
     * Runs a statement in a transaction of its own and waits for its end.
     *
     * @param deadline until when
     * @return how many rows it gave or changed; -1 if it does neither
     * @throws IllegalStateException with Redshift's message if it fails, or if it is not through in time
     */
    long run(String sql, Instant deadline) throws InterruptedException {
        String id = data.executeStatement(request -> request.workgroupName(workgroup)
                        .clusterIdentifier(cluster)
                        .database(database)
                        .secretArn(secret)
                        .sql(sql))
                .id();
        for (long pause = SHORTEST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
            DescribeStatementResponse statement = data.describeStatement(request -> request.id(id));
            switch (statement.status()) {
                case FINISHED -> {
                    return statement.resultRows();
                }
                case FAILED, ABORTED -> throw new IllegalStateException(statement.error());
                default -> {
                    if (Instant.now().isAfter(deadline)) {
                        throw new IllegalStateException("it is still " + statement.statusAsString()
                                + " and the function's time is over; see in Redshift what holds it, then deploy again");
                    }
                    Thread.sleep(pause);
                }
            }
        }
    }
}
