package dataplatform.contracts;

import dataplatform.contracts.DataType.Kind;
import dataplatform.contracts.Partition.Transform;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
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
import java.util.stream.Stream;

/**
 * Reads one contract and remembers where its references stand. Whether the file keeps to ODCS as such is for {@code datacontract lint};
 * this checks what the platform builds on.
 */
final class ContractReader {
    private static final Pattern PATH = Pattern.compile("\\$(\\.\\w+)*");

    private static final Pattern DAYS = Pattern.compile("s3://[^/]+/(.+)/\\*/([^/]+\\.csv)");

    private static final Pattern TRANSFORM = Pattern.compile("(\\w+)\\((\\w+)\\)");

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
        root.get("apiVersion").expect("v3.1.0");
        root.get("kind").expect("DataContract");
        String domain = root.get("domain").name();
        String name = root.get("name").name();
        root.get("id").expect(domain + "." + name);

        List<YamlNode> schemas = root.get("schema").items();
        if (schemas.size() != 1) {
            throw root.get("schema")
                    .broken("expected one object and found " + schemas.size() + "; write one file each");
        }
        YamlNode schema = schemas.get(0);
        schema.get("name").expect(name);

        Map<String, YamlNode> custom = root.customProperties(Set.of(
                "load", "sourceSchema", "decimalComma", "exportedOn", "arrival", "messages", "events", "sessions"));
        boolean decimalComma =
                custom.containsKey("decimalComma") && custom.get("decimalComma").flag();
        List<Column> columns = new ArrayList<>();
        Map<Integer, Column> key = new TreeMap<>();
        List<YamlNode> partitions = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> stagingNames = new HashSet<>(SilverColumn.OF_THE_PLATFORM);
        for (YamlNode property : schema.get("properties").items()) {
            if (!names.add(property.get("name").name())) {
                throw property.get("name").broken(property.text("name") + " is there twice; remove one");
            }
            if (!stagingNames.add(ColumnReader.stagingName(property))) {
                throw property.broken("is " + ColumnReader.stagingName(property)
                        + " in the warehouse, as another column; give it" + " another businessName");
            }
            if (property.flag("partitioned")) {
                partitions.add(property);
                continue;
            }
            Column column = ColumnReader.read(domain, property, decimalComma);
            column.reference()
                    .ifPresent(reference -> references.put(
                            column.name(),
                            property.items("relationships").get(0).get("to")));
            columns.add(column);
            if (column.key()) {
                YamlNode position = property.get("primaryKeyPosition");
                if (key.put(position.number().intValue(), column) != null) {
                    throw position.broken(position.value() + " is taken by another key column; count from 1");
                }
            }
        }
        if (key.isEmpty()) {
            throw schema.get("properties").broken("no column is primaryKey; mark the columns of the key");
        }
        if (partitions.size() > 1) {
            throw partitions.get(1).broken("is a second partition column; keep one");
        }
        Source source = source(root, custom, schema, columns, partitions);
        checkDerivations(required(root, custom, "load").oneOf(Load.class), schema, columns, key.values());
        return new Contract(
                domain,
                name,
                root.text("version"),
                root.get("description").text("purpose"),
                schema.text("dataGranularityDescription"),
                root.get("team").text("name"),
                source,
                schema.find("physicalName").map(YamlNode::name).orElse(name),
                freshness(root),
                columns,
                List.copyOf(key.values()),
                partitions.stream().findFirst().map(property -> partition(property, columns)));
    }

    /** How a data set comes into the lake, in a contract's words. */
    private enum Load {
        CDC,
        SNAPSHOT,
        APPEND,
        DAILY,
        STREAM
    }

    private static Source source(
            YamlNode root,
            Map<String, YamlNode> custom,
            YamlNode schema,
            List<Column> columns,
            List<YamlNode> partitions) {
        Load load = required(root, custom, "load").oneOf(Load.class);
        checkIsOf(load, root, custom, schema, partitions);
        return switch (load) {
            case CDC ->
                new Source.Database(required(root, custom, "sourceSchema").name());
            case SNAPSHOT -> files(root, custom, columns, Source.Content.SNAPSHOT);
            case APPEND -> files(root, custom, columns, Source.Content.APPEND);
            case DAILY -> daily(root, custom, schema, columns, partitions);
            case STREAM -> stream(root, custom, schema, columns);
        };
    }

    /** Refuses what is for other ways to load. */
    private static void checkIsOf(
            Load load, YamlNode root, Map<String, YamlNode> custom, YamlNode schema, List<YamlNode> partitions) {
        boolean byExport = load == Load.SNAPSHOT || load == Load.APPEND;
        boolean inFiles = byExport || load == Load.DAILY;
        List<YamlNode> ofFiles = new ArrayList<>(root.find("servers").stream().toList());
        List<YamlNode> ofExports = named(custom, "exportedOn", "arrival");
        List<YamlNode> ofDays = named(custom, "sessions");
        List<YamlNode> ofDatabases = named(custom, "sourceSchema");
        List<YamlNode> ofStreams = named(custom, "messages", "events");
        List<YamlNode> ofAllButDatabases = new ArrayList<>();
        ofFiles.addAll(named(custom, "decimalComma"));
        for (YamlNode property : schema.get("properties").items()) {
            property.find("physicalName").ifPresent(ofAllButDatabases::add);
            property.find("logicalTypeOptions")
                    .flatMap(options -> options.find("format"))
                    .ifPresent(ofFiles::add);
            ofFiles.addAll(named(ColumnReader.customProperties(property), "negated"));
            property.find("transformLogic")
                    .filter(logic -> !property.flag("partitioned"))
                    .ifPresent(ofFiles::add);
        }
        refuse(
                !inFiles,
                ofFiles,
                "is for data sets that come in files; remove it, or load by snapshot, append or daily");
        refuse(!byExport, ofExports, "is for data sets that load by snapshot or append; remove it");
        refuse(load != Load.DAILY, ofDays, "is for data sets that load by daily; remove it");
        refuse(load != Load.CDC, ofDatabases, "is for data sets that load by cdc; remove it");
        refuse(load != Load.STREAM, ofStreams, "is for data sets that load by stream; remove it");
        refuse(
                byExport,
                partitions,
                "is partitioned, which data sets that load by snapshot or append can't be; remove the column");
        refuse(
                load != Load.DAILY,
                partitions.stream()
                        .map(property -> property.get("transformLogic"))
                        .filter(logic -> logic.text().equals("day()"))
                        .toList(),
                "is for data sets that load by daily; name a column");
        refuse(load == Load.CDC, ofAllButDatabases, "is for data sets that come in files or by stream; remove it");
    }

    private static List<YamlNode> named(Map<String, YamlNode> custom, String... names) {
        return Stream.of(names).filter(custom::containsKey).map(custom::get).toList();
    }

    private static void refuse(boolean isRefused, List<YamlNode> nodes, String reason) {
        if (isRefused) {
            nodes.stream().findFirst().ifPresent(node -> {
                throw node.broken(reason);
            });
        }
    }

    private static Source.Stream stream(
            YamlNode root, Map<String, YamlNode> custom, YamlNode schema, List<Column> columns) {
        YamlNode messages = required(root, custom, "messages");
        Source.Messages chosen = messages.oneOf(Source.Messages.class);
        boolean isTrack = chosen == Source.Messages.TRACK;
        if (isTrack != custom.containsKey("events")) {
            throw messages.broken("the custom property events goes with track: name those that make the data set");
        }
        for (YamlNode property : schema.get("properties").items()) {
            if (!property.flag("partitioned")
                    && !PATH.matcher(property.text("physicalName")).matches()) {
                throw property.get("physicalName").broken("expected a path such as $.properties.id");
            }
        }
        Column received = columns.stream()
                .filter(column -> column.sourceName().equals(Source.Stream.RECEIVED_AT))
                .findFirst()
                .orElseThrow(
                        () -> schema.get("properties").broken("no column is of the path " + Source.Stream.RECEIVED_AT));
        if (!received.required() || received.type().kind() != Kind.TIMESTAMP) {
            throw schema.get("properties").broken(received.name() + " is not a required timestamp");
        }
        return new Source.Stream(
                chosen,
                isTrack
                        ? custom.get("events").items().stream()
                                .map(YamlNode::text)
                                .toList()
                        : List.of());
    }

    private static Source.Files files(
            YamlNode root, Map<String, YamlNode> custom, List<Column> columns, Source.Content content) {
        YamlNode server = server(root);
        String folder = "/" + root.text("domain") + "/" + root.text("name") + "/*.csv";
        if (!server.text("location").endsWith(folder)) {
            throw server.get("location").broken("expected s3://<bucket>" + folder);
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
                format(server),
                content,
                exportedOn.map(YamlNode::text),
                custom.containsKey("arrival")
                        ? custom.get("arrival").oneOf(Source.Arrival.class)
                        : Source.Arrival.EVENT);
    }

    private static Source.Daily daily(
            YamlNode root,
            Map<String, YamlNode> custom,
            YamlNode schema,
            List<Column> columns,
            List<YamlNode> partitions) {
        YamlNode server = server(root);
        Matcher location = DAYS.matcher(server.text("location"));
        if (!location.matches()) {
            throw server.get("location")
                    .broken("expected s3://<bucket>/<folder>/*/<name>.csv, where the first * is the day");
        }
        String expected = custom.containsKey("sessions") ? "day\\(\\w+\\)" : "day\\(\\)";
        if (partitions.isEmpty() || !partitions.get(0).text("transformLogic").matches(expected)) {
            throw schema.get("properties")
                    .broken("no column is partitioned by day(<column>), or by day() where rows make no sessions;"
                            + " each day replaces its own");
        }
        return new Source.Daily(
                format(server),
                location.group(1),
                location.group(2),
                Optional.ofNullable(custom.get("sessions")).map(node -> sessions(node, columns)));
    }

    private static Source.Sessions sessions(YamlNode node, List<Column> columns) {
        return new Source.Sessions(
                sessionColumn(node.get("id"), columns, DataType.STRING),
                sessionColumn(node.get("number"), columns, DataType.of(Kind.INTEGER)),
                sessionColumn(node.get("user"), columns, DataType.STRING),
                sessionColumn(node.get("synthetic"), columns, DataType.of(Kind.BOOLEAN)));
    }

    private static String sessionColumn(YamlNode name, List<Column> columns, DataType type) {
        if (columns.stream()
                .noneMatch(column -> column.name().equals(name.text())
                        && column.required()
                        && column.type().equals(type))) {
            throw name.broken("there is no required column " + name.text() + " of type " + type.glueType()
                    + "; name one of this contract");
        }
        return name.text();
    }

    private static YamlNode server(YamlNode root) {
        List<YamlNode> servers = root.get("servers").items();
        if (servers.size() != 1) {
            throw root.get("servers").broken("expected one server and found " + servers.size() + "; keep one");
        }
        YamlNode server = servers.get(0);
        server.get("type").expect("s3");
        server.get("format").expect("csv");
        return server;
    }

    private static FileFormat.Csv format(YamlNode server) {
        Optional<YamlNode> delimiter = server.find("delimiter");
        if (delimiter.isPresent() && !String.valueOf(delimiter.get().value()).matches("[\\p{ASCII}&&[^\"\\w\\r\\n]]")) {
            throw delimiter.get().broken("expected one ASCII character in quotes that is no letter, digit or quote");
        }
        return new FileFormat.Csv(
                delimiter.map(node -> node.value().toString().charAt(0)).orElse(','));
    }

    /** A key that is made up must be all of the key, and made of what the source has. */
    private static void checkDerivations(Load load, YamlNode schema, List<Column> columns, Collection<Column> key) {
        for (YamlNode property : schema.get("properties").items()) {
            Optional<Column> made = columns.stream()
                    .filter(column -> column.name().equals(property.text("name")))
                    .filter(column -> column.derivation().isPresent())
                    .findFirst();
            if (made.isEmpty()) {
                continue;
            }
            YamlNode logic = property.get("transformLogic");
            Column column = made.get();
            boolean isKey = column.key() && key.size() == 1 && column.type().equals(DataType.STRING);
            Derivation derivation = column.derivation().get();
            if (derivation instanceof Derivation.Hash hash) {
                refuse(!isKey, List.of(logic), "only a text column that is the whole primary key can be a hash");
                refuse(load == Load.DAILY, List.of(logic), "is not for data sets that load by daily; use line()");
                checkAreOthers(logic, column, hash.columns(), columns);
            } else if (derivation instanceof Derivation.Line) {
                refuse(!isKey, List.of(logic), "only a text column that is the whole primary key can be line()");
                refuse(
                        load != Load.DAILY,
                        List.of(logic),
                        "is for data sets that load by daily; use hash(<column>, …)");
            } else if (derivation instanceof Derivation.Word word) {
                refuse(
                        column.key() || !column.type().equals(DataType.of(Kind.BOOLEAN)),
                        List.of(logic),
                        "only a boolean column that is no key can be has_word");
                checkAreOthers(logic, column, List.of(word.column()), columns);
            }
        }
    }

    private static void checkAreOthers(YamlNode logic, Column made, List<String> names, List<Column> columns) {
        for (String name : names) {
            if (name.equals(made.name())
                    || columns.stream().noneMatch(column -> column.name().equals(name))) {
                throw logic.broken("there is no other column " + name + "; name columns of this contract");
            }
        }
    }

    private static Partition partition(YamlNode property, List<Column> columns) {
        YamlNode logic = property.get("transformLogic");
        if (logic.text().equals("day()")) {
            return new Partition(property.text("name"), property.text("description"), Transform.DAY, "");
        }
        Matcher transform = TRANSFORM.matcher(logic.text());
        Optional<Transform> known = transform.matches()
                ? Stream.of(Transform.values())
                        .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(transform.group(1)))
                        .findFirst()
                : Optional.empty();
        if (known.isEmpty()) {
            throw logic.broken("expected month(<column>) or day(<column>), not '" + logic.text() + "'");
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
        return new Partition(property.text("name"), property.text("description"), known.get(), source.name());
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

    private static YamlNode required(YamlNode node, Map<String, YamlNode> custom, String property) {
        if (!custom.containsKey(property)) {
            throw node.broken("custom property " + property + " is missing; add it to customProperties");
        }
        return custom.get(property);
    }
}
