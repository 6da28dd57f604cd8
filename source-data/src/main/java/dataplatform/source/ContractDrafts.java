package dataplatform.source;

import dataplatform.contracts.Contracts;
import dataplatform.contracts.DataType;
import dataplatform.contracts.SilverColumn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Drafts of contracts for the tables of a PostgreSQL database: what its catalog says of types, keys, required columns, foreign keys,
 * allowed values and ranges. What is only guessed has a comment that begins with {@code review}.
 *
 * @param contracts as YAML, by the data set's name
 * @param leftOut why a table, or a column of one, is in no contract, by its name
 */
public record ContractDrafts(Map<String, String> contracts, Map<String, String> leftOut) {
    private static final Pattern PERSONAL = Pattern.compile(
            "(?:.*_)?(?:e?mail|phone|mobile|fax|name|firstname|lastname|surname|username|login|address|street|city|zip|postcode|postal"
                    + "|birth|birthday|dob|ssn|tax|iban|bic|passport|ip|lat|lng|latitude|longitude|gender|customer|user|person"
                    + "|comment|message|note)(?:_.*)?s?");

    /** As many digits as a contract's decimal can have. */
    private static final int MOST_DIGITS = 38;

    private static final Pattern NUMERIC = Pattern.compile("numeric(?:\\((\\d+),(\\d+)\\))?");
    private static final Pattern ONE_OF = Pattern.compile(
            "CHECK \\(\\(\\(?[^ ()]+\\)?(?:::text)? = ANY \\(\\(?ARRAY\\[(.*)]\\)?(?:::text\\[])?\\)\\)\\)");
    private static final Pattern TEXT = Pattern.compile("'((?:[^']|'')*)'::");
    private static final Pattern BOUND =
            Pattern.compile("\\(*[^ ()]+ (>=|<=) \\(?'?(-?\\d+(?:\\.\\d+)?)'?\\)?(?:::[a-z ]+)?\\)*");

    private static final String TABLES = """
            select t.relname, coalesce(obj_description(t.oid, 'pg_class'), ''), t.relispartition,
              array(
                select a.attname::text
                from pg_constraint k cross join unnest(k.conkey) with ordinality as part (number, position)
                  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = part.number
                where k.conrelid = t.oid and k.contype = 'p' and not k.condeferrable
                order by part.position)
            from pg_class t join pg_namespace s on s.oid = t.relnamespace
            where s.nspname = ? and t.relkind in ('r', 'p')
            order by t.relname
            """;

    private static final String COLUMNS = """
            select t.relname, a.attname, a.attnotnull or y.typnotnull, coalesce(col_description(t.oid, a.attnum), ''),
              case y.typtype when 'd' then format_type(y.typbasetype, y.typtypmod) else format_type(a.atttypid, a.atttypmod) end,
              array(select e.enumlabel::text from pg_enum e where e.enumtypid = y.oid order by e.enumsortorder)
            from pg_class t join pg_namespace s on s.oid = t.relnamespace
              join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
              join pg_type y on y.oid = a.atttypid
            where s.nspname = ? and t.relkind in ('r', 'p')
            order by t.relname, a.attnum
            """;

    private static final String CONSTRAINTS = """
            select t.relname, a.attname, pg_get_constraintdef(k.oid), coalesce(other.relname, ''), coalesce(key.attname, '')
            from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_namespace s on s.oid = t.relnamespace
              join pg_attribute a on a.attrelid = t.oid and a.attnum = k.conkey[1]
              left join pg_class other on other.oid = k.confrelid and other.relnamespace = t.relnamespace
              left join pg_attribute key on key.attrelid = other.oid and key.attnum = k.confkey[1]
            where s.nspname = ? and k.contype in ('c', 'f') and array_length(k.conkey, 1) = 1
            order by t.relname, k.conname
            """;

    private record Table(String comment, List<String> key, Map<String, Column> columns) {}

    /** @param type of a contract; {@code review} says what of it is a guess */
    private record Column(String comment, String type, String review, boolean required, List<String> allowed) {}

    /** What a table's constraints say of a column: lines of its entry in the contract. */
    private record Rules(Map<String, String> range, List<String> allowed, Optional<String> reference) {
        static final Rules NONE = new Rules(Map.of(), List.of(), Optional.empty());
    }

