package dataplatform.lambdas.startreplication;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Iterator;

/** Compares table mappings, which DMS gives back in a layout of its own. */
final class TableMappings {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TableMappings() {}

    /**
     * Whether both say the same.
     *
     * @throws IllegalArgumentException if one is not JSON
     */
    static boolean same(String one, String other) {
        return parse(one).equals(parse(other));
    }

    private static JsonNode parse(String mappings) {
        try {
            JsonNode tree = JSON.readTree(mappings);
            removeNulls(tree);
            return tree;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("table mappings are not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** DMS fills in null for what a rule does not say. */
    private static void removeNulls(JsonNode node) {
        for (Iterator<JsonNode> children = node.elements(); children.hasNext(); ) {
            JsonNode child = children.next();
            if (child.isNull() && node.isObject()) {
                children.remove();
            } else {
                removeNulls(child);
            }
        }
    }
}
