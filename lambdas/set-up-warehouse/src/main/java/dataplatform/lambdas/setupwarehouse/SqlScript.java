package dataplatform.lambdas.setupwarehouse;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of SQL statements that can run again and again. Redshift has no {@code if not exists} for roles, users and grants of roles: a comment
 * {@code -- unless: <query>} before a statement has it left out if the query finds a row, {@code -- if: <query>} if it finds none.
 */
final class SqlScript {
    private static final Pattern CONDITION = Pattern.compile("-- (if|unless): (.+)");
    private static final Pattern VARIABLE = Pattern.compile("(\"?)\\$\\{(\\w+)}\\1");

    private SqlScript() {}

    /**
     * A query that decides whether a statement runs.
     *
     * @param expected whether it must find rows
     */
    record Condition(String query, boolean expected) {}

    /**
     * One statement.
     *
     * @param number counted from 1
     */
    record Statement(String file, int number, Optional<Condition> condition, String sql) {
        /** Where it stands and how it begins. */
        String name() {
            return file + ", statement " + number + " ("
                    + sql.lines().findFirst().orElse("") + ")";
        }
    }

    /**
     * Reads a file beside this class.
     *
     * @param values of the <code>${…}</code> in it, which become literals, or names where they stand in double quotes
     * @throws IllegalArgumentException if one has no value
     */
    static List<Statement> read(String file, Map<String, String> values) {
        String text;
        try (InputStream in = SqlScript.class.getResourceAsStream(file)) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Statement> statements = new ArrayList<>();
        Optional<Condition> condition = Optional.empty();
        StringBuilder sql = new StringBuilder();
        for (String line : text.lines().toList()) {
            Matcher matcher = CONDITION.matcher(line);
            if (matcher.matches()) {
                condition = Optional.of(new Condition(
                        fill(matcher.group(2), values), matcher.group(1).equals("if")));
            } else if (!line.startsWith("--") && !line.isBlank()) {
                sql.append(sql.isEmpty() ? "" : "\n").append(line);
            }
            if (line.endsWith(";") && !line.startsWith("--")) {
                sql.setLength(sql.length() - 1);
                statements.add(new Statement(file, statements.size() + 1, condition, fill(sql.toString(), values)));
                condition = Optional.empty();
                sql.setLength(0);
            }
        }
        return statements;
    }

    private static String fill(String sql, Map<String, String> values) {
        return VARIABLE.matcher(sql).replaceAll(variable -> {
            String value = values.get(variable.group(2));
            if (value == null) {
                throw new IllegalArgumentException(variable.group() + " has no value");
            }
            String quote = variable.group(1).isEmpty() ? "'" : "\"";
            return Matcher.quoteReplacement(quote + value.replace(quote, quote + quote) + quote);
        });
    }
}
