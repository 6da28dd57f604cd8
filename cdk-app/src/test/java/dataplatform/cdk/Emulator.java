package dataplatform.cdk;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;

/** A server that answers as AWS does, from the Python tools of the repository; what it holds is gone when it stops. */
final class Emulator implements AutoCloseable {
    private static final Path PYTHON = Synthesis.CHECKOUT.resolve(".venv/bin/python");
    private static final Path CDK = Synthesis.CHECKOUT.resolve("cdk-app/node_modules/.bin/cdk");
    private static final String REGION = "us-east-1";

    private final String name;
    private final String account;
    private final Path folder;
    private final int port;
    private final Process server;
    private final String typesQuery;

    private Emulator(String name, String account, String typesQuery, Path folder, String... command)
            throws IOException {
        for (Path tool : List.of(PYTHON, CDK)) {
            if (!Files.exists(tool)) {
                throw new IllegalStateException(tool + " is not there: `make test` installs it");
            }
        }
        this.name = name;
        this.account = account;
        this.typesQuery = typesQuery;
        this.folder = Files.createDirectories(folder);
        try (ServerSocket socket = new ServerSocket(0)) {
            this.port = socket.getLocalPort();
        }
        List<String> all = new ArrayList<>(List.of(PYTHON.toString()));
        for (String part : command) {
            all.add(part.replace("<port>", Integer.toString(port)));
        }
        ProcessBuilder builder = new ProcessBuilder(all)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("server.log").toFile());
        builder.environment().putAll(Map.of("BIND_HOST", "127.0.0.1", "GATEWAY_PORT", Integer.toString(port)));
        this.server = builder.start();
    }

    static Emulator moto(Path folder) throws IOException {
        return new Emulator(
                "moto",
                "123456789012",
                "from moto.cloudformation.parsing import get_model_map; print(*get_model_map())",
                folder,
                "-m",
                "moto.server",
                "--host",
                "127.0.0.1",
                "--port",
                "<port>");
    }

    static Emulator ministack(Path folder) throws IOException {
        return new Emulator(
                "ministack",
                "222222222222",
                "from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS; print(*_RESOURCE_HANDLERS)",
                folder,
                "-m",
                "ministack");
    }

    String name() {
        return name;
    }

    String account() {
        return account;
    }

    /** The types of resources that it says it creates. */
    Set<String> knownTypes() throws IOException, InterruptedException {
        String types = run(folder.resolve("types.log"), List.of(PYTHON.toString(), "-c", typesQuery));
        return types.lines()
                .filter(line -> line.contains("AWS::"))
                .flatMap(line -> List.of(line.split(" ")).stream())
                .collect(Collectors.toSet());
    }

    /** Deploys the stacks with the CDK's command line. */
    void deploy(Path assembly, Collection<String> stacks) throws IOException, InterruptedException {
        run(
                folder.resolve("bootstrap.log"),
                List.of(CDK.toString(), "bootstrap", "aws://" + account + "/" + REGION, "--app", assembly.toString()));
        List<String> command = new ArrayList<>(List.of(
                CDK.toString(),
                "deploy",
                "--app",
                assembly.toString(),
                "--require-approval",
                "never",
                "--progress",
                "events"));
        command.addAll(stacks);
        run(folder.resolve("deploy.log"), command);
    }

    /** A client for it; the caller closes it. */
    <B extends AwsClientBuilder<B, C>, C> C client(B builder) {
        // it takes a key of twelve digits for the account
        return builder.endpointOverride(URI.create("http://127.0.0.1:" + port))
                .region(Region.of(REGION))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(account, "secret")))
                .build();
    }

    @Override
    public void close() {
        server.descendants().forEach(ProcessHandle::destroy);
        server.destroy();
        try {
            if (!server.waitFor(5, TimeUnit.SECONDS)) {
                server.destroyForcibly();
            }
        } catch (InterruptedException e) {
            server.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Returns when it answers. */
    void awaitStart() throws IOException, InterruptedException {
        for (int attempt = 0; attempt < 300; attempt++) {
            if (!server.isAlive()) {
                break;
            }
            try (Socket socket = new Socket("127.0.0.1", port)) {
                return;
            } catch (IOException e) {
                Thread.sleep(100);
            }
        }
        throw new IllegalStateException(name + " did not start: " + Files.readString(folder.resolve("server.log")));
    }

    private String run(Path log, List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "AWS_ENDPOINT_URL",
                        "http://localhost:" + port,
                        "AWS_ACCESS_KEY_ID",
                        account,
                        "AWS_SECRET_ACCESS_KEY",
                        "secret",
                        "AWS_REGION",
                        REGION,
                        "AWS_DEFAULT_REGION",
                        REGION,
                        "AWS_EC2_METADATA_DISABLED",
                        "true",
                        // where the command remembers accounts by their keys
                        "HOME",
                        folder.toString(),
                        "CI",
                        "true"));
        Process process = builder.start();
        boolean done = process.waitFor(3, TimeUnit.MINUTES);
        if (!done) {
            process.destroyForcibly();
        }
        String output = Files.readString(log, UTF_8);
        if (!done || process.exitValue() != 0) {
            throw new UncheckedIOException(new IOException(
                    String.join(" ", command) + " failed: " + output.substring(Math.max(0, output.length() - 2000))));
        }
        return output;
    }
}
