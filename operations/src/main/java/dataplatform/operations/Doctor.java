package dataplatform.operations;

import dataplatform.platform.Names;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.cloudformation.CloudFormationClient;
import software.amazon.awssdk.services.cloudformation.model.StackSummary;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.AvailabilityZone;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.NoSuchEntityException;
import software.amazon.awssdk.services.lakeformation.LakeFormationClient;
import software.amazon.awssdk.services.lakeformation.model.DataLakeSettings;
import software.amazon.awssdk.services.lakeformation.model.Permission;
import software.amazon.awssdk.services.lakeformation.model.PrincipalPermissions;
import software.amazon.awssdk.services.servicequotas.ServiceQuotasClient;
import software.amazon.awssdk.services.servicequotas.model.NoSuchResourceException;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/**
 * Looks, and changes nothing: whether an account and region can take a deployment of an environment, and what to do where not. Prints a line
 * for each check, {@code ok}, {@code look} or {@code STOP}; ends with 1 if a deployment would fail.
 */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Says whether the account and region of your credentials can take a deployment.")
public final class Doctor implements Callable<Integer> {
    /** Where {@code cdk bootstrap} leaves the version of what it made. */
    private static final String BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version";
    /** The first with which the CDK's command line deploys as it does here. */
    private static final int BOOTSTRAP_VERSION = 21;

    private static final int ZONES = 3;
    /** What an environment's Spark grows to: {@code Environment} of the CDK app says it. */
    static final Map<String, Integer> VCPUS = Map.of("staging", 32, "production", 128);

    static final int VCPUS_OF_OTHERS = 16;
    /** Zones, by their ids, that lack Graviton, Redshift Serverless or MWAA. */
    private static final Set<String> LACKING = Set.of("use1-az3", "usw1-az2", "cac1-az3", "apne1-az3");
    /** States that a stack can't be deployed in. */
    private static final Map<String, String> STUCK = Map.of(
            "DELETE_FAILED", "delete it again; its events say what stood in the way",
            "UPDATE_ROLLBACK_FAILED", "go on with its rollback (aws cloudformation continue-update-rollback)");

    @Option(names = "--environment", required = true, description = "Its name, such as dev.")
    private String environment;

    @Option(names = "--context", required = true, description = "The file with the CDK app's context, cdk.json.")
    private Path context;

    private final List<String> stops = new ArrayList<>();

    /** Ends with 1 if a deployment would fail, or AWS can't be asked. */
    public static void main(String[] args) {
        Commands.main(new Doctor(), "", args);
    }

    @Override
    public Integer call() throws IOException {
        Names names = new Names(environment);
        try (SdkHttpClient http = UrlConnectionHttpClient.create();
                StsClient sts = StsClient.builder().httpClient(http).build();
                Ec2Client ec2 = Ec2Client.builder().httpClient(http).build();
                SsmClient ssm = SsmClient.builder().httpClient(http).build();
                IamClient iam = IamClient.builder().httpClient(http).build();
                ServiceQuotasClient quotas =
                        ServiceQuotasClient.builder().httpClient(http).build();
                LakeFormationClient lake =
                        LakeFormationClient.builder().httpClient(http).build();
                CloudFormationClient stacks =
                        CloudFormationClient.builder().httpClient(http).build()) {
            GetCallerIdentityResponse caller = sts.getCallerIdentity();
            zones(ec2, caller);
            bootstrap(ssm);
            Map<String, String> states = states(stacks, names.of(""));
            stuck(states);
            // what this environment has made itself is in nobody's way
            if (!states.containsKey(names.of("network"))) {
                networks(ec2, quotas);
            }
            vcpus(quotas);
            dmsRoles(iam);
            lakeFormation(lake);
        }
        System.out.println(
                stops.isEmpty()
                        ? environment + " can be deployed"
                        : environment + " can not be deployed: " + String.join(", ", stops));
        return stops.isEmpty() ? 0 : 1;
    }

    private void zones(Ec2Client ec2, GetCallerIdentityResponse caller) throws IOException {
        List<AvailabilityZone> zones = ec2.describeAvailabilityZones().availabilityZones().stream()
                .filter(zone -> "availability-zone".equals(zone.zoneType()) || zone.zoneType() == null)
                .toList();
        String region = zones.isEmpty() ? "?" : zones.get(0).regionName();
        ok("account", caller.account() + ", region " + region + ", as " + caller.arn());
        List<String> whole = zones.stream()
                .filter(zone -> !LACKING.contains(zone.zoneId()))
                .map(AvailabilityZone::zoneName)
                .toList();
        String chosen = Commands.context(context, "zones");
        List<String> used = chosen.isEmpty()
                ? zones.stream().limit(ZONES).map(AvailabilityZone::zoneName).toList()
                : List.of(chosen.split("\\s*,\\s*"));
        if (whole.size() < ZONES) {
            stop(
                    "zones",
                    "the region has " + whole.size() + " zones with all services, and " + ZONES
                            + " are needed: take another region");
        } else if (!whole.containsAll(used)) {
            stop(
                    "zones",
                    "one of " + String.join(", ", used)
                            + " lacks services; put into cdk.json, under context: \"zones\": \""
                            + String.join(",", whole.subList(0, ZONES)) + "\"");
        } else {
            ok("zones", String.join(", ", used) + " have all services");
        }
    }

