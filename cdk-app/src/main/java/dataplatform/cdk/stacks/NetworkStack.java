package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.config.Network;
import dataplatform.cdk.constructs.SharedParameter;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import software.amazon.awscdk.Annotations;
import software.amazon.awscdk.Fn;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Tags;
import software.amazon.awscdk.services.ec2.FlowLogDestination;
import software.amazon.awscdk.services.ec2.FlowLogOptions;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointAwsService;
import software.amazon.awscdk.services.ec2.GatewayVpcEndpointOptions;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.ec2.ISubnet;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.InterfaceVpcEndpointAwsService;
import software.amazon.awscdk.services.ec2.InterfaceVpcEndpointOptions;
import software.amazon.awscdk.services.ec2.IpAddresses;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.Subnet;
import software.amazon.awscdk.services.ec2.SubnetAttributes;
import software.amazon.awscdk.services.ec2.SubnetConfiguration;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ec2.VpcAttributes;
import software.constructs.Construct;

/**
 * The network that databases and engines stand in. The internet can't reach it; it reaches S3 by a gateway that costs nothing, and what
 * else it needs by NAT where the environment has one, and by an endpoint otherwise. Of one that is there already nothing is changed.
 */
public final class NetworkStack extends Stack {
    static final String FLOW_LOGS = "vpc-flow-logs/";
    /** As many as Redshift Serverless asks for. */
    private static final int ZONES = 3;

    private final List<String> zones;
    private final SharedParameter vpcId;
    private final List<SharedParameter> privateSubnets;
    private final SharedParameter publicSubnet;

    NetworkStack(Construct scope, Deployment deployment, LakeStack lake) {
        super(scope, deployment.names().of("network"), deployment.stack("network", "The private network"));
        this.zones = zones(deployment);
        Network.Existing network = deployment.network().existing().orElseGet(() -> make(deployment, lake));
        Names names = deployment.names();
        this.vpcId = new SharedParameter(this, names.path("network/vpc-id"), network.vpc());
        List<String> subnets = network.privateSubnets();
        this.privateSubnets = IntStream.range(0, subnets.size())
                .mapToObj(
                        i -> new SharedParameter(this, names.path("network/private-subnet-" + (i + 1)), subnets.get(i)))
                .toList();
        this.publicSubnet = new SharedParameter(this, names.path("network/public-subnet-1"), network.publicSubnet());
    }

    private Network.Existing make(Deployment deployment, LakeStack lake) {
        Environment environment = deployment.environment();
        boolean nat = environment.nat();
        String cidr = deployment.network().cidr();
        List<SubnetConfiguration> subnets = new ArrayList<>();
        subnets.add(SubnetConfiguration.builder()
                .name("private")
                .subnetType(nat ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED)
                .cidrMask(20)
                .build());
        // for NAT, and for machines that are started on demand, which are cheaper with an address of their own
        subnets.add(SubnetConfiguration.builder()
                .name("public")
                .subnetType(SubnetType.PUBLIC)
                .mapPublicIpOnLaunch(false)
                .cidrMask(24)
                .build());
        Vpc vpc = Vpc.Builder.create(this, "Vpc")
                .vpcName(deployment.names().of("network"))
                .ipAddresses(IpAddresses.cidr(cidr))
                .availabilityZones(zones)
                .natGateways(nat ? 1 : 0)
                .subnetConfiguration(subnets)
                .restrictDefaultSecurityGroup(false)
                .build();
        if (!deployment.network().zones().isEmpty()) {
            Annotations.of(vpc)
                    .acknowledgeWarning(
                            "CloudFormation-Validate::W3010", "They were named for this account and region.");
        }
        if (environment.spark() instanceof Environment.Spark.Clusters) {
            Tags.of(vpc).add(SparkStack.EMR_TAG, "true");
        }
        vpc.addFlowLog(
                "FlowLog",
                FlowLogOptions.builder()
                        .destination(FlowLogDestination.toS3(lake.bucket(this, LakeBucket.LOGS), FLOW_LOGS))
                        .build());
        vpc.addGatewayEndpoint(
                "S3",
                GatewayVpcEndpointOptions.builder()
                        .service(GatewayVpcEndpointAwsService.S3)
                        .build());
        if (!nat) {
            SecurityGroup endpoints = securityGroup(this, "Endpoints", vpc, "What in the network reaches AWS");
            endpoints.addIngressRule(Peer.ipv4(cidr), Port.HTTPS, "from within");
            // how DMS, the rotation of the password and the loader of demo data get the password
            endpoint(vpc, endpoints, "SecretsManager", InterfaceVpcEndpointAwsService.SECRETS_MANAGER);
            if (environment.spark() instanceof Environment.Spark.Clusters) {
                // how the nodes of a cluster encrypt their disks, and tell EMR what they do
                endpoint(vpc, endpoints, "Kms", InterfaceVpcEndpointAwsService.KMS);
                endpoint(vpc, endpoints, "Emr", InterfaceVpcEndpointAwsService.EMR);
            }
        }
        return new Network.Existing(
                vpc.getVpcId(),
                (nat ? vpc.getPrivateSubnets() : vpc.getIsolatedSubnets())
                        .stream().map(ISubnet::getSubnetId).toList(),
                vpc.getPublicSubnets().get(0).getSubnetId());
    }

