package dataplatform.spark.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.DataSet;
import dataplatform.spark.OrderItems;
import dataplatform.spark.SparkTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TombstonesTest extends SparkTest {
    @TempDir
    Path folder;

    @Test
    void theLastTimeCountsHoweverManyFilesThereWere() throws Exception {
        DataSet dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
        Tombstones tombstones = new Tombstones(SPARK, dataSet);
        assertThat(tombstones.of(deleted("a", 0))).isEmpty();

        for (int seq = 10; seq < 30; seq++) {
            tombstones.add(deleted("a", seq));
        }
        tombstones.add(deleted("a", 15).unionByName(deleted("b", 16)));

        assertThat(tombstones
                        .of(deleted("a", 0).unionByName(deleted("c", 0)))
                        .orElseThrow()
                        .collectAsList())
                .extracting(row -> row.mkString(" "))
                .containsExactly("a 1 29");
        try (Stream<Path> files = Files.walk(Path.of(dataSet.tombstones()))) {
            assertThat(files.filter(file -> file.toString().endsWith(".parquet")))
                    .hasSizeLessThan(10);
        }
    }

    @Test
    void filesThatAnotherWriterPutsTogetherWhileTheyAreListedAreNotLost() throws Exception {
        DataSet dataSet = DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver");
        Tombstones tombstones = new Tombstones(SPARK, dataSet);
        tombstones.add(deleted("a", 10));
        tombstones.add(deleted("b", 11));

        Moving.folder = dataSet.tombstones();
        onDisk(Moving.class, () -> assertThat(
                        tombstones.all().select("order_id").collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactlyInAnyOrder("a", "b"));
        assertThat(Moving.folder).isNull();
    }

    /** A disk on which a folder gets another name right before somebody looks into it. */
    public static final class Moving extends LocalFileSystem {
        static String folder;

        @Override
        public FileStatus[] listStatus(org.apache.hadoop.fs.Path path) throws IOException {
            if (folder != null && path.toUri().getPath().startsWith(folder + "/")) {
                folder = null;
                rename(path, path.suffix("-together"));
            }
            return super.listStatus(path);
        }
    }

    private static Dataset<Row> deleted(String order, int seq) {
        return SPARK.createDataFrame(
                List.of(OrderItems.change("D", order, null, null, Integer.toString(seq))), OrderItems.BRONZE);
    }
}
