package dataplatform.spark.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.DataSet;
import dataplatform.spark.SparkTest;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchLogTest extends SparkTest {
    @TempDir
    Path folder;

    @Test
    void whoKnowsAnOlderBatchIsToldThatLaterOnesWereMade() {
        BatchLog batches = new BatchLog(
                SPARK, DataSet.of(contract("ecommerce.order_items"), folder + "/bronze", folder + "/silver"));
        Set<FileVersion> files = new HashSet<>();
        for (int batch = 1; batch <= 20; batch++) {
            FileVersion file = new FileVersion("s3a://bronze/" + batch + ".parquet", batch, 1);
            files.add(file);
            assertThat(batches.plan(batch, List.of(file))).isTrue();
        }
        assertThat(batches.taken(3).orElseThrow()).hasSize(3);

        assertThat(batches.taken(20)).as("puts them together").hasValue(files);
        assertThat(batches.taken(3)).isEmpty();
        assertThat(batches.taken(20)).hasValue(files);
        assertThat(batches.taken(21)).hasValue(files);
    }
}
