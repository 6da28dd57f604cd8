package dataplatform.spark;

import static dataplatform.spark.OrderItems.change;
import static dataplatform.spark.OrderItems.load;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import io.delta.tables.DeltaTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
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

    private final LogLines log = LogLines.of(BronzeToSilver.class);

    @TempDir
    Path folder;

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
                change("U", "a", "2017-01-05", "11.00", "2"),
                change("D", "b", "2017-02-05", "20.00", "3"),
                change("I", "c", "2017-02-05", "-1.00", "4"),
                change("I", "d", "2017-03-05", "40.00", "5"));
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
    void aTruncatedFileFailsItsOwnDataSetAlone() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        sellers("LOAD00000001", seller("I", "s1", "01037", "sao paulo", "SP", null));
        Path file = orderItems("20260101-120000000", change("I", "b", "2017-01-05", "20.00", "2"));
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));

        assertThat(run("ecommerce.order_items", "ecommerce.sellers")).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR ecommerce.order_items failed, its files stay and are tried again: ")
                .contains("20260101-120000000.parquet is not a Parquet file"));
        assertThat(table("ecommerce/sellers").count()).isEqualTo(1);
        assertThat(quality("ecommerce.order_items")).isEmpty();
        assertThat(quality("ecommerce.sellers")).hasSize(1);

        Files.write(file, whole);
        assertThat(run("ecommerce.order_items", "ecommerce.sellers")).isZero();
        assertThat(items()).containsExactly("a 2017-01 10.00", "b 2017-01 20.00");
        assertThat(table("ecommerce/sellers").count()).isEqualTo(1);
    }

    @Test
    void refusesADataSetWithoutContract() {
        StringWriter errors = new StringWriter();
        CommandLine job = new CommandLine(new BronzeToSilver()).setErr(new PrintWriter(errors));

        assertThat(job.execute(
                        "--bronze", folder.toString(), "--silver", folder.toString(), "--data-sets", "shop.carts"))
                .isEqualTo(2);
        assertThat(errors.toString())
                .startsWith("there is no contract shop.carts that loads by cdc; there are [ecommerce.customers, ")
                .contains("Add contracts/shop/carts.odcs.yaml");
    }

    @Test
    void aNewColumnIsReportedAndTheRestGoesOn() throws Exception {
        sellers("LOAD00000001", seller("I", "s1", "01037", "sao paulo", "SP", null));
        Dataset<Row> changed = SPARK.createDataFrame(
                        List.of(seller("U", "s1", "01038", "sao paulo", "SP", "2")), SELLERS)
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
    void aMissingColumnFailsItsDataSet() throws Exception {
        Dataset<Row> rows =
                SPARK.createDataFrame(List.of(seller("I", "s1", "01037", "sao paulo", "SP", null)), SELLERS);
        write(rows.drop("seller_city"), "sellers", "LOAD00000001");

        assertThat(run("ecommerce.sellers")).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR ecommerce.sellers failed")
                .contains("bronze lacks the columns [seller_city] of contract ecommerce.sellers"));
        assertThat(Files.exists(folder.resolve("silver/ecommerce/sellers"))).isFalse();
    }

    @Test
    void runsUntilItIsStopped() throws Exception {
        orderItems("LOAD00000001", load("a", "2017-01-05", "10.00"));
        Process job = new ProcessBuilder(command("--continuous", "PT1S", "--data-sets", "ecommerce.order_items"))
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output = job.inputReader()) {
            List<String> seen = await("1 inserted", output);
            orderItems("20260101-120000000", change("U", "a", "2017-01-05", "11.00", "2"));
            seen.addAll(await("1 updated", output));
            orderItems("20260101-120100000", change("I", "b", "2017-02-05", "20.00", "3"));
            job.toHandle().destroy();
            output.lines().forEach(seen::add);
            assertThat(job.waitFor(1, TimeUnit.MINUTES)).isTrue();

            assertThat(seen).anySatisfy(line -> assertThat(line).contains("stopping after the running pass"));
            assertThat(seen).noneSatisfy(line -> assertThat(line).contains("ERROR"));
        } finally {
            job.destroyForcibly();
        }
        Path checkpoint = folder.resolve("silver/_state/ecommerce/order_items/checkpoint");
        assertThat(names(checkpoint.resolve("commits"))).isEqualTo(names(checkpoint.resolve("offsets")));
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
        return new CommandLine(new BronzeToSilver())
                .execute(
                        "--bronze",
                        folder + "/bronze",
                        "--silver",
                        folder + "/silver",
                        "--data-sets",
                        String.join(",", dataSets));
    }

    private Path orderItems(String file, Row... rows) throws IOException {
        return write(SPARK.createDataFrame(List.of(rows), OrderItems.BRONZE), "order_items", file);
    }

    private Path sellers(String file, Row... rows) throws IOException {
        return write(SPARK.createDataFrame(List.of(rows), SELLERS), "sellers", file);
    }

    private static Row seller(String op, String id, String zip, String city, String state, String seq) {
        return RowFactory.create(op, id, zip, city, state, "2026-01-01 00:00:00.000000", seq);
    }

    /** One file of bronze, there as a whole or not at all. */
    private Path write(Dataset<Row> rows, String table, String name) throws IOException {
        Path scratch = folder.resolve("scratch");
        rows.coalesce(1).write().mode("overwrite").parquet(scratch.toString());
        Path file = folder.resolve("bronze/ecommerce").resolve(table).resolve(name + ".parquet");
        Files.createDirectories(file.getParent());
        try (Stream<Path> written = Files.list(scratch)) {
            Path part = written.filter(each -> each.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            return Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
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

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }
}
