package dataplatform.cdk;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.assertj.core.util.diff.Delta;
import org.assertj.core.util.diff.DiffUtils;

/**
 * Where one template differs from another, as text: a line with the JSON pointer of the place, then what the first has there, behind
 * {@code -}, and what the second has, behind {@code +}. An object that the first alone has is only hinted at, since it stands there.
 * There are no line numbers, so that what changes in both templates alike changes nothing here.
 */
final class Differences {
    /** What a line with a pointer begins with. */
    static final String PLACE = "@@ ";

    private final String title;
    private final StringBuilder text = new StringBuilder();

    private Differences(String title) {
        this.title = title;
    }

    /**
     * The differences, by pointer; nothing if there are none.
     *
     * @param title stands before each pointer
     */
    static String text(String title, JsonNode first, JsonNode second) {
        Differences differences = new Differences(title);
        differences.compare(JsonPointer.empty(), first, second);
        return differences.text.toString();
    }

    private void compare(JsonPointer at, JsonNode first, JsonNode second) {
        if (first.equals(second)) {
            return;
        }
        if (first.isObject() && second.isObject()) {
            Set<String> names = new TreeSet<>();
            first.fieldNames().forEachRemaining(names::add);
            second.fieldNames().forEachRemaining(names::add);
            names.forEach(name -> compare(at.appendProperty(name), first.path(name), second.path(name)));
        } else if (first.isArray() && second.isArray()) {
            DiffUtils.diff(items(first), items(second)).getDeltas().forEach(delta -> compare(at, delta));
        } else {
            heading(at);
            if (second.isMissingNode() && !first.isEmpty()) {
                text.append(first.isObject() ? "- { … }\n" : "- [ … ]\n");
            } else {
                lines("- ", first);
            }
            lines("+ ", second);
        }
    }

    /**
     * Items that differ between two that do not, so that an inserted item changes no later one. As many in place of as many are the same
     * ones changed. The index is that of the first array.
     */
    private void compare(JsonPointer array, Delta<JsonNode> delta) {
        List<JsonNode> first = delta.getOriginal().getLines();
        List<JsonNode> second = delta.getRevised().getLines();
        int start = delta.getOriginal().getPosition();
        if (first.size() == second.size()) {
            for (int i = 0; i < first.size(); i++) {
                compare(array.appendIndex(start + i), first.get(i), second.get(i));
            }
        } else {
            heading(array.appendIndex(start));
            first.forEach(item -> lines("- ", item));
            second.forEach(item -> lines("+ ", item));
        }
    }

    private void heading(JsonPointer at) {
        text.append(PLACE).append(title).append(' ').append(at).append('\n');
    }

    private void lines(String sign, JsonNode value) {
        if (!value.isMissingNode()) {
            TemplateText.of(value)
                    .lines()
                    .forEach(line -> text.append(sign).append(line).append('\n'));
        }
    }

    private static List<JsonNode> items(JsonNode array) {
        List<JsonNode> items = new ArrayList<>();
        array.forEach(items::add);
        return items;
    }
}
