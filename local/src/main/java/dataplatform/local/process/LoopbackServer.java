package dataplatform.local.process;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP server on a free port of the loopback interface. */
public final class LoopbackServer implements AutoCloseable {
    static {
        // else each answer waits 40 ms for the acknowledgement of its headers
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private LoopbackServer(HttpServer server) {
        this.server = server;
    }

    /** Starts a server on a free port of the loopback interface. */
    public static LoopbackServer start(HttpHandler handler) throws IOException {
        LoopbackServer loopback =
                new LoopbackServer(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        loopback.server.setExecutor(loopback.threads);
        loopback.server.createContext("/", handler);
        loopback.server.start();
        return loopback;
    }

    /** Host and port, with a colon between them. */
    public String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Runs work in the background, until it is closed. */
    public void execute(Runnable work) {
        threads.execute(work);
    }

    @Override
    public void close() {
        Closing.all(() -> server.stop(0), threads::shutdownNow);
    }
}
