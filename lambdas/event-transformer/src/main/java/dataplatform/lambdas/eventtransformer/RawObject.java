package dataplatform.lambdas.eventtransformer;

import dataplatform.platform.Names;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An object that Firehose has written.
 *
 * @param key {@code web-data/raw/yyyy/MM/dd/HH/<name>}
 */
record RawObject(String key) {
    private static final DateTimeFormatter HOUR = DateTimeFormatter.ofPattern("uuuu/MM/dd/HH");
    private static final Pattern KEY = Pattern.compile(Names.RAW + "/(\\d{4}/\\d\\d/\\d\\d/\\d\\d)/([^/_.][^/]*)");

    /** @throws IllegalArgumentException if it is no raw object of an hour */
    RawObject {
        hour(key);
    }

    /** The hour in UTC in which its first message came. */
    Instant hour() {
        return hour(key);
    }

    /** The key of the rows that it has for a table: the same ones whenever it is read. */
    String transformed(String table) {
        Matcher parts = parts(key);
        return Names.TRANSFORMED + "/" + table + "/" + parts.group(1) + "/" + parts.group(2) + ".parquet";
    }

    private static Instant hour(String key) {
        try {
            return LocalDateTime.parse(parts(key).group(1), HOUR).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(key + " has no hour in its key", e);
        }
    }

    private static Matcher parts(String key) {
        Matcher parts = KEY.matcher(key);
        if (!parts.matches()) {
            throw new IllegalArgumentException(key + " is not " + Names.RAW
                    + "/yyyy/MM/dd/HH/<name>, with a name that Spark does not take for hidden");
        }
        return parts;
    }
}
