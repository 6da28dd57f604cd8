package dataplatform.lambdas.eventcollector;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** Fields of JSON as the protocol has them: null and empty text are none. */
final class Fields {
    private Fields() {}

    static Optional<ObjectNode> object(JsonNode value, String name) throws Refusal {
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (value instanceof ObjectNode object) {
            return Optional.of(object);
        }
        throw new Refusal(name + " is no object");
    }

    /** A text, or a whole number as a text: some clients send ids as numbers. */
    static Optional<String> text(JsonNode value, String name) throws Refusal {
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (value.isTextual()) {
            return value.textValue().isEmpty() ? Optional.empty() : Optional.of(value.textValue());
        }
        if (value.isIntegralNumber()) {
            return Optional.of(value.asText());
        }
        throw new Refusal(name + " is no text");
    }
}
