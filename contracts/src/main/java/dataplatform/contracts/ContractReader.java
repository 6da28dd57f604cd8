package dataplatform.contracts;

import dataplatform.contracts.DataType.Kind;
import dataplatform.contracts.Partition.Transform;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads one contract and remembers where its references stand. Whether the file keeps to ODCS as such is for {@code datacontract lint};
 * this checks what the platform builds on.
 */
final class ContractReader {
    private static final Map<String, Kind> KINDS = Map.of(
            "text", Kind.STRING,
            "integer", Kind.INTEGER,
            "bigint", Kind.LONG,
            "double precision", Kind.DOUBLE,
            "boolean", Kind.BOOLEAN,
            "date", Kind.DATE,
            "timestamp", Kind.TIMESTAMP);
    private static final Set<Kind> NUMBERS = EnumSet.of(Kind.INTEGER, Kind.LONG, Kind.DECIMAL, Kind.DOUBLE);
    private static final Pattern DECIMAL = Pattern.compile("decimal\\(([1-9]|[12]\\d|3[0-8]),(\\d{1,2})\\)");
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");
    private static final Pattern TRANSFORM = Pattern.compile("(\\w+)\\((\\w+)\\)");
    private static final Pattern HASH = Pattern.compile("hash\\((\\w+(?:, *\\w+)*)\\)");
    private static final Pattern REFERENCE = Pattern.compile("(\\w+)\\.(\\w+)");

    private static final Set<String> COLUMN_PROPERTIES = Set.of("cleaning", "generated", "negated");

    private final Path file;
    private final Contract contract;
    private final Map<String, YamlNode> references = new HashMap<>();

    ContractReader(Path file) {
        this.file = file;
        this.contract = contract(YamlNode.read(file));
    }

    Path file() {
        return file;
    }

    Contract contract() {
        return contract;
    }

    void checkReferences(Map<String, Contract> contracts) {
        for (Column column : contract.columns()) {
            column.reference().ifPresent(reference -> {
                YamlNode node = references.get(column.name());
                Contract target = contracts.get(reference.contract());
                if (target == null) {
                    throw node.broken("there is no contract " + reference.contract() + "; refer to one of "
                            + contracts.keySet().stream().sorted().toList());
                }
                if (target.key().size() != 1
                        || !target.key().get(0).name().equals(reference.column())
                        || !target.key().get(0).type().equals(column.type())) {
                    throw node.broken(reference.column() + " is not the whole primary key of " + target.id()
                            + " with the type of " + column.name() + "; refer to a key of one column");
                }
            });
        }
    }

    private Contract contract(YamlNode root) {
        expect(root.get("apiVersion"), "v3.1.0");
        expect(root.get("kind"), "DataContract");
        String domain = name(root.get("domain"));
        String name = name(root.get("name"));
        expect(root.get("id"), domain + "." + name);

        List<YamlNode> schemas = root.get("schema").items();
        if (schemas.size() != 1) {
            throw root.get("schema")
                    .broken("expected one object and found " + schemas.size() + "; write one file each");
        }
        YamlNode schema = schemas.get(0);
        expect(schema.get("name"), name);

        Map<String, YamlNode> custom =
                custom(root, Set.of("load", "sourceSchema", "decimalComma", "exportedOn", "arrival"));
        boolean decimalComma =
                custom.containsKey("decimalComma") && custom.get("decimalComma").flag();
        List<Column> columns = new ArrayList<>();
        Map<Integer, Column> key = new TreeMap<>();
        List<YamlNode> partitions = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (YamlNode property : schema.get("properties").items()) {
            if (!names.add(name(property.get("name")))) {
                throw property.get("name").broken(property.text("name") + " is there twice; remove one");
            }
            if (property.flag("partitioned")) {
                partitions.add(property);
                continue;
            }
            Column column = column(domain, property, decimalComma);
            columns.add(column);
            if (column.key()) {
                YamlNode position = property.get("primaryKeyPosition");
                if (key.put(position.number().intValue(), column) != null) {
                    throw position.broken(position.value() + " is taken by another key column; count from 1");
                }
            }
        }
        if (key.isEmpty()) {
            throw schema.get("properties").broken("no column is primaryKey; say what tells rows apart");
        }
        if (partitions.size() > 1) {
            throw partitions.get(1).broken("is a second partition column; keep one");
        }
        Source source = source(root, custom, schema, columns, partitions);
        checkHashes(schema, columns, key.values());
        return new Contract(
                domain,
                name,
                root.text("version"),
                root.get("description").text("purpose"),
                schema.text("dataGranularityDescription"),
                root.get("team").text("name"),
                source,
                schema.find("physicalName").map(ContractReader::name).orElse(name),
                freshness(root),
                columns,
                List.copyOf(key.values()),
                partitions.stream().findFirst().map(property -> partition(property, columns)));
    }

