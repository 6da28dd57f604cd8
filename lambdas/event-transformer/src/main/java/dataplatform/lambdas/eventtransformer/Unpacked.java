package dataplatform.lambdas.eventtransformer;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** What an object holds, unpacked if it is in gzip. Where that is damaged the stream ends, and {@link #damage} says so. */
final class Unpacked extends InputStream {
    /** Of what is unpacked at once, all is lost where the damage is. */
    private static final int STEP = 4096;

    private static final int PACKED = 1 << 16;

    private final InputStream in;
    private String damage = "";

    /** @param object as it is stored */
    Unpacked(InputStream object) throws IOException {
        PushbackInputStream all = new PushbackInputStream(object, 2);
        byte[] magic = all.readNBytes(2);
        all.unread(magic);
        boolean isPacked = magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
        InputStream unpacked = all;
        if (isPacked) {
            try {
                unpacked = new GZIPInputStream(all, PACKED);
            } catch (ZipException | EOFException e) {
                unpacked = nullInputStream();
                damage = damage(e);
            }
        }
        this.in = unpacked;
    }

    private static String damage(IOException e) {
        return "the gzip is damaged, and what stood behind is lost: " + e.getMessage();
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
        try {
            return damage.isEmpty() ? in.read(to, offset, Math.min(length, STEP)) : -1;
        } catch (ZipException | EOFException e) {
            damage = damage(e);
            return -1;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
