package dataplatform.lambdas.eventtransformer;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * What an object holds, unpacked if it is in gzip. Where that is damaged the stream ends, and {@link #damage} says so: a bit that has changed
 * makes other values of what stands behind it, and is noticed later, at the end at the latest.
 */
final class Unpacked extends InputStream {
    /** Of what is unpacked at once, all is lost where the damage is. */
    private static final int STEP = 4096;

    private static final int BUFFER = 1 << 16;

    private final InputStream in;
    private String damage = "";

    /** @param object as it was stored */
    Unpacked(Path object) throws IOException {
        InputStream stored = new BufferedInputStream(Files.newInputStream(object), BUFFER);
        stored.mark(2);
        byte[] magic = stored.readNBytes(2);
        stored.reset();
        boolean isPacked = magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
        InputStream unpacked = stored;
        if (isPacked) {
            try {
                // the JDK's own takes what is no further member for the end
                unpacked = GzipCompressorInputStream.builder()
                        .setInputStream(stored)
                        .setDecompressConcatenated(true)
                        .get();
            } catch (IOException e) {
                damaged(e);
            }
        }
        this.in = unpacked;
    }

    private void damaged(IOException e) {
        damage = "the gzip is damaged, and what stood behind is lost: " + e.getMessage();
    }

    /** What is wrong with the object; empty as long as nothing is. */
    String damage() {
        return damage;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        if (!damage.isEmpty()) {
            return -1;
        }
        if (!(in instanceof GzipCompressorInputStream)) {
            return in.read(to, offset, length);
        }
        try {
            return in.read(to, offset, Math.min(length, STEP));
        } catch (IOException e) {
            damaged(e);
            return -1;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