    /** The network, for another stack. */
    IVpc vpc(Construct scope) {
        return Vpc.fromVpcAttributes(
                scope,
                "Network",
                VpcAttributes.builder()
                        .vpcId(vpcId.in(scope))
                        .availabilityZones(zones)
                        .build());
    }

    /** The subnets without a way in, one per zone, for another stack. */
    SubnetSelection privateSubnets(Construct scope) {
        return SubnetSelection.builder()
                .subnets(IntStream.range(0, ZONES)
                        .mapToObj(i -> privateSubnet(scope, i))
                        .toList())
                .build();
    }

    private ISubnet privateSubnet(Construct scope, int number) {
        ISubnet subnet = Subnet.fromSubnetAttributes(
                scope,
                "Private" + number,
                SubnetAttributes.builder()
                        .subnetId(privateSubnets.get(number).in(scope))
                        .availabilityZone(zones.get(number))
                        .build());
        Annotations.of(subnet)
                .acknowledgeWarning("@aws-cdk/aws-ec2:noSubnetRouteTableId", "Only this stack adds routes.");
        return subnet;
    }

    /** The ids of some of them, for another stack. */
    List<String> privateSubnetIds(Construct scope, int zones) {
        return privateSubnets.subList(0, zones).stream()
                .map(subnet -> subnet.in(scope))
                .toList();
    }

    /** The ids of all of them, for another stack. */
    List<String> privateSubnetIds(Construct scope) {
        return privateSubnetIds(scope, ZONES);
    }

    /** A subnet in which an address of the internet may be had, for another stack. */
    String publicSubnetId(Construct scope) {
        return publicSubnet.in(scope);
    }

    /** A security group for something in this network that starts no connections until it is allowed to. */
    static SecurityGroup securityGroup(Construct scope, String id, IVpc vpc, String description) {
        return SecurityGroup.Builder.create(scope, id)
                .vpc(vpc)
                .description(description)
                .allowAllOutbound(false)
                .build();
    }

    /** A group of another stack, to which that one's rules stay as they are. */
    static ISecurityGroup securityGroup(Construct scope, String id, SharedParameter parameter) {
        return SecurityGroup.fromSecurityGroupId(scope, id, parameter.in(scope));
    }

    private static void endpoint(Vpc vpc, SecurityGroup endpoints, String id, InterfaceVpcEndpointAwsService service) {
        vpc.addInterfaceEndpoint(
                id,
                InterfaceVpcEndpointOptions.builder()
                        .service(service)
                        .securityGroups(List.of(endpoints))
                        .open(false)
                        // paid by zone; the others reach it too
                        .subnets(SubnetSelection.builder()
                                .subnets(List.of(vpc.getIsolatedSubnets().get(0)))
                                .build())
                        .build());
    }

    private static List<String> zones(Deployment deployment) {
        if (!deployment.network().zones().isEmpty()) {
            return deployment.network().zones();
        }
        return IntStream.range(0, ZONES)
                .mapToObj(i -> Fn.select(i, Fn.getAzs()))
                .toList();
    }
}