    /** How a data set comes into the lake, in a contract's words. */
    private enum Load {
        CDC,
        SNAPSHOT,
        APPEND
    }

    private static Source source(
            YamlNode root,
            Map<String, YamlNode> custom,
            YamlNode schema,
            List<Column> columns,
            List<YamlNode> partitions) {
        return switch (oneOf(Load.class, required(root, custom, "load"))) {
            case CDC -> {
                checkHasNoFiles(root, custom, schema);
                yield new Source.Database(name(required(root, custom, "sourceSchema")));
            }
            case SNAPSHOT -> {
                checkComesInFiles(custom, partitions);
                yield files(root, custom, columns, Source.Content.SNAPSHOT);
            }
            case APPEND -> {
                checkComesInFiles(custom, partitions);
                yield files(root, custom, columns, Source.Content.APPEND);
            }
        };
    }

    private static void checkHasNoFiles(YamlNode root, Map<String, YamlNode> custom, YamlNode schema) {
        List<YamlNode> ofFiles = new ArrayList<>(root.find("servers").stream().toList());
        for (String name : List.of("decimalComma", "exportedOn", "arrival")) {
            Optional.ofNullable(custom.get(name)).ifPresent(ofFiles::add);
        }
        for (YamlNode property : schema.get("properties").items()) {
            property.find("physicalName").ifPresent(ofFiles::add);
            property.find("logicalTypeOptions")
                    .flatMap(options -> options.find("format"))
                    .ifPresent(ofFiles::add);
            Optional.ofNullable(custom(property, COLUMN_PROPERTIES).get("negated"))
                    .ifPresent(ofFiles::add);
            property.find("transformLogic")
                    .filter(logic -> !property.flag("partitioned"))
                    .ifPresent(ofFiles::add);
        }
        ofFiles.stream().findFirst().ifPresent(node -> {
            throw node.broken("is for data sets that come in files; remove it, or load by snapshot or append");
        });
    }

    private static void checkComesInFiles(Map<String, YamlNode> custom, List<YamlNode> partitions) {
        if (custom.containsKey("sourceSchema")) {
            throw custom.get("sourceSchema").broken("is for data sets that load by cdc; remove it");
        }
        for (YamlNode partition : partitions) {
            throw partition.broken("is partitioned, which is for data sets that load by cdc; remove the column");
        }
    }

