package dataplatform.cdk.config;

/**
 * A PostgreSQL that is there already, to be replicated in place of the shop's: the platform makes nothing in it.
 *
 * @param secretArn of a secret with {@code host}, {@code port}, {@code username} and {@code password} as JSON
 * @param securityGroup of the database, to which the platform adds who may connect
 * @param database its name
 */
public record OwnSource(String secretArn, String securityGroup, String database) {
    /** @throws IllegalArgumentException if a part of it is missing or is none */
    public OwnSource {
        if (!secretArn.matches("arn:[\\w-]+:secretsmanager:[\\w-]+:\\d{12}:secret:.+-\\w{6}")) {
            throw new IllegalArgumentException("source-secret is '" + secretArn
                    + "'; give the whole ARN of a secret, with the six characters at its end");
        }
        if (!securityGroup.matches("sg-\\w+") || database.isEmpty()) {
            throw new IllegalArgumentException(
                    "source-secret is given: give source-security-group, such as sg-0123, and source-database, its name");
        }
    }
}
