package dataplatform.local.process;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine;
import sun.misc.Signal;

/** What the programs that people start have in common. */
public final class Program {
    /** How long a program that is told to stop may take to close everything. */
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** How long one that does not notice is waited for: a statement of JDBC, for one, goes on. */
    private static final Duration NOTICE = Duration.ofSeconds(3);

    private Program() {}

    /**
     * Runs one and ends; a failure is printed as its message, without a stack trace. Ctrl-C interrupts the program, so that it closes what it
     * has started, in its order: Java's own way would end everything at once, and what one part still has for the next would be lost.
     */
    public static void main(Callable<Integer> program, String[] args) {
        AtomicReference<Signal> stop = new AtomicReference<>();
        Thread main = Thread.currentThread();
        for (String name : List.of("INT", "TERM", "HUP")) {
            Signal.handle(new Signal(name), signal -> {
                if (stop.compareAndSet(null, signal)) {
                    stop(main, signal);
                }
            });
        }
        int code = new CommandLine(program)
                .setExecutionExceptionHandler((e, command, result) -> {
                    if (stop.get() == null) {
                        System.err.println("\n" + message(e));
                    } else if (e instanceof InterruptedException) {
                        // what could not be closed is another matter
                        for (Throwable unclosed : e.getSuppressed()) {
                            System.err.println(message(unclosed));
                        }
                    }
                    return 1;
                })
                .execute(args);
        System.exit(stop.get() == null ? code : code(stop.get()));
    }

    /** In a thread of its own: the program goes on, to its end. */
    private static void stop(Thread main, Signal signal) {
        System.err.println("\nstopping");
        main.interrupt();
        Closing.join(main, NOTICE);
        if (!main.isInterrupted()) {
            Closing.join(main, LIMIT);
            System.err.println("not everything could be closed in time");
        }
        System.exit(code(signal));
    }

    /** As Java and shells have it. */
    private static int code(Signal signal) {
        return 128 + signal.getNumber();
    }

    private static Object message(Throwable e) {
        return e.getMessage() == null ? e : e.getMessage();
    }
}
