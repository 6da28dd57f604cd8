package dataplatform.local.torture;

import dataplatform.local.process.ChildProcess;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process that is killed and started again. */
public final class Victim implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Victim.class);

    private final String name;
    private Callable<ChildProcess> start;
    private ChildProcess child;
    private boolean mayEnd;

    Victim(String name, Callable<ChildProcess> start) throws Exception {
        this.name = name;
        this.start = start;
        this.child = start.call();
    }

    /** Whether it may give up, and is to be started again; if not, that it ends is a fault. */
    void mayEnd(boolean may) {
        mayEnd = may;
    }

    /** Lets it work for a while. */
    void live(long millis) throws Exception {
        if (!child.process().waitFor(millis, TimeUnit.MILLISECONDS)) {
            return;
        }
        if (mayEnd) {
            LOG.info("starting {} again, which has given up", name);
            child.close();
            child = start.call();
        } else {
            throw new IllegalStateException(
                    name + " ended with exit code " + child.process().exitValue() + " though nobody killed it");
        }
    }

    void kill() throws Exception {
        LOG.info("killing {}", name);
        stop();
        child = start.call();
    }

    void stop() throws InterruptedException {
        child.process().destroyForcibly().waitFor();
        child.close();
    }

    /** Starts it, now and after each kill, until it is told to start otherwise. */
    void start(Callable<ChildProcess> how) throws Exception {
        start = how;
        child = start.call();
    }

    /** Kills it and starts it otherwise, now and after each kill. */
    void restart(Callable<ChildProcess> how) throws Exception {
        stop();
        start(how);
    }

    /** Starts it otherwise after the next kill. */
    void startLater(Callable<ChildProcess> how) {
        start = how;
    }

    @Override
    public void close() {
        child.close();
    }
}
