package dataplatform.lambdas.eventtransformer;

import dataplatform.lambdas.eventtransformer.Message.Result;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.Predicate;

/**
 * The messages of a raw object one after the other, with or without newlines between them, and the parts that are none. A part that can't
 * be read ends where a line does or the next message begins: that is an object which makes a row, as what stands within a broken message
 * can be an object too.
 */
final class RawMessages {
    /** What is longer is no message. */
    private static final int LONGEST = 8 << 20;

    private final InputStream in;
    private final Message message;
    private final Predicate<Message> isMessage;
    private byte[] bytes = new byte[1 << 20];
    /** Where the part begins and ends that was read last, and the bytes that are there. */
    private int begin;

    private int end;
    private int limit;
    private boolean isLast;
    /** How many bytes of the object came before those that are there. */
    private long before;

    private String defect = "";

    /**
     * @param in the unpacked object
     * @param message reads them
     * @param isMessage tells a message from another object
     */
    RawMessages(InputStream in, Message message, Predicate<Message> isMessage) {
        this.in = in;
        this.message = message;
        this.isMessage = isMessage;
    }

    /**
     * Reads the next part; false if there is none.
     *
     * @throws IOException if the object can't be read
     */
    boolean next() throws IOException {
        begin = end;
        while (begin < limit || more()) {
            if (!isSpace(bytes[begin])) {
                defect = "";
                if (!read(0)) {
                    defect = message.defect();
                    end = begin + broken();
                } else {
                    end = begin + message.length();
                }
                return true;
            }
            end++;
            begin = end;
        }
        return false;
    }

    /** Why the part is no message; empty if it is an object, which {@link Message} holds. */
    String defect() {
        return defect;
    }

    /** Where the part begins in the object. */
    long offset() {
        return before + begin;
    }

    /** The part. */
    byte[] part() {
        return Arrays.copyOfRange(bytes, begin, end);
    }

    /** Where the object ends as far as it was read. */
    long read() {
        return before + limit;
    }

    /** Reads the object that begins so many bytes after the part; false if none does. */
    private boolean read(int after) throws IOException {
        while (true) {
            Result result = message.read(bytes, begin + after, limit);
            if (result != Result.CUT_OFF || limit - begin >= LONGEST || !more()) {
                return result == Result.READ;
            }
        }
    }

    /** How long the part is that is no message. */
    private int broken() throws IOException {
        int length = 1;
        while (length < LONGEST && (begin + length < limit || more())) {
            byte next = bytes[begin + length];
            if (next == '\n' || next == '{' && read(length) && isMessage.test(message)) {
                return length;
            }
            length++;
        }
        return length;
    }

    /** Gets more of the object; false if there is no more. What there is of the part stays. */
    private boolean more() throws IOException {
        if (isLast) {
            return false;
        }
        int left = limit - begin;
        byte[] to = left > bytes.length / 2 ? new byte[bytes.length * 2] : bytes;
        System.arraycopy(bytes, begin, to, 0, left);
        bytes = to;
        before += begin;
        end -= begin;
        begin = 0;
        limit = left;
        int read = in.readNBytes(bytes, limit, bytes.length - limit);
        limit += read;
        isLast = limit < bytes.length;
        return read > 0;
    }

    private static boolean isSpace(byte one) {
        return one == ' ' || one == '\n' || one == '\r' || one == '\t';
    }
}
