package dataplatform.spark.silver;

import static dataplatform.spark.OrderItems.change;
import static dataplatform.spark.OrderItems.changeOfKey;
import static dataplatform.spark.OrderItems.load;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lpad;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.spark.DataSet;
import dataplatform.spark.OrderItems;
import dataplatform.spark.Run;
import dataplatform.spark.SparkTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.util.QueryExecutionListener;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SilverTableTest extends SparkTest {
    @TempDir
    Path folder;

    private DataSet dataSet;
    private SilverTable table;

    @BeforeEach
    void prepare() {
        dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
        table = new SilverTable(SPARK, dataSet);
    }

    @Test
    void insertsUpdatesAndDeletes() throws Exception {
        MergeResult first = merge(load("a", "2017-01-05", "10.00"), load("b", "2017-02-05", "20.00"));
        MergeResult second = merge(
                change("U", "a", "2017-01-05", "11.00", "2"),
                change("D", "b", "2017-02-05", "20.00", "3"),
                change("I", "c", "2017-03-05", "30.00", "4"));

        assertThat(first.inserted()).isEqualTo(2);
        assertThat(counts(second)).containsExactly(3, 1, 1, 1, 0);
        assertThat(silver()).containsExactly("a 2017-01 11.00", "c 2017-03 30.00");
    }

    @Test
    void takesTheLatestOfAKeyWhateverTheOrderInTheFile() throws Exception {
        merge(load("a", "2017-01-05", "10.00"));
        MergeResult result = merge(
                change("U", "a", "2017-01-05", "13.00", "4"),
                change("I", "a", "2017-01-05", "12.00", "3"),
                change("D", "a", "2017-01-05", "11.00", "2"),
                change("I", "b", "2017-01-05", "1.00", "5"),
                change("D", "b", "2017-01-05", "1.00", "6"));

        assertThat(counts(result)).containsExactly(5, 0, 1, 0, 4);
        assertThat(silver()).containsExactly("a 2017-01 13.00");
    }

    @Test
    void aBatchThatComesAgainChangesNothing() throws Exception {
        merge(load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "20.00"));
        Row[] batch = {
            change("U", "a", "2017-02-05", "11.00", "2"),
            change("D", "b", "2017-01-05", "20.00", "3"),
            change("I", "c", "2017-03-05", "30.00", "4")
        };
        merge(batch);
        Map<String, Set<String>> before = files();

        assertThat(counts(merge(batch))).containsExactly(3, 0, 0, 0, 3);
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void anOlderChangeDoesNotBringADeletedRowBack() throws Exception {
        merge(load("a", "2017-01-05", "10.00"), change("I", "b", "2017-01-05", "20.00", "2"));
        merge(change("D", "a", null, null, "5"), change("D", "b", null, null, "6"));
        merge(load("a", "2017-01-05", "10.00"));
        merge(change("U", "b", "2017-01-05", "21.00", "3"));
        assertThat(silver()).isEmpty();

        merge(change("I", "a", "2017-01-05", "12.00", "7"));
        assertThat(silver()).containsExactly("a 2017-01 12.00");
    }

    @Test
    void aDeleteThatComesBeforeItsInsertWins() throws Exception {
        merge(load("z", "2017-01-05", "1.00"));
        merge(change("D", "a", "2017-01-05", "10.00", "5"));
        merge(change("I", "a", "2017-01-05", "10.00", "4"));
        assertThat(silver()).containsExactly("z 2017-01 1.00");
    }

    @Test
    void aRowThatMovesLeavesItsPartition() throws Exception {
        merge(load("a", "2017-01-05", "10.00"), load("b", "2017-01-06", "20.00"));
        MergeResult moved = merge(change("U", "a", "2017-03-05", "10.00", "2"));

        assertThat(counts(moved)).containsExactly(1, 0, 1, 0, 0);
        assertThat(silver()).containsExactly("a 2017-03 10.00", "b 2017-01 20.00");

        // what put it into the old partition comes again: no second row there
        merge(change("I", "a", "2017-01-05", "10.00", "1"));
        merge(load("a", "2017-01-05", "10.00"));
        assertThat(silver()).containsExactly("a 2017-03 10.00", "b 2017-01 20.00");

        merge(change("D", "a", null, null, "3"));
        assertThat(silver()).containsExactly("b 2017-01 20.00");
    }

    @Test
    void deletedAndInsertedInOneBatchItMovesToo() throws Exception {
        merge(load("a", "2017-01-05", "10.00"));
        merge(change("D", "a", "2017-01-05", "10.00", "2"), change("I", "a", "2017-04-05", "12.00", "3"));
        assertThat(silver()).containsExactly("a 2017-04 12.00");
    }

    @Test
    void anUpdateThatComesBeforeItsInsertInAnotherPartitionStaysAlone() throws Exception {
        merge(load("z", "2017-01-05", "1.00"));
        merge(change("U", "a", "2017-03-05", "11.00", "5"));
        merge(change("I", "a", "2017-02-05", "10.00", "4"));
        assertThat(silver()).containsExactly("a 2017-03 11.00", "z 2017-01 1.00");
    }

    @Test
    void aChangedKeyIsADeleteAndAnInsert() throws Exception {
        merge(load("a", "2017-01-05", "10.00"), load("b", "2017-02-05", "20.00"));
        MergeResult result = merge(changeOfKey("a", "c", "2017-01-05", "10.00", "2"));

        assertThat(counts(result)).containsExactly(2, 1, 0, 1, 0);
        assertThat(silver()).containsExactly("b 2017-02 20.00", "c 2017-01 10.00");
    }

    @Test
    void rowsThatBreakTheContractGoToQuarantineOnce() throws Exception {
        Row[] batch = {
            load("a", "2017-01-05", "10.00"),
            change("I", "b", "2017-01-05", "-1.00", "2"),
            change("I", null, "2017-01-05", "1.00", "3"),
            change("I", "d", null, "1.00", "4"),
            change("U", "a", "2017-01-05", "-5.00", "5")
        };
        MergeResult result = merge(batch);
        assertThat(merge(batch).quarantined()).isEmpty();

        assertThat(counts(result)).containsExactly(5, 0, 0, 0, 1);
        assertThat(result.quarantined())
                .containsOnly(
                        Map.entry("price is below 0", 2L),
                        Map.entry("order_id is required", 1L),
                        Map.entry("shipping_limit_date is required", 1L));
        assertThat(silver()).isEmpty();
        List<Row> quarantine = SPARK.read()
                .format("delta")
                .load(dataSet.quarantine())
                .sort("change_seq")
                .collectAsList();
        assertThat(quarantine).hasSize(4);
        assertThat(quarantine.get(0).<String>getAs("raw_row")).contains("\"order_id\":\"b\"", "\"price\":-1.00");
    }

    @Test
    void aRowWhoseNewestVersionBreaksTheContractIsWithdrawnUntilItKeepsItAgain() throws Exception {
        merge(load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "20.00"));
        MergeResult broken = merge(change("U", "a", "2017-01-05", "-1.00", "2"));

        assertThat(counts(broken)).containsExactly(1, 0, 0, 0, 0);
        assertThat(broken.withdrawn()).isEqualTo(1);
        assertThat(silver()).containsExactly("b 2017-01 20.00");

        merge(change("I", "a", "2017-01-05", "9.00", "1"));
        assertThat(silver()).containsExactly("b 2017-01 20.00");
        merge(change("U", "a", "2017-02-05", "11.00", "3"));
        assertThat(silver()).containsExactly("a 2017-02 11.00", "b 2017-01 20.00");
    }

    @Test
    void readsAndWritesOnlyPartitionsWithAChange() throws Exception {
        merge(
                load("a", "2017-01-05", "10.00"),
                load("b", "2017-02-05", "20.00"),
                load("c", "2017-03-05", "30.00"),
                load("d", "2017-03-06", "40.00"));
        Map<String, Set<String>> before = files();
        List<String> scans = scansDuring(() -> merge(
                change("U", "c", "2017-03-05", "31.00", "2"),
                change("D", "d", "2017-03-06", "40.00", "3"),
                change("I", "e", "2017-04-01", "1.00", "4")));

        Map<String, Set<String>> after = files();
        assertThat(after.get("2017-01")).isEqualTo(before.get("2017-01"));
        assertThat(after.get("2017-02")).isEqualTo(before.get("2017-02"));
        assertThat(after.get("2017-03")).doesNotContainAnyElementsOf(before.get("2017-03"));
        assertThat(scans)
                .isNotEmpty()
                .allSatisfy(read -> assertThat(read).contains("2017-0").doesNotContain("2017-01", "2017-02"));
        assertThat(silver()).containsExactly("a 2017-01 10.00", "b 2017-02 20.00", "c 2017-03 31.00", "e 2017-04 1.00");
    }

    @Test
    void aLargeFirstLoadKeepsTheLatestOfRepeatedKeys() throws Exception {
        Dataset<Row> rows = rows(
                load("a", "2017-01-05", "10.00"),
                load("b", "2017-01-05", "20.00"),
                load("b", "2017-01-05", "20.00"),
                load("c", "2017-01-05", "30.00"),
                change("U", "a", "2017-01-05", "11.00", "2"),
                change("D", "c", "2017-01-05", "30.00", "3"));
        MergeResult result = table.merge(rows, Long.MAX_VALUE);

        assertThat(counts(result)).containsExactly(6, 2, 0, 0, 4);
        assertThat(silver()).containsExactly("a 2017-01 11.00", "b 2017-01 20.00");

        // as if the run had died before the commit that makes the load whole
        Path log = Path.of(dataSet.silver(), "_delta_log");
        for (String commit : List.of("%020d.json", ".%020d.json.crc", "%020d.crc", ".%020d.crc.crc")) {
            Files.deleteIfExists(log.resolve(commit.formatted(1)));
        }
        DeltaLog.clearCache();
        assertThat(silver()).hasSize(5);
        assertThat(counts(table.merge(rows, Long.MAX_VALUE))).containsExactly(6, 2, 0, 0, 4);
        assertThat(silver()).containsExactly("a 2017-01 11.00", "b 2017-01 20.00");
    }

    @Test
    @Timeout(120)
    void aLargeFirstLoadGoesOnWhereAnotherWriterWasFaster() throws Exception {
        Dataset<Row> rows = rows(load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "20.00"));
        table.merge(rows, Long.MAX_VALUE);

        // as if it had looked whether there is a table before the other one made it
        try (BatchCache cache = new BatchCache(Long.MAX_VALUE)) {
            table.loadLarge(
                    ChangeBatch.ofBronze(dataSet.contract(), rows, SilverTable.OLDEST),
                    Commit.NONE.next(new Run("second", Instant.now())),
                    cache);
        }
        assertThat(silver()).containsExactly("a 2017-01 10.00", "b 2017-01 20.00");
    }

    @Test
    void aNewColumnIsReportedAndAMissingOneRefused() throws Exception {
        Dataset<Row> rows = SPARK.createDataFrame(List.of(load("a", "2017-01-05", "10.00")), OrderItems.BRONZE);

        assertThat(table.merge(rows.withColumn("gift_wrap", lit(true)), 1).unknownColumns())
                .containsExactly("gift_wrap");
        assertThat(silver()).hasSize(1);
        assertThatThrownBy(() -> table.merge(rows.drop("price"), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lacks the columns [price] of contract ecommerce.order_items");
    }

    @Test
    void textThatIsNoPriceGoesToQuarantine() throws Exception {
        Dataset<Row> rows = SPARK.createDataFrame(
                        List.of(load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "20.00")), OrderItems.BRONZE)
                .withColumn("price", when(col("order_id").equalTo("a"), "ten").otherwise("20.00"));

        assertThat(table.merge(rows, 1).quarantined()).containsOnly(Map.entry("price is not decimal(12,2)", 1L));
        assertThat(silver()).containsExactly("b 2017-01 20.00");
    }

    private MergeResult merge(Row... changes) throws InterruptedException {
        return table.merge(rows(changes), 1);
    }

    /** Of changes by their number: as many digits as AWS DMS writes. */
    private static Dataset<Row> rows(Row... changes) {
        return SPARK.createDataFrame(List.of(changes), OrderItems.BRONZE)
                .withColumn("change_seq", lpad(col("change_seq"), 35, "0"));
    }

    private static List<Integer> counts(MergeResult result) {
        return Stream.of(result.rowsIn(), result.inserted(), result.updated(), result.deleted(), result.skipped())
                .map(Long::intValue)
                .toList();
    }

    private List<String> silver() {
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

    /** Data files by partition. */
    private Map<String, Set<String>> files() {
        Map<String, Set<String>> files = new TreeMap<>();
        for (String file : SPARK.read().format("delta").load(dataSet.silver()).inputFiles()) {
            String month = file.replaceAll(".*shipping_limit_month=([^/]*)/.*", "$1");
            files.computeIfAbsent(month, key -> new TreeSet<>()).add(file);
        }
        return files;
    }

    /** The partition filters with which the silver table was scanned while something ran. */
    private List<String> scansDuring(ThrowingRunnable work) throws Exception {
        List<String> scans = new CopyOnWriteArrayList<>();
        QueryExecutionListener listener = new QueryExecutionListener() {
            @Override
            public void onSuccess(String function, QueryExecution execution, long nanos) {
                Matcher scan = Pattern.compile("FileScan parquet [^\\n]*?"
                                + Pattern.quote(dataSet.silver())
                                + "\\], PartitionFilters: \\[(.*?)\\], PushedFilters")
                        .matcher(execution.executedPlan().toString());
                while (scan.find()) {
                    scans.add(scan.group(1));
                }
            }

            @Override
            public void onFailure(String function, QueryExecution execution, Exception failure) {}
        };
        SPARK.listenerManager().register(listener);
        try {
            work.run();
            SPARK.sparkContext().listenerBus().waitUntilEmpty();
        } finally {
            SPARK.listenerManager().unregister(listener);
        }
        return scans;
    }
}
