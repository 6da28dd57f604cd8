package dataplatform.local.airflow;

import dataplatform.local.aws.Moto;
import dataplatform.local.process.Closing;
import dataplatform.local.process.Ports;
import dataplatform.local.process.Project;
import dataplatform.local.s3.S3Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * The instance that Airflow runs on, on this machine: its user data, run in a folder, with real uv and real Airflow. Stand-ins are what belongs to the machine
 * (packages, users, swap, systemd, the AWS command line); they write each call to the file {@code calls}.
 */
public final class AirflowMachine implements AutoCloseable {
    private static final String BUCKET = "machine";
    private static final List<String> EDGE = List.of(
            "aws",
            "chown",
            "cloud-init",
            "dnf",
            "fallocate",
            "mkswap",
            "runuser",
            "shutdown",
            "swapon",
            "systemctl",
            "useradd");

    private static final Duration LAST_WORD = Duration.ofSeconds(10);

    private final Path root;
    private final Map<String, String> environment;

    private AirflowMachine(Path root, Map<String, String> environment) {
        this.root = root;
        this.environment = environment;
    }

    /**
     * Runs the user data to its end, be it a failure.
     *
     * @param moto holds the archives and the heartbeat
     * @param instance its id
     * @param dags files of DAGs, by their names
     * @param heartbeat name of the parameter
     * @param folder that becomes the machine's
     * @param fail the command that fails, such as {@code dnf install}; none if empty
     * @throws IllegalStateException if it can't even begin
     */
    public static AirflowMachine start(
            Moto moto, String instance, Map<String, String> dags, String heartbeat, Path folder, String fail)
            throws IOException, InterruptedException {
        Path root = Files.createDirectories(folder.resolve("airflow"));
        Map<String, String> environment = new HashMap<>(moto.environment());
        String port = Integer.toString(Ports.free());
        environment.putAll(Map.ofEntries(
                Map.entry("PATH", edge(folder) + ":" + System.getenv("PATH")),
                Map.entry("AIRFLOW_ROOT", root.toString()),
                Map.entry("AIRFLOW__API__PORT", port),
                Map.entry("AIRFLOW__API__BASE_URL", "http://127.0.0.1:" + port),
                Map.entry(
                        "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
                        root.resolve("data/logs").toString()),
                Map.entry("MACHINE_AWS", Project.file(".venv/bin/python").toString()),
                Map.entry(
                        "MACHINE_PYTHON",
                        Project.file(".venv/bin/python").toRealPath().toString()),
                Map.entry("MACHINE_INSTANCE", instance),
                Map.entry("FAIL", fail),
                Map.entry("ENVIRONMENT", "dev"),
                Map.entry("SPARK", "serverless"),
                Map.entry("WAREHOUSE", "serverless"),
                Map.entry("WEB_EVENTS", "false"),
                Map.entry("OPENLINEAGE_URL", ""),
                Map.entry("HEARTBEAT", heartbeat),
                Map.entry("LOGS", "s3://" + BUCKET + "/logs"),
                Map.entry("BUNDLE_ZIP", "s3://" + BUCKET + "/bundle.zip"),
                Map.entry("PROGRAMS_ZIP", "s3://" + BUCKET + "/programs.zip"),
                Map.entry("AWS_DEFAULT_REGION", S3Server.REGION)));
        try (S3Client s3 = moto.client(S3Client.builder().forcePathStyle(true))) {
            s3.createBucket(request -> request.bucket(BUCKET));
            upload(s3, bundle(folder.resolve("bundle"), dags), folder.resolve("bundle.zip"));
            upload(s3, programs(), folder.resolve("programs.zip"));
        }
        AirflowMachine machine = new AirflowMachine(root, environment);
        try {
            Path console = folder.resolve("console.log");
            int code = machine.run(
                    List.of("bash", programs().resolve("user-data.sh").toString()), console);
            if (!Files.exists(root.resolve("calls"))) {
                throw new IllegalStateException("the user data ended with exit code " + code
                        + " before its first step; " + Files.readString(console));
            }
            machine.awaitLastWord();
            return machine;
        } catch (IOException | InterruptedException | RuntimeException e) {
            Closing.after(e, machine);
            throw e;
        }
    }

    /** What the user data says goes through tee, which may still be at work when the script has ended. */
    private void awaitLastWord() throws IOException, InterruptedException {
        for (long end = System.nanoTime() + LAST_WORD.toNanos(); System.nanoTime() < end; Thread.sleep(50)) {
            String said = log();
            if (said.endsWith("Airflow is up\n") || said.contains(" FAILED ")) {
                return;
            }
        }
    }

    private static Path programs() {
        return Project.file("airflow/instance");
    }

    private static String edge(Path folder) throws IOException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        for (String name : EDGE) {
            try (InputStream edge = AirflowMachine.class.getResourceAsStream("machine.sh")) {
                Files.copy(edge, bin.resolve(name));
            }
            bin.resolve(name).toFile().setExecutable(true);
        }
        return bin.toString();
    }

    /** The locks that are deployed, with other DAGs. */
    private static Path bundle(Path folder, Map<String, String> dags) throws IOException {
        Path built = Project.file("airflow/target/bundle");
        Files.createDirectories(folder.resolve("dags"));
        for (Map.Entry<String, String> dag : dags.entrySet()) {
            Files.writeString(folder.resolve("dags").resolve(dag.getKey()), dag.getValue());
        }
        for (String lock : List.of("requirements.txt", "dags/dbt-requirements.txt")) {
            Files.copy(built.resolve(lock), folder.resolve(lock));
        }
        return folder;
    }

    private static void upload(S3Client s3, Path folder, Path zip) throws IOException {
        try (OutputStream out = Files.newOutputStream(zip);
                ZipOutputStream archive = new ZipOutputStream(out);
                Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                archive.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                Files.copy(file, archive);
            }
        }
        s3.putObject(request -> request.bucket(BUCKET).key(zip.getFileName().toString()), RequestBody.fromFile(zip));
    }

    private int run(List<String> command, Path log) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return builder.start().waitFor();
    }

    /** Its calls of what belongs to the machine, in their order. */
    public List<String> calls() throws IOException {
        return Files.readAllLines(root.resolve("calls"));
    }

    /** What the user data has said. */
    public String log() throws IOException {
        return Files.readString(root.resolve("user-data.log"));
    }

    /** Where Airflow's API answers. */
    public URI api() {
        return URI.create(environment.get("AIRFLOW__API__BASE_URL"));
    }

    /**
     * Runs a command as Systems Manager does, in the environment of its services.
     *
     * @return what it has printed
     */
    public String execute(String command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(root, "command", ".log");
        String there = "set -a; . " + root.resolve("environment") + "; " + command.replace("/opt/airflow/", root + "/");
        run(List.of("bash", "-c", there), output);
        return Files.readString(output);
    }

    @Override
    public void close() {
        Closing.all(this::killServices, this::deleteLinks);
    }

    private void killServices() throws IOException {
        Path pids = root.resolve("pids");
        if (Files.exists(pids)) {
            Closing.all(Files.readAllLines(pids).stream()
                    .<AutoCloseable>map(
                            pid -> () -> ProcessHandle.of(Long.parseLong(pid)).ifPresent(AirflowMachine::kill))
                    .toList());
        }
    }

    /** To a Python that is not the machine's: whoever deletes the folder need not care. */
    private void deleteLinks() throws IOException {
        try (Stream<Path> files = Files.walk(root.getParent())) {
            for (Path file : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void kill(ProcessHandle process) {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
