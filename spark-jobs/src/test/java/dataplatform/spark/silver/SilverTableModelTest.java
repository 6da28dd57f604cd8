package dataplatform.spark.silver;

import static dataplatform.spark.OrderItems.changeOfKey;
import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.contracts.Contract;
import dataplatform.spark.DataSet;
import dataplatform.spark.OrderItems;
import dataplatform.spark.Run;
import dataplatform.spark.SparkTest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Silver against a source that is a map: random changes, loaded again now and then, come in random files, in any order, late and
 * repeated. A table holds many short histories at once, each of a few keys of its own, so that a run tries hundreds of them.
 */
class SilverTableModelTest extends SparkTest {
    /** Histories in all; more with {@code -Dsilver.histories=}. */
    private static final int HISTORIES = Integer.getInteger("silver.histories", 2_000);

    private static final int PER_TABLE = 1_000;
    /** So many that a batch does not name them all: then rows have to be looked for. */
    private static final int MONTHS = 60;

    private static final int RUNS = 3;

    private static final Contract ITEMS = contract("ecommerce.order_items");

    @TempDir
    Path folder;

    @Test
    void equalsTheSourceWhateverComesInWhateverOrder() throws Exception {
        long seed = Long.getLong("silver.seed", System.nanoTime());
        for (int i = 0; i < HISTORIES / PER_TABLE; i++) {
            Histories histories = new Histories(new SplittableRandom(seed + i));
            DataSet dataSet = DataSet.of(ITEMS, folder + "/bronze", folder + "/silver" + i);
            List<String> actual = histories.deliver(new SilverTable(SPARK, dataSet), dataSet);
            assertThat(actual)
                    .as("-Dsilver.seed=%d -Dsilver.histories=%d", seed + i, PER_TABLE)
                    .isEqualTo(histories.expected());
        }
    }

    /** Some rows that come together, the change_seq of those of a full load, and whether that is whole. */
    private record File(List<Row> rows, String loadSeq, boolean isLoad) {}

    /** A row of the source; one with a negative price breaks the contract. */
    private record Item(String day, String price) {}

    private static final class Histories {
        private final SplittableRandom random;
        private final Map<String, Item> source = new TreeMap<>();
        private final List<File> files = new ArrayList<>();
        private int time;

        Histories(SplittableRandom random) {
            this.random = random;
            int gap = random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0;
            changes(random.nextInt(PER_TABLE), false);
            load();
            changes(PER_TABLE * 2, true);
            if (random.nextBoolean()) {
                if (gap > 0) {
                    // the replication has broken, and what changed meanwhile was never written
                    changes(PER_TABLE, false);
                }
                load();
                changes(PER_TABLE, true);
            }
        }

        private String seq() {
            return "20260101%08d%019d".formatted(time, time);
        }

        /** All of the source, and with it some changes that were committed while it was read. */
        private void load() {
            time += 10;
            String began = "20260101%08d%013d".formatted(time, 1);
            changes(random.nextInt(20), true);
            List<Row> rows = source.entrySet().stream()
                    .map(each -> load(each.getKey(), each.getValue()))
                    .toList();
            files.add(new File(rows, began, true));
        }

        private static Row load(String key, Item item) {
            return OrderItems.load(key, item.day(), item.price());
        }

        private void changes(int count, boolean written) {
            for (int i = 0; i < count; i++) {
                time++;
                Row row = change(random.nextInt(PER_TABLE));
                if (written) {
                    files.add(new File(List.of(row), "", false));
                    if (random.nextInt(20) == 0) {
                        files.add(new File(List.of(goneAtOnce(row)), "", false));
                    }
                }
            }
        }

        /** A delete with the {@code change_seq} of another change of the row. */
        private Row goneAtOnce(Row change) {
            String key = change.getString(1);
            source.remove(key);
            return OrderItems.change("D", key, null, null, seq());
        }

        private Row change(int history) {
            String key = history + "-" + random.nextInt(2);
            int month = (history * 7 + random.nextInt(3) * 20) % MONTHS;
            Item item = new Item(
                    "%d-%02d-05".formatted(2017 + month / 12, 1 + month % 12),
                    (random.nextInt(6) == 0 ? "-" : "") + random.nextInt(1, 99) + ".00");
            if (!source.containsKey(key)) {
                source.put(key, item);
                return OrderItems.change("I", key, item.day(), item.price(), seq());
            }
            String other = history + "-" + random.nextInt(2);
            if (random.nextInt(4) == 0 && !source.containsKey(other)) {
                source.remove(key);
                source.put(other, item);
                return changeOfKey(key, other, item.day(), item.price(), seq());
            }
            if (random.nextInt(3) == 0) {
                Item gone = source.remove(key);
                return random.nextBoolean()
                        ? OrderItems.change("D", key, gone.day(), gone.price(), seq())
                        : OrderItems.change("D", key, null, null, seq());
            }
            source.put(key, item);
            return OrderItems.change("U", key, item.day(), item.price(), seq());
        }

        List<String> deliver(SilverTable table, DataSet dataSet) throws InterruptedException {
            boolean inOrder = random.nextBoolean();
            List<List<File>> batches = new ArrayList<>();
            for (int run = 0; run < RUNS; run++) {
                batches.add(new ArrayList<>());
            }
            for (int i = 0; i < files.size(); i++) {
                batches.get(inOrder ? i * RUNS / files.size() : random.nextInt(RUNS))
                        .add(files.get(i));
                if (random.nextInt(10) == 0) {
                    batches.get(random.nextInt(RUNS)).add(files.get(i));
                }
            }
            // a few changes that are late, which name few months
            for (int few = 0; few < RUNS; few++) {
                List<File> from = batches.get(random.nextInt(batches.size()));
                List<File> late = new ArrayList<>();
                while (late.size() < 8 && !from.isEmpty()) {
                    late.add(from.remove(random.nextInt(from.size())));
                }
                batches.add(random.nextInt(batches.size() + 1), late);
            }
            batches.removeIf(List::isEmpty);
            for (List<File> batch : batches) {
                long bytes = List.of(1L, 1L, 2L << 20, Long.MAX_VALUE).get(random.nextInt(4));
                table.merge(batch(batch), bytes, table.newest(), new Run("", Instant.now()));
            }
            return SPARK
                    .read()
                    .format("delta")
                    .load(dataSet.silver())
                    .selectExpr("concat_ws(' ', order_id, shipping_limit_month, price) as row")
                    .sort("row")
                    .collectAsList()
                    .stream()
                    .map(row -> row.getString(0))
                    .toList();
        }

        private static ChangeBatch batch(List<File> files) {
            Map<String, List<Row>> rows = new TreeMap<>();
            files.forEach(file -> rows.computeIfAbsent(file.loadSeq(), each -> new ArrayList<>())
                    .addAll(file.rows()));
            List<ChangeBatch> parts = rows.entrySet().stream()
                    .map(each -> ChangeBatch.ofBronze(
                            ITEMS, SPARK.createDataFrame(each.getValue(), OrderItems.BRONZE), each.getKey()))
                    .toList();
            return ChangeBatch.union(
                    parts,
                    files.stream()
                            .filter(File::isLoad)
                            .map(File::loadSeq)
                            .max(String::compareTo)
                            .orElse(""));
        }

        List<String> expected() {
            return source.entrySet().stream()
                    .filter(each -> !each.getValue().price().startsWith("-"))
                    .map(each -> each.getKey() + " " + each.getValue().day().substring(0, 7) + " "
                            + each.getValue().price())
                    .sorted()
                    .toList();
        }
    }
}
