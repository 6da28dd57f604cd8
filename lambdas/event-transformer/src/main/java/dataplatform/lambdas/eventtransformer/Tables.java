package dataplatform.lambdas.eventtransformer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import dataplatform.contracts.Source;
import dataplatform.contracts.Source.Messages;
import dataplatform.lambdas.eventtransformer.Message.Kind;
import dataplatform.parquet.ParquetFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The tables that the messages of one raw object go to. */
final class Tables implements AutoCloseable {
    private static final ObjectMapper JSON = new JsonMapper();
    private static final Map<String, Messages> TYPES = new TreeMap<>(Map.of(
            "alias", Messages.ALIAS,
            "group", Messages.GROUP,
            "identify", Messages.IDENTIFY,
            "page", Messages.PAGE,
            "screen", Messages.SCREEN,
            "track", Messages.TRACK));
    private static final String TYPE = "$.type";
    private static final String EVENT = "$.event";
    /** What the function {@code event-collector} has found no message, and why. */
    private static final String REFUSED = "$.quarantined";

    private static final String REFUSED_REASON = "$.quarantined.reason";
    private static final String REFUSED_RAW = "$.quarantined.raw";
    private static final String MESSAGE_ID = "$.messageId";
    private static final String SOURCE = "$.source";
    /** So much of a part that is no message is kept beside the raw object. */
    private static final int MAX_RAW = 256 << 10;

    private final RawObject object;
    private final Paths paths;
    private final Map<Messages, Table> byType = new EnumMap<>(Messages.class);
    private final Map<String, Table> byEvent = new HashMap<>();
    private final Message ofQuarantine;

    /**
     * @param contracts of all data sets; those that come by stream make the tables
     * @param object that is read
     * @param folder for the files
     */
    Tables(List<Contract> contracts, RawObject object, Path folder) {
        this.object = object;
        List<Contract> streamed =
                contracts.stream().filter(Contract::isStreamed).toList();
        this.paths = new Paths(Stream.concat(
                Stream.of(
                        TYPE,
                        EVENT,
                        REFUSED,
                        REFUSED_REASON,
                        REFUSED_RAW,
                        MESSAGE_ID,
                        SOURCE,
                        Source.Stream.RECEIVED_AT),
                streamed.stream()
                        .flatMap(contract -> contract.columns().stream())
                        .map(Column::sourceName)));
        for (Contract contract : streamed) {
            Table table = new Table(contract, paths, folder.resolve(contract.sourceFolder() + ".parquet"));
            Source.Stream stream = (Source.Stream) contract.source();
            stream.events().forEach(event -> byEvent.put(event, table));
            if (stream.messages() != Messages.TRACK) {
                byType.put(stream.messages(), table);
            }
        }
        this.ofQuarantine = new Message(paths);
    }

    /** The paths that messages are read for. */
    Paths paths() {
        return paths;
    }

    /** Whether an object is a message that makes a row, or one that the collector has refused. */
    boolean takes(Message message) {
        try {
            if (!isRefused(message)) {
                table(message).row(message);
            }
            return true;
        } catch (Refusal e) {
            return false;
        }
    }

    /**
     * Writes a message to its table, or to quarantine if it makes no row.
     *
     * @param offset where it begins in the unpacked object
     */
    void add(Message message, long offset) {
        try {
            if (isRefused(message)) {
                byte[] raw = Base64.getDecoder().decode(message.utf8(paths.slot(REFUSED_RAW)));
                quarantine(offset, message.length(), message.text(paths.slot(REFUSED_REASON)), raw, message);
            } else {
                Table table = table(message);
                table.add(table.row(message));
            }
        } catch (Refusal e) {
            quarantine(offset, message, e.getMessage());
        } catch (IllegalArgumentException e) {
            quarantine(offset, message, "it is no message that was refused");
        }
    }

    /**
     * Writes a part of the object to quarantine that is no message.
     *
     * @param offset where it begins in the unpacked object
     * @param reason which tells nothing of what stands in it
     */
    void quarantine(long offset, byte[] part, String reason) {
        quarantine(offset, part.length, reason, part, null);
    }

    /** Writes a message to quarantine. */
    void quarantine(long offset, Message message, String reason) {
        quarantine(offset, message.length(), reason, message.copy(), message);
    }

    private void quarantine(long offset, int length, String reason, byte[] raw, Message message) {
        ObjectNode told = JSON.createObjectNode();
        told.put("object", object.key());
        told.put("offset", offset);
        told.put("bytes", length);
        told.put("reason", reason);
        told.put("raw", new String(raw, 0, Math.min(raw.length, MAX_RAW), StandardCharsets.UTF_8));
        told.put("receivedAt", object.hour().toString());
        if (message != null) {
            copy(message, MESSAGE_ID, told, "messageId");
            copy(message, SOURCE, told, "source");
            try {
                if (Values.of(message, paths.slot(Source.Stream.RECEIVED_AT), DataType.TIMESTAMP) != null) {
                    copy(message, Source.Stream.RECEIVED_AT, told, "receivedAt");
                }
            } catch (IllegalArgumentException | DateTimeException e) {
                // it does not tell when it came
            }
        }
        byte[] bytes = bytes(told);
        Table table = byType.get(Messages.QUARANTINED);
        try {
            if (ofQuarantine.read(bytes, 0, bytes.length) != Message.Result.READ) {
                throw new IllegalStateException("could not read " + told);
            }
            table.add(table.row(ofQuarantine));
        } catch (Refusal e) {
            throw new IllegalStateException("contract " + table.contract().id() + ": " + e.getMessage(), e);
        }
    }

    private boolean isRefused(Message message) {
        return message.kind(paths.slot(REFUSED)) == Kind.NESTED;
    }

    private void copy(Message message, String path, ObjectNode to, String name) {
        if (message.kind(paths.slot(path)) == Kind.TEXT) {
            to.put(name, message.text(paths.slot(path)));
        }
    }

    private static byte[] bytes(ObjectNode node) {
        try {
            return JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Table table(Message message) throws Refusal {
        String type = message.kind(paths.slot(TYPE)) == Kind.TEXT ? message.text(paths.slot(TYPE)) : "";
        Messages messages = TYPES.get(type);
        if (messages == null) {
            throw new Refusal("type is none of " + TYPES.keySet());
        }
        Table table = byType.get(messages);
        if (messages == Messages.TRACK && message.kind(paths.slot(EVENT)) == Kind.TEXT) {
            table = byEvent.get(message.text(paths.slot(EVENT)));
        }
        return table == null ? byType.get(Messages.OTHERS) : table;
    }

    /** The files with rows, by their data set's folder; they are whole after {@link #close}. */
    Map<String, ParquetFile> files() {
        Map<String, ParquetFile> files = new TreeMap<>();
        all().forEach(table ->
                table.file().ifPresent(file -> files.put(table.contract().sourceFolder(), file)));
        return files;
    }

    private Stream<Table> all() {
        return Stream.concat(byType.values().stream(), byEvent.values().stream())
                .distinct();
    }

    @Override
    public void close() {
        all().forEach(Table::close);
    }
}
