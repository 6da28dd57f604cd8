package dataplatform.local.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A server as a bad network and a busy store show it: while {@link #setFaulty faulty}, some connections are refused with 503, some are
 * reset at once, some when a request has been done and before its answer has come, some in the middle of an answer, and some answer slowly.
 */
public final class FaultyProxy implements AutoCloseable {
    private static final String BUSY_BODY = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
    private static final String BUSY =
            "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n" + "Content-Length: "
                    + BUSY_BODY.length() + "\r\n\r\n" + BUSY_BODY;
    private static final int CHUNK = 8 << 10;

    private final ServerSocket listening;
    private final int target;
    private final SplittableRandom random;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean faulty;

    private FaultyProxy(ServerSocket listening, int target, SplittableRandom random) {
        this.listening = listening;
        this.target = target;
        this.random = random;
    }

    /**
     * Starts it, without faults.
     *
     * @param server on this machine
     * @param random decides which connection has which fault
     */
    public static FaultyProxy start(URI server, SplittableRandom random) throws IOException {
        FaultyProxy proxy =
                new FaultyProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), server.getPort(), random);
        proxy.threads.submit(proxy::accept);
        return proxy;
    }

    /** Where it answers in front of the store. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort());
    }

    /** Whether new connections may have faults. */
    public void setFaulty(boolean faulty) {
        this.faulty = faulty;
    }

    private enum Fault {
        NONE,
        BUSY,
        RESET,
        RESET_BEFORE_ANSWER,
        RESET_WITHIN_ANSWER,
        SLOW
    }

    private Void accept() throws IOException {
        while (true) {
            Socket client = listening.accept();
            Fault fault = Fault.NONE;
            long bytes = Long.MAX_VALUE;
            if (faulty) {
                Fault[] faults = Fault.values();
                fault = random.nextInt(4) == 0 ? faults[random.nextInt(faults.length)] : Fault.NONE;
                // a connection that lives on would see no other
                bytes = random.nextLong(200_000);
            }
            Connection connection = new Connection(client, fault, bytes);
            threads.submit(connection::run);
        }
    }

    private final class Connection {
        private final Socket client;
        private final Fault fault;
        private long bytes;

        Connection(Socket client, Fault fault, long bytes) {
            this.client = client;
            this.fault = fault;
            this.bytes = bytes;
        }

        Void run() throws IOException {
            open.add(client);
            try (client;
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
                open.add(server);
                switch (fault) {
                    case RESET -> reset();
                    case BUSY -> {
                        if (client.getInputStream().read(new byte[CHUNK]) > 0) {
                            client.getOutputStream().write(BUSY.getBytes(StandardCharsets.US_ASCII));
                        }
                    }
                    default -> {
                        threads.submit(() -> pass(client, server));
                        answer(server);
                    }
                }
                open.remove(server);
            } catch (IOException | InterruptedException e) {
                // one of both has closed it
            } finally {
                open.remove(client);
            }
            return null;
        }

        /** Not closed but broken off. */
        private void reset() throws IOException {
            client.setSoLinger(true, 0);
            client.close();
        }

        private void answer(Socket server) throws IOException, InterruptedException {
            InputStream in = server.getInputStream();
            OutputStream out = client.getOutputStream();
            byte[] chunk = new byte[CHUNK];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                if (fault == Fault.RESET_BEFORE_ANSWER) {
                    reset();
                    return;
                }
                if (fault == Fault.RESET_WITHIN_ANSWER && bytes < read) {
                    out.write(chunk, 0, (int) bytes);
                    reset();
                    return;
                }
                if (fault == Fault.SLOW) {
                    Thread.sleep(200);
                }
                bytes -= fault == Fault.RESET_WITHIN_ANSWER ? read : 0;
                out.write(chunk, 0, read);
            }
        }

        private Void pass(Socket from, Socket to) throws IOException {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
        threads.shutdownNow();
    }
}
