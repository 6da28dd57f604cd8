package dataplatform.local.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.airflow.Airflow;
import dataplatform.local.airflow.Lineage;
import dataplatform.local.platform.AwsApis;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.Background;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Program;
import dataplatform.local.process.StateLock;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.SilverState;
import dataplatform.source.CsvLoader;
import dataplatform.source.Generator;
import dataplatform.source.Progress;
import dataplatform.source.SourceDdl;
import dataplatform.source.TableLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The whole platform on one machine, once through: a shop's database, replicated to bronze, brought to silver by Spark, read
 * by the warehouse and built into tested marts. Its state stays, so that the next run only does what has changed.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Takes a shop's data from PostgreSQL to tested marts, all on this machine.")
public final class Demo implements Callable<Integer> {
    @Option(names = "--data", description = "Folder of Kaggle-format Olist CSVs; default: a generated shop.")
    private Path data;

    @Option(names = "--scale", defaultValue = "1", description = "Size of the generated shop; 1 is 10,000 orders.")
    private double scale;

    @Option(
            names = "--domains",
            split = ",",
            description =
                    "Domains beside the shop's that get made-up data, of ${COMPLETION-CANDIDATES}, or all; default: none.",
            completionCandidates = Other.class)
    private List<String> domains = List.of();

    @Option(names = "--state", required = true, description = "Folder that everything is kept in.")
    private Path state;

    @Option(
            names = "--lineage",
            description = "File that OpenLineage events are added to; default: no events are written.")
    private Path lineage;

    private static final String NEXT = """

            next: make warehouse Q="select order_date, orders, gmv from gmv_daily order by gmv desc limit 3"
                  make athena Q="show tables"
                  make quality    what came in, and what is in quarantine
                  make airflow    the DAGs, and a folder that starts them""";

    private final Map<String, Double> seconds = new LinkedHashMap<>();

    @Spec
    private CommandSpec spec;

    /** The domains beside the shop's. */
    private static final class Other implements Iterable<String> {
        static final List<String> NAMES = List.of("customers", "finance", "retail", "user_behaviour", "web");

        @Override
        public Iterator<String> iterator() {
            return NAMES.iterator();
        }
    }

    /** Runs the command; its help says what it takes. */
    public static void main(String[] args) {
        Program.main(new Demo(), args);
    }

    @Override
    public Integer call() throws Exception {
        state = state.toAbsolutePath();
        if (domains.equals(List.of("all"))) {
            domains = Other.NAMES;
        }
        for (String domain : domains) {
            if (!Other.NAMES.contains(domain)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no domain " + domain + "; name some of " + Other.NAMES + ", or all");
            }
        }
        try (StateLock lock = StateLock.take(state)) {
            run();
        }
        return 0;
    }

