package dataplatform.lambdas.eventcollector;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The messages of one request, made into events: with what the batch says of all of them, with ids, and with the time at which they
 * happened by the server's clock. A message that is wrong becomes an event that says why and holds what was sent, for the quarantine; the
 * others go on.
 */
final class Messages {
    private static final int MAX_ID = 100;
    private static final int MAX_AGENT = 500;
    private static final Set<String> TYPES = Set.of("identify", "track", "page", "screen", "group", "alias");

    private final Request request;
    private final Body body;
    private final String source;
    /** How often the same content has come in this request: that twice is no retry. */
    private final Map<String, Integer> seen = new HashMap<>();

    /** @param source that the write key is given to */
    Messages(Request request, Body body, String source) {
        this.request = request;
        this.body = body;
        this.source = source;
    }

    /**
     * All of them, in their order; then what the batch says of them and nobody can use.
     *
     * @param type that the path says; in a batch each message says its own
     * @throws Refusal if it is too much with what the batch says of all of them
     */
    List<Event> events(Optional<String> type) throws Refusal {
        List<Event> unusable = new ArrayList<>();
        Common common = type.isPresent()
                ? new Common(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty())
                : new Common(
                        ofBatch("context", body::object, unusable),
                        ofBatch("integrations", body::object, unusable),
                        ofBatch("timestamp", this::timeOfBatch, unusable),
                        // it only corrects a time: one that is no text is as if it were not there
                        usable(body::text, "sentAt"));
        List<Event> events = new ArrayList<>(body.messages().size() + unusable.size());
        int bytes = unusable.stream().mapToInt(event -> event.json().length + 1).sum();
        for (byte[] message : body.messages()) {
            Event event;
            try {
                event = event(message, type, common);
            } catch (Refusal e) {
                event = quarantined(message, ownId(message), e.getMessage());
            }
            bytes += event.json().length + 1;
            if (bytes > EventStream.MAX_BYTES) {
                throw new Refusal("the batch is longer than " + EventStream.MAX_BYTES
                        + " bytes with what it says of all its messages");
            }
            events.add(event);
        }
        events.addAll(unusable);
        return events;
    }

    private record Common(
            Optional<ObjectNode> context,
            Optional<ObjectNode> integrations,
            Optional<String> timestamp,
            Optional<String> sentAt) {}

    /** Of a field. */
    private interface Reading<T> {
        Optional<T> read(String name) throws Refusal;
    }

    /** What can't be used goes to the quarantine by itself: it is no fault of the messages. */
    private <T> Optional<T> ofBatch(String name, Reading<T> reading, List<Event> unusable) {
        try {
            return reading.read(name);
        } catch (Refusal e) {
            unusable.add(quarantined(body.fields().get(name), Optional.empty(), "the batch's " + e.getMessage()));
            return Optional.empty();
        }
    }

    private Optional<String> timeOfBatch(String name) throws Refusal {
        Optional<String> text = body.text(name);
        if (text.isPresent()) {
            time(text.get(), name);
        }
        return text;
    }

    private Event event(byte[] sent, Optional<String> ofPath, Common common) throws Refusal {
        if (sent.length > Body.MAX_MESSAGE) {
            throw new Refusal("the message is longer than " + Body.MAX_MESSAGE + " bytes");
        }
        if (!(Json.read(sent) instanceof ObjectNode message)) {
            throw new Refusal("it is no object");
        }
        message.remove(List.of("writeKey", "quarantined"));
        String type = type(message, ofPath);
        message.put("type", type);
        Optional<String> user = id(message, "userId");
        Optional<String> anonymous = id(message, "anonymousId");
        Optional<String> group = id(message, "groupId");
        Optional<String> previous = id(message, "previousId");
        check(message, type, user, anonymous, group, previous);
        for (String name : List.of("properties", "traits")) {
            Fields.object(message.get(name), name);
        }
        merge(message, "context", common.context());
        merge(message, "integrations", common.integrations());
        Optional<String> timestamp = Fields.text(message.get("timestamp"), "timestamp");
        Optional<String> original = Fields.text(message.get("originalTimestamp"), "originalTimestamp")
                .or(() -> timestamp)
                .or(common::timestamp);
        Optional<String> sentAt = textOrEmpty(message.get("sentAt")).or(common::sentAt);
        message.remove(List.of("sentAt", "timestamp"));
        original.ifPresent(time -> message.put("originalTimestamp", time));
        String messageId = messageId(message, original.isPresent());
        message.put("messageId", messageId);
        if (request.header("origin").isPresent()) {
            ofBrowser(message);
        }
        sentAt.ifPresent(time -> message.put("sentAt", time));
        message.put("timestamp", timestamp(original, sentAt).toString());
        message.put("receivedAt", request.receivedAt().toString());
        message.put("source", source);
        String person = user.or(() -> anonymous).orElseThrow();
        return new Event(hash(person.getBytes(StandardCharsets.UTF_8)), Json.bytes(message));
    }

    private static String type(ObjectNode message, Optional<String> ofPath) throws Refusal {
        Optional<String> type = ofPath.isPresent() ? ofPath : Fields.text(message.get("type"), "type");
        return type.filter(TYPES::contains)
                .orElseThrow(() -> new Refusal("type is none of alias, group, identify, page, screen, track"));
    }

    /** An id or a name as a text; one that is null or empty is as if it were not there. */
    private static Optional<String> id(ObjectNode message, String name) throws Refusal {
        Optional<String> id = Fields.text(message.get(name), name);
        message.remove(name);
        id.ifPresent(text -> message.put(name, text));
        return id;
    }

