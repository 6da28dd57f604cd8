package dataplatform.contracts;

import dataplatform.contracts.DataType.Kind;
import java.time.format.DateTimeFormatter;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads a column of a contract. */
final class ColumnReader {
    private static final Set<Kind> NUMBERS = EnumSet.of(Kind.INTEGER, Kind.LONG, Kind.DECIMAL, Kind.DOUBLE);
    private static final Pattern HASH = Pattern.compile("hash\\((\\w+(?:, *\\w+)*)\\)");
    private static final Pattern WORD = Pattern.compile("has_word\\((\\w+), *([^\\s\\p{javaUpperCase}]+)\\)");
    private static final Pattern REFERENCE = Pattern.compile("(\\w+)\\.(\\w+)");

    private ColumnReader() {}

    /** What a column says beside what ODCS knows. */
    static Map<String, YamlNode> customProperties(YamlNode property) {
        return property.customProperties(Set.of("cleaning", "generated", "negated"));
    }

    /**
     * Reads a column.
     *
     * @param property its entry in the contract
     * @param decimalComma whether files write numbers as {@code 1.234,56}
     * @throws ContractException if it says what the platform can't keep
     */
    static Column read(String domain, YamlNode property, boolean decimalComma) {
        String name = property.text("name");
        DataType type = type(property);
        boolean isText = type.kind() == Kind.STRING;
        boolean key = property.flag("primaryKey");
        if (key && !property.flag("required")) {
            throw property.broken("is primaryKey and not required; add required: true");
        }
        Map<String, YamlNode> custom = customProperties(property);
        Optional<YamlNode> generated = Optional.ofNullable(custom.get("generated"));
        if (generated.isPresent() && type.kind() != Kind.LONG) {
            throw generated.get().broken("only a bigint column can be generated");
        }
        Cleaning cleaning =
                custom.containsKey("cleaning") ? custom.get("cleaning").oneOf(Cleaning.class) : Cleaning.NONE;
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
        format.ifPresent(ColumnReader::checkFormat);
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
        pattern.ifPresent(ColumnReader::checkPattern);

        return new Column(
                name,
                property.find("physicalName").map(YamlNode::text).orElse(name),
                stagingName(property),
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
                property.get("classification").oneOf(Classification.class),
                reference(domain, property),
                format.map(YamlNode::text),
                decimalComma && NUMBERS.contains(type.kind()),
                negated.map(YamlNode::flag).orElse(false),
                property.find("transformLogic").map(ColumnReader::derivation));
    }

    /** What the column is called in the warehouse: its business name, if it has one. */
    static String stagingName(YamlNode property) {
        return property.find("businessName").orElse(property.get("name")).name();
    }

    private static Derivation derivation(YamlNode logic) {
        Matcher hash = HASH.matcher(logic.text());
        if (hash.matches()) {
            return new Derivation.Hash(List.of(hash.group(1).split(", *")));
        }
        Matcher word = WORD.matcher(logic.text());
        if (word.matches()) {
            return new Derivation.Word(word.group(1), word.group(2));
        }
        if (logic.text().equals("line()")) {
            return new Derivation.Line();
        }
        throw logic.broken(
                "expected hash(<column>, …), line() or has_word(<column>, <word>), not '" + logic.text() + "'");
    }

    private static DataType type(YamlNode property) {
        YamlNode physical = property.get("physicalType");
        DataType type = DataType.named(physical.text())
                .orElseThrow(() -> physical.broken("unknown type '" + physical.text()
                        + "'; use decimal(precision,scale) or one of " + DataType.names()));
        if (type.scale() > type.precision()) {
            throw physical.broken("has more digits after the point than digits; make the first number larger");
        }
        property.get("logicalType").expect(type.logicalType());
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
        rule.get("metric").expect("invalidValues");
        if (!Integer.valueOf(0).equals(rule.get("mustBe").value())) {
            throw rule.get("mustBe").broken("expected 0, as every row that breaks the rule goes to quarantine");
        }
        return rule.get("arguments").get("validValues").items().stream()
                .map(YamlNode::text)
                .toList();
    }

    private static Optional<Reference> reference(String domain, YamlNode property) {
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
        return Optional.of(new Reference(domain + "." + reference.group(1), reference.group(2)));
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
}
