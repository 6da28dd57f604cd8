package dataplatform.spark;

import java.io.FileNotFoundException;
import java.util.Objects;
import java.util.stream.Stream;

/** Tells failures of the storage, which pass, from those of what is stored, which stay. */
final class Storage {
    private Storage() {}

    /** Whether something failed because the storage did, or had not the right to answer. */
    static boolean failed(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> cause instanceof FileNotFoundException
                        || cause instanceof InterruptedException
                        || cause instanceof OutOfMemoryError
                        || Stream.of(
                                        "org.apache.hadoop.fs.s3a.",
                                        "org.apache.http.",
                                        "software.amazon.awssdk.",
                                        "java.net.",
                                        "java.nio.file.",
                                        "javax.net.ssl.")
                                .anyMatch(cause.getClass().getName()::startsWith));
    }
}
