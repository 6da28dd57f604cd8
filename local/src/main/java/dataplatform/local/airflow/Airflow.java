package dataplatform.local.airflow;

import dataplatform.local.aws.LocalEnvironment;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** MWAA on one machine: Airflow of the same version, over the bundle of DAGs that is deployed. */
public final class Airflow {
    private static final Pattern STARTED = Pattern.compile("\\[DAG TEST\\] starting task_id=(\\S+) ");
    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[\\d;]*m");
    private static final Pattern LOG_LINE = Pattern.compile("^\\[?\\d{4}-\\d\\d-\\d\\d");
    private static final Pattern EXCEPTION = Pattern.compile("^[\\w.]*(?:Exception|Error): ");

    private final Path home;
    private final Path logs;
    private final Map<String, String> environment = new HashMap<>();

    /**
     * @param state folder that keeps its database from one start to the next
     * @param aws where it finds AWS
     */
    public Airflow(Path state, Map<String, String> aws) {
        this.home = state.resolve("airflow");
        this.logs = state.resolve("logs");
        environment.putAll(aws);
        environment.put("AIRFLOW_HOME", home.toString());
        String dags = Project.file("airflow/target/bundle/dags").toString();
        environment.put("AIRFLOW__CORE__DAGS_FOLDER", dags);
        // its programs start each other by name
        environment.put("PATH", Project.file("airflow/.venv/bin") + ":" + System.getenv("PATH"));
        // as the DAG processor sees to
        environment.put("PYTHONPATH", dags);
        environment.put("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
        environment.put("AIRFLOW__LOGGING__COLORED_CONSOLE_LOG", "False");
        environment.put("NO_COLOR", "1");
        environment.put("COLUMNS", "200");
        environment.put("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False");
        environment.put("AIRFLOW__DATAPLATFORM__ENVIRONMENT", LocalEnvironment.NAMES.environment());
        environment.put("AIRFLOW__DATAPLATFORM__SPARK", "serverless");
        environment.put("AIRFLOW__DATAPLATFORM__POLL_SECONDS", "1");
        // replication puts what it has into bronze every second
        environment.put("AIRFLOW__DATAPLATFORM__PATIENCE_SECONDS", "15");
        environment.put("AIRFLOW__DATAPLATFORM__RETRIES", "0");
        environment.put(
                "AIRFLOW__DATAPLATFORM__DBT", Project.file(".venv/bin/dbt").toString());
        environment.put("DW_USER", LocalEnvironment.NAMES.dagsUser());
        environment.put("DBT_TARGET", "local");
        environment.put("AWS_DEFAULT_REGION", S3Server.REGION);
        // the bundle may be read by others meanwhile
        environment.put("PYTHONDONTWRITEBYTECODE", "1");
    }

    /** Changes a setting for the programs that are started from now on. */
    public Airflow with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Makes its database, or brings it to this version; returns at once if that was done before. */
    public void migrate() throws IOException, InterruptedException {
        Path migrated = Files.createDirectories(home).resolve("migrated-to.txt");
        String lock = Files.readString(Project.file("airflow/requirements.txt"));
        if (Files.exists(migrated) && Files.readString(migrated).equals(lock)) {
            return;
        }
        try (ChildProcess migration = start("migrate", List.of("db", "migrate"))) {
            migration.await(line -> {});
        }
        Files.writeString(migrated, lock);
    }

    /** The same beside what else is to be done, until it is cancelled. */
    public Future<Void> migrateInBackground() {
        FutureTask<Void> migration = new FutureTask<>(() -> {
            migrate();
            return null;
        });
        new Thread(migration, "airflow-migration").start();
        return migration;
    }

    /**
     * Starts its scheduler, its pages and whatever else belongs to it, and returns when they answer.
     *
     * @param port of the pages on the loopback interface, which ask for no password
     */
    public ChildProcess serve(int port) throws IOException, InterruptedException {
        environment.put("AIRFLOW__API__HOST", "127.0.0.1");
        environment.put("AIRFLOW__API__PORT", Integer.toString(port));
        environment.put("AIRFLOW__API__WORKERS", "1");
        environment.put("AIRFLOW__API__BASE_URL", "http://127.0.0.1:" + port);
        environment.put("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:" + port + "/execution/");
        environment.put("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True");
        environment.put("AIRFLOW__CORE__PARALLELISM", "4");
        ChildProcess server = start("standalone", List.of("standalone"));
        try {
            server.awaitAnswer(
                    URI.create("http://127.0.0.1:" + port + "/api/v2/monitor/health"),
                    "\"scheduler\":{\"status\":\"healthy\"");
        } catch (IOException | InterruptedException | RuntimeException e) {
            Closing.after(e, server);
            throw e;
        }
        return server;
    }

    /**
     * Runs a DAG once, whole, in one process.
     *
     * @param logicalDate in ISO 8601; a run of the same date is taken up anew
     * @param conf the run's parameters, as JSON
     * @param tasks hears the name of each task that starts
     * @throws IllegalStateException with what its task says, if the run fails
     */
    public void run(String dag, String logicalDate, String conf, Consumer<String> tasks)
            throws IOException, InterruptedException {
        Failures failures = new Failures();
        try (ChildProcess run = start("dag-" + dag, List.of("dags", "test", dag, logicalDate, "--conf", conf))) {
            run.await(coloured -> {
                String line = COLOUR.matcher(coloured).replaceAll("");
                Matcher started = STARTED.matcher(line);
                if (started.find()) {
                    tasks.accept(started.group(1));
                }
                failures.hear(line);
            });
        } catch (IllegalStateException e) {
            if (failures.heard.isEmpty()) {
                throw e;
            }
            throw new IllegalStateException(
                    "DAG " + dag + " failed: " + String.join("\n", failures.heard) + "\nsee " + log("dag-" + dag), e);
        }
    }

    /** The exceptions at the ends of tracebacks, with all their lines. */
    private static final class Failures {
        private final List<String> heard = new ArrayList<>();
        private boolean listening;

        void hear(String line) {
            if (line.isBlank() || LOG_LINE.matcher(line).find()) {
                listening = false;
            }
            listening |= EXCEPTION.matcher(line).find();
            if (listening) {
                heard.add(line.strip().replace("\\n", "\n"));
            }
        }
    }

    private ChildProcess start(String log, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Project.file("airflow/.venv/bin/python").toString(),
                "-c",
                Project.resource(Airflow.class, "airflow.py")));
        command.addAll(arguments);
        return ChildProcess.start("airflow " + arguments.get(0), command, environment, log(log));
    }

    private Path log(String name) {
        return logs.resolve("airflow-" + name + ".log");
    }
}
