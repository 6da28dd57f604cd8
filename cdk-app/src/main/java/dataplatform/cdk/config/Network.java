package dataplatform.cdk.config;

import java.util.List;
import java.util.Optional;

/**
 * The network that the platform stands in: one that it makes, or one that is there.
 *
 * @param cidr of the one that it makes, such as {@code 10.40.0.0/16}
 * @param zones three availability zones, such as {@code us-east-1a}; the region's first three if empty
 * @param existing the one that is there
 */
public record Network(String cidr, List<String> zones, Optional<Existing> existing) {
    /** What an environment has if nobody says otherwise. */
    public static final Network OWN = new Network("10.40.0.0/16", List.of(), Optional.empty());

    /** As many zones as Redshift Serverless asks for. */
    private static final int ZONES = 3;

    /**
     * A network that somebody has made. Its private subnets reach S3 and Secrets Manager, by NAT or by endpoints.
     *
     * @param vpc such as {@code vpc-0123456789abcdef0}
     * @param privateSubnets one for each of the zones, in their order
     * @param publicSubnet in which an address of the internet may be had
     */
    public record Existing(String vpc, List<String> privateSubnets, String publicSubnet) {}

    /** @throws IllegalArgumentException if a part of it is missing or is none */
    public Network {
        zones = List.copyOf(zones);
        if (!cidr.matches("\\d{1,3}(\\.\\d{1,3}){3}/16")) {
            throw new IllegalArgumentException(
                    "cidr is '" + cidr + "'; give a network of 16 bits, such as 10.41.0.0/16");
        }
        if (!zones.isEmpty() && zones.stream().distinct().count() != ZONES) {
            throw new IllegalArgumentException(
                    "zones are " + zones + "; give three, such as us-east-1a,us-east-1b,us-east-1c");
        }
        if (existing.isPresent()) {
            Existing given = existing.get();
            if (zones.isEmpty()
                    || given.privateSubnets().size() != ZONES
                    || given.publicSubnet().isEmpty()) {
                throw new IllegalArgumentException(
                        "vpc is given: give private-subnets, one in each of three zones, these"
                                + " zones in the same order, and public-subnet");
            }
        }
    }
}
