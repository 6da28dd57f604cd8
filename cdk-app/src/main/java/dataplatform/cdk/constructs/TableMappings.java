package dataplatform.cdk.constructs;

import dataplatform.contracts.BronzeColumn;
import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What DMS replicates, as the contracts say: their tables, and the columns that tell silver the order and kind of changes. */
public final class TableMappings {
    /**
     * What a replication is declared with. CloudFormation could not change the mappings of one that runs, so they never
     * change for it: the function that starts the replication gives it the real ones.
     */
    public static final Map<String, Object> UNTIL_STARTED = Map.of(
            "rules",
            List.of(rule(
                    1,
                    "selection",
                    "replaced at the start",
                    locator("replaced", "replaced"),
                    Map.of("rule-action", "include", "filters", List.of()))));

    private TableMappings() {}

    /** The rules of AWS DMS for all data sets that load by change data capture. */
    public static Map<String, Object> of(List<Contract> contracts) {
        List<Contract> replicated =
                contracts.stream().filter(Contract::isReplicated).toList();
        List<Map<String, Object>> rules = new ArrayList<>();
        for (Contract contract : replicated) {
            rules.add(rule(
                    rules.size() + 1,
                    "selection",
                    "include " + contract.id(),
                    locator(contract.sourceSchema(), contract.name()),
                    Map.of("rule-action", "include", "filters", List.of())));
        }
        for (String schema :
                replicated.stream().map(Contract::sourceSchema).distinct().toList()) {
            rules.add(rule(
                    rules.size() + 1,
                    "transformation",
                    "order of changes in " + schema,
                    locator(schema, "%"),
                    Map.of(
                            "rule-target", "column",
                            "rule-action", "add-column",
                            "value", SilverColumn.CHANGE_SEQ,
                            "expression", "$AR_H_CHANGE_SEQ",
                            "data-type", Map.of("type", "string", "length", 35))));
            // an update that changes a key names the old one: docs/decisions/0002-key-changes.md
            rules.add(rule(
                    rules.size() + 1,
                    "transformation",
                    "keys before changes in " + schema,
                    locator(schema, "%"),
                    Map.of(
                            "rule-target", "column",
                            "rule-action", "add-before-image-columns",
                            "before-image-def",
                                    Map.of("column-filter", "pk-only", "column-prefix", BronzeColumn.BEFORE_IMAGE))));
        }
        return Map.of("rules", rules);
    }

    private static Map<String, Object> locator(String schema, String table) {
        return Map.of("schema-name", schema, "table-name", table);
    }

    private static Map<String, Object> rule(
            int id, String type, String name, Map<String, Object> locator, Map<String, Object> action) {
        Map<String, Object> rule = new HashMap<>(action);
        rule.put("rule-type", type);
        rule.put("rule-id", Integer.toString(id));
        rule.put("rule-name", name);
        rule.put("object-locator", locator);
        return rule;
    }
}
