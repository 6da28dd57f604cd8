package dataplatform.local.torture;

import dataplatform.contracts.Cleaning;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import dataplatform.local.redshift.Spectrum;
import java.math.BigDecimal;
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

/**
 * Source and silver row for row and column for column, the source's values cleaned and checked here by means of their own; and
 * what the platform says of rows that break their contract.
 */
public final class SourceComparison {
    private static final int MOST = 5;

    private final Connection source;
    private final Connection warehouse;
    /** Rows of the source that break the contract that was looked at last. */
    private long invalid;

    /** @param warehouse where silver and the quality table can be read as external tables */
    SourceComparison(Connection source, Connection warehouse) {
        this.source = source;
        this.warehouse = warehouse;
    }

    /**
     * What differs, a sentence each and a few at most.
     *
     * @param gated rows in quarantine that the quality gate hears of
     */
    List<String> differences(Contract contract, long gated) throws SQLException {
        List<String> differences = new ArrayList<>();
        invalid = 0;
        Map<String, String> expected = rows(source, contract.sourceTable(), contract, true, differences);
        Map<String, String> actual =
                rows(warehouse, Spectrum.SCHEMA + "." + contract.table(), contract, false, differences);
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
        long inQuarantine = count("select count(*) from " + Spectrum.SCHEMA + "." + contract.table() + "_quarantine");
        String quality = " from " + Spectrum.SCHEMA + ".data_quality where data_set = '" + contract.id() + "'";
        long reported = count("select coalesce(sum(quarantined), 0)" + quality);
        if (inQuarantine != reported) {
            differences.add(
                    contract.id() + ": " + inQuarantine + " rows in quarantine, the quality table says " + reported);
        }
        if (inQuarantine != gated) {
            differences.add(contract.id() + ": " + inQuarantine + " rows in quarantine, the gate hears of " + gated);
        }
        if (inQuarantine < invalid) {
            differences.add(contract.id() + ": " + invalid + " rows of the source break the contract, " + inQuarantine
                    + " are in quarantine");
        }
        if (count("select count(*)" + quality + " and rows_in <> inserted + updated + deleted + skipped + quarantined")
                > 0) {
            differences.add(contract.id() + ": the quality table does not account for every row");
        }
        if (count("select count(batch) - count(distinct batch)" + quality) > 0) {
            differences.add(contract.id() + ": the quality table has a batch twice");
        }
        return differences.subList(0, Math.min(MOST, differences.size()));
    }

    private Map<String, String> rows(
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
                        valid &= keeps(column, value);
                    }
                    (column.key() ? key : row).add(column.name() + "=" + value);
                }
                invalid += valid ? 0 : 1;
                if (valid && rows.put(key.toString(), row.toString()) != null) {
                    differences.add(contract.id() + " " + key + ": twice in " + table);
                }
            }
        }
        return rows;
    }

    private static boolean keeps(Column column, String value) {
        boolean isNumber =
                switch (column.type().kind()) {
                    case INTEGER, LONG, DECIMAL, DOUBLE -> true;
                    default -> false;
                };
        if (isNumber) {
            BigDecimal number = new BigDecimal(value);
            return column.minimum().stream().noneMatch(least -> number.compareTo(least) < 0)
                    && column.maximum().stream().noneMatch(most -> number.compareTo(most) > 0)
                    && (column.type().kind() != DataType.Kind.INTEGER
                            || number.toBigInteger().bitLength() < 32);
        }
        return !value.endsWith("infinity")
                && (column.allowed().isEmpty() || column.allowed().contains(value));
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

    private long count(String query) throws SQLException {
        try (Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
