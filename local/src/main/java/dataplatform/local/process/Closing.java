package dataplatform.local.process;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The end of what has several parts. */
public final class Closing {
    private Closing() {}

    /**
     * Closes all, in their order, whatever one of them throws.
     *
     * @throws RuntimeException the first that was thrown, with the others suppressed
     */
    public static void all(AutoCloseable... parts) {
        all(List.of(parts));
    }

    /** As {@link #all(AutoCloseable...)}. */
    public static void all(List<? extends AutoCloseable> parts) {
        RuntimeException first = null;
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Throwable e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                RuntimeException failure = e instanceof RuntimeException runtime
                        ? runtime
                        : new IllegalStateException("could not close " + part, e);
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /** Closes all since something has failed, which stays what is thrown. */
    public static void after(Throwable failure, AutoCloseable... parts) {
        try {
            all(parts);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Waits for a thread's end, whatever interrupts this one meanwhile; it stays interrupted. */
    public static void join(Thread thread) {
        join(thread, Duration.ofDays(365));
    }

    /** Waits for a thread's end, at most so long, whatever interrupts this one meanwhile; it stays interrupted. */
    public static void join(Thread thread, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        boolean interrupted = false;
        while (thread.isAlive() && System.nanoTime() < end) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, end - System.nanoTime());
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
