package dataplatform.contracts;

import java.util.List;
import java.util.Optional;

/** Where a data set comes from. */
public sealed interface Source {
    /**
     * A table of a database, by change data capture: inserts, updates and deletes.
     *
     * @param schema of the table, which has the data set's name
     */
    record Database(String schema) implements Source {}

    /** Files in the landing bucket. */
    sealed interface Landed extends Source {
        /** How they are written. */
        FileFormat format();
    }

    /**
     * Files that are dropped under {@code <domain>/<data set>/} in the landing bucket.
     *
     * @param format how they are written
     * @param content what each of them holds
     * @param exportedOn date column whose latest value is the day of export of a file without a date in its name
     * @param arrival what starts the loading of a file
     */
    record Files(FileFormat format, Content content, Optional<String> exportedOn, Arrival arrival) implements Landed {}

    /**
     * Files of a day, dropped under {@code <folder>/<yyyy-MM-dd>/} in the landing bucket. Together they are all rows of that day (in UTC),
     * and replace those that silver had of it.
     *
     * @param format how they are written
     * @param folder in the bucket that those of the days are in
     * @param pattern of the files' names, in which {@code *} stands for any text
     * @param sessions how the rows follow each other, if they are what somebody did
     */
    record Daily(FileFormat format, String folder, String pattern, Optional<Sessions> sessions) implements Landed {}

    /**
     * The columns that make sessions of rows. Within a day a session's numbers follow each other without gap, and it has one user. Users of
     * sessions without one are made up.
     *
     * @param id of the session
     * @param number of the row in it
     * @param user whose it is, which the files need not have
     * @param synthetic whether the user is made up, which the files do not have
     */
    record Sessions(String id, String number, String user, String synthetic) {}

    /**
     * Messages of the web applications, as the function {@code event-collector} takes them.
     *
     * @param messages which of them
     * @param events names of the events, of messages of the type track
     */
    record Stream(Messages messages, List<String> events) implements Source {
        /** The path of when the platform got a message. */
        public static final String RECEIVED_AT = "$.receivedAt";

        public Stream {
            events = List.copyOf(events);
        }
    }

    /** Which messages of the stream make a data set. */
    enum Messages {
        IDENTIFY,
        TRACK,
        PAGE,
        SCREEN,
        GROUP,
        ALIAS,
        /** Those that no other data set takes. */
        OTHERS,
        /** What is no message that a data set can take, with the reason and the place where it stands. */
        QUARANTINED
    }

    /** What a file holds. */
    enum Content {
        /** The whole data set; it replaces the one before. */
        SNAPSHOT,
        /** Some rows; of a key that came before, the file exported last has the say. */
        APPEND
    }

    /** What starts the loading of a file. */
    enum Arrival {
        /** The storage's word that an object was created. */
        EVENT,
        /** A look into the folder now and then. */
        SENSOR
    }
}
