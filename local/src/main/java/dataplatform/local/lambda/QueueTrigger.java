package dataplatform.local.lambda;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import dataplatform.local.process.Closing;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/**
 * Gives a function the messages of an SQS queue, as Lambda's event source does: what the function does not name as failed is deleted, and the
 * rest comes again when the queue shows it again.
 */
public final class QueueTrigger implements AutoCloseable {
    /** As the stack has it: none waits for another while the time runs in which it is hidden. */
    private static final int MOST_MESSAGES = 1;

    private static final int WAIT_SECONDS = 1;
    /** How long it goes on when it is closed. */
    private static final Duration LAST = Duration.ofSeconds(10);

    private final SqsClient sqs;
    private final String queue;
    private final int tries;
    private final LambdaRuntime function;
    private final Consumer<String> said;
    private final Thread thread = new Thread(this::run, "queue");
    private volatile boolean closing;

    private QueueTrigger(SqsClient sqs, String queue, int tries, LambdaRuntime function, Consumer<String> said) {
        this.sqs = sqs;
        this.queue = queue;
        this.tries = tries;
        this.function = function;
        this.said = said;
    }

    /**
     * Starts it; whoever started the client and the function closes them, after it.
     *
     * @param queue its URL
     * @param tries after which the queue gives a message up
     * @param said hears of what comes again, and of what is given up
     */
    public static QueueTrigger start(
            SqsClient sqs, String queue, int tries, LambdaRuntime function, Consumer<String> said) {
        QueueTrigger trigger = new QueueTrigger(sqs, queue, tries, function, said);
        trigger.thread.start();
        return trigger;
    }

    private void run() {
        while (true) {
            // then it ends where the queue does
            boolean last = closing;
            try {
                List<Message> messages = sqs.receiveMessage(request -> request.queueUrl(queue)
                                .maxNumberOfMessages(MOST_MESSAGES)
                                .waitTimeSeconds(last ? 0 : WAIT_SECONDS)
                                .messageSystemAttributeNames(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT))
                        .messages();
                if (!messages.isEmpty()) {
                    give(messages);
                } else if (last) {
                    return;
                }
            } catch (InterruptedException e) {
                // to go on takes too long
                return;
            } catch (SdkException | IOException e) {
                if (last) {
                    return;
                }
                said.accept("tried again: " + e.getMessage());
            }
        }
    }

    private void give(List<Message> messages) throws IOException, InterruptedException {
        ObjectNode event = AwsJson.JSON.createObjectNode();
        ArrayNode records = event.putArray("Records");
        messages.forEach(message ->
                records.addObject().put("messageId", message.messageId()).put("body", message.body()));
        LambdaRuntime.Answer answer;
        try {
            answer = function.invoke(event.toString());
        } catch (IllegalStateException e) {
            messages.forEach(message -> failed(message, e.getMessage()));
            return;
        }
        if (answer.failed()) {
            messages.forEach(message -> failed(message, answer.body()));
            return;
        }
        Set<String> failed = Set.copyOf(AwsJson.JSON.readTree(answer.body()).findValuesAsText("itemIdentifier"));
        for (Message message : messages) {
            if (failed.contains(message.messageId())) {
                failed(message, "the function's log says why");
            } else {
                sqs.deleteMessage(request -> request.queueUrl(queue).receiptHandle(message.receiptHandle()));
            }
        }
    }

    private void failed(Message message, String why) {
        int times = Integer.parseInt(message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        String what = times < tries ? "tried again" : "given up after " + times + " tries, and among the dead letters";
        said.accept(what + ": " + message.body() + ": " + why);
    }

    /** Stops it when it has given the function what is in the queue now, but for what comes again later. */
    @Override
    public void close() {
        closing = true;
        Closing.join(thread, LAST);
        thread.interrupt();
        Closing.join(thread);
    }
}
