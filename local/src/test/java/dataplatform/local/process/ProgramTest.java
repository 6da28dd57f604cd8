package dataplatform.local.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Timeout(60)
class ProgramTest {
    @TempDir
    Path folder;

    /** Waits for its child, and says when it closes what. */
    @Command
    static final class Waiting implements Callable<Integer> {
        @Parameters
        private Path log;

        public static void main(String[] args) {
            Program.main(new Waiting(), args);
        }

        @Override
        public Integer call() throws Exception {
            try (ChildProcess child = ChildProcess.start("child", List.of("sleep", "1000"), Map.of(), log);
                    AutoCloseable last = () -> System.out.println("last, the child runs: " + runs(child));
                    AutoCloseable first = () -> say("first, the child runs: " + runs(child))) {
                System.out.println("child " + child.process().pid());
                child.await(line -> {});
            }
            return 0;
        }

        private static boolean runs(ChildProcess child) {
            return child.process().isAlive();
        }

        /** Takes a moment, in which a hook of the machine would have ended the child. */
        private static void say(String text) throws InterruptedException {
            Thread.sleep(500);
            System.out.println(text);
        }
    }

    /** Is in the middle of something that nobody can interrupt. */
    @Command
    static final class Deaf implements Callable<Integer> {
        public static void main(String[] args) {
            Program.main(new Deaf(), args);
        }

        @Override
        public Integer call() {
            System.out.println("child none");
            while (true) {
                LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void closesWhatItHasStartedInItsOrderWhenItIsStopped(String signal, int code) throws Exception {
        Process program = start(Waiting.class, folder.resolve("child.log").toString());
        String child = stop(program, signal);

        assertThat(program.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).isEqualTo(code);
        assertThat(said())
                .containsExactly(
                        "child " + child, "", "stopping", "first, the child runs: true", "last, the child runs: true");
        assertThat(ProcessHandle.of(Long.parseLong(child)).filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    @Test
    void endsThoughItDoesNotNoticeThatItIsStopped() throws Exception {
        Process program = start(Deaf.class);
        stop(program, "INT");

        assertThat(program.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).isEqualTo(130);
    }

    private Process start(Class<?> program, String... arguments) throws Exception {
        // whoever runs the tests in the background may have made them deaf to Ctrl-C, and so what they start
        ProcessBuilder builder = new ProcessBuilder(
                "env",
                "--default-signal=INT",
                Project.java(),
                "-cp",
                System.getProperty("java.class.path"),
                program.getName());
        builder.command().addAll(List.of(arguments));
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
    }

    /** Sends the signal when the program is at work. */
    private String stop(Process program, String signal) throws Exception {
        while (said().isEmpty()) {
            assertThat(program.isAlive()).isTrue();
            Thread.sleep(50);
        }
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(program.pid()))
                        .start()
                        .waitFor())
                .isZero();
        return said().get(0).split(" ")[1];
    }

    private List<String> said() throws Exception {
        return Files.readAllLines(folder.resolve("said"));
    }
}
