package dataplatform.local.torture;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * Random transactions on the source: inserts, updates, deletes, changes of keys, deletes and inserts of the same key, and
 * rollbacks, on all tables, with values that are hard to carry. The same seed makes the same transactions.
 */
public final class RandomChanges {
    private static final LocalDateTime START = LocalDateTime.of(2017, 1, 1, 0, 0);
    private static final int DAYS = 700;
    /** Typing errors, the days that the calendar left out, ends of what can be held, and two that are no days. */
    private static final List<LocalDateTime> FAR = List.of(
            LocalDateTime.of(18, 5, 4, 12, 0),
            LocalDateTime.of(1582, 10, 10, 0, 0),
            LocalDateTime.of(1899, 12, 31, 23, 59, 59, 999_999_000),
            LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000),
            LocalDateTime.MAX,
            LocalDateTime.MIN);

    /** Written in many ways, as people do; each is one city. */
    private static final List<String> CITIES = List.of(
            "sao paulo",
            "São Paulo",
            "SAO PAULO",
            "são paulo - sp",
            "Mogi-Guaçu",
            "santa bárbara d'oeste",
            "embu-guacu",
            "rio  de janeiro",
            "Xangri-lá");

    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "plain",
            "naïve café – “quoted”",
            "line one\nline two\r\nthree",
            "tab\tand \\ back\\slash",
            "a,b;\"c\"",
            "\\N",
            "null",
            "😀 emoji",
            "'; drop table orders; --");

    private final List<Contract> contracts;
    private final Connection connection;
    private final SplittableRandom random;
    /** Keys of the committed rows, by contract. */
    private final Map<String, List<List<Object>>> keys = new HashMap<>();

    /** Columns that hold larger numbers in the source than their contract allows. */
    private final Set<String> widened = new HashSet<>();

    private long made;
    private int transactions;
    private int statements;

    RandomChanges(List<Contract> contracts, Connection connection, SplittableRandom random) throws SQLException {
        this.contracts = contracts;
        this.connection = connection;
        this.random = random;
        contracts.forEach(contract -> keys.put(contract.id(), new ArrayList<>()));
        connection.setAutoCommit(false);
    }

    int transactions() {
        return transactions;
    }

    int statements() {
        return statements;
    }

    /** Changes what tables are, and commits. */
    void alter(String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
        connection.commit();
    }

    /** Makes an integer column a bigint, and from then on puts numbers into it that are too large for the contract; or the other way round. */
    void toggleWidth(Contract contract, Column column) throws SQLException {
        String alter = "alter table " + table(contract) + " alter column " + column.name() + " type ";
        if (widened.add(contract.id() + "." + column.name())) {
            alter(alter + "bigint");
        } else {
            widened.remove(contract.id() + "." + column.name());
            alter(
                    "update " + table(contract) + " set " + column.name() + " = 1 where " + column.name() + " > "
                            + Integer.MAX_VALUE,
                    alter + "integer");
        }
    }

    /** Empties a table that no other refers to, but for one new row. */
    void truncate(Contract contract) throws SQLException {
        alter("truncate table " + table(contract));
        keys.get(contract.id()).clear();
        while (keys.get(contract.id()).isEmpty()) {
            attempt(contract);
        }
        connection.commit();
    }

    /** Makes and commits, or now and then rolls back, one transaction. */
    void transaction() throws SQLException {
        Map<String, List<List<Object>>> before = new HashMap<>();
        keys.forEach((id, list) -> before.put(id, new ArrayList<>(list)));
        int changes = random.nextInt(5) == 0 ? random.nextInt(2, 25) : random.nextInt(1, 4);
        for (int i = 0; i < changes; i++) {
            attempt(contracts.get(random.nextInt(contracts.size())));
        }
        if (random.nextInt(12) == 0) {
            connection.rollback();
            keys.putAll(before);
        } else {
            connection.commit();
            transactions++;
        }
    }

    /** One change, or none where a foreign key or a key that is taken forbids it. */
    private void attempt(Contract contract) throws SQLException {
        List<List<Object>> rows = keys.get(contract.id());
        if (references(contract).stream().anyMatch(parent -> keys.get(parent).isEmpty())) {
            return;
        }
        Savepoint savepoint = connection.setSavepoint();
        List<List<Object>> before = new ArrayList<>(rows);
        try {
            int what = random.nextInt(100);
            if (rows.isEmpty() || what < 35) {
                insert(contract, newKey(contract));
                if (what < 3) {
                    delete(contract, rows.get(rows.size() - 1));
                }
            } else {
                List<Object> key = rows.get(random.nextInt(rows.size()));
                if (what < 70) {
                    update(contract, key);
                } else if (what < 80) {
                    delete(contract, key);
                    insert(contract, key);
                } else if (what < 88) {
                    changeKey(contract, key);
                } else {
                    delete(contract, key);
                }
            }
            statements++;
            connection.releaseSavepoint(savepoint);
        } catch (SQLException e) {
            // 23: a constraint; any other error is a mistake of this class
            if (e.getSQLState() == null || !e.getSQLState().startsWith("23")) {
                throw e;
            }
            connection.rollback(savepoint);
            keys.put(contract.id(), before);
        }
    }

    private static List<String> references(Contract contract) {
        return contract.columns().stream()
                .flatMap(column -> column.reference().stream())
                .map(reference -> reference.contract())
                .toList();
    }

    private List<Object> newKey(Contract contract) {
        made++;
        return contract.key().stream().map(column -> keyValue(column)).toList();
    }

    private Object keyValue(Column column) {
        if (column.reference().isPresent()) {
            return parent(column);
        }
        return switch (column.type().kind()) {
            case STRING -> "key" + made;
            case INTEGER -> random.nextInt(1, 1_000_000);
            default -> made;
        };
    }

    private Object parent(Column column) {
        List<List<Object>> parents = keys.get(column.reference().orElseThrow().contract());
        return parents.get(random.nextInt(parents.size())).get(0);
    }

    private void insert(Contract contract, List<Object> key) throws SQLException {
        List<Object> values = new ArrayList<>();
        for (Column column : contract.columns()) {
            int position = contract.key().indexOf(column);
            values.add(position >= 0 ? key.get(position) : anyValue(contract, column));
        }
        keys.get(contract.id()).add(key);
        execute(
                "insert into " + table(contract) + " (" + String.join(", ", names(contract)) + ") values ("
                        + String.join(", ", Collections.nCopies(values.size(), "?")) + ")",
                values);
    }

    private void update(Contract contract, List<Object> key) throws SQLException {
        List<Column> some = contract.columns().stream()
                .filter(column -> !contract.key().contains(column) && random.nextInt(3) == 0)
                .toList();
        if (some.isEmpty()) {
            return;
        }
        List<Object> values = some.stream()
                .map(column -> anyValue(contract, column))
                .collect(Collectors.toCollection(ArrayList::new));
        values.addAll(key);
        execute(
                "update " + table(contract) + " set "
                        + some.stream().map(column -> column.name() + " = ?").collect(Collectors.joining(", "))
                        + where(contract),
                values);
    }

    private void changeKey(Contract contract, List<Object> key) throws SQLException {
        List<Object> to = newKey(contract);
        List<Object> values = new ArrayList<>(to);
        values.addAll(key);
        execute(
                "update " + table(contract) + " set "
                        + contract.key().stream()
                                .map(column -> column.name() + " = ?")
                                .collect(Collectors.joining(", "))
                        + where(contract),
                values);
        keys.get(contract.id()).remove(key);
        keys.get(contract.id()).add(to);
    }

    private void delete(Contract contract, List<Object> key) throws SQLException {
        execute("delete from " + table(contract) + where(contract), key);
        keys.get(contract.id()).remove(key);
    }

    private void execute(String sql, List<Object> values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.size(); i++) {
                statement.setObject(i + 1, values.get(i));
            }
            statement.executeUpdate();
        }
    }

    /** A value, now and then one that breaks the contract. */
    private Object anyValue(Contract contract, Column column) {
        if (random.nextInt(30) == 0 && !column.allowed().isEmpty()) {
            return "??";
        }
        if (random.nextInt(30) == 0 && column.minimum().isPresent()) {
            BigDecimal below = column.minimum().get().subtract(BigDecimal.TEN);
            return switch (column.type().kind()) {
                case INTEGER -> below.intValue();
                case LONG -> below.longValue();
                case DOUBLE -> below.doubleValue();
                default -> below;
            };
        }
        if (widened.contains(contract.id() + "." + column.name()) && random.nextInt(3) == 0) {
            return (1L << 32) + 1;
        }
        return value(column);
    }

    private Object value(Column column) {
        if (column.reference().isPresent()) {
            return parent(column);
        }
        if (!column.required() && random.nextInt(6) == 0) {
            return null;
        }
        if (!column.allowed().isEmpty()) {
            return column.allowed().get(random.nextInt(column.allowed().size()));
        }
        return switch (column.type().kind()) {
            case STRING -> text(column);
            case INTEGER -> (int) number(column, 1_000);
            case LONG -> (long) number(column, 1_000_000);
            case DECIMAL ->
                BigDecimal.valueOf(random.nextLong(10_000_000), column.type().scale());
            case DOUBLE -> number(column, 90);
            case BOOLEAN -> random.nextBoolean();
            case DATE -> START.plusDays(random.nextInt(DAYS)).toLocalDate();
            case TIMESTAMP ->
                random.nextInt(60) == 0
                        ? FAR.get(random.nextInt(FAR.size()))
                        : START.plus(random.nextLong(DAYS * 86_400_000_000L), ChronoUnit.MICROS);
        };
    }

    private double number(Column column, double most) {
        double low = column.minimum().map(BigDecimal::doubleValue).orElse(0.0);
        double high = column.maximum().map(BigDecimal::doubleValue).orElse(most);
        return random.nextDouble(low, high);
    }

    private String text(Column column) {
        return switch (column.cleaning()) {
            case ZIP_CODE ->
                random.nextBoolean()
                        ? Integer.toString(random.nextInt(1, 100_000))
                        : "%05d".formatted(random.nextInt(100_000));
            case CITY -> CITIES.get(random.nextInt(CITIES.size()));
            case UPPER_CASE, NONE -> {
                String text = TEXTS.get(random.nextInt(TEXTS.size()));
                // long enough for PostgreSQL to keep it apart (TOAST), and hard to compress
                yield random.nextInt(8) == 0 ? text + noise() : text;
            }
        };
    }

    private String noise() {
        StringBuilder noise = new StringBuilder();
        while (noise.length() < 6_000) {
            noise.append(Long.toString(random.nextLong(), Character.MAX_RADIX));
        }
        return noise.toString();
    }

    private static List<String> names(Contract contract) {
        return contract.columns().stream().map(Column::name).toList();
    }

    private static String where(Contract contract) {
        return contract.key().stream()
                .map(column -> column.name() + " = ?")
                .collect(Collectors.joining(" and ", " where ", ""));
    }

    private static String table(Contract contract) {
        return contract.sourceTable();
    }
}
