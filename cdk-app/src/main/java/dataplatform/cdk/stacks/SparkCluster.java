package dataplatform.cdk.stacks;

import dataplatform.cdk.config.Deployment;
import dataplatform.cdk.config.Environment;
import dataplatform.cdk.constructs.Iam;
import dataplatform.cdk.policy.Waivers;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Tags;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.emr.CfnSecurityConfiguration;
import software.amazon.awscdk.services.iam.CfnInstanceProfile;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.IKey;
import software.constructs.Construct;

/** A cluster for one run of a Spark job: nodes that come and go, most of them spot, and nothing left when it is done. */
final class SparkCluster {
    private SparkCluster() {}

    /**
     * Adds what clusters need.
     *
     * @param jobRole of the nodes
     * @param serviceRole name of the role that EMR gets
     * @param logUri where logs go
     * @return the request that starts a cluster, but for its name and its steps
     */
    static Map<String, Object> create(
            Construct scope,
            Deployment deployment,
            Environment.Spark.Clusters size,
            Role jobRole,
            String serviceRole,
            NetworkStack network,
            IKey key,
            String logUri) {
        IVpc vpc = network.vpc(scope);
        SecurityGroup nodes = NetworkStack.securityGroup(scope, "Nodes", vpc, "Nodes of a Spark cluster");
        nodes.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "to S3 and AWS");
        SecurityGroup service = NetworkStack.securityGroup(scope, "Service", vpc, "How EMR reaches the nodes");
        List.of(nodes, service).forEach(group -> Tags.of(group).add(SparkStack.EMR_TAG, "true"));
        CfnInstanceProfile profile = CfnInstanceProfile.Builder.create(scope, "InstanceProfile")
                .instanceProfileName(jobRole.getRoleName())
                .roles(List.of(jobRole.getRoleName()))
                .build();
        Role emr = Role.Builder.create(scope, "ServiceRole")
                .roleName(serviceRole)
                .assumedBy(Iam.service("elasticmapreduce"))
                .managedPolicies(
                        List.of(ManagedPolicy.fromAwsManagedPolicyName("service-role/AmazonEMRServicePolicy_v2")))
                .build();
        emr.addToPolicy(Iam.passRole(jobRole.getRoleArn(), "ec2"));
        Waivers.nag(emr, "AwsSolutions-IAM4", "AWS keeps this policy, and it ends at what carries EMR's tag.");
        CfnSecurityConfiguration security = CfnSecurityConfiguration.Builder.create(scope, "Security")
                .name(deployment.names().of("spark"))
                .securityConfiguration(Map.of(
                        "EncryptionConfiguration",
                        Map.of(
                                "EnableInTransitEncryption",
                                false,
                                "EnableAtRestEncryption",
                                true,
                                "AtRestEncryptionConfiguration",
                                Map.of(
                                        "S3EncryptionConfiguration",
                                        Map.of("EncryptionMode", "SSE-KMS", "AwsKmsKey", key.getKeyArn()),
                                        "LocalDiskEncryptionConfiguration",
                                        Map.of(
                                                "EncryptionKeyProviderType",
                                                "AwsKms",
                                                "AwsKmsKey",
                                                key.getKeyArn(),
                                                "EnableEbsEncryption",
                                                true))),
                        "InstanceMetadataServiceConfiguration",
                        Map.of("MinimumInstanceMetadataServiceVersion", 2, "HttpPutResponseHopLimit", 1)))
                .build();
        return Map.ofEntries(
                Map.entry("ReleaseLabel", SparkStack.RELEASE),
                Map.entry("Applications", List.of(Map.of("Name", "Spark"))),
                Map.entry("ServiceRole", emr.getRoleArn()),
                Map.entry("JobFlowRole", profile.getRef()),
                Map.entry("SecurityConfiguration", security.getRef()),
                Map.entry("LogUri", logUri),
                Map.entry("AutoTerminationPolicy", Map.of("IdleTimeout", 300)),
                Map.entry(
                        "ManagedScalingPolicy",
                        Map.of(
                                "ComputeLimits",
                                Map.of(
                                        "UnitType", "Instances",
                                        "MinimumCapacityUnits", 1,
                                        "MaximumCapacityUnits", size.instances(),
                                        "MaximumOnDemandCapacityUnits", 1,
                                        "MaximumCoreCapacityUnits", 1))),
                Map.entry(
                        "Instances",
                        Map.of(
                                "Ec2SubnetId",
                                        network.privateSubnetIds(scope, 1).get(0),
                                "EmrManagedMasterSecurityGroup", nodes.getSecurityGroupId(),
                                "EmrManagedSlaveSecurityGroup", nodes.getSecurityGroupId(),
                                "ServiceAccessSecurityGroup", service.getSecurityGroupId(),
                                "KeepJobFlowAliveWhenNoSteps", false,
                                "InstanceGroups",
                                        List.of(
                                                group("MASTER", "ON_DEMAND", size),
                                                group("CORE", "ON_DEMAND", size),
                                                group("TASK", "SPOT", size)))),
                Map.entry(
                        "Configurations",
                        List.of(Map.of(
                                "Classification", "delta-defaults", "Properties", Map.of("delta.enabled", "true")))),
                Map.entry(
                        "Tags",
                        List.of(
                                Map.of(
                                        "Key",
                                        "environment",
                                        "Value",
                                        deployment.environment().name()),
                                Map.of("Key", SparkStack.EMR_TAG, "Value", "true"))));
    }

    private static Map<String, Object> group(String role, String market, Environment.Spark.Clusters size) {
        return Map.of("InstanceRole", role, "Market", market, "InstanceType", size.instance(), "InstanceCount", 1);
    }
}