    private static Source.Files files(
            YamlNode root, Map<String, YamlNode> custom, List<Column> columns, Source.Content content) {
        List<YamlNode> servers = root.get("servers").items();
        if (servers.size() != 1) {
            throw root.get("servers").broken("expected one server and found " + servers.size() + "; keep one");
        }
        YamlNode server = servers.get(0);
        expect(server.get("type"), "s3");
        expect(server.get("format"), "csv");
        String folder = "/" + root.text("domain") + "/" + root.text("name") + "/*.csv";
        if (!server.text("location").endsWith(folder)) {
            throw server.get("location").broken("expected s3://<bucket>" + folder);
        }
        Optional<YamlNode> delimiter = server.find("delimiter");
        if (delimiter.isPresent() && !String.valueOf(delimiter.get().value()).matches("[^\"\\w\\r\\n]")) {
            throw delimiter.get().broken("expected one character in quotes that is no letter, digit or quote");
        }
        Optional<YamlNode> exportedOn = Optional.ofNullable(custom.get("exportedOn"));
        exportedOn.ifPresent(column -> {
            if (columns.stream()
                    .noneMatch(each ->
                            each.name().equals(column.text()) && each.type().kind() == Kind.DATE)) {
                throw column.broken("there is no date column " + column.text() + "; name one of this contract");
            }
        });
        return new Source.Files(
                new FileFormat.Csv(
                        delimiter.map(node -> node.value().toString().charAt(0)).orElse(',')),
                content,
                exportedOn.map(YamlNode::text),
                custom.containsKey("arrival")
                        ? oneOf(Source.Arrival.class, custom.get("arrival"))
                        : Source.Arrival.EVENT);
    }

    /** A key that is made of a row must be all of the key, and made of what the file has. */
    private static void checkHashes(YamlNode schema, List<Column> columns, Collection<Column> key) {
        for (YamlNode property : schema.get("properties").items()) {
            Optional<Column> hash = columns.stream()
                    .filter(column ->
                            !column.hashOf().isEmpty() && column.name().equals(property.text("name")))
                    .findFirst();
            if (hash.isEmpty()) {
                continue;
            }
            YamlNode logic = property.get("transformLogic");
            if (!hash.get().key() || key.size() != 1 || !hash.get().type().equals(DataType.STRING)) {
                throw logic.broken("only a text column that is the whole primary key can be a hash");
            }
            for (String name : hash.get().hashOf()) {
                if (name.equals(hash.get().name())
                        || columns.stream().noneMatch(column -> column.name().equals(name))) {
                    throw logic.broken("there is no other column " + name + "; name columns of this contract");
                }
            }
        }
    }

    private Column column(String domain, YamlNode property, boolean decimalComma) {
        String name = property.text("name");
        DataType type = type(property);
        boolean isText = type.kind() == Kind.STRING;
        boolean key = property.flag("primaryKey");
        if (key && !property.flag("required")) {
            throw property.broken("is primaryKey and not required; add required: true");
        }
        Map<String, YamlNode> custom = custom(property, COLUMN_PROPERTIES);
        Optional<YamlNode> generated = Optional.ofNullable(custom.get("generated"));
        if (generated.isPresent() && type.kind() != Kind.LONG) {
            throw generated.get().broken("only a bigint column can be generated");
        }
        Cleaning cleaning =
                custom.containsKey("cleaning") ? oneOf(Cleaning.class, custom.get("cleaning")) : Cleaning.NONE;
        if (cleaning != Cleaning.NONE && !isText) {
            throw custom.get("cleaning").broken("only a text column can be cleaned");
        }
        if (cleaning != Cleaning.NONE && key) {
            throw custom.get("cleaning")
                    .broken("a key can't be cleaned: two of the source could become one; clean it in a model");
        }

        Optional<YamlNode> negated = Optional.ofNullable(custom.get("negated"));
        if (negated.isPresent() && !NUMBERS.contains(type.kind())) {
            throw negated.get().broken("only a number can be negated");
        }

        Optional<YamlNode> options = property.find("logicalTypeOptions");
        Optional<YamlNode> format = options.flatMap(o -> o.find("format"));
        if (format.isPresent() && type.kind() != Kind.DATE && type.kind() != Kind.TIMESTAMP) {
            throw format.get().broken("only a date or a timestamp can have a format");
        }
        format.ifPresent(ContractReader::checkFormat);
        Optional<YamlNode> minimum = options.flatMap(o -> o.find("minimum"));
        Optional<YamlNode> maximum = options.flatMap(o -> o.find("maximum"));
        Optional<YamlNode> pattern = options.flatMap(o -> o.find("pattern"));
        if (!NUMBERS.contains(type.kind()) && (minimum.isPresent() || maximum.isPresent())) {
            throw options.get().broken("only a number can have a minimum or a maximum");
        }
        if (!isText && pattern.isPresent()) {
            throw options.get().broken("only text can have a pattern");
        }
        if (minimum.isPresent()
                && maximum.isPresent()
                && minimum.get().number().compareTo(maximum.get().number()) > 0) {
            throw minimum.get()
                    .broken("is greater than the maximum " + maximum.get().value() + "; swap them");
        }
        pattern.ifPresent(ContractReader::checkPattern);

        return new Column(
                name,
                property.find("physicalName").map(YamlNode::text).orElse(name),
                property.text("description"),
                type,
                property.flag("required"),
                key,
                generated.map(YamlNode::flag).orElse(false),
                allowed(property, isText),
                minimum.map(YamlNode::number),
                maximum.map(YamlNode::number),
                pattern.map(YamlNode::text),
                cleaning,
                oneOf(Classification.class, property.get("classification")),
                reference(domain, name, property),
                format.map(YamlNode::text),
                decimalComma && NUMBERS.contains(type.kind()),
                negated.map(YamlNode::flag).orElse(false),
                property.find("transformLogic").map(ContractReader::hashOf).orElse(List.of()));
    }

