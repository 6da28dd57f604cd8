package dataplatform.spark;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** What a class logs from now on until this is closed, a line each: the level and the message. */
public final class LogLines extends AbstractAppender implements AutoCloseable {
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final List<Logger> loggers;

    private LogLines(List<Logger> loggers) {
        super("log lines " + UUID.randomUUID(), null, null, false, Property.EMPTY_ARRAY);
        this.loggers = loggers;
    }

    public static LogLines of(Class<?>... sources) {
        LogLines lines = new LogLines(Stream.of(sources)
                .map(source -> (Logger) LogManager.getLogger(source))
                .toList());
        lines.start();
        lines.loggers.forEach(logger -> logger.addAppender(lines));
        return lines;
    }

    @Override
    public void append(LogEvent event) {
        lines.add(event.getLevel() + " " + event.getMessage().getFormattedMessage());
    }

    public List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        loggers.forEach(logger -> logger.removeAppender(this));
        stop();
    }
}
