package dataplatform.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
    @TempDir
    Path folder;

    @Test
    void aLineIsHeardWhenItIsWhole() throws Exception {
        // each goes on when the one before has been heard, as far as it can be; \303\243 is one letter
        Path go = folder.resolve("go");
        String program = "echo first; printf 'starting task_'; while [ ! -e " + go + " ]; do sleep 0.05; done;"
                + " printf 'id=s\\303'; sleep 0.5; printf '\\243o \\n\\n\\377\\nlast'";
        List<String> lines = new CopyOnWriteArrayList<>();
        try (ChildProcess child = start(program)) {
            child.await(line -> {
                lines.add(line);
                if (line.equals("first")) {
                    touch(go);
                }
            });
        }
        assertThat(lines).containsExactly("first", "starting task_id=são ", "", "\uFFFD", "last");
    }

    @Test
    void saysHowItEndedWhateverItHasWritten() throws Exception {
        try (ChildProcess child = start("printf '\\377 is no letter'; exit 3")) {
            assertThatThrownBy(() -> child.await(line -> {})).hasMessageContaining("exit code 3", "is no letter");
        }
    }

    @Test
    void hasEndedWhenItIsClosedAlsoByAThreadThatIsInterrupted() throws Exception {
        Path ready = folder.resolve("ready");
        ChildProcess child = start("trap 'sleep 0.5; exit' TERM; touch " + ready + "; while :; do sleep 0.1; done");
        while (!Files.exists(ready)) {
            Thread.sleep(20);
        }
        Thread.currentThread().interrupt();
        child.close();

        assertThat(child.process().isAlive()).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    private ChildProcess start(String program) throws Exception {
        return ChildProcess.start("test", List.of("bash", "-c", program), Map.of(), folder.resolve("log"));
    }

    private static void touch(Path file) {
        try {
            Files.createFile(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