    private static List<String> hashOf(YamlNode logic) {
        Matcher hash = HASH.matcher(logic.text());
        if (!hash.matches()) {
            throw logic.broken("expected hash(<column>, …), not '" + logic.text() + "'");
        }
        return List.of(hash.group(1).split(", *"));
    }

    private static DataType type(YamlNode property) {
        YamlNode physical = property.get("physicalType");
        Matcher decimal = DECIMAL.matcher(physical.text());
        DataType type;
        if (decimal.matches()) {
            type = new DataType(Kind.DECIMAL, Integer.parseInt(decimal.group(1)), Integer.parseInt(decimal.group(2)));
            if (type.scale() > type.precision()) {
                throw physical.broken("has more digits after the point than digits; make the first number larger");
            }
        } else if (KINDS.containsKey(physical.text())) {
            type = DataType.of(KINDS.get(physical.text()));
        } else {
            throw physical.broken("unknown type '" + physical.text() + "'; use decimal(precision,scale) or one of "
                    + KINDS.keySet().stream().sorted().toList());
        }
        expect(
                property.get("logicalType"),
                switch (type.kind()) {
                    case STRING -> "string";
                    case INTEGER, LONG -> "integer";
                    case DECIMAL, DOUBLE -> "number";
                    case BOOLEAN -> "boolean";
                    case DATE -> "date";
                    case TIMESTAMP -> "timestamp";
                });
        return type;
    }

    /** The allowed values stand, as ODCS has it, in a quality rule: no value may be other than these. */
    private static List<String> allowed(YamlNode property, boolean isText) {
        List<YamlNode> rules = property.items("quality");
        if (rules.isEmpty()) {
            return List.of();
        }
        YamlNode rule = rules.get(0);
        if (rules.size() > 1 || !isText) {
            throw rule.broken("expected one rule at most, and on a text column; use logicalTypeOptions for ranges");
        }
        expect(rule.get("metric"), "invalidValues");
        if (!Integer.valueOf(0).equals(rule.get("mustBe").value())) {
            throw rule.get("mustBe").broken("expected 0, as every row that breaks the rule goes to quarantine");
        }
        return rule.get("arguments").get("validValues").items().stream()
                .map(YamlNode::text)
                .toList();
    }

