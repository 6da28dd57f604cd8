package dataplatform.source;

/** A folder of files that can't be loaded. The message names the file, the line if there is one, what is wrong and what to do. */
public class LoadException extends RuntimeException {
    LoadException(String message) {
        super(message);
    }

    LoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
