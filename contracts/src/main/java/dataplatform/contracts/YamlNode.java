package dataplatform.contracts;

import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** A value in a YAML file that knows where it stands, so that whoever dislikes it can say so. */
record YamlNode(Path file, String path, Object value) {

    static YamlNode read(Path file) {
        try (Reader reader = Files.newBufferedReader(file)) {
            return new YamlNode(file, "", new Load(LoadSettings.builder().build()).loadFromReader(reader));
        } catch (IOException e) {
            throw new ContractException(file + ": can't be read; give a text file in UTF-8", e);
        } catch (YamlEngineException e) {
            throw new ContractException(
                    file + ": is not YAML: " + e.getMessage().strip(), e);
        }
    }

    Optional<YamlNode> find(String key) {
        if (!(value instanceof Map<?, ?> map)) {
            throw broken("expected fields such as " + key + " here");
        }
        return Optional.ofNullable(map.get(key)).map(found -> new YamlNode(file, below(key), found));
    }

    YamlNode get(String key) {
        return find(key).orElseThrow(() -> new YamlNode(file, below(key), null).broken("is missing; add it"));
    }

    /** The items of the list of that name; none if there is no such list. */
    List<YamlNode> items(String key) {
        return find(key).map(YamlNode::items).orElse(List.of());
    }

    List<YamlNode> items() {
        if (!(value instanceof List<?> list)) {
            throw broken("expected a list");
        }
        List<YamlNode> items = new ArrayList<>();
        for (Object item : list) {
            items.add(new YamlNode(file, path + "[" + items.size() + "]", item));
        }
        return items;
    }

    String text() {
        if (!(value instanceof String text) || text.isBlank()) {
            throw broken("expected text; put '" + value + "' in quotes if that is what is meant");
        }
        return text.strip();
    }

    String text(String key) {
        return get(key).text();
    }

    /** The flag of that name; false if there is none. */
    boolean flag(String key) {
        return find(key).map(YamlNode::flag).orElse(false);
    }

    boolean flag() {
        if (!(value instanceof Boolean flag)) {
            throw broken("expected true or false, not '" + value + "'");
        }
        return flag;
    }

    BigDecimal number() {
        if (!(value instanceof Number)) {
            throw broken("expected a number, not '" + value + "'");
        }
        return new BigDecimal(value.toString());
    }

    /** A name that databases take without quotes. */
    String name() {
        if (!Contracts.isName(text())) {
            throw broken("expected lower-case letters, digits and underscores, not '" + text() + "'");
        }
        return text();
    }

    /** The constant that is called so, in lower case. */
    <E extends Enum<E>> E oneOf(Class<E> values) {
        return Arrays.stream(values.getEnumConstants())
                .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(text()))
                .findFirst()
                .orElseThrow(() -> broken("unknown value '" + text() + "'; use one of "
                        + Arrays.toString(values.getEnumConstants()).toLowerCase(Locale.ROOT)));
    }

    void expect(String expected) {
        if (!text().equals(expected)) {
            throw broken("expected " + expected + ", not '" + text() + "'");
        }
    }

    /** Misspelt custom properties would be left out of account silently, so only the known ones may stand there. */
    Map<String, YamlNode> customProperties(Set<String> known) {
        Map<String, YamlNode> custom = new HashMap<>();
        for (YamlNode item : items("customProperties")) {
            YamlNode property = item.get("property");
            if (!known.contains(property.text())) {
                throw property.broken("unknown custom property '" + property.text() + "'; use one of " + known);
            }
            custom.put(property.text(), item.get("value"));
        }
        return custom;
    }

    ContractException broken(String reason) {
        return new ContractException(file + ": " + (path.isEmpty() ? "" : path + ": ") + reason);
    }

    private String below(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
