package dataplatform.lambdas.eventcollector;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The keys by which clients may write, each with the name of the source that it is given to. The secret is JSON,
 * {@code {"<source>": "<key>"}} or, while a key is changed, {@code {"<source>": ["<new key>", "<old key>"]}}.
 *
 * <p>What was read is used for five minutes. A key that is not among it is looked for again, so that a new one works at once, but not more
 * often than every second, whoever guesses.
 */
final class WriteKeys {
    private static final Duration FRESH = Duration.ofMinutes(5);
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

    private final Supplier<String> secret;
    private final Clock clock;
    private List<Key> keys = List.of();
    private Instant read = Instant.EPOCH;
    private Instant tried = Instant.EPOCH;
    private RuntimeException failure;

    private record Key(String source, byte[] hash) {}

    /** @param secret reads it; what it throws means that nobody knows */
    WriteKeys(Supplier<String> secret, Clock clock) {
        this.secret = secret;
        this.clock = clock;
    }

    /**
     * The name of the source that a key is given to; empty if it is nobody's.
     *
     * @throws IllegalStateException if the secret can't be read and the key is not among those that were known
     */
    synchronized Optional<String> source(String key) {
        byte[] hash = hash(key);
        Instant now = clock.instant();
        Optional<String> known = find(hash);
        boolean fresh = known.isPresent() && now.isBefore(read.plus(FRESH));
        if (!fresh && !now.isBefore(tried.plus(BETWEEN_LOOKS))) {
            tried = now;
            try {
                keys = parse(secret.get());
                read = now;
                return find(hash);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        if (known.isEmpty() && !read.equals(tried)) {
            throw new IllegalStateException("the write keys can't be read", failure);
        }
        return known;
    }

    /** Compares with all of them, so that the time it takes tells nothing. */
    private Optional<String> find(byte[] hash) {
        Optional<String> found = Optional.empty();
        for (Key key : keys) {
            if (MessageDigest.isEqual(key.hash(), hash)) {
                found = Optional.of(key.source());
            }
        }
        return found;
    }

    private static List<Key> parse(String secret) {
        JsonNode sources;
        try {
            sources = Json.MAPPER.readTree(secret);
        } catch (JsonProcessingException e) {
            // its message quotes the secret
            throw new IllegalStateException("the secret is no JSON");
        }
        List<Key> keys = new ArrayList<>();
        sources.properties().forEach(source -> {
            Iterable<JsonNode> of = source.getValue().isArray() ? source.getValue() : List.of(source.getValue());
            of.forEach(key -> {
                if (!key.isTextual() || key.textValue().isEmpty()) {
                    throw new IllegalStateException("the secret has a key of " + source.getKey() + " that is no text");
                }
                keys.add(new Key(source.getKey(), hash(key.textValue())));
            });
        });
        if (keys.isEmpty()) {
            throw new IllegalStateException("the secret has no keys");
        }
        return List.copyOf(keys);
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
