package dataplatform.spark.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contract;
import dataplatform.spark.SparkTest;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.landing.LandingFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DailySessionsTest extends SparkTest {
    private static final LocalDate DAY = LocalDate.parse("2026-03-01");

    @TempDir
    Path folder;

    /** Users do not depend on how the work is spread, and no step takes all rows in one task. */
    @Test
    void usersAreTheSameOnAnyNumberOfPartitions() throws Exception {
        Contract contract = contract("customers.events");
        List<FileVersion> files = write(400);

        Set<List<String>> users = new HashSet<>();
        for (int partitions : List.of(1, 2, 8)) {
            SparkSession session = SPARK.newSession();
            session.conf().set("spark.sql.shuffle.partitions", partitions);
            session.conf().set("spark.sql.adaptive.enabled", false);
            session.conf().set("spark.sql.autoBroadcastJoinThreshold", -1);
            Dataset<Row> rows =
                    LandingFiles.inspect(session, contract, files).rows("").rows();
            try (BatchCache cache = new BatchCache(Long.MAX_VALUE)) {
                DailySessions sessions = new DailySessions(contract, DAY, rows, cache);
                Dataset<Row> named = sessions.named(sessions.checked().rows());
                String plan = named.queryExecution().executedPlan().toString();
                assertThat(plan).doesNotContain("SinglePartition");
                users.add(named.filter(DailySessions.isGood()).select("id", "user_id").collectAsList().stream()
                        .map(Row::toString)
                        .sorted()
                        .toList());
            }
        }
        assertThat(users).hasSize(1);
        assertThat(users.iterator().next()).hasSizeGreaterThan(800).anyMatch(row -> row.contains("synthetic-"));
    }

    /** Sessions of one to four events, some with a gap, in three files. */
    private List<FileVersion> write(int sessions) throws Exception {
        Random random = new Random(1);
        List<String> lines = new ArrayList<>();
        for (int session = 0; session < sessions; session++) {
            String user = random.nextBoolean() ? "" : Integer.toString(random.nextInt(50));
            int events = 1 + random.nextInt(4);
            for (int number = 1; number <= events; number++) {
                int place = random.nextInt(50) == 0 ? number + 1 : number;
                lines.add(lines.size() + "," + user + "," + place + ",s" + session * 7919 % sessions + "x"
                        + ",2026-03-01 10:00:00,,,,,Chrome,Email,/cart,cart\n");
            }
        }
        Collections.shuffle(lines, random);
        List<FileVersion> files = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Path file = folder.resolve(DAY + "/events_" + i + ".csv");
            Files.createDirectories(file.getParent());
            int third = lines.size() / 3;
            Files.writeString(
                    file,
                    "id,user_id,sequence_number,session_id,created_at,ip_address,city,state,postal_code,browser,"
                            + "traffic_source,uri,event_type\n"
                            + String.join("", lines.subList(i * third, i == 2 ? lines.size() : (i + 1) * third)));
            files.add(new FileVersion("file:" + file, 1, Files.size(file)));
        }
        return files;
    }
}
