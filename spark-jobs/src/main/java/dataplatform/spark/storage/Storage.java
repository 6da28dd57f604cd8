package dataplatform.spark.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** What is the same about all storage: how small files are written whole, and which failures are its own. */
public final class Storage {
    private static final int TRIES = 20;

    private Storage() {}

    /** The storage of a path; a disk's without the checksum files, which change apart from what they are of. */
    public static FileSystem of(Path path, Configuration configuration) throws IOException {
        FileSystem storage = path.getFileSystem(configuration);
        return storage instanceof LocalFileSystem disk ? disk.getRawFileSystem() : storage;
    }

    /** Writes a file, or writes it anew: whoever reads it meanwhile sees the one or the other, and never a part. */
    public static void replace(FileSystem storage, Path file, byte[] content) throws IOException {
        if (!(storage instanceof RawLocalFileSystem)) {
            // S3 shows an object when it is whole
            try (OutputStream out = storage.create(file, true)) {
                out.write(content);
            }
            return;
        }
        // hidden from those who read a folder
        Path written = new Path(file.getParent(), "." + file.getName() + "." + UUID.randomUUID() + ".tmp");
        for (int tried = 1; ; tried++) {
            try {
                try (OutputStream out = storage.create(written, true)) {
                    out.write(content);
                }
                if (storage.rename(written, file)) {
                    return;
                }
                throw new IOException("could not rename " + written);
            } catch (IOException e) {
                // another writer may just have deleted the folder
                if (tried == TRIES) {
                    throw e;
                }
            }
        }
    }

    /** What went wrong, and what that came of, down to the bottom of it. */
    static Stream<Throwable> causes(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
    }

    /** Whether something failed because a file of a folder is not there any more. */
    public static boolean misses(String folder, Throwable failure) {
        return causes(failure)
                .anyMatch(cause -> cause instanceof FileNotFoundException
                        && Objects.toString(cause.getMessage(), "").contains(folder));
    }

    /** Whether something failed because one may not read: one file alone perhaps, as with a key that is lost. */
    public static boolean denied(Throwable failure) {
        return causes(failure)
                .anyMatch(cause -> cause instanceof AccessDeniedException
                        // of a disk
                        || cause instanceof FileNotFoundException
                                && Objects.toString(cause.getMessage(), "").endsWith("(Permission denied)"));
    }

    /** Whether something failed because the storage did, or had not the right to answer. */
    public static boolean failed(Throwable failure) {
        return causes(failure)
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

    /**
     * What went wrong at the bottom of it, and the file that it went wrong in if another cause knows that.
     *
     * @param suffix of files
     */
    public static String describe(Throwable failure, String suffix) {
        List<String> causes = causes(failure)
                .map(cause -> cause.toString().lines().findFirst().orElseThrow())
                .collect(Collectors.toList());
        Collections.reverse(causes);
        return Stream.concat(
                        causes.stream().limit(1),
                        causes.stream().filter(cause -> cause.contains(suffix)).limit(1))
                .distinct()
                .collect(Collectors.joining("; "));
    }
}
