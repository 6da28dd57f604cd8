package dataplatform.contracts;

import java.util.Optional;

/**
 * How the files of a data set are written that a partner drops: CSV in UTF-8 with one line of headings.
 *
 * @param delimiter between two fields
 * @param exportedOn date column whose latest value tells when a file was exported that has no date in its name
 * @param arrival what starts the loading of a file
 */
public record FileFormat(char delimiter, Optional<String> exportedOn, Arrival arrival) {
    /** What starts the loading of a file. */
    public enum Arrival {
        /** The storage's word that an object was created. */
        EVENT,
        /** A look into the folder now and then. */
        SENSOR
    }
}
