package dataplatform.spark.batch;

import static dataplatform.spark.OrderItems.change;
import static dataplatform.spark.OrderItems.seq;
import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.DataSet;
import dataplatform.spark.OrderItems;
import dataplatform.spark.Run;
import dataplatform.spark.SparkTest;
import dataplatform.spark.bronze.BronzeFiles;
import dataplatform.spark.bronze.BronzeFolder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RefreshTest extends SparkTest {
    @TempDir
    Path folder;

    private DataSet dataSet;

    @BeforeEach
    void prepare() {
        dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
    }

    @Test
    void whatTwoRunsReadOtherwiseIsNotLost() throws Exception {
        Path one = bronze("one", "a");
        Path two = bronze("two", "b");
        BronzeFolder bronze = new BronzeFolder(SPARK, dataSet, new SetAside(SPARK, dataSet));
        // a run that died had planned it
        new BatchLog(SPARK, dataSet).plan(1, bronze.next(Set.of(), Set.of()));

        run("slow", (session, files) -> {
            damage(one);
            SourceFiles found = BronzeFiles.inspect(session, dataSet.contract(), files);
            mend(one);
            // another run meanwhile, which can't read the other file
            damage(two);
            assertThat(run("fast", (s, all) -> BronzeFiles.inspect(s, dataSet.contract(), all)))
                    .hasSize(1);
            mend(two);
            return found;
        });

        run("next", (session, files) -> BronzeFiles.inspect(session, dataSet.contract(), files));
        assertThat(SPARK.read()
                        .format("delta")
                        .load(dataSet.silver())
                        .select("order_id")
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactlyInAnyOrder("a", "b");
    }

    private interface Look {
        SourceFiles into(SparkSession session, List<FileVersion> files) throws Exception;
    }

    private Set<String> run(String id, Look look) throws Exception {
        SetAside setAside = new SetAside(SPARK, dataSet);
        BronzeFolder bronze = new BronzeFolder(SPARK, dataSet, setAside);
        Refresh.Input input = new Refresh.Input() {
            @Override
            public String name() {
                return bronze.name();
            }

            @Override
            public List<FileVersion> next(Set<FileVersion> taken, Set<FileVersion> tried) throws IOException {
                return bronze.next(taken, tried);
            }

            @Override
            public SourceFiles inspect(SparkSession session, List<FileVersion> files) {
                try {
                    return look.into(session, files);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        return new Refresh(SPARK, dataSet, new Run(id, Instant.now()), setAside, input)
                .run()
                .keySet();
    }

    private Path bronze(String name, String order) throws IOException {
        return writeFile(
                SPARK.createDataFrame(List.of(change("I", order, "2017-01-05", "10.00", seq(1))), OrderItems.BRONZE),
                Path.of(dataSet.source()).resolve(name + ".parquet"));
    }

    /** Makes a file unreadable, and no other version. */
    private static void damage(Path file) throws IOException {
        Files.copy(file, good(file), StandardCopyOption.COPY_ATTRIBUTES);
        FileTime modified = Files.getLastModifiedTime(file);
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(open.length() - 4);
            open.writeInt(0);
        }
        Files.setLastModifiedTime(file, modified);
    }

    private static void mend(Path file) throws IOException {
        Files.move(good(file), file, StandardCopyOption.REPLACE_EXISTING);
    }

    private static Path good(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".good");
    }
}
