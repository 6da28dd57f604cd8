package dataplatform.cdk.cost;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dataplatform.cdk.config.Environment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** What an environment costs, resource by resource, from its templates and a table of prices. */
public final class Cost {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HOURS = 730;
    private static final BigDecimal DAYS = new BigDecimal("30.4");

    /** What a day of work is taken to be. */
    private static final int WORKING_HOURS = 10;

    private static final int AIRFLOW_HOURS = 2;
    private static final int WAREHOUSE_HOURS = 1;
    // two runs of half an hour on eight vCPUs with 32 GB
    private static final int SPARK_VCPU_HOURS = 8;
    private static final int SPARK_GIGABYTE_HOURS = 32;
    private static final int LAKE_GIGABYTES = 20;
    // a kilobyte of events in each
    private static final int EVENT_REQUESTS_IN_THOUSANDS = 100;
    // of each record five kilobytes are billed
    private static final int EVENT_GIGABYTES = 1;
    /** What depends on use alone, or is too small to be seen. */
    private static final String NOT_COUNTED = """
            not counted: data through NAT (0.045 a GB); logs in CloudWatch (0.50 a GB, MWAA's five are the most) and of VPC flows;
            disks of instances on demand (0.003 a GB and day); MWAA's second worker (0.055 an hour); rotations of keys (1.00 a
            month each, from the second year on); backups of the database beyond its size; requests; taxes""";

    private static final int DMS_GIGABYTES = 50;
    private static final int WAREHOUSE_GIGABYTES = 10;
    private static final int AIRFLOW_GIGABYTES = 10;
    // five at once, of 20 seconds each, all month, though no message is there
    private static final int POLLS_IN_THOUSANDS = 650;

    /** What is free, or so cheap at these amounts that no price would show: requests, messages, a few megabytes of logs, the seconds of functions that Lambda gives every month. */
    private static final Set<String> FREE = Set.of(
            "AWS::ApiGatewayV2::Integration",
            "AWS::ApiGatewayV2::Route",
            "AWS::ApiGatewayV2::Stage",
            "AWS::Athena::NamedQuery",
            "AWS::Athena::WorkGroup",
            "AWS::Budgets::Budget",
            "AWS::DMS::Endpoint",
            "AWS::DMS::ReplicationSubnetGroup",
            "AWS::DMS::ReplicationTask",
            "AWS::EC2::EIP",
            "AWS::EC2::FlowLog",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::Route",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::Subnet",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPC",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::EMR::SecurityConfiguration",
            "AWS::Events::Rule",
            "AWS::Glue::Database",
            "AWS::Glue::SecurityConfiguration",
            "AWS::Glue::Table",
            "AWS::IAM::InstanceProfile",
            "AWS::IAM::Policy",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::Role",
            "AWS::KMS::Alias",
            "AWS::Lambda::Function",
            "AWS::Lambda::Alias",
            "AWS::Lambda::LayerVersion",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Version",
            "AWS::Logs::LogStream",
            "AWS::Logs::LogGroup",
            "AWS::RDS::DBParameterGroup",
            "AWS::RDS::DBSubnetGroup",
            "AWS::Redshift::ClusterParameterGroup",
            "AWS::Redshift::ClusterSubnetGroup",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::Document",
            "AWS::SSM::Parameter",
            "AWS::Scheduler::Schedule",
            "AWS::SecretsManager::RotationSchedule",
            "AWS::SecretsManager::SecretTargetAttachment");

    private final Environment environment;
    private final Prices prices;
    private final List<Line> lines = new ArrayList<>();

    /**
     * One resource.
     *
     * @param rest USD a month when nobody works
     * @param work USD that a day of work adds
     */
    public record Line(String stack, String resource, String what, BigDecimal rest, BigDecimal work) {}

    private Cost(Environment environment, Prices prices) {
        this.environment = environment;
        this.prices = prices;
    }

