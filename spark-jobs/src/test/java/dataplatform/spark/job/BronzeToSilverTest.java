package dataplatform.spark.job;

import static dataplatform.spark.OrderItems.change;
import static dataplatform.spark.OrderItems.load;
import static dataplatform.spark.OrderItems.seq;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.DataSet;
import dataplatform.spark.LogLines;
import dataplatform.spark.OrderItems;
import dataplatform.spark.Run;
import dataplatform.spark.SparkTest;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.batch.SetAside;
import dataplatform.spark.batch.SourceFiles;
import dataplatform.spark.bronze.BronzeFiles;
import dataplatform.spark.bronze.BronzeFolder;
import dataplatform.spark.silver.ContractChange;
import dataplatform.spark.silver.TableLog;
import io.delta.tables.DeltaTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import picocli.CommandLine;

/** One test at a time, as a session runs one query for a data set. */
@Execution(ExecutionMode.SAME_THREAD)
class BronzeToSilverTest extends SparkTest {
    private static final StructType SELLERS = new StructType()
            .add("Op", DataTypes.StringType)
            .add("seller_id", DataTypes.StringType)
            .add("seller_zip_code_prefix", DataTypes.StringType)
            .add("seller_city", DataTypes.StringType)
            .add("seller_state", DataTypes.StringType)
            .add("extracted_at", DataTypes.StringType)
            .add("change_seq", DataTypes.StringType);

    private final LogLines log = LogLines.of(
            BronzeToSilver.class, Refresh.class, BronzeFolder.class, BronzeFiles.class, ContractChange.class);

    @TempDir
    Path folder;

    private int come;

    @AfterEach
    void everyRowIsAccountedFor() {
        if (Files.exists(folder.resolve("silver/platform/data_quality"))) {
            assertThat(table("platform/data_quality")
                            .filter("rows_in <> inserted + updated + deleted + skipped + quarantined")
                            .count())
                    .isZero();
        }
        log.close();
    }

    @Test
    void bringsDataSetsUpToDateAndThenDoesNothing() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"), load("b", "2017-02-05", "20.00"));
        sellers("LOAD00000001", seller("I", "s1", "1037", "São Paulo", "sp", null));
        String[] all = {"ecommerce.order_items", "ecommerce.sellers", "ecommerce.geolocation"};

        assertThat(run(all)).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-02 20.00");
        assertThat(table("ecommerce/sellers")
                        .selectExpr("concat_ws(' ', seller_zip_code_prefix, seller_city, seller_state)")
                        .first()
                        .getString(0))
                .isEqualTo("01037 sao paulo SP");
        assertThat(table("ecommerce/geolocation").columns())
                .containsExactly(
                        "id",
                        "geolocation_zip_code_prefix",
                        "geolocation_lat",
                        "geolocation_lng",
                        "geolocation_city",
                        "geolocation_state",
                        "change_seq",
                        "extracted_at");
        assertThat(table("ecommerce/geolocation").isEmpty()).isTrue();

        List<Long> versions = versions("ecommerce/order_items", "ecommerce/sellers", "ecommerce/geolocation");
        assertThat(run(all)).isZero();
        assertThat(versions("ecommerce/order_items", "ecommerce/sellers", "ecommerce/geolocation"))
                .isEqualTo(versions);

