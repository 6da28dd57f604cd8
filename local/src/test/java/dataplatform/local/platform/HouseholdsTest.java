package dataplatform.local.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dataplatform.local.airflow.Airflow;
import dataplatform.local.airflow.MwaaServer;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.postgres.PostgresServer;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.process.Ports;
import dataplatform.local.s3.S3Server;
import dataplatform.source.HouseholdGenerator;
import dataplatform.source.HouseholdGenerator.Expected;
import dataplatform.source.HouseholdGenerator.Total;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;

/** What made-up banks export, from the landing bucket to tested marts. */
class HouseholdsTest {
    @TempDir
    Path folder;

    private LocalPlatform engines;
    private AwsApis aws;

    @BeforeEach
    void start() throws Exception {
        engines = LocalPlatform.start(folder);
        aws = AwsApis.start(engines, folder, line -> {});
        airflow().migrate();
    }

    @AfterEach
    void stop() {
        aws.close();
        engines.close();
    }

    @Test
    void takesExportsOfBanksToMarts() throws Exception {
        Path files = folder.resolve("files");
        Expected expected = new HouseholdGenerator(files, 5, 3, 2).write();
        List<String> keys = upload(engines, files);
        // all that have come are one run; each export of budgets has words for an amount
        String accept = "{\"accept\": [\"finance.budgets\"]}";
        airflow().run("finance", "2026-03-01", accept, task -> {});
        // somebody wants one of them taken once more
        String again = keys.stream()
                .filter(key -> key.contains("bank_transactions"))
                .findFirst()
                .orElseThrow();
        String conf = "{\"bucket\": \"landing\", \"key\": \"" + again + "\"}";

        String dataFiles = dataFiles();

        List<String> once = new ArrayList<>();
        airflow().run("finance", "2026-03-01", conf, once::add);
        // and this one finds that nothing waits
        List<String> idle = new ArrayList<>();
        airflow().run("finance", "2026-03-01", "{}", idle::add);
        assertThat(once).contains("landing_to_silver.run");
        assertThat(idle).doesNotContain("landing_to_silver.run", "gold.unload");

        try (Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            assertThat(transactions(warehouse)).isEqualTo(expected.transactions());
            assertThat(one(warehouse, "select sum(budget) from marts.monthly_spending"))
                    .isEqualByComparingTo(
                            expected.snapshots().get("finance.budgets").amount());
            // transfers between own accounts come to nothing, and so do bills that both sides tell of
            assertThat(one(warehouse, "select sum(amount) from marts.fct_transactions where kind = 'transfer'"))
                    .isZero();
            assertThat(one(warehouse, "select sum(amount) from marts.fct_transactions where kind = 'card_settlement'"))
                    .isZero();
            assertThat(one(warehouse, "select count(*) from marts.fct_transactions where kind = 'card_settlement'"))
                    .isEqualByComparingTo("8");

            assertThat(dataFiles()).as("data files in silver").isEqualTo(dataFiles);

            // the month's budgets are there: nobody waits
            engines.s3Client().copyObject(request -> request.sourceBucket(S3Server.LANDING)
                    .sourceKey("finance/budgets/budgets_2025-03-31.csv")
                    .destinationBucket(S3Server.LANDING)
                    .destinationKey("finance/budgets/budgets_2026-02-28.csv"));
            List<String> tasks = new ArrayList<>();
            airflow().run("finance_expected", "2026-02-01", accept, tasks::add);
            assertThat(tasks).contains("expected.budgets", "landing_to_silver.run", "dbt_build");
            assertThat(transactions(warehouse)).isEqualTo(expected.transactions());
            assertThat(taken("budgets")).contains("finance/budgets/budgets_2026-02-28.csv");

            anAccountThatIsGoneChangesNoMeasure(warehouse, files);
        }
    }

    private void anAccountThatIsGoneChangesNoMeasure(Connection warehouse, Path files) throws Exception {
        String months =
                "select spending_month, household_id, category, spent from marts.monthly_spending order by 1, 2, 3";
        String kinds = "select origin, transaction_id, household_id, kind from marts.fct_transactions order by 1, 2";
        String silver = "select count(*) from data_lake_silver.accounts";
        String spent = rows(warehouse, months);
        String kind = rows(warehouse, kinds);
        assertThat(one(warehouse, silver)).isEqualByComparingTo("6");
        String latest = Files.readString(files.resolve("finance/accounts/konten (2).csv"));
        String fewer = latest.lines()
                .filter(line -> !line.startsWith("CC") && !line.startsWith("DE03"))
                .map(line -> line.replace("31.03.2025", "30.04.2025"))
                .collect(Collectors.joining("\r\n", "", "\r\n"));
        String key = "finance/accounts/konten (3).csv";
        engines.s3Client()
                .putObject(request -> request.bucket(S3Server.LANDING).key(key), RequestBody.fromString(fewer));

        // and once more, of a day before
        for (String date : List.of("2026-03-02", "2026-01-01")) {
            List<String> tasks = new ArrayList<>();
            airflow().run("finance", date, "{\"bucket\": \"landing\", \"key\": \"" + key + "\"}", tasks::add);
            assertThat(tasks).contains("landing_to_silver.run", "gold.register");

            assertThat(one(warehouse, silver)).isEqualByComparingTo("2");
            assertThat(rows(warehouse, months)).isEqualTo(spent);
            assertThat(rows(warehouse, kinds)).isEqualTo(kind);
            assertThat(rows(
                            warehouse,
                            "select gone_since::date, count(*), min(left(account_id, 2)) from marts.dim_accounts"
                                    + " group by 1, account_type order by account_type"))
                    .isEqualTo("null 2 DE\n2025-04-30 2 CC\n2025-04-30 2 DE");
        }
    }