    private static void check(
            ObjectNode message,
            String type,
            Optional<String> user,
            Optional<String> anonymous,
            Optional<String> group,
            Optional<String> previous)
            throws Refusal {
        if (user.isEmpty() && anonymous.isEmpty()) {
            throw new Refusal("there is neither userId nor anonymousId");
        }
        if (type.equals("track") && id(message, "event").isEmpty()) {
            throw new Refusal("event, the name of what happened, is missing");
        }
        if (type.equals("group") && group.isEmpty()) {
            throw new Refusal("groupId is missing");
        }
        if (type.equals("alias") && previous.isEmpty()) {
            throw new Refusal("previousId is missing");
        }
    }

    /** What the message says goes before what the batch says. */
    private static void merge(ObjectNode message, String name, Optional<ObjectNode> ofBatch) throws Refusal {
        Optional<ObjectNode> own = Fields.object(message.get(name), name);
        if (ofBatch.isPresent()) {
            ObjectNode merged = Json.MAPPER.createObjectNode();
            merged.setAll(ofBatch.get());
            own.ifPresent(merged::setAll);
            message.set(name, merged);
        }
    }

    /** The client's own, or one that follows from the content, so that a retry is the same message. */
    private String messageId(ObjectNode message, boolean hasTime) {
        Optional<String> own = ownId(message.get("messageId"));
        // without a time the same content may well come again another day
        String day = hasTime
                ? ""
                : LocalDate.ofInstant(request.receivedAt(), ZoneOffset.UTC).toString();
        return own.orElseGet(() -> contentId(day, Json.bytes(message)));
    }

    private static Optional<String> ownId(JsonNode messageId) {
        return textOrEmpty(messageId).filter(Messages::isId);
    }

    /** Of a message that is wrong, as far as it can be read. */
    private static Optional<String> ownId(byte[] sent) {
        Optional<byte[]> messageId = Body.field(sent, "messageId");
        try {
            return messageId.isPresent() ? ownId(Json.read(messageId.get())) : Optional.empty();
        } catch (Refusal e) {
            return Optional.empty();
        }
    }

    /** Tables hold neither NUL nor half of a surrogate pair: ids that differ only by them would become one. */
    private static boolean isId(String id) {
        return id.length() <= MAX_ID
                && id.codePoints()
                        .noneMatch(c -> c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    private String contentId(String day, byte[] content) {
        String hash = hash((source + "\n" + day + "\n").getBytes(StandardCharsets.UTF_8), content);
        int before = seen.merge(hash, 1, Integer::sum) - 1;
        return "content-" + hash + (before == 0 ? "" : "-" + before);
    }

    private static String hash(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Optional<String> textOrEmpty(JsonNode value) {
        return usable(name -> Fields.text(value, name), "");
    }

    private static <T> Optional<T> usable(Reading<T> reading, String name) {
        try {
            return reading.read(name);
        } catch (Refusal e) {
            return Optional.empty();
        }
    }

    /** A server sends messages of others: its own address is not theirs. */
    private void ofBrowser(ObjectNode message) {
        ObjectNode context = message.withObject("/context");
        if (!context.hasNonNull("ip")) {
            context.put("ip", request.address());
        }
        if (!context.hasNonNull("userAgent")) {
            request.header("user-agent")
                    .map(agent -> agent.substring(0, Math.min(agent.length(), MAX_AGENT)))
                    .ifPresent(agent -> context.put("userAgent", agent));
        }
    }

    /**
     * When it happened by the server's clock, as Segment reckons it: what passed between the event and the sending is measured by the
     * client's clock, which may be wrong by years, and taken from the server's time of receipt.
     */
    private Instant timestamp(Optional<String> original, Optional<String> sentAt) throws Refusal {
        if (original.isEmpty()) {
            return request.receivedAt();
        }
        Instant happened = time(original.get(), "timestamp");
        try {
            Instant sent = Times.parse(sentAt.orElse(""));
            Instant corrected = request.receivedAt().minus(Duration.between(happened, sent));
            return Times.parse(corrected.toString());
        } catch (DateTimeException e) {
            // nobody knows how wrong the client's clock is, or it is by more years than there are
            return happened;
        }
    }

    private static Instant time(String text, String name) throws Refusal {
        try {
            return Times.parse(text);
        } catch (DateTimeException e) {
            throw new Refusal(name + " is no time of ISO 8601 between the years 1 and 9999");
        }
    }

    /** As it was sent, but for the key in it; a message of its own also without the time of sending, which is another in a retry. */
    private static byte[] withoutKey(byte[] sent) {
        try {
            if (Json.read(sent) instanceof ObjectNode message && message.has("writeKey")) {
                return Json.bytes(message.without(List.of("writeKey", "sentAt")));
            }
        } catch (Refusal e) {
            // it has no fields
        }
        return sent;
    }

    private Event quarantined(byte[] sent, Optional<String> ownId, String reason) {
        byte[] raw = withoutKey(sent);
        String id = ownId.orElseGet(() -> contentId("", raw));
        ObjectNode event = Json.MAPPER.createObjectNode();
        event.put("messageId", id);
        event.put("receivedAt", request.receivedAt().toString());
        event.put("source", source);
        event.putObject("quarantined")
                .put("reason", reason)
                .put("raw", Base64.getEncoder().encodeToString(raw));
        return new Event(hash(raw), Json.bytes(event));
    }
}
