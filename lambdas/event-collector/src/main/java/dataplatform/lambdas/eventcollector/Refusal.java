package dataplatform.lambdas.eventcollector;

/** A request, or a message of it, that can't be taken as it is; the message says why, without what the client sent. */
final class Refusal extends Exception {
    private final int status;

    /** @param status of HTTP, with which a whole request is answered */
    Refusal(int status, String reason) {
        // no stack trace: it is an answer, and there may be thousands a second
        super(reason, null, false, false);
        this.status = status;
    }

    /** What is wrong with the content of a request or message. */
    Refusal(String reason) {
        this(400, reason);
    }

    int status() {
        return status;
    }
}
