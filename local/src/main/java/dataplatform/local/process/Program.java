package dataplatform.local.process;

import java.util.concurrent.Callable;
import picocli.CommandLine;

/** What the programs that people start have in common. */
public final class Program {
    private Program() {}

    /** Runs one and ends; a failure is printed as its message, without a stack trace. */
    public static void main(Callable<Integer> program, String[] args) {
        System.exit(new CommandLine(program)
                .setExecutionExceptionHandler((e, command, result) -> {
                    System.err.println("\n" + (e.getMessage() == null ? e : e.getMessage()));
                    return 1;
                })
                .execute(args));
    }
}
