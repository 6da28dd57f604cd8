package dataplatform.local.events;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.process.Ports;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

@Timeout(30)
class SendTrafficTest {
    @TempDir
    Path folder;

    private final StringWriter said = new StringWriter();

    @ParameterizedTest
    @CsvSource({"--rate, 0", "--rate, -5", "--users, 0"})
    void refusesToSendNothing(String option, String number) {
        assertThat(run(option, number)).isEqualTo(2);
        assertThat(said.toString()).contains(option + " is " + number + "; it must be at least 1");
    }

    /** As make events leaves the address when it is killed. */
    @Test
    void saysWhereNothingAnswersAndWhatToDo() throws Exception {
        String address = "http://127.0.0.1:" + Ports.free();
        Files.writeString(folder.resolve(EventsDemo.ADDRESS), address + " key");

        assertThat(run("--rate", "50")).isEqualTo(1);
        assertThat(said.toString()).contains("nothing answers at " + address + ": run make events in another terminal");
    }

    private int run(String... more) {
        CommandLine command = new CommandLine(new SendTraffic()).setErr(new PrintWriter(said, true));
        String[] arguments = {"--state", folder.toString(), more[0], more[1]};
        return command.execute(arguments);
    }
}
