package dataplatform.source;

import java.io.PrintStream;
import java.time.Duration;

/** How far long work is: one line that is written over on a terminal, and a line now and then elsewhere. */
public final class Progress {
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private long last = start;

    /**
     * Progress with the seconds since now in front of each line.
     *
     * @param out where to; standard error is best, so that results can go to standard output
     * @param terminal whether a person watches
     */
    public Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Progress on standard error. */
    public static Progress toStandardError() {
        return new Progress(System.err, System.console() != null);
    }

    /** Progress that nobody sees. */
    public static Progress none() {
        return new Progress(new PrintStream(PrintStream.nullOutputStream()), false);
    }

    /** How far it is; left out if the last one was a moment ago. */
    void update(String text) {
        Duration pause = terminal ? Duration.ofMillis(200) : Duration.ofSeconds(10);
        if (System.nanoTime() - last >= pause.toNanos()) {
            print(text, terminal ? "" : "\n");
        }
    }

    /** That something is done; always shown. */
    void done(String text) {
        print(text, "\n");
    }

    private void print(String text, String end) {
        last = System.nanoTime();
        long tenths = Duration.ofNanos(last - start).toMillis() / 100;
        out.print((terminal ? CLEAR_LINE : "") + tenths / 10 + "." + tenths % 10 + " s  " + text + end);
        out.flush();
    }
}
