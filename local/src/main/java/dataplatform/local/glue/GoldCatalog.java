package dataplatform.local.glue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.aws.Moto;
import dataplatform.platform.LakeBucket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The catalog's tables of gold, which a DAG makes: they outlive moto in a file. */
public final class GoldCatalog {
    /** The fields that a table is created with, of those that are returned. */
    private static final List<String> INPUT = List.of("Name", "TableType", "Parameters", "StorageDescriptor");

    private final Moto moto;
    private final Path file;

    /** A catalog in moto, which forgets, kept in a file, which does not. */
    public GoldCatalog(Moto moto, Path file) {
        this.moto = moto;
        this.file = file;
    }

    /** Makes the database, with the tables that were kept. */
    public void restore() {
        ObjectNode database = AwsJson.JSON.createObjectNode();
        database.putObject("DatabaseInput").put("Name", LocalEnvironment.NAMES.catalog(LakeBucket.GOLD));
        ask("CreateDatabase", database);
        if (Files.exists(file)) {
            try {
                for (JsonNode table : AwsJson.JSON.readTree(file.toFile())) {
                    ObjectNode request = request();
                    request.set("TableInput", table);
                    ask("CreateTable", request);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("could not read " + file, e);
            }
        }
    }

    /** Writes the tables to the file. */
    public void keep() {
        ArrayNode tables = AwsJson.JSON.createArrayNode();
        for (JsonNode table : ask("GetTables", request()).path("TableList")) {
            tables.add(((ObjectNode) table).retain(INPUT));
        }
        try {
            AwsJson.JSON.writeValue(file.toFile(), tables);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file, e);
        }
    }

    private static ObjectNode request() {
        return AwsJson.JSON.createObjectNode().put("DatabaseName", LocalEnvironment.NAMES.catalog(LakeBucket.GOLD));
    }

    private JsonNode ask(String operation, JsonNode request) {
        try {
            HttpResponse<String> response = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .build()
                    .send(
                            HttpRequest.newBuilder(URI.create(moto.endpoint() + "/"))
                                    .header("X-Amz-Target", "AWSGlue." + operation)
                                    // by which moto finds the service
                                    .header(
                                            "Authorization",
                                            "AWS4-HMAC-SHA256 Credential=local/1/us-east-1/glue/aws4_request")
                                    .POST(HttpRequest.BodyPublishers.ofString(request.toString()))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IllegalStateException(operation + " failed: " + response.body());
            }
            return AwsJson.JSON.readTree(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException("moto did not answer " + operation, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("stopped while moto was asked for " + operation, e);
        }
    }
}
