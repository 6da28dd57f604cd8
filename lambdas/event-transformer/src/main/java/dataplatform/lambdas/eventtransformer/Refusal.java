package dataplatform.lambdas.eventtransformer;

/** Why a message makes no row; what it says tells nothing of the message's values. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String reason) {
        super(reason, null, false, false);
    }
}
