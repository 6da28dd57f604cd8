package dataplatform.contracts;

/** A contract that can't be used. The message names the file, the place in it, what is wrong and what to do. */
public class ContractException extends RuntimeException {
    ContractException(String message) {
        super(message);
    }

    ContractException(String message, Throwable cause) {
        super(message, cause);
    }
}
