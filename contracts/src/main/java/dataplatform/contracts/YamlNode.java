package dataplatform.contracts;

import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    ContractException broken(String reason) {
        return new ContractException(file + ": " + (path.isEmpty() ? "" : path + ": ") + reason);
    }

    private String below(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
