package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.services.mwaa.MwaaClient;
import software.amazon.awssdk.services.mwaa.model.InvokeRestApiResponse;
import software.amazon.awssdk.services.mwaa.model.RestApiClientException;

/** MWAA, which is always up. */
final class ManagedAirflow implements Airflow {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final MwaaClient mwaa;
    private final String environment;

    /** @param environment its name in MWAA */
    ManagedAirflow(MwaaClient mwaa, String environment) {
        this.mwaa = mwaa;
        this.environment = environment;
    }

    @Override
    public void wake() {
        // it is
    }

    @Override
    public Answer call(String method, String path, Optional<JsonNode> body) {
        try {
            InvokeRestApiResponse response = mwaa.invokeRestApi(request -> request.name(environment)
                    .method(method)
                    .path(path)
                    .body(body.map(ManagedAirflow::document).orElse(null)));
            return answer(response.restApiStatusCode(), response.restApiResponse());
        } catch (RestApiClientException e) {
            return answer(e.restApiStatusCode(), e.restApiResponse());
        }
    }

    private static Answer answer(int status, Document body) {
        return new Answer(status, JSON.valueToTree(body == null ? Map.of() : body.unwrap()));
    }

    private static Document document(JsonNode node) {
        if (node.isObject()) {
            return Document.fromMap(node.properties().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, field -> document(field.getValue()))));
        }
        if (node.isNumber()) {
            return Document.fromNumber(node.asText());
        }
        return node.isNull() ? Document.fromNull() : Document.fromString(node.asText());
    }
}
