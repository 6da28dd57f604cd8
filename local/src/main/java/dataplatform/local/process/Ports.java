package dataplatform.local.process;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for servers that can't choose their own. */
public final class Ports {
    private static final int LOWEST = 10_000;
    /** From here on systems give ports to outgoing connections, which could take one before its server does. */
    private static final int END = 32_768;

    private Ports() {}

    /** @throws IllegalStateException if somebody listens on the port, with the advice in its message */
    public static void requireFree(int port, String advice) throws IOException {
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            // it is
        } catch (BindException e) {
            throw new IllegalStateException("port " + port + " is taken; " + advice, e);
        }
    }

    /** A port of the loopback interface that nobody listens on. */
    public static int free() throws IOException {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST, END);
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (BindException e) {
                // taken: draw again
            }
        }
    }
}
