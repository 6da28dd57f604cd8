package dataplatform.local.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AirflowPagesTest {
    @TempDir
    Path folder;

    @Test
    void saysAtOnceThatItsPortIsTaken() throws Exception {
        Files.createDirectory(folder.resolve("postgres"));
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StringWriter said = new StringWriter();
            int code = new CommandLine(new AirflowPages())
                    .setErr(new PrintWriter(said, true))
                    .execute("--state", folder.toString(), "--port", Integer.toString(taken.getLocalPort()));

            assertThat(code).isNotZero();
            assertThat(said.toString()).contains("port " + taken.getLocalPort() + " is taken; end what listens there");
        }
        assertThat(folder.resolve("postgres")).isEmptyDirectory();
        assertThat(folder.resolve("lock")).doesNotExist();
    }
}
