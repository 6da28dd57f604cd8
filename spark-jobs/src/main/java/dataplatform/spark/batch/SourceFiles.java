package dataplatform.spark.batch;

import dataplatform.spark.silver.ChangeBatch;
import java.util.List;
import java.util.Map;

/** Some files of a data set that have been looked into, though their rows have not been read. */
public interface SourceFiles {
    /** What is wrong with each file that can't be taken, and what to do. */
    Map<FileVersion, String> defects();

    /** The files that can be taken. */
    List<FileVersion> sound();

    /**
     * The rows of the sound files.
     *
     * @param floor {@code change_seq} of the newest full load or snapshot that the table knows; empty if it knows none
     */
    ChangeBatch rows(String floor);

    /**
     * What is wrong with each sound file of which nothing has come into silver, though there is none that is newer.
     *
     * @param floor as the table knows it since the files were taken
     */
    Map<FileVersion, String> withoutEffect(String floor);

    /** What is wrong with each sound file that can't be read to its end; reads all of them. */
    Map<FileVersion, String> unreadable();
}
