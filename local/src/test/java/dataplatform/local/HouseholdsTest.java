package dataplatform.local;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.HouseholdGenerator;
import dataplatform.source.HouseholdGenerator.Expected;
import dataplatform.source.HouseholdGenerator.Total;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What made-up banks export, from the landing bucket to tested marts. */
class HouseholdsTest {
    private static final List<Contract> FINANCE = Contracts.bundled().stream()
            .filter(contract -> contract.domain().equals("finance"))
            .toList();

    @TempDir
    Path folder;

    @Test
    void takesExportsOfBanksToMarts() throws Exception {
        Path files = folder.resolve("files");
        Expected expected = new HouseholdGenerator(files, 5, 3, 2).write();
        try (Engines engines = Engines.start(folder.resolve("state"));
                Connection warehouse = engines.postgres().connect(PostgresServer.WAREHOUSE)) {
            List<String> keys = upload(engines, files);
            // a late one, by itself, as an event names it
            String last = keys.stream()
                    .filter(key -> key.contains("budgets"))
                    .findFirst()
                    .orElseThrow();
            run(engines.landingToSilver(List.of("--objects", "s3://" + S3Server.LANDING + "/" + last)));
            run(engines.landingToSilver(List.of()));
            assertThat(refresh(engines, warehouse)).hasSize(7);
            run(engines.dbt(List.of("build", "--select", "path:models/staging/finance", "path:models/marts/finance")));

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

            run(engines.landingToSilver(List.of()));
            assertThat(refresh(engines, warehouse)).isEmpty();
        }
    }

    private static List<String> upload(Engines engines, Path files) throws IOException {
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

    private static void run(ChildProcess process) throws IOException, InterruptedException {
        try (process) {
            process.await(System.out::println);
        }
    }

    private List<String> refresh(Engines engines, Connection warehouse) throws Exception {
        return new Spectrum(engines.s3Client(), folder.resolve("tmp"))
                .refresh(
                        warehouse,
                        FINANCE.stream()
                                .flatMap(contract -> Stream.of(
                                        Spectrum.ExternalTable.of(contract),
                                        Spectrum.ExternalTable.quarantineOf(contract)))
                                .toList());
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

    private static BigDecimal one(Connection warehouse, String query) throws Exception {
        try (Statement statement = warehouse.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getBigDecimal(1);
        }
    }
}
