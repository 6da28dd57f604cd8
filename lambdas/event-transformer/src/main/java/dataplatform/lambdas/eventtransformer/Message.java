package dataplatform.lambdas.eventtransformer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dataplatform.lambdas.eventtransformer.Paths.Place;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A message as it stands in a raw object: where in the bytes the value of each path is. One instance reads all messages of an object, one
 * after the other, and holds what it read last as long as the bytes stay where they are.
 */
final class Message {
    /** What a value is. */
    enum Kind {
        /** It is null, or is not there. */
        NONE,
        TEXT,
        NUMBER,
        BOOLEAN,
        /** An object or an array. */
        NESTED
    }

    /** What became of {@link #read}. */
    enum Result {
        READ,
        /** The bytes end within it. */
        CUT_OFF,
        BROKEN
    }

    private static final int MAX_DEPTH = 200;
    /** A literal that is cut off so close to the end of the bytes is told from a broken one by reading on. */
    private static final int LONGEST_LITERAL = 8;

    private static final byte[] NO_FIELDS = {};

    // a table of names of its own: what one object has in it can't make others slow
    private final JsonFactory json = new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();

    private final Place root;
    private final Kind[] kinds;
    private final int[] begins;
    private final int[] ends;
    private final Map<String, Field> fields = new LinkedHashMap<>();
    private byte[] bytes;
    private int begin;
    private int end;
    private String defect = "";

    /** A field of the message itself, from its name to the end of its value. */
    private record Field(int begin, int end) {}

    Message(Paths paths) {
        this.root = paths.root();
        this.kinds = new Kind[paths.size()];
        this.begins = new int[paths.size()];
        this.ends = new int[paths.size()];
    }

    /**
     * Reads the object that begins at a place.
     *
     * @param limit where the bytes end
     */
    Result read(byte[] source, int from, int limit) {
        bytes = source;
        begin = from;
        fields.clear();
        Arrays.fill(kinds, Kind.NONE);
        if (source[begin] != '{') {
            defect = "no object begins here";
            return Result.BROKEN;
        }
        try (JsonParser parser = json.createParser(source, begin, limit - begin)) {
            parser.nextToken();
            object(parser, root, true);
            end = place(parser);
            return Result.READ;
        } catch (JsonEOFException e) {
            defect = "it ends within a message";
            return Result.CUT_OFF;
        } catch (StreamConstraintsException e) {
            defect = "it is too deep, or has a number that is too long";
            return Result.BROKEN;
        } catch (JsonProcessingException e) {
            // what Jackson says quotes what was sent
            defect = "it is no JSON";
            return begin + e.getLocation().getByteOffset() + LONGEST_LITERAL >= limit ? Result.CUT_OFF : Result.BROKEN;
        } catch (IOException e) {
            // such as bytes that are no UTF-8
            defect = "it is no JSON in UTF-8";
            return Result.BROKEN;
        }
    }

    private void object(JsonParser parser, Place place, boolean isMessage) throws IOException {
        String name;
        while ((name = parser.nextFieldName()) != null) {
            int nameBegin = tokenBegin(parser);
            parser.nextToken();
            value(parser, place.child(name));
            if (isMessage) {
                fields.put(name, new Field(nameBegin, place(parser)));
            }
        }
    }

    private void value(JsonParser parser, Place place) throws IOException {
        JsonToken token = parser.currentToken();
        if (place == null) {
            parser.skipChildren();
            parser.finishToken();
            return;
        }
        // a name that stands twice has the value that stands last
        Arrays.fill(kinds, place.first(), place.last(), Kind.NONE);
        int valueBegin = tokenBegin(parser);
        if (token == JsonToken.START_OBJECT && place.hasChildren()) {
            object(parser, place, false);
        } else {
            parser.skipChildren();
        }
        parser.finishToken();
        int slot = place.slot();
        if (slot < 0) {
            return;
        }
        kinds[slot] = switch (token) {
            case VALUE_NULL -> Kind.NONE;
            case VALUE_STRING -> Kind.TEXT;
            case VALUE_TRUE, VALUE_FALSE -> Kind.BOOLEAN;
            case START_OBJECT, START_ARRAY -> Kind.NESTED;
            default -> Kind.NUMBER;
        };
        boolean isText = token == JsonToken.VALUE_STRING;
        begins[slot] = valueBegin + (isText ? 1 : 0);
        ends[slot] = place(parser) - (isText ? 1 : 0);
    }

    private int tokenBegin(JsonParser parser) {
        return begin + (int) parser.currentTokenLocation().getByteOffset();
    }

    private int place(JsonParser parser) {
        return begin + (int) parser.currentLocation().getByteOffset();
    }

    /** How many bytes the message has that was read. */
    int length() {
        return end - begin;
    }

    /** The message that was read. */
    byte[] copy() {
        return Arrays.copyOfRange(bytes, begin, end);
    }

    /** What is wrong with it if it was not read. */
    String defect() {
        return defect;
    }

    /** What the value of a path is. */
    Kind kind(int slot) {
        return kinds[slot];
    }

    /** The value in UTF-8, of a text without its quotes, else as it stands there. */
    byte[] utf8(int slot) {
        int begin = begins[slot];
        int length = ends[slot] - begin;
        boolean isPlain = true;
        for (int i = begin; i < ends[slot]; i++) {
            if (bytes[i] == '\\' && kinds[slot] == Kind.TEXT) {
                return unescaped(slot).getBytes(StandardCharsets.UTF_8);
            }
            isPlain &= bytes[i] >= 0;
        }
        return isPlain
                ? Arrays.copyOfRange(bytes, begin, ends[slot])
                : new String(bytes, begin, length, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
    }

    /** The value as text. */
    String text(int slot) {
        return new String(utf8(slot), StandardCharsets.UTF_8);
    }

    private String unescaped(int slot) {
        try (JsonParser parser = json.createParser(bytes, begins[slot] - 1, ends[slot] - begins[slot] + 2)) {
            parser.nextToken();
            // half of a surrogate pair, which UTF-8 can't hold, and NUL, which Redshift can't
            return parser.getText().replaceAll("[\\p{Cs}\\x00]", "\ufffd");
        } catch (IOException e) {
            throw new UncheckedIOException("it was read before", e);
        }
    }

    /** The fields of the message but some, as a JSON object; empty if there are no others. */
    byte[] fieldsBut(Set<String> names) {
        List<Field> others = fields.entrySet().stream()
                .filter(field -> !names.contains(field.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        if (others.isEmpty()) {
            return NO_FIELDS;
        }
        // each begins with a brace or comma, and a brace ends it
        byte[] object = new byte
                [others.stream()
                                .mapToInt(field -> 1 + field.end() - field.begin())
                                .sum()
                        + 1];
        int at = 0;
        for (Field field : others) {
            int length = field.end() - field.begin();
            object[at] = (byte) (at == 0 ? '{' : ',');
            System.arraycopy(bytes, field.begin(), object, at + 1, length);
            at += 1 + length;
        }
        object[at] = '}';
        return object;
    }
}