    private void run() throws Exception {
        List<Contract> contracts = Contracts.replicated();
        long start = System.nanoTime();
        try (LocalPlatform engines = stage("start", "the engines", () -> LocalPlatform.start(state));
                Background<AwsApis> aws = Background.start(
                        "aws-apis", () -> AwsApis.start(engines, state, line -> say(line, " BronzeToSilver: ")))) {
            Future<Void> migration = new Airflow(state, Map.of()).migrateInBackground();
            List<TableLoad> loads;
            try {
                loads = stage("source", "CSV files to PostgreSQL", () -> loadSource(engines, contracts));
                stage("replication", "PostgreSQL to bronze", () -> replicate(engines));
                Watch airflow = new Watch("airflow");
                migration.get();
                airflow.next("");
                runDags(engines, aws.get(), contracts, loads);
                runOthers(engines, aws.get());
            } finally {
                migration.cancel(true);
            }
            seconds.put("total", Math.round((System.nanoTime() - start) / 1e8) / 10.0);
            try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
                DemoSummary summary = DemoSummary.of(warehouse, summarized(), loads, seconds);
                new ObjectMapper()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .writeValue(state.resolve("summary.json").toFile(), summary);
                System.out.print(summary.table());
                System.out.println(NEXT);
            }
        }
    }

    private List<TableLoad> loadSource(LocalPlatform engines, List<Contract> contracts)
            throws SQLException, IOException {
        Path folder = data == null ? generated() : data;
        try (Connection shop = engines.postgres().connect(PostgresServer.SHOP)) {
            try (Statement statement = shop.createStatement()) {
                for (String ddl : SourceDdl.statements(contracts)) {
                    statement.execute(ddl);
                }
            }
            List<TableLoad> loads =
                    new ArrayList<>(new CsvLoader(contracts, Progress.toStandardError()).load(shop, folder));
            if (needsPurchases()) {
                TableLoad purchases = new MadeUpFiles(state).purchases(shop);
                loads.removeIf(load -> load.table().equals(purchases.table()));
                loads.add(purchases);
            }
            return loads;
        }
    }

    private boolean needsPurchases() {
        return domains.contains("retail") || domains.contains("user_behaviour");
    }

    /** The contracts of the domains that the demo has worked on. */
    private List<Contract> summarized() {
        return Contracts.bundled().stream()
                .filter(contract -> contract.isReplicated() || domains.contains(contract.domain()))
                .toList();
    }

    private Path generated() throws IOException {
        Path folder = state.resolve("csv");
        Path made = folder.resolve("scale");
        if (!Files.exists(made) || !Files.readString(made).equals(Double.toString(scale))) {
            new Generator(1, scale, Progress.toStandardError()).write(folder);
            Files.writeString(made, Double.toString(scale));
        }
        return folder;
    }

    private Void replicate(LocalPlatform engines) throws IOException, InterruptedException {
        try (ChildProcess replicator = engines.replicator(List.of("--stop-when-caught-up"))) {
            replicator.await(line -> say(line, " - "));
        }
        return null;
    }

    /** Runs today's of each domain; what comes before the first dot in a task's name is a stage of its own. */
    private void runDags(LocalPlatform engines, AwsApis aws, List<Contract> contracts, List<TableLoad> loads)
            throws IOException, InterruptedException {
        Airflow airflow = new Airflow(state, aws.environment());
        if (lineage != null) {
            Lineage wanted = new Lineage(lineage.toAbsolutePath());
            aws.runSpark(false, Optional.of(wanted));
            wanted.emitFrom(airflow);
        }
        Map<String, List<Contract>> domains =
                contracts.stream().collect(Collectors.groupingBy(Contract::domain, TreeMap::new, Collectors.toList()));
        for (Map.Entry<String, List<Contract>> domain : domains.entrySet()) {
            if (!hasRows(domain.getValue(), loads) && !isInSilver(engines, domain.getKey())) {
                System.err.println("airflow: nothing for the DAG " + domain.getKey() + ", whose tables are empty");
                continue;
            }
            System.err.println("airflow: bronze to silver, marts and gold, by the DAG " + domain.getKey());
            Watch watch = new Watch("airflow");
            airflow.run(domain.getKey(), LocalDate.now(ZoneOffset.UTC).toString(), "{}", watch::next);
            watch.next("");
        }
    }

    /** Brings what was made up for other domains from files to their marts. */
    private void runOthers(LocalPlatform engines, AwsApis aws) throws Exception {
        if (domains.isEmpty()) {
            return;
        }
        MadeUpFiles files = new MadeUpFiles(state);
        stage("files", "made-up files of other domains to landing", () -> {
            if (domains.contains("finance")) {
                files.households(engines.s3Client());
            }
            if (domains.contains("customers")) {
                files.customerEvents(engines.s3Client());
            }
            if (domains.contains("user_behaviour")) {
                files.reviews(engines.s3Client());
            }
            if (domains.contains("web")) {
                files.webEvents(engines, aws.moto(), state);
            }
            return null;
        });
        String today = LocalDate.now(ZoneOffset.UTC).toString();
        if (domains.contains("finance")) {
            run(aws, "finance", today);
        }
        if (domains.contains("customers")) {
            run(aws, "customer_events", files.end().toString());
        }
        if (domains.contains("web")) {
            run(aws, "web_events", today);
        }
        if (domains.contains("user_behaviour")) {
            // silver is known to be complete while replication runs
            try (ChildProcess replicator = engines.replicator(List.of())) {
                run(aws, "retail", today);
                run(aws, "user_behaviour", files.end().minusDays(2).toString());
                run(aws, "user_behaviour", files.end().minusDays(1).toString());
            }
        }
    }

    private void run(AwsApis aws, String dag, String date) throws IOException, InterruptedException {
        System.err.println("airflow: the DAG " + dag + " of " + date);
        Watch watch = new Watch("airflow");
        new Airflow(state, aws.environment())
                .with("AIRFLOW__DATAPLATFORM__WEB_EVENTS", Boolean.toString(domains.contains("web")))
                .run(dag, date, "{}", watch::next);
        watch.next("");
    }

    private static boolean hasRows(List<Contract> contracts, List<TableLoad> loads) {
        return loads.stream()
                .anyMatch(load -> load.rows() > 0
                        && contracts.stream()
                                .anyMatch(contract -> contract.sourceTable().equals(load.table())));
    }

    /** Whether an earlier run has brought the domain's tables to silver, from which rows may have to go. */
    private static boolean isInSilver(LocalPlatform engines, String domain) {
        return engines.s3Client()
                        .listObjectsV2(
                                request -> request.bucket(S3Server.SILVER).prefix(SilverState.REPORTS + domain + "/"))
                        .keyCount()
                > 0;
    }

    /** Tells one task's time from the next one's. */
    private final class Watch {
        private String task;
        private String last = "";
        private long start = System.nanoTime();

        Watch(String task) {
            this.task = task;
        }

        void next(String started) {
            long now = System.nanoTime();
            seconds.merge(task, Math.round((now - start) / 1e8) / 10.0, (a, b) -> Math.round((a + b) * 10) / 10.0);
            start = now;
            task = started.replaceFirst("\\..*", "");
            // a task that waits is started again when it goes on
            if (!started.equals(last) && !started.isEmpty()) {
                System.err.println("  " + started);
            }
            last = started;
        }
    }

    private <T> T stage(String name, String what, Callable<T> work) throws Exception {
        System.err.println(name + ": " + what);
        long start = System.nanoTime();
        T result = work.call();
        double took = (System.nanoTime() - start) / 1e9;
        seconds.put(name, Math.round(took * 10) / 10.0);
        System.err.printf(Locale.ROOT, "  %.1f s%n", took);
        return result;
    }

    /** Passes on what a child process says of its progress: what follows a mark in the line. */
    static void say(String line, String mark) {
        int at = line.indexOf(mark);
        if (at >= 0) {
            System.err.println("  " + line.substring(at + mark.length()));
        }
    }
}
