package dataplatform.lambdas.eventcollector;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * What a request's body says. Messages are found without being read, so that a bad one is told from a bad body. Limits are those of
 * Segment's HTTP API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/).
 *
 * @param messages each message's own bytes
 * @param fields what stands beside the messages of a batch, or in the only message, as it was sent
 */
record Body(List<byte[]> messages, Map<String, byte[]> fields) {
    static final int MAX_MESSAGE = 32 * 1024;
    static final int MAX_BODY = 500 * 1024;
    static final int MAX_MESSAGES = 2500;

    private static final Set<String> FIELDS = Set.of("writeKey", "context", "integrations", "timestamp", "sentAt");
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    /**
     * Reads it.
     *
     * @param isBatch whether the messages stand in a field {@code batch}; else the body is the message
     * @throws Refusal if it is no JSON or too much
     */
    static Body read(byte[] sent, boolean isBatch) throws Refusal {
        byte[] body = withoutMark(unpacked(sent));
        List<byte[]> messages = new ArrayList<>();
        Map<String, byte[]> fields = new HashMap<>();
        boolean hasBatch = false;
        // as if each byte were a character: whether they are UTF-8 is judged message by message
        try (JsonParser parser = Json.SCANNER.createParser(new String(body, ISO_8859_1))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new Refusal("the body is no JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                if (isBatch && name.equals("batch")) {
                    messages(parser, body, messages);
                    hasBatch = true;
                } else if (FIELDS.contains(name)) {
                    byte[] value = value(parser, body);
                    if (isBatch && value.length > MAX_MESSAGE) {
                        throw new Refusal(name + " is longer than " + MAX_MESSAGE + " bytes");
                    }
                    fields.put(name, value);
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                throw new Refusal("there is more after the JSON object");
            }
        } catch (IOException e) {
            throw new Refusal("the body is broken JSON");
        }
        if (isBatch && !hasBatch) {
            throw new Refusal("there is no batch");
        }
        if (!isBatch) {
            if (body.length > MAX_MESSAGE) {
                throw new Refusal("the message is longer than " + MAX_MESSAGE + " bytes");
            }
            messages.add(body);
        }
        return new Body(messages, fields);
    }

    private static void messages(JsonParser parser, byte[] body, List<byte[]> messages) throws IOException, Refusal {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new Refusal("batch is no array");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (messages.size() == MAX_MESSAGES) {
                throw new Refusal("the batch has more than " + MAX_MESSAGES + " messages");
            }
            messages.add(value(parser, body));
        }
    }

    /** The bytes of the value that the parser stands at; it then stands at its end. */
    private static byte[] value(JsonParser parser, byte[] body) throws IOException {
        int from = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        return Arrays.copyOfRange(body, from, (int) parser.currentLocation().getCharOffset());
    }

    /** A field of a message, as it was sent, if it is there; what else is in the message may be what nobody can read. */
    static Optional<byte[]> field(byte[] message, String name) {
        Optional<byte[]> field = Optional.empty();
        try (JsonParser parser = Json.SCANNER.createParser(new String(message, ISO_8859_1))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return field;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isIt = parser.currentName().equals(name);
                parser.nextToken();
                if (isIt) {
                    field = Optional.of(value(parser, message));
                } else {
                    parser.skipChildren();
                }
            }
            return field;
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static byte[] withoutMark(byte[] body) {
        return Arrays.mismatch(body, BYTE_ORDER_MARK) == BYTE_ORDER_MARK.length
                ? Arrays.copyOfRange(body, BYTE_ORDER_MARK.length, body.length)
                : body;
    }

    /** By its first bytes: not all clients name the encoding, and not all that is between leaves its name. */
    private static byte[] unpacked(byte[] sent) throws Refusal {
        byte[] body = sent;
        if (sent.length > 2 && sent[0] == 0x1f && sent[1] == (byte) 0x8b) {
            try (InputStream packed = new GZIPInputStream(new ByteArrayInputStream(sent))) {
                body = packed.readNBytes(MAX_BODY + 1);
            } catch (IOException | StackOverflowError e) {
                // the error by thousands of empty parts, into each of which Java goes deeper
                throw new Refusal("the body is broken gzip");
            }
        }
        if (body.length > MAX_BODY) {
            throw new Refusal("the body is longer than " + MAX_BODY + " bytes");
        }
        return body;
    }

    /** A field that is an object, if it is there. */
    Optional<ObjectNode> object(String name) throws Refusal {
        return Fields.object(field(name), name);
    }

    /** A field that is a text, if it is there. */
    Optional<String> text(String name) throws Refusal {
        return Fields.text(field(name), name);
    }

    private JsonNode field(String name) throws Refusal {
        byte[] value = fields.get(name);
        try {
            return value == null ? null : Json.read(value);
        } catch (Refusal e) {
            throw new Refusal(name + ": " + e.getMessage());
        }
    }
}
