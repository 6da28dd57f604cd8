package dataplatform.cdk;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import dataplatform.platform.Names;

/** A template, or a part of one, as a review reads it. */
final class TemplateText {
    /** The environment in a name that {@code Names} gives, and in what compares a tag. */
    private static final String NAME = "(\\bdataplatform[-/]|\\bglue_ecommerce_|\\benvironment[:$])%s(?![a-z0-9])";

    /** The environment alone: a tag, or a variable in a script or in JSON. */
    private static final String QUOTED = "([\"'])%s(?=\\\\?[\"'])";

    /**
     * The environment in a logical id that CDK made of such a name. The hash at its end is of the name too, and so is one of another id,
     * which may stand before it with a port.
     */
    private static final String LOGICAL_ID = "\\b(\\w*(?:dataplatform|glueecommerce))%s(\\w*?)"
            + "(?:[0-9A-F]{8}([0-9]{4}|ALLPORTS)?)?(?:[0-9A-F]{8})?\\b";

    private TemplateText() {}

    /** Its keys in order, a line each, and without the hashes of jars and folders. */
    static String of(JsonNode template) {
        try {
            return Synthesis.JSON
                    .writer()
                    .with(SerializationFeature.INDENT_OUTPUT)
                    .with(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .writeValueAsString(Synthesis.JSON.convertValue(template, Object.class))
                    .replaceAll("\\b[0-9a-f]{64}\\b", "0".repeat(64));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The template with {@code <environment>} in place of its own environment's name, so that two environments can be compared. The name
     * of another environment stays: it should not be there, and shows as a difference.
     *
     * @throws IllegalStateException if two logical ids have become the same
     */
    static JsonNode withoutName(Names names, JsonNode template) {
        String text = of(template)
                .replaceAll(LOGICAL_ID.formatted(names.environment().replace("-", "")), "$1<environment>$2$3")
                .replaceAll(NAME.formatted(names.environment()), "$1<environment>")
                .replaceAll(NAME.formatted(names.inSql()), "$1<environment>")
                .replaceAll(QUOTED.formatted(names.environment()), "$1<environment>");
        try {
            return Synthesis.JSON
                    .readerFor(JsonNode.class)
                    .with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                    .readValue(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
