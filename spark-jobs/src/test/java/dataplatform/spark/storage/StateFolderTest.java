package dataplatform.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.spark.SparkTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFolderTest extends SparkTest {
    private static final int WRITES = 500;

    @TempDir
    Path folder;

    private final ExecutorService drivers = Executors.newCachedThreadPool();
    private StateFolder state;

    @BeforeEach
    void prepare() {
        state = new StateFolder(SPARK, folder + "/state");
        state.write("file.json", numbers(0));
    }

    @AfterEach
    void stop() {
        drivers.shutdownNow();
    }

    @Test
    void aFileIsReadWholeWhileOthersWriteIt() throws Exception {
        AtomicBoolean written = new AtomicBoolean();
        Future<?> reader = drivers.submit(() -> {
            do {
                assertThat(state.read("file.json", int[].class)).hasValueSatisfying(this::isWhole);
            } while (!written.get());
        });
        List<Future<Void>> writers = new ArrayList<>();
        for (int writer = 0; writer < 2; writer++) {
            Callable<Void> writes = () -> {
                IntStream.range(0, WRITES).forEach(number -> state.write("file.json", numbers(number)));
                return null;
            };
            writers.add(drivers.submit(writes));
        }
        for (Future<Void> writer : writers) {
            writer.get();
        }
        written.set(true);
        reader.get();
        try (Stream<Path> files = Files.list(folder.resolve("state"))) {
            assertThat(files).containsExactly(folder.resolve("state/file.json"));
        }
    }

    @Test
    void aFileIsCreatedOnce() throws Exception {
        for (int round = 0; round < WRITES / 10; round++) {
            String name = round + ".json";
            Callable<Boolean> create = () -> state.create(name, numbers(1));
            List<Future<Boolean>> created = drivers.invokeAll(List.of(create, create, create));
            assertThat(created.stream().filter(StateFolderTest::isTrue)).hasSize(1);
            assertThat(state.read(name, int[].class)).hasValueSatisfying(this::isWhole);
        }
    }

    private static boolean isTrue(Future<Boolean> future) {
        try {
            return future.get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] numbers(int first) {
        return IntStream.range(first, first + 2000).toArray();
    }

    private void isWhole(int[] numbers) {
        assertThat(numbers).isEqualTo(numbers(numbers[0]));
    }
}
