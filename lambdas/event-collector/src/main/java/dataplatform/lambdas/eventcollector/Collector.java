package dataplatform.lambdas.eventcollector;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Segment's HTTP tracking API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/), as its clients speak it. They
 * send again what gets 429 or 5xx and drop what gets another 4xx: that is kept for what can't come out right by trying again.
 */
final class Collector {
    private static final Pattern PATH = Pattern.compile("/+v1/+(\\w+)/*");
    /** By the last part of the path; the short ones are the browser library's. */
    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("identify", "identify"),
            Map.entry("i", "identify"),
            Map.entry("track", "track"),
            Map.entry("t", "track"),
            Map.entry("page", "page"),
            Map.entry("p", "page"),
            Map.entry("screen", "screen"),
            Map.entry("s", "screen"),
            Map.entry("group", "group"),
            Map.entry("g", "group"),
            Map.entry("alias", "alias"),
            Map.entry("a", "alias"));

    private static final Set<String> BATCHES = Set.of("batch", "b", "import");

    /** Whoever is refused comes again: better soon than when the HTTP API, after 30 s, waits no more. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Of one shard: what one person sends at once goes to one, and would else be refused again and again. */
    private static final long BYTES_A_SECOND = 1 << 20;

    private final WriteKeys keys;
    private final EventStream stream;

    Collector(WriteKeys keys, EventStream stream) {
        this.keys = keys;
        this.stream = stream;
    }

    /**
     * Takes a request's messages; when it returns, they are in the stream.
     *
     * @param time how long it may take at most
     * @throws Refusal says how to answer instead
     */
    void take(Request request, Duration time) throws Refusal {
        long start = System.nanoTime();
        String name = endpoint(request.path());
        Optional<String> type = Optional.ofNullable(TYPES.get(name));
        if (type.isEmpty() && !BATCHES.contains(name)) {
            throw new Refusal(404, "there is no such path; take one of /v1/batch, /v1/identify, /v1/track and so on");
        }
        if (!request.method().equals("POST")) {
            throw new Refusal(405, "only POST is taken");
        }
        Body body = Body.read(request.body(), type.isEmpty());
        String source = source(key(request, body));
        List<Event> events = new Messages(request, body, source).events(type);
        long bytes = events.stream().mapToLong(event -> event.json().length).sum();
        Duration patience = PATIENCE.plusSeconds(bytes / BYTES_A_SECOND);
        stream.put(events, start + (patience.compareTo(time) < 0 ? patience : time).toNanos());
    }

    /** The last part of the path; the Java client begins it with two slashes and ends it with one. */
    private static String endpoint(String path) {
        Matcher matcher = PATH.matcher(path);
        return matcher.matches() ? matcher.group(1) : "";
    }

    /** Of the header, or of the body where a client sends none. */
    private static String key(Request request, Body body) throws Refusal {
        Optional<String> header = request.header("authorization").flatMap(Collector::key);
        return header.isPresent()
                ? header.get()
                : body.text("writeKey").orElseThrow(() -> new Refusal(401, "there is no write key"));
    }

    /** Basic has the key for a user's name; Bearer has it alone. */
    private static Optional<String> key(String header) {
        String[] parts = header.strip().split("\\s+", 2);
        if (parts.length != 2) {
            return Optional.empty();
        }
        String key =
                switch (parts[0].toLowerCase(Locale.ROOT)) {
                    case "basic" -> decoded(parts[1]).split(":", 2)[0];
                    case "bearer" -> parts[1];
                    default -> "";
                };
        return key.isEmpty() ? Optional.empty() : Optional.of(key);
    }

    private static String decoded(String basic) {
        try {
            return new String(Base64.getDecoder().decode(basic), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private String source(String key) throws Refusal {
        try {
            return keys.source(key).orElseThrow(() -> new Refusal(401, "the write key is not known"));
        } catch (IllegalStateException e) {
            throw new Refusal(503, "the write keys can't be read; try again");
        }
    }
}
