package dataplatform.local;

import dataplatform.contracts.Cleaning;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Source and silver row for row and column for column, the source's values cleaned here by means of their own. */
final class SourceComparison {
    private static final int MOST = 5;

    private final Connection source;
    private final Connection warehouse;

    /** @param warehouse where silver can be read as external tables */
    SourceComparison(Connection source, Connection warehouse) {
        this.source = source;
        this.warehouse = warehouse;
    }

    /**
     * What differs, a sentence each and a few at most.
     *
     * @param quarantined how many rows ought to be in quarantine
     */
    List<String> differences(Contract contract, long quarantined) throws SQLException {
        List<String> differences = new ArrayList<>();
        Map<String, String> expected =
                rows(source, contract.sourceSchema() + "." + contract.name(), contract, true, differences);
        Map<String, String> actual =
                rows(warehouse, Spectrum.SCHEMA + "." + contract.name(), contract, false, differences);
        expected.forEach((key, row) -> {
            if (!actual.containsKey(key)) {
                differences.add(contract.id() + " " + key + ": missing in silver");
            } else if (!row.equals(actual.get(key))) {
                differences.add(contract.id() + " " + key + ": source " + row + ", silver " + actual.get(key));
            }
        });
        actual.keySet().stream()
                .filter(key -> !expected.containsKey(key))
                .forEach(key -> differences.add(contract.id() + " " + key + ": in silver alone"));
        long inQuarantine = count(Spectrum.SCHEMA + "." + contract.name() + "_quarantine");
        if (inQuarantine != quarantined) {
            differences.add(contract.id() + ": " + inQuarantine + " rows in quarantine instead of " + quarantined);
        }
        return differences.subList(0, Math.min(MOST, differences.size()));
    }

    private static Map<String, String> rows(
            Connection connection, String table, Contract contract, boolean clean, List<String> differences)
            throws SQLException {
        Map<String, String> rows = new TreeMap<>();
        String columns = contract.columns().stream().map(Column::name).collect(Collectors.joining(", "));
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select " + columns + " from " + table)) {
            while (result.next()) {
                List<String> key = new ArrayList<>();
                List<String> row = new ArrayList<>();
                boolean valid = true;
                for (Column column : contract.columns()) {
                    String value = result.getString(column.name());
                    if (clean && value != null) {
                        value = cleaned(column.cleaning(), value);
                        valid &= column.name().equals("geolocation_lat") ? Double.parseDouble(value) < 40 : true;
                    }
                    (column.key() ? key : row).add(column.name() + "=" + value);
                }
                if (valid && rows.put(key.toString(), row.toString()) != null) {
                    differences.add(contract.id() + " " + key + ": twice in " + table);
                }
            }
        }
        return rows;
    }

    private static String cleaned(Cleaning cleaning, String value) {
        return switch (cleaning) {
            case NONE -> value;
            case ZIP_CODE -> "0".repeat(5 - value.length()) + value;
            case UPPER_CASE -> value.toUpperCase(Locale.ROOT);
            case CITY ->
                Normalizer.normalize(value.toLowerCase(Locale.ROOT), Normalizer.Form.NFD)
                        .replaceAll("\\p{M}", "")
                        .replaceAll(" - [a-z]{2}$", "")
                        .replaceAll("\\W+", " ")
                        .strip();
        };
    }

    private long count(String table) throws SQLException {
        try (Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
