package dataplatform.local.redshift;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.LoopbackServer;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Redshift Data API on one machine, over the warehouse in PostgreSQL: statements are submitted, run in the background, and asked after. It knows
 * ExecuteStatement, BatchExecuteStatement (one transaction), DescribeStatement, GetStatementResult, ListTables and DescribeTable (in one page); who asks is
 * not checked.
 */
public final class RedshiftDataServer implements AutoCloseable {
    /** What looks like a parameter, and is one if it has a value; or a text in quotes or a cast, where a colon makes none. */
    private static final Pattern PARAMETER = Pattern.compile("'[^']*'|::|:(\\w+)");

    private final PostgresServer postgres;
    private final Optional<Unload> unload;
    private final Optional<String> user;
    private final LoopbackServer server;
    private final Map<String, Execution> executions = new ConcurrentHashMap<>();

    private RedshiftDataServer(PostgresServer postgres, Optional<Unload> unload, Optional<String> user)
            throws IOException, SQLException {
        this.postgres = postgres;
        this.unload = unload;
        this.user = user;
        try (Connection connection = postgres.connect(PostgresServer.WAREHOUSE);
                Statement statement = connection.createStatement()) {
            statement.execute(RedshiftSql.SYSTEM_VIEWS);
        }
        this.server = LoopbackServer.start(AwsJson.handler("ValidationException", this::answer));
    }

    /**
     * What a statement has come to.
     *
     * @param rows how many it gave or changed; -1 of a batch
     * @param records the rows that it gave; null if it is none that gives rows
     */
    private record Outcome(long rows, ObjectNode records) {}

    /** A statement, or a batch of them with its parts. */
    private static final class Execution {
        final String id;
        final String sql;
        final List<Execution> parts;
        final Instant created = Instant.now();
        private String status = "SUBMITTED";
        private String error;
        private long rows = -1;
        private ObjectNode result;

        Execution(String id, String sql, List<Execution> parts) {
            this.id = id;
            this.sql = sql;
            this.parts = parts;
        }

        synchronized void started() {
            status = "STARTED";
        }

        synchronized void finished(Outcome outcome) {
            status = "FINISHED";
            rows = outcome.rows();
            result = outcome.records();
        }

        /** Does nothing if it has ended already. */
        synchronized void failed(String message) {
            if (!status.equals("FINISHED") && !status.equals("FAILED")) {
                status = "FAILED";
                error = message;
            }
        }

        synchronized ObjectNode describe() {
            ObjectNode description = AwsJson.JSON
                    .createObjectNode()
                    .put("Id", id)
                    .put("Status", status)
                    .put("HasResultSet", result != null)
                    .put("ResultRows", rows)
                    .put("CreatedAt", created.toEpochMilli() / 1000.0)
                    .put("UpdatedAt", Instant.now().toEpochMilli() / 1000.0)
                    .put("QueryString", sql);
            if (error != null) {
                description.put("Error", error);
            }
            if (!parts.isEmpty()) {
                ArrayNode list = description.putArray("SubStatements");
                parts.forEach(part -> list.add(part.describe()));
            }
            return description;
        }

        synchronized ObjectNode result() {
            if (result == null) {
                throw new IllegalArgumentException(
                        "Query does not have result. Please check query status with DescribeStatement.");
            }
            return result;
        }
    }

    /**
     * Starts it on a free port of the loopback interface, over the warehouse of a server that outlives it. Whoever names no user is
     * its superuser.
     */
    public static RedshiftDataServer start(PostgresServer postgres) throws IOException, SQLException {
        return new RedshiftDataServer(postgres, Optional.empty(), Optional.empty());
    }

    /**
     * Starts it so that UNLOAD writes to S3, too.
     *
     * @param user that the role of who calls is signed in as, where a call brings no secret: it has that user's rights and no others
     */
    public static RedshiftDataServer start(PostgresServer postgres, Unload unload, String user)
            throws IOException, SQLException {
        return new RedshiftDataServer(postgres, Optional.of(unload), Optional.of(user));
    }