    /**
     * Prints what the environment of the first argument costs, from the templates in the folder of the second.
     */
    public static void main(String[] args) throws IOException {
        try {
            Environment environment = Environment.named(args[0]);
            Prices prices = Prices.read();
            System.out.println(prices.note());
            print(environment, of(environment, Path.of(args[1]), prices));
            System.out.println(NOT_COUNTED);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    /**
     * What each resource costs that costs something.
     *
     * @param templates the folder that the templates were written to
     * @throws IllegalArgumentException if it is not known what a resource costs
     */
    public static List<Line> of(Environment environment, Path templates, Prices prices) throws IOException {
        Cost cost = new Cost(environment, prices);
        // not by their names: those of dev-anna begin as those of dev do
        for (JsonNode stack :
                JSON.readTree(templates.resolve("manifest.json").toFile()).get("artifacts")) {
            if (stack.at("/properties/tags/environment").asText().equals(environment.name())) {
                cost.read(templates.resolve(stack.at("/properties/templateFile").asText()));
            }
        }
        if (cost.lines.isEmpty()) {
            throw new IllegalArgumentException("there are no templates of " + environment.name() + " in " + templates);
        }
        return cost.lines;
    }

    private static void print(Environment environment, List<Line> lines) {
        String format = "%-17s %-34s %-30s %10s %10s%n";
        System.out.printf(format, "stack", "resource", "", "rest/month", "work/day");
        for (Line line : lines) {
            System.out.printf(
                    format, line.stack(), line.resource(), line.what(), money(line.rest()), money(line.work()));
        }
        BigDecimal rest = lines.stream().map(Line::rest).reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal work = lines.stream().map(Line::work).reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal day = rest.divide(DAYS, 4, RoundingMode.HALF_UP);
        System.out.println();
        System.out.printf(
                "%s at rest: %s USD a month, %s a day; a day of work: %s USD%n",
                environment.name(), money(rest), money(day), money(day.add(work)));
    }

    private static String money(BigDecimal usd) {
        return String.format(Locale.ROOT, "%.2f", usd);
    }

    private void read(Path file) {
        String stack = file.getFileName()
                .toString()
                .replace(environment.names().of(""), "")
                .replace(".template.json", "");
        try {
            JsonNode resources = JSON.readTree(file.toFile()).get("Resources");
            resources.properties().forEach(each -> price(stack, name(each.getKey(), each.getValue()), each.getValue()));
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + file, e);
        }
    }

    /** Its name in the code, where the template has it. */
    private static String name(String id, JsonNode declared) {
        String path = declared.at("/Metadata/aws:cdk:path").asText();
        return path.isEmpty() ? id : path.replaceAll("^[^/]+/|/Resource$", "");
    }

    private void price(String stack, String resource, JsonNode declared) {
        String type = declared.get("Type").asText();
        JsonNode properties = declared.path("Properties");
        switch (type) {
            case "AWS::KMS::Key" -> line(stack, resource, "key", always("kms.key", 1));
            case "AWS::SecretsManager::Secret" -> line(stack, resource, "secret", always("secret", 1));
            case "AWS::CloudWatch::Alarm" -> line(stack, resource, "alarm", always("alarm", 1));
            case "AWS::CloudWatch::Dashboard" -> line(stack, resource, "dashboard", always("dashboard", 1));
            case "AWS::S3::Bucket" -> line(stack, resource, LAKE_GIGABYTES + " GB", always("s3", LAKE_GIGABYTES));
            case "AWS::EC2::VPCEndpoint" -> {
                int zones = properties.path("SubnetIds").size();
                if (zones > 0) {
                    line(stack, resource, zones + " zone(s)", always("endpoint", HOURS * zones));
                }
            }
            case "AWS::EC2::NatGateway" ->
                line(stack, resource, "NAT", always("nat", HOURS), always("public-address", HOURS));
            case "AWS::RDS::DBInstance" -> database(stack, resource, properties);
            case "AWS::DMS::ReplicationInstance" -> {
                int copies = properties.path("MultiAZ").asBoolean() ? 2 : 1;
                String size = properties.get("ReplicationInstanceClass").asText();
                line(
                        stack,
                        resource,
                        copies + " x " + size,
                        always(size, HOURS * copies),
                        // beyond what the price of the instance includes
                        always(
                                "dms.storage",
                                Math.max(0, properties.get("AllocatedStorage").asInt() - DMS_GIGABYTES) * copies));
            }
            case "AWS::EMRServerless::Application" ->
                line(
                        stack,
                        resource,
                        SPARK_VCPU_HOURS + " vCPU hours a day",
                        running("emr.vcpu", SPARK_VCPU_HOURS),
                        running("emr.memory", SPARK_GIGABYTE_HOURS));
            case "AWS::RedshiftServerless::Namespace" ->
                line(
                        stack,
                        resource,
                        WAREHOUSE_GIGABYTES + " GB and its secret",
                        always("redshift.storage", WAREHOUSE_GIGABYTES),
                        always("secret", 1));
            case "AWS::RedshiftServerless::Workgroup" -> {
                int units = properties.get("BaseCapacity").asInt();
                line(stack, resource, units + " units", running("redshift.serverless", units * WAREHOUSE_HOURS));
            }
            case "AWS::Redshift::Cluster" -> {
                int nodes = properties.get("NumberOfNodes").asInt();
                String node = properties.get("NodeType").asText();
                line(
                        stack,
                        resource,
                        nodes + " x " + node,
                        always("redshift." + node, HOURS * nodes),
                        always("redshift.storage", WAREHOUSE_GIGABYTES),
                        always("secret", 1));
            }
            case "AWS::MWAA::Environment" -> {
                String size = properties.get("EnvironmentClass").asText();
                line(stack, resource, size, always("mwaa." + size, HOURS), always("mwaa.storage", AIRFLOW_GIGABYTES));
            }
            case "AWS::EC2::LaunchTemplate" -> {
                String size = properties.at("/LaunchTemplateData/InstanceType").asText();
                line(
                        stack,
                        resource,
                        size + ", " + AIRFLOW_HOURS + " hours a day",
                        running("ec2." + size, AIRFLOW_HOURS),
                        running("public-address", AIRFLOW_HOURS));
            }
            case "AWS::Lambda::EventSourceMapping" ->
                line(
                        stack,
                        resource,
                        POLLS_IN_THOUSANDS + ",000 looks for messages",
                        always("sqs.thousand", POLLS_IN_THOUSANDS));
            case "AWS::Kinesis::Stream" -> {
                int shards = properties.get("ShardCount").asInt();
                line(stack, resource, shards + " shard(s)", always("kinesis.shard", HOURS * shards));
            }
            case "AWS::KinesisFirehose::DeliveryStream" ->
                line(stack, resource, EVENT_GIGABYTES + " GB a day", running("firehose", EVENT_GIGABYTES));
            case "AWS::ApiGatewayV2::Api" ->
                line(
                        stack,
                        resource,
                        EVENT_REQUESTS_IN_THOUSANDS + ",000 requests a day",
                        running("http-api.thousand", EVENT_REQUESTS_IN_THOUSANDS));
            case "AWS::Glue::Crawler" -> {
                if (properties.has("Schedule")) {
                    line(stack, resource, "once a day", always("crawler", 30));
                } else {
                    line(stack, resource, "once a day of work", running("crawler", 1));
                }
            }
            default -> {
                if (!FREE.contains(type) && !type.startsWith("Custom::")) {
                    throw new IllegalArgumentException("it is not known what " + type
                            + " costs: give it a price in Cost, or add it there to what is free");
                }
            }
        }
    }

    private void database(String stack, String resource, JsonNode properties) {
        int copies = properties.path("MultiAZ").asBoolean() ? 2 : 1;
        String size = properties.get("DBInstanceClass").asText().replace("db.", "");
        Amount instance =
                environment.rests() ? running("rds." + size, WORKING_HOURS) : always("rds." + size, HOURS * copies);
        int gigabytes = properties.get("AllocatedStorage").asInt();
        line(
                stack,
                resource,
                copies + " x " + size + ", " + gigabytes + " GB",
                instance,
                always("rds.storage", gigabytes * copies));
    }

    private record Amount(BigDecimal rest, BigDecimal work) {}

    /** Paid for all month, whether anybody works or not. */
    private Amount always(String price, int quantity) {
        return new Amount(prices.of(price).multiply(BigDecimal.valueOf(quantity)), BigDecimal.ZERO);
    }

    /** Paid for on a day of work alone. */
    private Amount running(String price, int quantity) {
        return new Amount(BigDecimal.ZERO, prices.of(price).multiply(BigDecimal.valueOf(quantity)));
    }

    private void line(String stack, String resource, String what, Amount... amounts) {
        lines.add(new Line(
                stack,
                resource,
                what,
                Stream.of(amounts).map(Amount::rest).reduce(BigDecimal.ZERO, BigDecimal::add),
                Stream.of(amounts).map(Amount::work).reduce(BigDecimal.ZERO, BigDecimal::add)));
    }
}
