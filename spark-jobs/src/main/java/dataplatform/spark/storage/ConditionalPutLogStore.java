package dataplatform.spark.storage;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Delta's log on S3 through S3A, safe with several writers: a commit is created only if no other has its number, which S3
 * itself checks ({@code If-None-Match}). Delta's own log store for S3 knows of the writers of one process alone.
 *
 * <p>Chosen by {@code spark.delta.logStore.s3.impl}; needs Hadoop 3.4.2.
 */
public final class ConditionalPutLogStore extends HadoopFileSystemLogStore {
    /** Called by Delta. */
    public ConditionalPutLogStore(Configuration configuration) {
        super(configuration);
    }

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
            throws IOException {
        FileSystem fileSystem = path.getFileSystem(configuration);
        FSDataOutputStreamBuilder<?, ?> builder = fileSystem.createFile(path).overwrite(true);
        if (!overwrite) {
            builder = builder.must(StateFolder.CONDITIONAL, true);
        }
        StringBuilder lines = new StringBuilder();
        actions.forEachRemaining(action -> lines.append(action).append('\n'));
        byte[] content = lines.toString().getBytes(StandardCharsets.UTF_8);
        try (FSDataOutputStream out = builder.build()) {
            out.write(content);
        } catch (IOException e) {
            if (overwrite || !fileSystem.exists(path)) {
                throw e;
            }
            // the client tries again when the answer to its first request was lost: then the file there is this one
            try (InputStream there = fileSystem.open(path)) {
                if (!Arrays.equals(there.readAllBytes(), content)) {
                    throw new FileAlreadyExistsException(path.toString());
                }
            }
        }
    }

    @Override
    public Boolean isPartialWriteVisible(Path path, Configuration configuration) {
        return false;
    }
}
