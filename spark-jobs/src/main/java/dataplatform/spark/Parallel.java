package dataplatform.spark;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/** Work on several data sets at a time. */
public final class Parallel {
    /** While one plans or commits, another computes. */
    private static final int AT_ONCE = 4;

    private Parallel() {}

    /** Work that may fail. */
    public interface Work<T, R> {
        R on(T each) throws Exception;
    }

    /**
     * Does the work on some at a time.
     *
     * @param failed hears of each that failed, and why
     * @return what came of the others, when all are done
     */
    public static <T, R> Map<T, R> each(Collection<T> all, Work<T, R> work, BiConsumer<T, Throwable> failed)
            throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        Map<T, Future<R>> running = new LinkedHashMap<>();
        all.forEach(each -> running.put(each, pool.submit(() -> work.on(each))));
        pool.shutdown();
        Map<T, R> done = new LinkedHashMap<>();
        for (Map.Entry<T, Future<R>> each : running.entrySet()) {
            try {
                done.put(each.getKey(), each.getValue().get());
            } catch (ExecutionException e) {
                failed.accept(each.getKey(), e);
            }
        }
        return done;
    }
}
