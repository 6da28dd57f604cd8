package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
            String[] parts = path.split("\\?", 2);
            InvokeRestApiResponse response = mwaa.invokeRestApi(request -> request.name(environment)
                    .method(method)
                    .path(parts[0])
                    .queryParameters(parts.length < 2 ? null : parameters(parts[1]))
                    .body(body.map(ManagedAirflow::document).orElse(null)));
            return answer(response.restApiStatusCode(), response.restApiResponse());
        } catch (RestApiClientException e) {
            return answer(e.restApiStatusCode(), e.restApiResponse());
        }
    }

    private static Answer answer(int status, Document body) {
        return new Answer(status, JSON.valueToTree(body == null ? Map.of() : body.unwrap()));
    }

    private static Document parameters(String query) {
        return Document.fromMap(Stream.of(query.split("&"))
                .map(each -> each.split("=", 2))
                .collect(Collectors.toMap(each -> each[0], each -> Document.fromString(each[1]))));
    }

    private static Document document(JsonNode node) {
        if (node.isObject()) {
            return Document.fromMap(node.properties().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, field -> document(field.getValue()))));
        }
        if (node.isArray()) {
            List<Document> elements = new ArrayList<>();
            node.forEach(each -> elements.add(document(each)));
            return Document.fromList(elements);
        }
        if (node.isNumber()) {
            return Document.fromNumber(node.asText());
        }
        return node.isNull() ? Document.fromNull() : Document.fromString(node.asText());
    }
}
