package dataplatform.local.process;

import java.util.List;

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
}