        orderItems(
                "20260101-120000000",
                change("U", "a", "2017-01-05", "11.00", seq(2)),
                change("D", "b", "2017-02-05", "20.00", seq(3)),
                change("I", "c", "2017-02-05", "-1.00", seq(4)),
                change("I", "d", "2017-03-05", "40.00", seq(5)));
        assertThat(run(all)).isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00", "d 2017-03 40.00");
        assertThat(versions("ecommerce/sellers", "ecommerce/geolocation")).isEqualTo(versions.subList(1, 3));
        assertThat(quality("ecommerce.order_items"))
                .containsExactly(
                        "in 2, +2 ~0 -0, skipped 0, quarantined {}",
                        "in 4, +1 ~1 -1, skipped 0, quarantined {price is below 0 -> 1}");
        assertThat(table("platform/data_quality")
                        .filter("data_set = 'ecommerce.sellers' and rows_in = 1")
                        .selectExpr("nulls_by_column['seller_city']")
                        .first()
                        .getLong(0))
                .isZero();
    }

    @Test
    void aFileThatIsCutOffIsNamedAndTheOthersGoOn() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        Path file = orderItems("20260101-120000000", change("I", "b", "2017-01-05", "20.00", seq(2)));
        orderItems("20260101-120100000", change("U", "a", "2017-01-05", "11.00", seq(3)));
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));

        for (int i = 0; i < SetAside.TRIES; i++) {
            assertThat(run("ecommerce.order_items")).isEqualTo(1);
        }
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR ")
                .contains("20260101-120000000.parquet is no whole Parquet file: ")
                .contains("; the other files are in silver"));
        assertThat(items()).containsExactly("a 2017-01 11.00");

        // after its tries it stops nothing any more, and stands in the report of the gate
        assertThat(run("ecommerce.order_items")).isZero();
        Path report = folder.resolve("silver/_state/reports/ecommerce/order_items.json");
        assertThat(report).content().contains("20260101-120000000.parquet").contains("is no whole Parquet file");
        assertThat(run("--retry", "all", "--data-sets", "ecommerce.order_items"))
                .isEqualTo(1);

        Files.write(file, whole);
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00", "b 2017-01 20.00");
        assertThat(report).doesNotExist();
    }

    @Test
    void aFileThatMayNotBeReadIsSetAsideIfOthersMay() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        onDisk(OneFileDenied.class, () -> {
            orderItems(OneFileDenied.NAME, change("I", "b", "2017-01-05", "20.00", seq(2)));
            assertThat(run("ecommerce.order_items")).isEqualTo(1);
            assertThat(items()).containsExactly("a 2017-01 10.00");
            // alone it may stand for all of the storage
            assertThat(run("ecommerce.order_items")).isEqualTo(1);
            for (int i = 1; i < SetAside.TRIES; i++) {
                orderItems("20260103-12000%d000".formatted(i), change("U", "a", "2017-01-05", "11.00", seq(3)));
                assertThat(run("ecommerce.order_items")).isEqualTo(1);
            }
            assertThat(run("ecommerce.order_items")).isZero();
            assertThat(items()).containsExactly("a 2017-01 11.00");
        });
        assertThat(run("--retry", "all", "--data-sets", "ecommerce.order_items"))
                .isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00", "b 2017-01 20.00");
    }

    /** A disk with a file that nobody may read, as under a key that is lost. */
    public static final class OneFileDenied extends LocalFileSystem {
        static final String NAME = "20260102-120000000";

        @Override
        public FSDataInputStream open(org.apache.hadoop.fs.Path file, int bufferSize) throws IOException {
            if (file.getName().startsWith(NAME)) {
                throw new AccessDeniedException(file.toString());
            }
            return super.open(file, bufferSize);
        }
    }

    @Test
    void aRunThatTriesAFileAgainAndAgainCountsOnce() throws Exception {
        DataSet dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
        FileVersion file = new FileVersion("a.parquet", 1, 1);
        for (int i = 0; i < SetAside.TRIES; i++) {
            assertThat(new SetAside(SPARK, dataSet).entries()).isEmpty();
            Run run = new Run("patient", Instant.ofEpochSecond(i));
            for (int j = 0; j < SetAside.TRIES; j++) {
                new SetAside(SPARK, dataSet).failed(file, "is no Parquet", run);
            }
        }
        assertThat(new SetAside(SPARK, dataSet).entries()).hasSize(1);
    }

    @Test
    void aFileThatIsGoneIsNotSetAsideAnyMore() throws Exception {
        Path file = Files.createDirectories(folder.resolve("bronze/ecommerce/order_items"))
                .resolve("20260101-120000000.parquet");
        Files.writeString(file, "no Parquet");
        for (int i = 0; i < SetAside.TRIES; i++) {
            assertThat(run("ecommerce.order_items")).isEqualTo(1);
        }
        assertThat(run("ecommerce.order_items")).isZero();
        Path report = folder.resolve("silver/_state/reports/ecommerce/order_items.json");
        assertThat(report).exists();

        Files.delete(file);
        assertThat(run("--retry", file.getFileName().toString(), "--data-sets", "ecommerce.order_items"))
                .isZero();
        assertThat(report).doesNotExist();
        assertThat(run("--retry", "elsewhere.parquet", "--data-sets", "ecommerce.order_items"))
                .isZero();
        assertThat(log.lines())
                .noneSatisfy(line -> assertThat(line).contains("--retry 20260101"))
                .anySatisfy(line ->
                        assertThat(line).contains("--retry elsewhere.parquet: nothing of that name was set aside"));
    }

    @Test
    void aFullLoadWithoutRowsSaysThatItTellsNothing() throws Exception {
        orderItems("LOAD00000001");
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(folder.resolve("silver/platform/data_quality")).doesNotExist();
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        orderItems("LOAD00000001");
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00");
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .contains("no row tells when the full load in [LOAD00000001.parquet] began"));
    }

    @Test
    void aFileWithDamagedRowsIsSetAsideAndTheOthersGoOn() throws Exception {
        Path file = orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        orderItems("20260101-120000000", change("I", "b", "2017-01-05", "20.00", seq(2)));
        byte[] damaged = Files.readAllBytes(file);
        // behind the magic number, in the pages of the first columns; the footer stays
        Arrays.fill(damaged, 4, 300, (byte) 0x5a);
        Files.write(file, damaged);

        assertThat(run("ecommerce.order_items")).isEqualTo(1);
        assertThat(log.lines())
                .anySatisfy(line -> assertThat(line).contains("LOAD00000001.parquet can't be read to its end"));
        assertThat(items()).containsExactly("b 2017-01 20.00");
    }

    @Test
    void aFullLoadMadeAgainIsNewerThanWhatCameBeforeAndWhatItDoesNotHoldIsGone() throws Exception {
        orderItems(
                "LOAD00000001",
                load("a", "2017-01-05", "10.00"),
                load("b", "2017-02-05", "20.00"),
                load("c", "2017-02-05", "30.00"));
        orderItems("20260101-120000000", change("U", "a", "2017-01-05", "11.00", seq(2)));
        assertThat(run("ecommerce.order_items")).isZero();

        // in a gap of the replication b was deleted and c changed
        orderItems(
                "LOAD00000001",
                List.of(load("a", "2017-01-05", "11.00"), load("c", "2017-03-05", "31.00")),
                "2026-01-02 00:00:00.000000");
        orderItems("LOAD00000002", List.of(load("d", "2017-03-05", "40.00")), "2026-01-02 00:00:01.000000");
        orderItems("20260101-120100000", change("U", "b", "2017-02-05", "21.00", seq(3)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00", "c 2017-03 31.00", "d 2017-03 40.00");
        assertThat(run("ecommerce.order_items")).isZero();

        // replaced again under its own name, by a load of the same moment
        orderItems("LOAD00000001", List.of(load("a", "2017-01-05", "12.00")), "2026-01-02 00:00:00.000000");
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 12.00", "d 2017-03 40.00");
    }

    @Test
    void theRestOfALoadOverwritesNoChangeThoughItsFirstFileComesLater() throws Exception {
        orderItems(
                "LOAD00000002",
                List.of(load("b", "2017-01-05", "1.00"), load("c", "2017-01-05", "1.00")),
                "2026-01-01 13:00:00.000000");
        orderItems(
                "20260101-120000000",
                change("U", "b", "2017-01-05", "2.00", seq(1)),
                change("D", "c", "2017-01-05", "1.00", seq(2)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("b 2017-01 2.00");

        orderItems("LOAD00000001", load("a", "2017-01-05", "1.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 1.00", "b 2017-01 2.00");
    }

    @Test
    void aFileIsTakenHoweverOldItIs() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        Path old = orderItems("20260101-120000000", change("I", "b", "2017-01-05", "20.00", seq(2)));
        Files.setLastModifiedTime(old, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 20.00");
    }

    @Test
    void everyFileIsReadByItsOwnTypesAndWhatDoesNotFitGoesToQuarantine() throws Exception {
        Dataset<Row> rows = SPARK.createDataFrame(List.of(load("a", "2017-01-05", "10.00")), OrderItems.BRONZE);
        write(rows, "order_items", "LOAD00000001");
        Dataset<Row> wide = rows.withColumn("change_seq", lit(seq(1)))
                .withColumn("gift", lit(1L))
                .withColumn("order_item_id", expr("explode(array(2L, 4294967297L))"));
        write(wide, "order_items", "20260101-120000000");
        write(
                rows.withColumn("change_seq", lit(seq(2)))
                        .withColumn("gift", lit("yes"))
                        .withColumn("order_id", expr("explode(array('c', 'd', 'e'))"))
                        .withColumn(
                                "price",
                                expr("case order_id when 'c' then 10.5D when 'd' then 10.005D else double('NaN') end")),
                "order_items",
                "20260101-120001000");
        // Spark would make a time, a price and a text of these
        List<List<String>> others = List.of(
                List.of("shipping_limit_date", "array(1)"),
                List.of("shipping_limit_date", "1483574400L"),
                List.of("price", "true"),
                List.of("price", "timestamp '2017-01-05'"),
                List.of("seller_id", "array('x')"),
                List.of("seller_id", "struct(1 as x)"),
                List.of("seller_id", "x'73'"));
        for (int i = 0; i < others.size(); i++) {
            write(
                    rows.withColumn("change_seq", lit(seq(3 + i)))
                            .withColumn(others.get(i).get(0), expr(others.get(i).get(1))),
                    "order_items",
                    "2026010%d-120000000".formatted(2 + i));
        }
        write(
                rows.withColumn("change_seq", lit(seq(10)))
                        .withColumn("order_id", lit(12))
                        .withColumn("shipping_limit_date", expr("timestamp_ntz'2017-01-05'")),
                "order_items",
                "20260109-120000000");

        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(texts(table("ecommerce/order_items")
                        .selectExpr("concat_ws(' ', order_id, order_item_id, price) as row")
                        .sort("row")))
                .containsExactly("12 1 10.00", "a 2 10.00", "c 1 10.50");
        assertThat(texts(table("ecommerce/order_items_quarantine")
                        .select("reason")
                        .sort("reason")))
                .containsExactly(
                        "order_item_id is not int",
                        "price is not decimal(12,2)",
                        "price is not decimal(12,2)",
                        "price is not decimal(12,2)",
                        "price is not decimal(12,2)",
                        "seller_id is not string",
                        "seller_id is not string",
                        "seller_id is not string",
                        "shipping_limit_date is not timestamp",
                        "shipping_limit_date is not timestamp");
    }

    @Test
    void daysLongAgoAndFarAwayComeThrough() throws Exception {
        Dataset<Row> rows = SPARK.createDataFrame(List.of(load("a", "2017-01-05", "10.00")), OrderItems.BRONZE);
        write(
                rows.withColumn("order_id", expr("explode(array('ancient', 'old', 'far', 'infinite'))"))
                        .withColumn(
                                "shipping_limit_date",
                                expr("case order_id when 'ancient' then timestamp'0018-10-03 12:30:00'"
                                        + " when 'old' then timestamp'1899-12-31 23:59:59'"
                                        + " when 'far' then timestamp'9999-12-31 23:59:59.999999'"
                                        + " else timestamp_micros(9223372036854775807L) end")),
                "order_items",
                "LOAD00000001");

        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(texts(table("ecommerce/order_items")
                        .selectExpr("concat_ws(' ', order_id, shipping_limit_date, shipping_limit_month) as row")
                        .sort("row")))
                .containsExactly(
                        "ancient 0018-10-03 12:30:00 0018-10",
                        "far 9999-12-31 23:59:59.999999 9999-12",
                        "old 1899-12-31 23:59:59 1899-12");
        assertThat(texts(table("ecommerce/order_items_quarantine").select("reason")))
                .containsExactly("shipping_limit_date is not within the years 1 to 9999");
    }

    @Test
    void twoDriversAtOnceMakeEachBatchOnce() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"), load("x", "2017-01-05", "-1.00"));
        for (int round = 1; round < 4; round++) {
            orderItems(
                    "20260101-12000%d000".formatted(round),
                    change("I", "new" + round, "2017-02-05", "20.00", seq(round)),
                    change("I", "bad" + round, "2017-02-05", "-1.00", seq(round)),
                    change("U", "a", "2017-0" + round + "-05", "1" + round + ".00", seq(round)));
            ExecutorService drivers = Executors.newFixedThreadPool(2);
            List<Future<Integer>> ends =
                    drivers.invokeAll(List.of(() -> run("ecommerce.order_items"), () -> run("ecommerce.order_items")));
            drivers.shutdown();
            for (Future<Integer> end : ends) {
                assertThat(end.get()).isZero();
            }
        }

        assertThat(items())
                .containsExactly("a 2017-03 13.00", "new1 2017-02 20.00", "new2 2017-02 20.00", "new3 2017-02 20.00");
        assertThat(table("ecommerce/order_items_quarantine").count()).isEqualTo(4);
        assertThat(table("platform/data_quality")
                        .selectExpr(
                                "cast(sum(rows_in) as string)", "cast(sum(quarantined) as string)", "string(count(*))")
                        .collectAsList())
                .containsExactly(RowFactory.create("11", "4", "3"));
    }

    @Test
    void aRunEndsThoughFilesKeepComing() throws Exception {
        DataSet dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));

        refreshWhileFilesCome(dataSet);
        assertThat(items()).containsExactly("a 2017-01 10.00");
        refreshWhileFilesCome(dataSet);
        assertThat(new TableLog(SPARK, dataSet.silver()).batchesAfter(0)).hasSize(2);
        assertThat(items()).containsExactly("1 2017-02 1.00", "2 2017-02 1.00", "a 2017-01 10.00");
    }

    /** A run that finds one more file whenever it looks for some. */
    private void refreshWhileFilesCome(DataSet dataSet) throws Exception {
        SetAside setAside = new SetAside(SPARK, dataSet);
        BronzeFolder bronze = new BronzeFolder(SPARK, dataSet, setAside);
        Refresh.Input growing = new Refresh.Input() {
            @Override
            public String name() {
                return bronze.name();
            }

            @Override
            public List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) throws IOException {
                List<FileVersion> files = bronze.next(taken, tried);
                come++;
                assertThat(come).as("looks for files").isLessThan(10);
                orderItems(
                        "20260101-12000%d000".formatted(come), change("I", "" + come, "2017-02-05", "1.00", seq(come)));
                return files;
            }

            @Override
            public SourceFiles inspect(SparkSession session, List<FileVersion> files) {
                return bronze.inspect(session, files);
            }
        };
        Run run = new Run("test", Instant.now());
        new Refresh(SPARK, dataSet, run, setAside, growing).run();
    }

    @Test
    void whatARunThatDiedHasDoneIsToldByTheNext() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"), load("x", "2017-01-05", "-1.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        Path report = folder.resolve("silver/_state/reports/ecommerce/order_items.json");
        String reported = Files.readString(report);

        // it died after its commit, and before it reported
        Files.delete(report);
        Files.delete(folder.resolve("silver/_state/ecommerce/order_items/reported.json"));
        FileUtils.deleteDirectory(folder.resolve("silver/platform/data_quality").toFile());
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(report).hasContent(reported);
        assertThat(quality("ecommerce.order_items"))
                .containsExactly("in 2, +1 ~0 -0, skipped 0, quarantined {price is below 0 -> 1}");

        // it died after its commit, before readers of manifests could see it
        Path manifests = folder.resolve("silver/ecommerce/order_items/_symlink_format_manifest");
        FileUtils.deleteDirectory(manifests.toFile());
        Files.createFile(manifests);
        orderItems("20260101-110000000", change("I", "c", "2017-02-05", "7.00", seq(1)));
        assertThat(run("ecommerce.order_items")).isEqualTo(1);
        Files.delete(manifests);
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(manifests.resolve("shipping_limit_month=2017-01/manifest")).isNotEmptyFile();
        assertThat(manifests.resolve("shipping_limit_month=2017-02/manifest")).isNotEmptyFile();

        // it died between quarantine and silver: the commit is gone, the batch is written down
        orderItems(
                "20260101-120000000",
                change("I", "y", "2017-01-05", "-1.00", seq(2)),
                change("I", "b", "2017-01-05", "5.00", seq(3)));
        assertThat(run("ecommerce.order_items")).isZero();
        long version = table("platform/data_quality").count();
        undoLastCommit("ecommerce/order_items");
        assertThat(items()).containsExactly("a 2017-01 10.00", "c 2017-02 7.00");
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 5.00", "c 2017-02 7.00");
        assertThat(table("ecommerce/order_items_quarantine").count()).isEqualTo(2);
        assertThat(table("platform/data_quality").count()).isEqualTo(version);

        Path manifest = folder.resolve("silver/platform/data_quality/_symlink_format_manifest/manifest");
        Files.delete(manifest);
        Files.delete(folder.resolve("silver/_state/ecommerce/order_items/reported.json"));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(manifest).exists();
    }

    @Test
    void aRowOfWhichNobodyKnowsWhatItIsChangesNothingAndGoesToQuarantine() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "10.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        orderItems(
                "20260101-120000000",
                change("U", "a", "2017-01-05", "1.00", null),
                change("U", "a", "2017-01-05", "2.00", "zzz"),
                change("U", "a", "2017-01-05", "3.00", "9" + seq(1).substring(1)),
                change("d", "a", "2017-01-05", "4.00", seq(5)),
                change(null, "a", "2017-01-05", "5.00", seq(5)),
                change("U", "b", "2017-01-05", "20.00", seq(4)));
        assertThat(run("ecommerce.order_items")).isZero();

        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 20.00");
        assertThat(texts(table("ecommerce/order_items_quarantine")
                        .groupBy("reason")
                        .count()
                        .selectExpr("concat(count, ' ', reason) as row")
                        .sort("row")))
                .containsExactly(
                        "1 change_seq is in the future",
                        "1 change_seq is no number of 35 digits",
                        "1 neither change_seq nor extracted_at tells how new it is",
                        "2 Op is not I, U or D");

        orderItems("20260101-120100000", change("U", "a", "2017-01-05", "6.00", seq(6)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 6.00", "b 2017-01 20.00");
    }

    @Test
    void aLoadThatClaimsToBeOfTheFutureIsInQuarantineAndChangesGoOn() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        orderItems("LOAD00000001", List.of(load("c", "2017-01-05", "10.00")), "2061-01-01 00:00:00.000000");
        orderItems("20260101-120100000", change("U", "a", "2017-01-05", "11.00", seq(1)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00");
        assertThat(table("ecommerce/order_items_quarantine").count()).isEqualTo(1);
    }

    @Test
    void fileAndColumnNamesAreTakenAsTheyAreAndHiddenFilesAreNamed() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        orderItems("202601011", change("I", "b", "2017-01-05", "1.00", seq(1)));
        orderItems("20260101[1]", change("I", "c", "2017-01-05", "2.00", seq(2)));
        orderItems("20260101-{3}", change("I", "d", "2017-01-05", "3.00", seq(3)));
        Path hidden = orderItems("_20260101", change("I", "e", "2017-01-05", "4.00", seq(4)));
        write(
                SPARK.createDataFrame(List.of(change("I", "f", "2017-01-05", "-1.00", seq(5))), OrderItems.BRONZE)
                        .withColumn("extracted_at", lit(OrderItems.LOADED_AT))
                        .withColumn("tax.rate `of` it", lit(1)),
                "order_items",
                "20260102");
        assertThat(run("ecommerce.order_items")).isZero();

        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 1.00", "c 2017-01 2.00", "d 2017-01 3.00");
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .contains(hidden.getFileName().toString())
                .contains("is hidden"));
        assertThat(table("ecommerce/order_items_quarantine").first().<String>getAs("raw_row"))
                .contains("\"tax.rate `of` it\":1");
    }

    @Test
    void aColumnThatTheContractGetsLaterIsUnknownOfTheRowsBefore() throws Exception {
        Path contracts = folder.resolve("contracts/ecommerce");
        FileUtils.copyDirectory(Path.of("../contracts/ecommerce").toFile(), contracts.toFile());
        String whole = Files.readString(Path.of("../contracts/ecommerce/order_items.odcs.yaml"));
        int column = whole.indexOf("      - name: freight_value");
        int next = whole.indexOf("      - name: ", column + 1);
        Files.writeString(
                contracts.resolve("order_items.odcs.yaml"), whole.substring(0, column) + whole.substring(next));
        orderItems(
                "LOAD00000001",
                load("a", "2017-01-05", "10.00"),
                load("b", "2017-01-05", "10.00"),
                load("c", "2017-02-05", "10.00"));
        assertThat(run("--contracts", folder.resolve("contracts").toString(), "--data-sets", "ecommerce.order_items"))
                .isZero();
        assertThat(table("ecommerce/order_items").columns()).doesNotContain("freight_value");

        orderItems("20260101-120100000", change("U", "a", "2017-01-05", "11.00", seq(1)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(log.lines())
                .anySatisfy(line -> assertThat(line).contains("the contract requires freight_value now"));
        assertThat(texts(table("ecommerce/order_items")
                        .selectExpr("concat(order_id, ' ', price, ' ', freight_value is null) as row")
                        .sort("row")))
                .containsExactly("a 11.00 false", "b 10.00 true", "c 10.00 true");
    }

    @Test
    void aTypeThatTheContractChangesIsThatOfTheRowsBeforeToo() throws Exception {
        Path contracts = folder.resolve("contracts/ecommerce");
        FileUtils.copyDirectory(Path.of("../contracts/ecommerce").toFile(), contracts.toFile());
        Path contract = contracts.resolve("order_items.odcs.yaml");
        String whole = Files.readString(contract);
        String price = "      - name: price\n";
        int type = whole.indexOf("decimal(12,2)", whole.indexOf(price));
        String[] job = {"--contracts", folder.resolve("contracts").toString(), "--data-sets", "ecommerce.order_items"};
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.25"), load("b", "2017-02-05", "10.00"));
        assertThat(run(job)).isZero();

        Files.writeString(contract, whole.substring(0, type) + "decimal(14,4)" + whole.substring(type + 13));
        orderItems("20260101-120100000", change("U", "b", "2017-02-05", "11.00", seq(1)));
        assertThat(run(job)).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.2500", "b 2017-02 11.0000");

        Files.writeString(contract, whole.substring(0, type) + "decimal(12,1)" + whole.substring(type + 13));
        orderItems("20260101-120200000", change("U", "b", "2017-02-05", "12.00", seq(2)));
        assertThat(run(job)).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .contains("silver has price as DECIMAL(14,4) and not as DECIMAL(12,1), and values that do not fit"));
        Files.writeString(contract, whole);
        assertThat(run(job)).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.25", "b 2017-02 12.00");
    }

    @Test
    void rowsThatARunPutIntoQuarantineBeforeItDiedCountThoughTheirFileIsMended() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        orderItems("20260101-120000000", change("I", "b", "2017-01-05", "-1.00", seq(1)));
        assertThat(run("ecommerce.order_items")).isZero();

        undoLastCommit("ecommerce/order_items");
        FileUtils.deleteDirectory(folder.resolve("silver/platform/data_quality").toFile());
        Files.delete(folder.resolve("silver/_state/ecommerce/order_items/reported.json"));
        orderItems("20260101-120000000", change("I", "b", "2017-01-05", "1.00", seq(1)));
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 1.00");
        assertThat(table("ecommerce/order_items_quarantine").count()).isEqualTo(1);
        assertThat(table("platform/data_quality")
                        .selectExpr("string(sum(quarantined))")
                        .first()
                        .getString(0))
                .isEqualTo("1");
    }

    @Test
    void aTableThatIsMadeAnewIsToldOfFromItsFirstBatch() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"), load("b", "2017-01-05", "-1.00"));
        assertThat(run("ecommerce.order_items")).isZero();
        Path report = folder.resolve("silver/_state/reports/ecommerce/order_items.json");
        Path passed = folder.resolve("silver/_state/passed/ecommerce/order_items.json");
        Files.createDirectories(passed.getParent());
        Files.copy(report, passed);

        for (String of : List.of("ecommerce/order_items", "ecommerce/order_items_quarantine", "_state/ecommerce")) {
            FileUtils.deleteDirectory(folder.resolve("silver").resolve(of).toFile());
        }
        SPARK.sharedState().cacheManager().clearCache();
        DeltaLog.clearCache();
        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00");
        assertThat(table("platform/data_quality").count()).isEqualTo(2);
        assertThat(Files.readString(report)).contains("\"batch\":1,\"rows\":1,");
    }

    /** As if a run had died before it. */
    private void undoLastCommit(String table) throws IOException {
        Path commits = folder.resolve("silver").resolve(table).resolve("_delta_log");
        long version = versions(table).get(0);
        Files.delete(commits.resolve("%020d.json".formatted(version)));
        Files.deleteIfExists(commits.resolve(".%020d.json.crc".formatted(version)));
        Files.deleteIfExists(commits.resolve("%020d.crc".formatted(version)));
        SPARK.sharedState().cacheManager().clearCache();
        DeltaLog.clearCache();
    }

    @Test
    void refusesToFollowASourceThatItDoesNotCompareWith() {
        assertThat(run("--follow", "ecommerce.order_items")).isEqualTo(2);
        assertThat(run("--continuous", "PT1S", "--reconcile")).isEqualTo(2);
    }

    @Test
    void refusesADataSetWithoutContract() {
        StringWriter errors = new StringWriter();
        CommandLine job = new CommandLine(new BronzeToSilver()).setErr(new PrintWriter(errors));

        assertThat(job.execute(
                        "--bronze", folder.toString(), "--silver", folder.toString(), "--data-sets", "shop.carts"))
                .isEqualTo(2);
        assertThat(errors.toString())
                .startsWith(
                        "there is no contract shop.carts that comes from a database; there are [ecommerce.customers, ")
                .contains("Add contracts/shop/carts.odcs.yaml");
    }

    @Test
    void aNewColumnIsReportedAndTheRestGoesOn() throws Exception {
        sellers("LOAD00000001", seller("I", "s1", "01037", "sao paulo", "SP", null));
        Dataset<Row> changed = SPARK.createDataFrame(
                        List.of(seller("U", "s1", "01038", "sao paulo", "SP", seq(2))), SELLERS)
                .withColumn("seller_phone", lit("11 5555"));
        write(changed, "sellers", "20260101-120000000");

        assertThat(run("ecommerce.sellers")).isZero();
        assertThat(table("ecommerce/sellers")
                        .select("seller_zip_code_prefix")
                        .first()
                        .getString(0))
                .isEqualTo("01038");
        assertThat(table("platform/data_quality")
                        .select("unknown_columns")
                        .first()
                        .<String>getList(0))
                .containsExactly("seller_phone");
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith(
                        "WARN ecommerce.sellers: bronze has columns [seller_phone] that the contract does not know"));
    }

    @Test
    void aFileThatLacksAColumnIsNamedAndIsNotFilledUpFromOthers() throws Exception {
        Dataset<Row> rows =
                SPARK.createDataFrame(List.of(seller("I", "s1", "01037", "sao paulo", "SP", null)), SELLERS);
        write(rows, "sellers", "LOAD00000001");
        write(
                rows.withColumn("change_seq", lit(seq(2))).withColumnRenamed("seller_city", "city"),
                "sellers",
                "20260101-120000000");

        assertThat(run("ecommerce.sellers")).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR ")
                .contains("20260101-120000000.parquet lacks the columns [seller_city] of contract ecommerce.sellers"));
        assertThat(texts(table("ecommerce/sellers").select("seller_city"))).containsExactly("sao paulo");
    }

    @Test
    void aDifferenceFromTheSourceIsToldUnlessItIsOnItsWay() throws Exception {
        String[] job = {"--data-sets", "ecommerce.order_items", "--reconcile", "--patience"};
        Path report = folder.resolve("silver/_state/reports/ecommerce/order_items.json");
        orderItems(
                "LOAD00000001",
                load("a", "2017-01-05", "10.00"),
                load("b", "2017-01-05", "10.00"),
                load("invalid", "2017-01-05", "-1.00"));
        orderItems(
                "20260101-120000000",
                change("D", "b", "2017-01-05", "10.00", seq(1)),
                change("I", "b", "2017-02-05", "11.00", seq(2)),
                change("I", "gone", "2017-02-05", "-1.00", seq(3)),
                change("D", "gone", "2017-02-05", "-1.00", seq(4)));
        assertThat(run(append(job, "PT0S"))).isZero();
        assertThat(log.lines())
                .contains("WARN ecommerce.order_items: nobody has looked at the source; call the function source-keys");

        source("2026-01-01T12:00:10.000Z", "a", "b", "invalid");
        assertThat(run(append(job, "PT10M"))).isZero();
        assertThat(report).content().contains("\"drift\":\"\"");

        // as long as nothing changes there is nothing to read
        Files.delete(folder.resolve("silver/_state/source_keys/ecommerce/keys.txt.gz"));
        assertThat(run(append(job, "PT10M"))).isZero();

        // one was deleted and one inserted meanwhile, which replication may bring yet, and one inserted later
        source("2026-01-01T12:01:00.000Z", "a", "invalid", "gone", "new");
        assertThat(run(append(job, "PT0S"))).isZero();
        assertThat(log.lines())
                .anySatisfy(
                        line -> assertThat(line)
                                .startsWith(
                                        "ERROR ecommerce.order_items: it differs from the source, which had 4 rows at 2026-01-01T12:01:00.000Z: 2 of them are missing here, and 1 rows here are not in the source"));
        assertThat(report).content().contains("it differs from the source");

        // somebody says that silver is to follow: what the source has not goes, what silver has not is missing still
        assertThat(run(
                        "--data-sets",
                        "ecommerce.order_items",
                        "--reconcile",
                        "--patience",
                        "PT0S",
                        "--follow",
                        "ecommerce.order_items"))
                .isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00");
        assertThat(report).content().contains("2 of them are missing here, and 0 rows here are not in the source");

        Path damaged = folder.resolve("bronze/ecommerce/order_items/20260101-120000001.parquet");
        ExecutorService pool = Executors.newSingleThreadExecutor();
        Future<Integer> patient = pool.submit(() -> run(append(job, "PT10M")));
        pool.shutdown();
        while (log.lines().stream()
                .noneMatch(line -> line.contains("[ecommerce.order_items] differ from the source: waits until"))) {
            assertThat(patient.isDone()).isFalse();
            Thread.onSpinWait();
        }
        Files.writeString(damaged, "no Parquet");
        orderItems(
                "20260101-120100000",
                change("D", "b", "2017-02-05", "11.00", "2026010112005500" + "1".repeat(19)),
                change("I", "new", "2017-02-05", "12.00", "2026010112005600" + "1".repeat(19)),
                change("I", "gone", "2017-02-05", "12.00", "2026010112005600" + "2".repeat(19)),
                change("I", "later", "2017-02-05", "12.00", "2026010112020000" + "1".repeat(19)));
        assertThat(patient.get()).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR ")
                .contains(damaged.getFileName() + " is no whole Parquet file"));
        Files.delete(damaged);
        assertThat(items())
                .containsExactly("a 2017-01 10.00", "gone 2017-02 12.00", "later 2017-02 12.00", "new 2017-02 12.00");
        assertThat(report).content().contains("\"drift\":\"\"");
        assertThat(table("platform/data_quality")
                        .filter("batch is null")
                        .orderBy("started_at")
                        .selectExpr("concat_ws(' ', source_rows, missing_rows, extra_rows)")
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("3 0 0", "4 2 1", "4 2 0", "4 0 0");

        // what a full load does not hold is missing, though it was in quarantine before
        orderItems(
                "LOAD00000001",
                List.of(load("a", "2017-01-05", "10.00"), load("later", "2017-02-05", "10.00")),
                "2026-01-02 12:00:00.000000");
        source("2026-01-02T13:00:00.000Z", "a", "later", "invalid");
        assertThat(run(append(job, "PT0S"))).isZero();
        assertThat(report).content().contains("1 of them are missing here, and 0 rows here are not in the source");

        // a look that is not whole would have all be deleted that it lacks
        Path look = folder.resolve("silver/_state/source_keys/ecommerce/order_items.json");
        Files.writeString(look, Files.readString(look).replace("\"rows\":3", "\"rows\":4"));
        assertThat(run(append(job, "PT0S"))).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line).contains("keys.txt.gz has 3 keys of 4"));
    }

    private static String[] append(String[] arguments, String last) {
        return Stream.concat(Stream.of(arguments), Stream.of(last)).toArray(String[]::new);
    }

    /** What the function source-keys writes when the source has these orders with an item each. */
    private void source(String takenAt, String... orders) throws Exception {
        StringBuilder hashes = new StringBuilder();
        long sum = 0;
        for (String order : orders) {
            byte[] md5 = MessageDigest.getInstance("MD5").digest((order + "\u00011").getBytes(StandardCharsets.UTF_8));
            String hash = HexFormat.of().formatHex(md5).substring(0, 16);
            hashes.append(hash).append('\n');
            sum += Long.parseUnsignedLong(hash, 16);
        }
        Path keys = Files.createDirectories(folder.resolve("silver/_state/source_keys/ecommerce"));
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(keys.resolve("keys.txt.gz")))) {
            out.write(hashes.toString().getBytes(StandardCharsets.UTF_8));
        }
        Files.writeString(
                keys.resolve("order_items.json"),
                "{\"taken_at\":\"%s\",\"rows\":%d,\"sum\":%d,\"file\":\"_state/source_keys/ecommerce/keys.txt.gz\"}"
                        .formatted(takenAt, orders.length, sum));
    }

    @Test
    void runsUntilItIsStopped() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        Process job = new ProcessBuilder(command("--continuous", "PT1S", "--data-sets", "ecommerce.order_items"))
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output = job.inputReader()) {
            List<String> seen = await("1 inserted", output);
            orderItems("20260101-120000000", change("U", "a", "2017-01-05", "11.00", seq(2)));
            seen.addAll(await("1 updated", output));
            orderItems("20260101-120100000", change("I", "b", "2017-02-05", "20.00", seq(3)));
            job.toHandle().destroy();
            output.lines().forEach(seen::add);
            assertThat(job.waitFor(1, TimeUnit.MINUTES)).isTrue();

            assertThat(seen).anySatisfy(line -> assertThat(line).contains("stopping after the running pass"));
            assertThat(seen).noneSatisfy(line -> assertThat(line).contains("ERROR"));
        } finally {
            job.destroyForcibly();
        }
        assertThat(quality("ecommerce.order_items")).hasSizeBetween(2, 3);

        assertThat(run("ecommerce.order_items")).isZero();
        assertThat(items()).containsExactly("a 2017-01 11.00", "b 2017-02 20.00");
    }

    private List<String> await(String text, BufferedReader output) throws IOException {
        List<String> lines = new ArrayList<>();
        do {
            String line = output.readLine();
            assertThat(line)
                    .as("the job ended before it said '%s': %s", text, lines)
                    .isNotNull();
            lines.add(line);
        } while (!lines.get(lines.size() - 1).contains(text));
        return lines;
    }

    private List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("-X") || option.startsWith("--add-opens"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "-Dspark.master=local[2]",
                "-Dspark.ui.enabled=false",
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.sql.shuffle.partitions=1",
                "-Dspark.sql.codegen.wholeStage=false",
                BronzeToSilver.class.getName(),
                "--bronze",
                folder + "/bronze",
                "--silver",
                folder + "/silver"));
        command.addAll(List.of(arguments));
        return command;
    }

    private int run(String... dataSets) {
        return dataSets[0].startsWith("-") ? execute(dataSets) : execute("--data-sets", String.join(",", dataSets));
    }

    private int execute(String... arguments) {
        return new CommandLine(new BronzeToSilver())
                .execute(Stream.concat(
                                Stream.of("--bronze", folder + "/bronze", "--silver", folder + "/silver"),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    private Path orderItems(String file, Row... rows) throws IOException {
        return orderItems(file, List.of(rows), OrderItems.LOADED_AT);
    }

    private Path orderItems(String file, List<Row> rows, String extractedAt) throws IOException {
        return write(
                SPARK.createDataFrame(rows, OrderItems.BRONZE).withColumn("extracted_at", lit(extractedAt)),
                "order_items",
                file);
    }

    private Path sellers(String file, Row... rows) throws IOException {
        return write(SPARK.createDataFrame(List.of(rows), SELLERS), "sellers", file);
    }

    private static Row seller(String op, String id, String zip, String city, String state, String seq) {
        return RowFactory.create(op, id, zip, city, state, "2026-01-01 00:00:00.000000", seq);
    }

    private Path write(Dataset<Row> rows, String table, String name) throws IOException {
        return writeFile(rows, folder.resolve("bronze/ecommerce").resolve(table).resolve(name + ".parquet"));
    }

    private Dataset<Row> table(String name) {
        return SPARK.read().format("delta").load(folder + "/silver/" + name);
    }

    private List<String> items() {
        return texts(table("ecommerce/order_items")
                .selectExpr("concat_ws(' ', order_id, shipping_limit_month, price) as row")
                .sort("row"));
    }

    /** The data set's rows in the quality table, the oldest first. */
    private List<String> quality(String dataSet) {
        return texts(table("platform/data_quality")
                .filter(col("data_set").equalTo(dataSet))
                .sort("started_at")
                .selectExpr(
                        "concat('in ', rows_in, ', +', inserted, ' ~', updated, ' -', deleted, ', skipped ', skipped,"
                                + " ', quarantined ', cast(quarantined_by_reason as string))"));
    }

    private static List<String> texts(Dataset<Row> rows) {
        return rows.collectAsList().stream().map(row -> row.getString(0)).toList();
    }

    private List<Long> versions(String... tables) {
        return Stream.of(tables)
                .map(table -> DeltaTable.forPath(SPARK, folder + "/silver/" + table)
                        .history(1)
                        .first()
                        .<Long>getAs("version"))
                .toList();
    }
}
