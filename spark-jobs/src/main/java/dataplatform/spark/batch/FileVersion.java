package dataplatform.spark.batch;

import java.io.Serializable;
import org.apache.hadoop.fs.FileStatus;

/**
 * A file as it was found. One that is written again under its own name is another version.
 *
 * @param modified milliseconds since 1970
 */
public record FileVersion(String path, long modified, long bytes) implements Serializable {
    /** The version of a file that a listing shows. */
    public static FileVersion of(FileStatus file) {
        return new FileVersion(file.getPath().toString(), file.getModificationTime(), file.getLen());
    }

    /** The part of the path behind the last slash. */
    public String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