    /** What an AWS SDK in a child process needs to find this server and nothing else. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_REDSHIFT_DATA", "http://" + server.address(),
                "AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY,
                "AWS_REGION", S3Server.REGION);
    }

    private ObjectNode answer(String operation, JsonNode request) {
        return switch (operation) {
            case "ExecuteStatement" -> {
                String id = UUID.randomUUID().toString();
                yield submit(new Execution(id, request.path("Sql").asText(), List.of()), request);
            }
            case "BatchExecuteStatement" -> {
                String id = UUID.randomUUID().toString();
                List<Execution> parts = new ArrayList<>();
                for (JsonNode sql : request.path("Sqls")) {
                    parts.add(new Execution(id + ":" + (parts.size() + 1), sql.asText(), List.of()));
                }
                yield submit(new Execution(id, "", parts), request);
            }
            case "DescribeStatement" -> find(request).describe();
            case "GetStatementResult" -> find(request).result();
            case "ListTables" -> metadata(request, RedshiftDataServer::tables);
            case "DescribeTable" -> metadata(request, RedshiftDataServer::columns);
            default -> throw AwsJson.unknown(operation);
        };
    }

    private Execution find(JsonNode request) {
        Execution execution = executions.get(request.path("Id").asText());
        if (execution == null) {
            throw new IllegalArgumentException("Query does not exist.");
        }
        return execution;
    }

    private ObjectNode submit(Execution execution, JsonNode request) {
        if (!request.has("Database") || !request.has("WorkgroupName") && !request.has("ClusterIdentifier")) {
            throw new IllegalArgumentException("Database and WorkgroupName or ClusterIdentifier are needed.");
        }
        executions.put(execution.id, execution);
        execution.parts.forEach(part -> executions.put(part.id, part));
        server.execute(() -> run(execution, request));
        return AwsJson.JSON
                .createObjectNode()
                .put("Id", execution.id)
                .put("Database", request.path("Database").asText())
                .put("CreatedAt", execution.created.toEpochMilli() / 1000.0);
    }

    private void run(Execution execution, JsonNode request) {
        execution.started();
        try (Connection connection = postgres.connect(request.path("Database").asText())) {
            connection.setAutoCommit(false);
            signIn(connection, request);
            List<Execution> statements = execution.parts.isEmpty() ? List.of(execution) : execution.parts;
            List<Outcome> outcomes = new ArrayList<>();
            for (Execution statement : statements) {
                statement.started();
                try {
                    outcomes.add(run(connection, statement.sql, request.path("Parameters")));
                } catch (Throwable e) {
                    statement.failed(message(e));
                    throw e;
                }
            }
            connection.commit();
            for (int i = 0; i < statements.size(); i++) {
                statements.get(i).finished(outcomes.get(i));
            }
            if (!execution.parts.isEmpty()) {
                execution.finished(new Outcome(-1, null));
            }
        } catch (Throwable e) {
            // whatever it is: whoever asks after the statement waits until it has ended
            execution.parts.forEach(part -> part.failed("rolled back: " + message(e)));
            execution.failed(message(e));
        }
    }

    /** By a secret as the superuser, whose it is; otherwise as the user that is named, or as that of the role that calls. */
    private void signIn(Connection connection, JsonNode request) throws SQLException {
        Optional<String> wanted = request.has("DbUser")
                ? Optional.of(request.path("DbUser").asText())
                : user.filter(each -> !request.has("SecretArn"));
        if (wanted.isEmpty()) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            String name = statement.enquoteIdentifier(wanted.get(), true);
            if (user.equals(wanted)) {
                // Redshift makes the user when its role signs in for the first time; it has no rights yet
                statement.execute("do $$ begin create user " + name
                        + "; exception when duplicate_object or unique_violation then null; end $$");
                connection.commit();
            }
            statement.execute("set session authorization " + name);
        }
    }

    private static String message(Throwable e) {
        return e instanceof SQLException && e.getMessage() != null ? e.getMessage() : e.toString();
    }

    private interface Metadata {
        ObjectNode read(DatabaseMetaData database, JsonNode request) throws SQLException;
    }

    private ObjectNode metadata(JsonNode request, Metadata metadata) {
        try (Connection connection = postgres.connect(request.path("Database").asText())) {
            return metadata.read(connection.getMetaData(), request);
        } catch (SQLException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static ObjectNode tables(DatabaseMetaData database, JsonNode request) throws SQLException {
        ObjectNode response = AwsJson.JSON.createObjectNode();
        ArrayNode tables = response.putArray("Tables");
        try (ResultSet rows = database.getTables(
                null,
                request.path("SchemaPattern").asText("%"),
                request.path("TablePattern").asText("%"),
                new String[] {"TABLE", "VIEW"})) {
            while (rows.next()) {
                tables.addObject()
                        .put("schema", rows.getString("TABLE_SCHEM"))
                        .put("name", rows.getString("TABLE_NAME"))
                        .put("type", rows.getString("TABLE_TYPE"));
            }
        }
        return response;
    }

    private static ObjectNode columns(DatabaseMetaData database, JsonNode request) throws SQLException {
        String table = request.path("Table").asText();
        ObjectNode response = AwsJson.JSON.createObjectNode().put("TableName", table);
        ArrayNode columns = response.putArray("ColumnList");
        try (ResultSet rows =
                database.getColumns(null, request.path("Schema").asText(null), table.replace("_", "\\_"), null)) {
            while (rows.next()) {
                columns.addObject()
                        .put("name", rows.getString("COLUMN_NAME"))
                        // Redshift takes a text for a varchar
                        .put("typeName", rows.getString("TYPE_NAME").replace("text", "varchar"))
                        .put("precision", rows.getInt("COLUMN_SIZE"))
                        .put("scale", rows.getInt("DECIMAL_DIGITS"));
            }
        }
        return response;
    }

    private Outcome run(Connection connection, String text, JsonNode parameters) throws SQLException {
        if (unload.isPresent() && unload.get().takes(text)) {
            return new Outcome(unload.get().run(connection, text), null);
        }
        List<String> values = new ArrayList<>();
        Matcher matcher = PARAMETER.matcher(RedshiftSql.toPostgres(text));
        String sql = matcher.replaceAll(found -> {
            Optional<String> value = value(parameters, found.group(1));
            value.ifPresent(values::add);
            return value.isPresent() ? "?" : Matcher.quoteReplacement(found.group());
        });
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.size(); i++) {
                // of whatever type the place asks for
                statement.setObject(i + 1, values.get(i), Types.OTHER);
            }
            if (statement.execute()) {
                try (ResultSet rows = statement.getResultSet()) {
                    ObjectNode result = result(rows);
                    return new Outcome(result.path("TotalNumRows").asLong(), result);
                }
            }
            return new Outcome(statement.getUpdateCount(), null);
        }
    }

    private static Optional<String> value(JsonNode parameters, String name) {
        for (JsonNode parameter : parameters) {
            if (parameter.path("name").asText().equals(name)) {
                return Optional.of(parameter.path("value").asText());
            }
        }
        return Optional.empty();
    }

    private static ObjectNode result(ResultSet rows) throws SQLException {
        ObjectNode result = AwsJson.JSON.createObjectNode();
        ResultSetMetaData metaData = rows.getMetaData();
        ArrayNode columns = result.putArray("ColumnMetadata");
        for (int column = 1; column <= metaData.getColumnCount(); column++) {
            columns.addObject()
                    .put("name", metaData.getColumnName(column))
                    .put("label", metaData.getColumnLabel(column))
                    .put("typeName", metaData.getColumnTypeName(column));
        }
        ArrayNode records = result.putArray("Records");
        while (rows.next()) {
            ArrayNode fields = records.addArray();
            for (int column = 1; column <= metaData.getColumnCount(); column++) {
                field(fields.addObject(), rows.getObject(column), rows.getString(column));
            }
        }
        return result.put("TotalNumRows", records.size());
    }

    private static void field(ObjectNode field, Object value, String text) {
        if (value == null) {
            field.put("isNull", true);
        } else if (value instanceof Integer || value instanceof Long || value instanceof Short) {
            field.put("longValue", ((Number) value).longValue());
        } else if (value instanceof Double || value instanceof Float) {
            field.put("doubleValue", ((Number) value).doubleValue());
        } else if (value instanceof Boolean bool) {
            field.put("booleanValue", bool);
        } else {
            field.put("stringValue", text);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
