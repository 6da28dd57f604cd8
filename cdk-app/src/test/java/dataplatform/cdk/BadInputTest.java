package dataplatform.cdk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Contract;
import dataplatform.contracts.ContractException;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Before anything is deployed, one sentence says what is wrong and what to do. */
class BadInputTest {
    private static final String SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crm-AbCdEf";

    @TempDir
    Path folder;

    @Test
    void anUnknownEnvironment() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "prod")))
                .hasMessage(
                        "there is no environment 'prod': take one of dev, staging, production, or a developer's own such as"
                                + " dev-anna");
    }

    @Test
    void aNameThatIsTooLongForABucket() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev-annamaria-from-the-shop")))
                .hasMessage("the environment's name 'dev-annamaria-from-the-shop' makes the bucket"
                        + " dataplatform-dev-annamaria-from-the-shop-athena-results-<account> longer than 63 characters: shorten"
                        + " it by 5");
    }

    @Test
    void aNameThatNoBucketMayHave() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev-Anna")))
                .hasMessage(
                        "the environment 'dev-Anna' can't be part of a bucket's name: use lower-case letters, digits and"
                                + " single hyphens between them");
    }

    @Test
    void aMissingJar() throws IOException {
        Path checkout = Synthesis.checkout(folder);
        Files.delete(checkout.resolve("spark-jobs/target/spark-jobs.jar"));
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev")))
                .hasMessage(
                        "spark-jobs/target/spark-jobs.jar is not there: build it with `make build` before the platform is put"
                                + " together");
    }

    @Test
    void aContractWithATypeThatGlueDoesNotKnow() throws IOException {
        Synthesis.checkout(folder);
        Path contract = folder.resolve("orders.odcs.yaml");
        Files.writeString(
                contract,
                Files.readString(Synthesis.CHECKOUT.resolve("contracts/ecommerce/order_items.odcs.yaml"))
                        .replace("physicalType: timestamp", "physicalType: interval"));
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev"), () -> Contracts.read(folder)))
                .isInstanceOf(ContractException.class)
                .hasMessageContaining("orders.odcs.yaml")
                .hasMessageContaining("interval");
    }

    @Test
    void eventsThatHaveNoWayOut() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev", "openlineage-url", "https://lineage.example.org")))
                .hasMessage(
                        "openlineage-url is given, and Spark in dev has no way out of its network: leave it out, or set"
                                + " nat in Environment");
    }

    @Test
    void zonesThatAreNotThree() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev", "zones", "us-east-1b, us-east-1c")))
                .hasMessage("zones are [us-east-1b, us-east-1c]; give three, such as us-east-1a,us-east-1b,us-east-1c");
    }

    @Test
    void aNetworkOrASourceOfWhichSomethingIsMissing() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev", "cidr", "10.41.0.0/24")))
                .hasMessageContaining("give a network of 16 bits, such as 10.41.0.0/16");
        assertThatThrownBy(
                        () -> synthesise(Map.of("env", "dev", "vpc", "vpc-1", "private-subnets", "subnet-1,subnet-2")))
                .hasMessageContaining("give private-subnets, one in each of three zones");
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev", "source-secret", "shop")))
                .hasMessageContaining("give the whole ARN of a secret");
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev", "source-secret", SECRET, "source-database", "crm")))
                .hasMessageContaining("give source-security-group, such as sg-0123, and source-database");
        assertThatThrownBy(() -> synthesise(Map.of(
                        "env", "dev",
                        "source-secret", SECRET,
                        "source-database", "crm",
                        "source-security-group", "sg-0crm")))
                .hasMessageContaining("source-secret is given without vpc");
    }

    @Test
    void theKeyToDataThatMayNotBeDeleted() {
        assertThatThrownBy(() -> synthesise(Map.of("env", "production", "delete-data", "production")))
                .hasMessage(
                        "the data of production may not be deleted: only an environment that allows it takes this key");
    }

    @Test
    void aQueryThatDoesNotSayWhatItAsks() throws IOException {
        Path checkout = Synthesis.checkout(folder);
        Files.writeString(checkout.resolve("queries/silent.sql"), "select 1");
        assertThatThrownBy(() -> synthesise(Map.of("env", "dev")))
                .hasMessageContaining("silent.sql does not say what it asks: begin it with a line '-- …'");
    }

    @Test
    void theCommandPrintsTheSentenceAndFails() throws Exception {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName())
                .redirectErrorStream(true);
        command.environment().put("CDK_CONTEXT_JSON", "{\"env\":\"prod\"}");
        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        // after what the JavaScript engine says of its age
        assertThat(output.lines()).last().asString().startsWith("there is no environment 'prod'");
    }

    private void synthesise(Map<String, Object> context) {
        synthesise(context, Contracts::bundled);
    }

    private void synthesise(Map<String, Object> context, Supplier<List<Contract>> contracts) {
        Map<String, Object> all = new HashMap<>(context);
        Path checkout = folder.resolve("checkout");
        if (!Files.exists(checkout)) {
            Synthesis.checkout(folder);
        }
        all.put("checkout", checkout.toString());
        Main.synthesise(Main.app(all, folder.resolve("cdk.out")), contracts);
    }
}