    private void bootstrap(SsmClient ssm) {
        try {
            int version = Integer.parseInt(ssm.getParameter(request -> request.name(BOOTSTRAP))
                    .parameter()
                    .value());
            if (version < BOOTSTRAP_VERSION) {
                stop("bootstrap", "version " + version + " is too old: make bootstrap ENV=" + environment);
            } else {
                ok("bootstrap", "version " + version);
            }
        } catch (ParameterNotFoundException e) {
            stop("bootstrap", "the CDK's bucket and roles are not there: make bootstrap ENV=" + environment);
        }
    }

    private static Map<String, String> states(CloudFormationClient stacks, String prefix) {
        return stacks.listStacksPaginator().stackSummaries().stream()
                .filter(stack -> stack.stackName().startsWith(prefix))
                .filter(stack -> !stack.stackStatusAsString().equals("DELETE_COMPLETE"))
                .collect(Collectors.toMap(StackSummary::stackName, StackSummary::stackStatusAsString, (a, b) -> a));
    }

    private void stuck(Map<String, String> states) {
        List<String> stuck = states.entrySet().stream()
                .filter(stack -> STUCK.containsKey(stack.getValue()))
                .map(stack -> stack.getKey() + " is " + stack.getValue() + ": " + STUCK.get(stack.getValue()))
                .sorted()
                .toList();
        if (stuck.isEmpty()) {
            ok("stacks", states.isEmpty() ? "none yet" : states.size() + " are there, and can be deployed to");
        } else {
            stuck.forEach(each -> stop("stacks", each));
        }
    }

    private void networks(Ec2Client ec2, ServiceQuotasClient quotas) {
        int count = ec2.describeVpcs().vpcs().size();
        quota(quotas, "vpc", "L-F678F1CE").ifPresent(allowed -> {
            if (count >= allowed) {
                stop(
                        "networks",
                        count + " are there, and " + allowed + " is this region's quota: raise it, or delete one"
                                + " (the default network is not needed)");
            } else {
                ok("networks", count + " of " + allowed);
            }
        });
    }

    /** A job that asks for more than the quota fails, as does one that comes while others have all of it. */
    private void vcpus(ServiceQuotasClient quotas) {
        int wanted = VCPUS.getOrDefault(environment, VCPUS_OF_OTHERS);
        quota(quotas, "emr-serverless", "L-D05C8A75")
                .ifPresentOrElse(
                        allowed -> {
                            if (allowed < wanted) {
                                stop(
                                        "vCPUs of Spark",
                                        environment + " grows to " + wanted + ", and " + allowed
                                                + " is the quota: raise it"
                                                + " (Service Quotas, EMR Serverless), or lower it in Environment");
                            } else {
                                ok("vCPUs of Spark", wanted + " of " + allowed);
                            }
                        },
                        () -> look(
                                "vCPUs of Spark",
                                "the quota is not told; " + environment + " grows to " + wanted
                                        + ", and a new account has 16"));
    }

    private static Optional<Integer> quota(ServiceQuotasClient quotas, String service, String code) {
        try {
            return Optional.of((int) Math.round(quotas.getServiceQuota(
                            request -> request.serviceCode(service).quotaCode(code))
                    .quota()
                    .value()));
        } catch (NoSuchResourceException e) {
            return Optional.empty();
        }
    }

    private void dmsRoles(IamClient iam) {
        List<String> missing = PrepareAccount.DMS_ROLES.entrySet().stream()
                .filter(role -> !hasPolicy(iam, role.getKey(), role.getValue()))
                .map(Map.Entry::getKey)
                .toList();
        if (missing.isEmpty()) {
            ok("roles of DMS", "they are there");
        } else {
            stop("roles of DMS", missing + " are not there, or lack their policies: make bootstrap ENV=" + environment);
        }
    }

    private static boolean hasPolicy(IamClient iam, String role, String policy) {
        try {
            return iam.listAttachedRolePolicies(request -> request.roleName(role)).attachedPolicies().stream()
                    .anyMatch(attached -> attached.policyName().equals(policy));
        } catch (NoSuchEntityException e) {
            return false;
        }
    }

    /** https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html. */
    private void lakeFormation(LakeFormationClient lake) {
        DataLakeSettings settings = lake.getDataLakeSettings(request -> {}).dataLakeSettings();
        if (onlyIam(settings.createDatabaseDefaultPermissions()) && onlyIam(settings.createTableDefaultPermissions())) {
            ok("Lake Formation", "IAM alone decides who reads new tables");
        } else {
            stop(
                    "Lake Formation",
                    "it decides who reads new tables, and the platform's roles would be refused: in its settings, choose"
                            + " 'Use only IAM access control' for new databases and for new tables");
        }
    }

    private static boolean onlyIam(List<PrincipalPermissions> permissions) {
        return permissions.stream()
                .anyMatch(each -> each.principal().dataLakePrincipalIdentifier().equals("IAM_ALLOWED_PRINCIPALS")
                        && each.permissions().contains(Permission.ALL));
    }

    private static void ok(String what, String found) {
        System.out.printf("ok    %-14s %s%n", what, found);
    }

    private static void look(String what, String found) {
        System.out.printf("look  %-14s %s%n", what, found);
    }

    private void stop(String what, String found) {
        stops.add(what);
        System.out.printf("STOP  %-14s %s%n", what, found);
    }
}
