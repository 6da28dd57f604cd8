package dataplatform.spark.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Contract;
import dataplatform.spark.SparkTest;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.silver.ChangeBatch;
import java.io.BufferedWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LandingFilesTest extends SparkTest {
    private static final int ROWS = 40_000;

    @TempDir
    Path folder;

    /** With line breaks in its fields, and texts in other alphabets. */
    @Test
    void severalTasksReadALargeFileAndEachRowOnce() throws Exception {
        Path file = folder.resolve("2026-03-01/movie_review.csv");
        Files.createDirectories(file.getParent());
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write("\uFEFFcid,review_str\r\n");
            for (int i = 1; i <= ROWS; i++) {
                out.write(i + ",\"" + "größer, \"\"❄\"\"\r\n".repeat(25) + i + "\"\r\n");
            }
        }
        Contract contract = contract("user_behaviour.movie_review");
        FileVersion version = new FileVersion("file:" + file, 1, Files.size(file));
        LandingFiles inspected = LandingFiles.inspect(SPARK, contract, List.of(version));
        Dataset<Row> rows = inspected.rows("").rows();

        assertThat(rows.rdd().getNumPartitions()).isEqualTo(2);
        Row sums = rows.filter("_reason = ''")
                .selectExpr(
                        "count(*)",
                        "count(distinct cid)",
                        "sum(cid)",
                        "count_if(review_str = repeat('größer, \"❄\"\n', 25) || cid)",
                        "max(bigint(right(change_seq, 10)))")
                .first();
        assertThat(sums.getLong(0)).isEqualTo(ROWS);
        assertThat(sums.getLong(1)).isEqualTo(ROWS);
        assertThat(sums.getLong(2)).isEqualTo(ROWS * (ROWS + 1L) / 2);
        assertThat(sums.getLong(3)).isEqualTo(ROWS);
        assertThat(sums.getLong(4)).as("the line that the last row begins in").isEqualTo(26L * (ROWS - 1) + 2);

        // a byte of the second part
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.position(version.bytes() - 5).write(ByteBuffer.wrap(new byte[] {'x'}));
        }
        assertThatThrownBy(() -> rows.filter(ChangeBatch.FILE + " is null").count())
                .hasStackTraceContaining("it was replaced while it was read");
    }
}
