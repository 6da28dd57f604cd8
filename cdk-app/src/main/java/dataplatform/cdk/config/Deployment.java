package dataplatform.cdk.config;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Source;
import dataplatform.platform.LakeBucket;
import dataplatform.platform.Names;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import software.amazon.awscdk.Aws;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.StackProps;

/**
 * What every stack is given.
 *
 * @param environment its sizes and switches
 * @param deleteData the second key to delete data, given with the command
 * @param contracts of all data sets; those that web events make are left out where these are not taken
 * @param repository on GitHub, as {@code owner/name}
 * @param alertEmail who receives alarms; nobody if empty
 * @param openLineageUrl address that Airflow and Spark emit OpenLineage events to; none are emitted if empty
 * @param webEvents whether web events are taken
 * @param network that it stands in
 * @param source that is replicated in place of the shop's database
 * @param checkout the folder that holds the modules
 */
public record Deployment(
        Environment environment,
        boolean deleteData,
        List<Contract> contracts,
        String repository,
        String alertEmail,
        String openLineageUrl,
        boolean webEvents,
        Network network,
        Optional<OwnSource> source,
        Path checkout) {
    /** @throws IllegalArgumentException if the source can't be reached, or events have no way out of the network */
    public Deployment {
        contracts = contracts.stream()
                .filter(contract -> webEvents || !contract.isStreamed())
                .toList();
        if (source.isPresent() && network.existing().isEmpty()) {
            throw new IllegalArgumentException(
                    "source-secret is given without vpc: the database can't be reached from a"
                            + " network that is made now; give the database's own, or one that is peered with it");
        }
        if (!openLineageUrl.isEmpty() && !environment.nat()) {
            throw new IllegalArgumentException("openlineage-url is given, and Spark in " + environment.name()
                    + " has no way out of its network: leave it out, or set nat in Environment");
        }
    }

    /** Whether Airflow and Spark emit OpenLineage events. */
    public boolean emitsLineage() {
        return !openLineageUrl.isEmpty();
    }

    /** Whether replication stops in the evening; somebody's own database would keep its log for it all night. */
    public boolean replicationRests() {
        return environment.rests() && source.isEmpty();
    }

    /** The names of the environment's resources. */
    public Names names() {
        return environment.names();
    }

    /** The properties of a part's stack. */
    public StackProps stack(String part, String description) {
        return StackProps.builder()
                .stackName(names().of(part))
                .description(description)
                .tags(names().tags())
                .terminationProtection(!environment.dataMayBeDeleted())
                .build();
    }

    /** Whether data goes with its stack: both keys are there. */
    public boolean deletesData() {
        return environment.dataMayBeDeleted() && deleteData;
    }

    /** Where in the landing bucket files of data sets come that are delivered as files. */
    public List<String> landingPrefixes() {
        return contracts.stream()
                .filter(contract -> contract.source() instanceof Source.Files)
                .map(contract -> contract.domain() + "/")
                .distinct()
                .sorted()
                .toList();
    }

    /** What happens to data when its resource is deleted; what a deployment made that has failed holds none, and is in its next try's way. */
    public RemovalPolicy data() {
        return deletesData() ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    }

    /** A bucket's name; the account is known when it is deployed. */
    public String bucket(LakeBucket layer) {
        return names().bucket(layer, Aws.ACCOUNT_ID);
    }

    /** An address in the lake: {@code s3://bucket/path}. */
    public String s3(LakeBucket layer, String path) {
        return "s3://" + bucket(layer) + "/" + path;
    }

    /**
     * A file of the checkout or of its build.
     *
     * @throws IllegalArgumentException if it is not there
     */
    public String file(String path) {
        Path file = checkout.resolve(path);
        if (!Files.exists(file)) {
            throw new IllegalArgumentException(
                    path + " is not there: build it with `make build` before the platform is put together");
        }
        return file.toString();
    }

    /**
     * The text of a file of the checkout.
     *
     * @throws IllegalArgumentException if it is not there
     */
    public String text(String path) {
        try {
            return Files.readString(Path.of(file(path)));
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + path, e);
        }
    }
}