    /** With the scheduler, whose it is to end the waiting. */
    @Test
    void waitsForAFileThatIsExpectedAndFailsWhenItDoesNotCome() throws Exception {
        int port = Ports.free();
        Airflow impatient = airflow().with("AIRFLOW__DATAPLATFORM__WAIT_SECONDS", "3");
        try (ChildProcess server = impatient.serve(port);
                MwaaServer mwaa = MwaaServer.start(URI.create("http://127.0.0.1:" + port))) {
            // the run of this month is started by the schedule
            JsonNode run = await(mwaa, "/dags/finance_expected/dagRuns", "/dag_runs/0", "failed");
            String tasks =
                    "/dags/finance_expected/dagRuns/" + run.get("dag_run_id").asText() + "/taskInstances/";
            assertThat(mwaa.get(tasks + "expected.budgets").get("state").asText())
                    .isEqualTo("failed");
            assertThat(mwaa.get(tasks + "landing_to_silver.run").get("state").asText())
                    .isEqualTo("upstream_failed");
            assertThat(server.process().isAlive()).isTrue();
        }
    }

    private static JsonNode await(MwaaServer airflow, String path, String part, String state)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (System.nanoTime() < deadline) {
            JsonNode found = airflow.get(path).at(part);
            if (found.path("state").asText().equals(state)) {
                return found;
            }
            Thread.sleep(500);
        }
        throw new AssertionError(path + " has not become " + state + ": " + airflow.get(path));
    }

    @Test
    void aRunForAFileThatIsNotThereSaysSo() {
        assertThatThrownBy(() -> airflow()
                        .run(
                                "finance",
                                "2026-03-01",
                                "{\"bucket\": \"landing\", \"key\": \"finance/x.csv\"}",
                                task -> {}))
                .hasMessageContaining("s3://landing/finance/x.csv can't be read");
    }

    private Airflow airflow() {
        return new Airflow(folder, aws.environment());
    }

    /** Files of which the DAGs know that silver has them. */
    private List<String> taken(String dataSet) throws IOException {
        String key = "_state/freshness/finance." + dataSet + ".json";
        if (engines.s3Client()
                        .listObjectsV2(
                                request -> request.bucket(S3Server.SILVER).prefix(key))
                        .keyCount()
                == 0) {
            return List.of();
        }
        String known = engines.s3Client()
                .getObjectAsBytes(request -> request.bucket(S3Server.SILVER).key(key))
                .asUtf8String();
        List<String> files = new ArrayList<>();
        AwsJson.JSON.readTree(known).get("taken").fieldNames().forEachRemaining(files::add);
        return files;
    }

    /** The files that the tables of silver consist of. */
    private String dataFiles() {
        return engines.s3Client().listObjectsV2Paginator(request -> request.bucket(S3Server.SILVER)).contents().stream()
                .map(object -> object.key())
                .filter(key -> key.matches("finance/.*/_symlink_format_manifest/.*manifest"))
                .sorted()
                .map(key -> engines.s3Client()
                        .getObjectAsBytes(
                                request -> request.bucket(S3Server.SILVER).key(key))
                        .asUtf8String())
                .collect(Collectors.joining("\n"));
    }

    private static List<String> upload(LocalPlatform engines, Path files) throws IOException {
        try (Stream<Path> walk = Files.walk(files)) {
            List<Path> found = walk.filter(Files::isRegularFile).sorted().toList();
            for (Path file : found) {
                engines.s3Client()
                        .putObject(
                                request -> request.bucket(S3Server.LANDING)
                                        .key(files.relativize(file).toString()),
                                file);
            }
            return found.stream().map(file -> files.relativize(file).toString()).toList();
        }
    }

    private static Map<String, Total> transactions(Connection warehouse) throws Exception {
        Map<String, Total> totals = new TreeMap<>();
        try (Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select 'finance.' || origin || '_transactions ' || account_id, count(*), sum(amount)"
                                + " from marts.fct_transactions group by 1")) {
            while (rows.next()) {
                totals.put(rows.getString(1), new Total(rows.getLong(2), rows.getBigDecimal(3)));
            }
        }
        return totals;
    }

    private static String rows(Connection warehouse, String query) throws Exception {
        StringJoiner rows = new StringJoiner("\n");
        try (Statement statement = warehouse.createStatement();
                ResultSet found = statement.executeQuery(query)) {
            while (found.next()) {
                StringJoiner row = new StringJoiner(" ");
                for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                    row.add(found.getString(i));
                }
                rows.add(row.toString());
            }
        }
        return rows.toString();
    }

    private static BigDecimal one(Connection warehouse, String query) throws Exception {
        try (Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getBigDecimal(1);
        }
    }
}
