package dataplatform.local.events;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * What the users of a small social application do: they register, look at pages, write posts, follow each other and stop, and edit their
 * profiles. Messages are as Segment's clients make them, and are sent as these do: again, until they are taken.
 */
public final class Traffic {
    private static final String[] WORDS = {
        "coffee",
        "sunrise",
        "☃",
        "deadline",
        "\"quoted\"",
        "}{",
        "train",
        "über",
        "🚀",
        "slowly",
        "garden",
        "again",
        "\\",
        "rain"
    };
    private static final String[] PAGES = {"/feed", "/profile", "/search", "/notifications", "/settings"};
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final SplittableRandom random;
    private final int users;
    private final boolean[] registered;
    private long posts;

    /** @param users how many there are */
    public Traffic(long seed, int users) {
        this.random = new SplittableRandom(seed);
        this.users = users;
        this.registered = new boolean[users];
    }

    /** What somebody does at a time: a message of Segment's tracking API. */
    public ObjectNode next(Instant at) {
        // a few do most of it
        int user = (int) (users * Math.pow(random.nextDouble(), 2));
        ObjectNode message = AwsJson.JSON.createObjectNode();
        message.put(
                "messageId", "ajs-next-" + at.toEpochMilli() + "-" + new UUID(random.nextLong(), random.nextLong()));
        message.put("anonymousId", "browser-" + user);
        message.put("timestamp", at.toString());
        context(message);
        // visitors who have not registered yet look at pages
        if (!registered[user] && random.nextInt(4) > 0) {
            return page(message);
        }
        message.put("userId", "u" + user);
        int what = random.nextInt(100);
        if (!registered[user] || what < 3) {
            registered[user] = true;
            return identify(message, user);
        }
        if (what < 18) {
            message.put("type", "track").put("event", "Post Created");
            message.putObject("properties")
                    .put("id", "p" + random.nextLong(1, Long.MAX_VALUE) + "-" + posts++)
                    .put("author", "u" + user)
                    .put("content", text());
            return message;
        }
        if (what < 33) {
            message.put("type", "track").put("event", what < 29 ? "User Followed" : "User Unfollowed");
            message.putObject("properties").put("followed_id", "u" + random.nextInt(users));
            return message;
        }
        if (what < 60) {
            message.put("type", "track").put("event", "Post Liked");
            message.putObject("properties")
                    .put("id", "p" + random.nextInt(1000))
                    .put("position", random.nextInt(20));
            return message;
        }
        return page(message);
    }

    private ObjectNode identify(ObjectNode message, int user) {
        message.put("type", "identify");
        message.putObject("traits")
                .put("username", "user_" + user)
                .put("email", "user_" + user + "@example.com")
                .put("about_me", text());
        return message;
    }

    private ObjectNode page(ObjectNode message) {
        message.put("type", "page").put("name", "Page");
        message.putObject("properties")
                .put("path", message.at("/context/page/path").asText());
        return message;
    }

    private void context(ObjectNode message) {
        ObjectNode context = message.putObject("context");
        String path = PAGES[random.nextInt(PAGES.length)];
        context.putObject("page").put("path", path).put("title", "Social").put("url", "https://social.example" + path);
        context.putObject("library").put("name", "analytics.js").put("version", "npm:next-1.84.3");
        context.put("locale", "en-US");
    }

    private String text() {
        List<String> words = new ArrayList<>();
        for (int i = random.nextInt(3, 15); i > 0; i--) {
            words.add(WORDS[random.nextInt(WORDS.length)]);
        }
        return String.join(" ", words);
    }

    /**
     * Sends messages as one batch, and again while it is answered 429 or 5xx.
     *
     * @param endpoint of the API
     * @throws IllegalStateException if the batch is refused for good
     */
    public static void send(HttpClient http, URI endpoint, String writeKey, List<ObjectNode> messages)
            throws IOException, InterruptedException {
        ObjectNode body = AwsJson.JSON.createObjectNode();
        ArrayNode batch = body.putArray("batch");
        messages.forEach(batch::add);
        Duration pause = FIRST_PAUSE;
        while (true) {
            body.put("sentAt", Instant.now().toString());
            HttpRequest request = HttpRequest.newBuilder(endpoint.resolve("/v1/batch"))
                    .header("Content-Type", "application/json")
                    .header("Authorization", "Basic " + Base64.getEncoder().encodeToString((writeKey + ":").getBytes()))
                    .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                    .build();
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            int status = answer.statusCode();
            if (status == 200) {
                return;
            }
            if (status != 429 && status < 500) {
                throw new IllegalStateException("the API answers " + status + ": " + answer.body());
            }
            Thread.sleep(pause.toMillis());
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }
}