    /**
     * Drafts a contract for each table of a schema that can have one.
     *
     * @param domain of the data sets
     * @throws IllegalArgumentException if the domain is no name, or there is no table in the schema
     */
    public static ContractDrafts of(Connection source, String schema, String domain) throws SQLException {
        for (String name : List.of(schema, domain)) {
            if (!Contracts.isName(name)) {
                throw new IllegalArgumentException("'" + name
                        + "' is no name of lower-case letters, digits and underscores; give another schema or domain");
            }
        }
        Map<String, String> leftOut = new TreeMap<>();
        Map<String, Table> tables = tables(source, schema, leftOut);
        if (tables.isEmpty() && leftOut.isEmpty()) {
            throw new IllegalArgumentException("there is no table in the schema " + schema
                    + " that this user sees; give another with SCHEMA=<name>");
        }
        Map<String, Map<String, Rules>> rules = rules(source, schema, tables);
        Map<String, String> contracts = new LinkedHashMap<>();
        tables.forEach((name, table) ->
                contracts.put(name, yaml(domain, schema, name, table, rules.getOrDefault(name, Map.of()))));
        return new ContractDrafts(contracts, leftOut);
    }

    private static Map<String, Table> tables(Connection source, String schema, Map<String, String> leftOut)
            throws SQLException {
        Map<String, Table> tables = new TreeMap<>();
        try (PreparedStatement select = source.prepareStatement(TABLES)) {
            select.setString(1, schema);
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                String name = rows.getString(1);
                List<String> key = texts(rows, 4);
                if (!Contracts.isName(name)) {
                    leftOut.put(name, "its name has more than lower-case letters, digits and underscores");
                } else if (rows.getBoolean(3)) {
                    leftOut.put(name, "it is a partition; the table that it is part of has a contract");
                } else if (key.isEmpty()) {
                    leftOut.put(name, "it has no primary key, by which changes name their rows");
                } else {
                    tables.put(name, new Table(rows.getString(2), key, new LinkedHashMap<>()));
                }
            }
        }
        try (PreparedStatement select = source.prepareStatement(COLUMNS)) {
            select.setString(1, schema);
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                Table table = tables.get(rows.getString(1));
                String name = rows.getString(2);
                if (table != null && Contracts.isName(name) && !SilverColumn.OF_THE_PLATFORM.contains(name)) {
                    table.columns()
                            .put(
                                    name,
                                    column(rows.getString(4), rows.getString(5), rows.getBoolean(3), texts(rows, 6)));
                } else if (table != null) {
                    leftOut.put(
                            rows.getString(1) + "." + name,
                            SilverColumn.OF_THE_PLATFORM.contains(name)
                                    ? "silver has a column of its own of that name"
                                    : "its name has more than lower-case letters, digits and underscores");
                }
            }
        }
        tables.entrySet().removeIf(each -> {
            boolean incomplete = !each.getValue()
                    .columns()
                    .keySet()
                    .containsAll(each.getValue().key());
            if (incomplete) {
                leftOut.put(each.getKey(), "its key has a column that is left out");
            }
            return incomplete;
        });
        return tables;
    }

    private static Column column(String comment, String type, boolean required, List<String> labels) {
        Matcher numeric = NUMERIC.matcher(type);
        if (numeric.matches()) {
            if (numeric.group(1) == null) {
                return new Column(comment, "decimal(38,9)", "the source sets no precision", required, labels);
            }
            if (Integer.parseInt(numeric.group(1)) > MOST_DIGITS) {
                return new Column(
                        comment,
                        "decimal(38," + Math.min(MOST_DIGITS, Integer.parseInt(numeric.group(2))) + ")",
                        "the source's is " + type,
                        required,
                        labels);
            }
            return new Column(
                    comment, "decimal(" + numeric.group(1) + "," + numeric.group(2) + ")", "", required, labels);
        }
        String plain = type.replaceFirst("\\(\\d+\\)", "");
        return switch (plain) {
            case "smallint", "integer" -> new Column(comment, "integer", "", required, labels);
            case "bigint", "boolean", "date", "double precision" -> new Column(comment, plain, "", required, labels);
            case "real" -> new Column(comment, "double precision", "", required, labels);
            case "timestamp without time zone" -> new Column(comment, "timestamp", "", required, labels);
            case "timestamp with time zone" ->
                new Column(comment.isEmpty() ? "In UTC." : comment, "timestamp", "", required, labels);
            case "text", "character varying", "character", "uuid" -> new Column(comment, "text", "", required, labels);
            default ->
                new Column(
                        comment,
                        "text",
                        labels.isEmpty() ? "the source's is " + type + ", as text" : "",
                        required,
                        labels);
        };
    }

    private static Map<String, Map<String, Rules>> rules(Connection source, String schema, Map<String, Table> tables)
            throws SQLException {
        Map<String, Map<String, Rules>> rules = new HashMap<>();
        Map<String, Set<String>> parents = new HashMap<>();
        try (PreparedStatement select = source.prepareStatement(CONSTRAINTS)) {
            select.setString(1, schema);
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                String name = rows.getString(1);
                Table table = tables.get(name);
                Column column = table == null ? null : table.columns().get(rows.getString(2));
                if (column == null) {
                    continue;
                }
                Map<String, Rules> ofTable = rules.computeIfAbsent(name, each -> new HashMap<>());
                Rules known = ofTable.getOrDefault(rows.getString(2), Rules.NONE);
                String other = rows.getString(4);
                String key = rows.getString(5);
                if (other.isEmpty()) {
                    ofTable.put(rows.getString(2), checked(known, column, rows.getString(3)));
                } else if (isKey(tables.get(other), key, column) && !reaches(parents, other, name)) {
                    parents.computeIfAbsent(name, each -> new HashSet<>()).add(other);
                    ofTable.put(
                            rows.getString(2),
                            new Rules(known.range(), known.allowed(), Optional.of(other + "." + key)));
                }
            }
        }
        return rules;
    }

    private static boolean isKey(Table table, String key, Column column) {
        return table != null
                && table.key().equals(List.of(key))
                && table.columns().get(key).type().equals(column.type());
    }

    /** Contracts refer to each other in no circle. */
    private static boolean reaches(Map<String, Set<String>> parents, String from, String to) {
        return from.equals(to)
                || parents.getOrDefault(from, Set.of()).stream().anyMatch(each -> reaches(parents, each, to));
    }

    private static Rules checked(Rules known, Column column, String check) {
        Matcher values = ONE_OF.matcher(check);
        if (column.type().equals("text")) {
            return values.matches() ? new Rules(known.range(), quoted(values.group(1)), known.reference()) : known;
        }
        Map<String, String> range = new TreeMap<>(known.range());
        for (String part : check.replaceFirst("^CHECK ", "").split(" AND ")) {
            Matcher bound = BOUND.matcher(part);
            if (!bound.matches() || Set.of("boolean", "date", "timestamp").contains(column.type())) {
                return known;
            }
            range.put(bound.group(1).equals(">=") ? "minimum" : "maximum", bound.group(2));
        }
        return new Rules(range, known.allowed(), known.reference());
    }

    private static List<String> quoted(String list) {
        return TEXT.matcher(list)
                .results()
                .map(each -> each.group(1).replace("''", "'"))
                .toList();
    }

    private static String yaml(String domain, String schema, String name, Table table, Map<String, Rules> rules) {
        StringBuilder text = new StringBuilder();
        text.append("""
                apiVersion: v3.1.0
                kind: DataContract
                id: %1$s.%2$s
                name: %2$s
                version: 0.1.0
                status: draft
                domain: %1$s
                description:
                  purpose: %4$s
                team:
                  name: %1$s
                slaProperties:
                  - property: freshness
                    value: 24
                    unit: h
                customProperties:
                  - property: load
                    value: cdc
                  - property: sourceSchema
                    value: %3$s
                schema:
                  - name: %2$s
                    logicalType: object
                    physicalType: table
                    dataGranularityDescription: One row per %5$s.
                    properties:
                """.formatted(
                        domain,
                        name,
                        schema,
                        text(table.comment().isEmpty() ? "To be described." : table.comment()),
                        String.join(", ", table.key())));
        table.columns().forEach((column, is) -> {
            text.append("      - name: ").append(column).append('\n');
            line(text, "description: " + text(is.comment().isEmpty() ? "To be described." : is.comment()));
            line(text, "logicalType: " + DataType.named(is.type()).orElseThrow().logicalType());
            line(text, "physicalType: " + is.type() + (is.review().isEmpty() ? "" : " # review: " + is.review()));
            int position = table.key().indexOf(column) + 1;
            if (position > 0) {
                line(text, "primaryKey: true");
                line(text, "primaryKeyPosition: " + position);
            }
            if (is.required()) {
                line(text, "required: true");
            }
            line(
                    text,
                    PERSONAL.matcher(column).matches()
                            ? "classification: personal # review: guessed from the name"
                            : "classification: internal");
            Rules of = rules.getOrDefault(column, Rules.NONE);
            if (!of.range().isEmpty()) {
                line(text, "logicalTypeOptions:");
                of.range().forEach((bound, value) -> line(text, "  " + bound + ": " + value));
            }
            List<String> allowed = is.allowed().isEmpty() ? of.allowed() : is.allowed();
            if (!allowed.isEmpty()) {
                line(text, "quality:");
                line(text, "  - metric: invalidValues");
                line(text, "    mustBe: 0");
                line(text, "    arguments:");
                line(
                        text,
                        "      validValues: ["
                                + allowed.stream().map(ContractDrafts::text).collect(Collectors.joining(", ")) + "]");
            }
            of.reference().ifPresent(to -> {
                line(text, "relationships:");
                line(text, "  - to: " + to);
            });
        });
        return text.toString();
    }

    private static void line(StringBuilder text, String line) {
        text.append("        ").append(line).append('\n');
    }

    /** A text in quotes that YAML reads as it is. */
    private static String text(String value) {
        return '"'
                + value.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                        .replace("\t", "\\t")
                + '"';
    }

    private static List<String> texts(ResultSet rows, int column) throws SQLException {
        return Arrays.asList((String[]) rows.getArray(column).getArray());
    }
}
