package dataplatform.local.process;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** An engine that starts beside what else is to be done. */
public final class Background<T extends AutoCloseable> implements AutoCloseable {
    private final FutureTask<T> start;
    private final Thread thread;

    private Background(FutureTask<T> start, String name) {
        this.start = start;
        this.thread = new Thread(start, name);
    }

    /**
     * Begins to start it.
     *
     * @param name of the thread that does
     */
    public static <T extends AutoCloseable> Background<T> start(String name, Callable<T> engine) {
        Background<T> background = new Background<>(new FutureTask<>(engine), name);
        background.thread.start();
        return background;
    }

    /**
     * Waits until it has started.
     *
     * @throws IllegalStateException if it could not be started for a reason that is not in this method's signature
     */
    public T get() throws IOException, SQLException, InterruptedException {
        try {
            return start.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            if (e.getCause() instanceof SQLException failure) {
                throw failure;
            }
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }

    /** Interrupts its start if that is not over, and closes it; what could not start has been closed by itself. */
    @Override
    public void close() throws Exception {
        thread.interrupt();
        Closing.join(thread);
        T started;
        try {
            started = start.get();
        } catch (ExecutionException e) {
            return;
        }
        started.close();
    }
}