    private Optional<Reference> reference(String domain, String column, YamlNode property) {
        List<YamlNode> relationships = property.items("relationships");
        if (relationships.isEmpty()) {
            return Optional.empty();
        }
        if (relationships.size() > 1) {
            throw relationships.get(1).broken("is a second foreign key on one column; keep one");
        }
        YamlNode to = relationships.get(0).get("to");
        Matcher reference = REFERENCE.matcher(to.text());
        if (!reference.matches()) {
            throw to.broken("expected <data set>.<column>, not '" + to.text() + "'");
        }
        references.put(column, to);
        return Optional.of(new Reference(domain + "." + reference.group(1), reference.group(2)));
    }

    private static Partition partition(YamlNode property, List<Column> columns) {
        YamlNode logic = property.get("transformLogic");
        Matcher transform = TRANSFORM.matcher(logic.text());
        if (!transform.matches() || !transform.group(1).equals("month")) {
            throw logic.broken("expected month(<column>), not '" + logic.text() + "'");
        }
        Column source = columns.stream()
                .filter(column -> column.name().equals(transform.group(2)))
                .findFirst()
                .orElseThrow(
                        () -> logic.broken("there is no column " + transform.group(2) + "; name one of this contract"));
        if (!source.required()
                || source.type().kind() != Kind.DATE && source.type().kind() != Kind.TIMESTAMP) {
            throw logic.broken(source.name() + " is not a required date or timestamp, and every row needs a partition");
        }
        return new Partition(property.text("name"), property.text("description"), Transform.MONTH, source.name());
    }

    private static Duration freshness(YamlNode root) {
        YamlNode promises = root.get("slaProperties");
        YamlNode freshness = promises.items().stream()
                .filter(promise -> promise.text("property").equals("freshness"))
                .findFirst()
                .orElseThrow(() -> promises.broken("has no property freshness; add it"));
        long value = freshness.get("value").number().longValue();
        return switch (freshness.text("unit")) {
            case "d" -> Duration.ofDays(value);
            case "h" -> Duration.ofHours(value);
            case "m" -> Duration.ofMinutes(value);
            default -> throw freshness.get("unit").broken("expected d, h or m");
        };
    }

    /** Misspelt custom properties would be left out of account silently, so only the known ones may stand there. */
    private static Map<String, YamlNode> custom(YamlNode node, Set<String> known) {
        Map<String, YamlNode> custom = new HashMap<>();
        for (YamlNode item : node.items("customProperties")) {
            YamlNode property = item.get("property");
            if (!known.contains(property.text())) {
                throw property.broken("unknown custom property '" + property.text() + "'; use one of " + known);
            }
            custom.put(property.text(), item.get("value"));
        }
        return custom;
    }

    private static YamlNode required(YamlNode node, Map<String, YamlNode> custom, String property) {
        if (!custom.containsKey(property)) {
            throw node.broken("custom property " + property + " is missing; add it to customProperties");
        }
        return custom.get(property);
    }

    private static <E extends Enum<E>> E oneOf(Class<E> values, YamlNode node) {
        return Arrays.stream(values.getEnumConstants())
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(node.text()))
                .findFirst()
                .orElseThrow(() -> node.broken("unknown value '" + node.text() + "'; use one of "
                        + Arrays.toString(values.getEnumConstants()).toLowerCase(Locale.ROOT)));
    }

    private static void checkPattern(YamlNode pattern) {
        try {
            Pattern.compile(pattern.text());
        } catch (PatternSyntaxException e) {
            throw pattern.broken("is not a regular expression: " + e.getMessage());
        }
    }

    private static void checkFormat(YamlNode format) {
        try {
            DateTimeFormatter.ofPattern(format.text());
        } catch (IllegalArgumentException e) {
            throw format.broken("is not a format of dates: " + e.getMessage());
        }
    }

    private static String name(YamlNode node) {
        if (!NAME.matcher(node.text()).matches()) {
            throw node.broken("expected lower-case letters, digits and underscores, not '" + node.text() + "'");
        }
        return node.text();
    }

    private static void expect(YamlNode node, String expected) {
        if (!node.text().equals(expected)) {
            throw node.broken("expected " + expected + ", not '" + node.text() + "'");
        }
    }
}
