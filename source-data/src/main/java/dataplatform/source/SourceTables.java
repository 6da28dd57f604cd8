package dataplatform.source;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Whether a source's tables are such that files of changes can tell what happens to their rows. */
public final class SourceTables {
    /** A table's replica identity, and its primary key if it has one. */
    private static final String PROPERTIES = """
            select t.relreplident = 'f', k.conname, k.condeferrable,
              array(select a.attname::text from pg_attribute a where a.attrelid = t.oid and a.attnum = any (k.conkey))
            from pg_class t left join pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
            where t.oid = to_regclass(?)
            """;

    private SourceTables() {}

    /**
     * The tables of contracts, with their schema, and the names of their keys.
     *
     * @param contracts that load by change data capture
     */
    public static Map<String, List<String>> keys(List<Contract> contracts) {
        return contracts.stream()
                .collect(Collectors.toMap(
                        contract -> contract.sourceTable(),
                        contract -> contract.key().stream().map(Column::name).toList(),
                        (one, other) -> one,
                        TreeMap::new));
    }

    /**
     * Looks at the tables that are there.
     *
     * @param keys as {@link #keys} gives them
     * @throws IllegalStateException that names every table which is not such a one, and says what to do
     */
    public static void check(Connection source, Map<String, List<String>> keys) throws SQLException {
        List<String> faults = new ArrayList<>();
        try (PreparedStatement select = source.prepareStatement(PROPERTIES)) {
            for (Map.Entry<String, List<String>> table : keys.entrySet()) {
                select.setString(1, table.getKey());
                try (ResultSet row = select.executeQuery()) {
                    if (row.next()) {
                        faults.addAll(faults(table.getKey(), table.getValue(), row));
                    }
                }
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalStateException(
                    "tables can't be replicated as they are:\n  " + String.join("\n  ", faults));
        }
    }

    private static List<String> faults(String table, List<String> contractKey, ResultSet row) throws SQLException {
        List<String> faults = new ArrayList<>();
        if (!row.getBoolean(1)) {
            faults.add(
                    table + " has not the replica identity full, so that its changes lack long texts and deleted rows."
                            + " Run: alter table " + table + " replica identity full");
        }
        String wanted = "primary key (" + String.join(", ", contractKey) + ")";
        String constraint = row.getString(2);
        if (constraint == null) {
            faults.add(table + " has no primary key, by which its changes name their rows. Run: alter table " + table
                    + " add " + wanted);
            return faults;
        }
        List<String> key = List.of((String[]) row.getArray(4).getArray());
        String replace = " Run: alter table " + table + " drop constraint \"" + constraint + "\", add " + wanted;
        if (!Set.copyOf(key).equals(Set.copyOf(contractKey))) {
            faults.add(table + " has the primary key (" + String.join(", ", key) + "), and its contract says ("
                    + String.join(", ", contractKey) + ")." + replace + "; or mend the contract");
        } else if (row.getBoolean(3)) {
            faults.add(table + " has a deferrable primary key: rows can exchange their keys within a transaction,"
                    + " which changes can't tell." + replace + " not deferrable");
        }
        return faults;
    }
}
