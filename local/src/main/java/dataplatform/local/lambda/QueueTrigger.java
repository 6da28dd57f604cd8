package dataplatform.local.lambda;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;

/**
 * Gives a function the messages of an SQS queue, as Lambda's event source does: what the function does not name as failed is deleted, and the
 * rest comes again when the queue shows it again.
 */
public final class QueueTrigger implements AutoCloseable {
    /** As the stack has it: none waits for another while the time runs in which it is hidden. */
    private static final int MOST_MESSAGES = 1;

    private static final int WAIT_SECONDS = 1;

    private final SqsClient sqs;
    private final String queue;
    private final LambdaRuntime function;
    private final Consumer<String> said;
    private final Thread thread = new Thread(this::run, "queue");
    private volatile boolean closing;

    private QueueTrigger(SqsClient sqs, String queue, LambdaRuntime function, Consumer<String> said) {
        this.sqs = sqs;
        this.queue = queue;
        this.function = function;
        this.said = said;
    }

    /**
     * Starts it; whoever started the client and the function closes them, after it.
     *
     * @param queue its URL
     * @param said hears of what comes again
     */
    public static QueueTrigger start(SqsClient sqs, String queue, LambdaRuntime function, Consumer<String> said) {
        QueueTrigger trigger = new QueueTrigger(sqs, queue, function, said);
        trigger.thread.start();
        return trigger;
    }

    private void run() {
        while (!closing) {
            try {
                List<Message> messages = sqs.receiveMessage(request -> request.queueUrl(queue)
                                .maxNumberOfMessages(MOST_MESSAGES)
                                .waitTimeSeconds(WAIT_SECONDS))
                        .messages();
                if (!messages.isEmpty()) {
                    give(messages);
                }
            } catch (InterruptedException e) {
                // it is closed
                return;
            } catch (SdkException | IOException | IllegalStateException e) {
                if (!closing) {
                    said.accept("tried again: " + e.getMessage());
                }
            }
        }
    }

    private void give(List<Message> messages) throws IOException, InterruptedException {
        ObjectNode event = AwsJson.JSON.createObjectNode();
        ArrayNode records = event.putArray("Records");
        messages.forEach(message ->
                records.addObject().put("messageId", message.messageId()).put("body", message.body()));
        LambdaRuntime.Answer answer = function.invoke(event.toString());
        if (answer.failed()) {
            said.accept("tried again: " + answer.body());
            return;
        }
        Set<String> failed = Set.copyOf(AwsJson.JSON.readTree(answer.body()).findValuesAsText("itemIdentifier"));
        for (Message message : messages) {
            if (failed.contains(message.messageId())) {
                said.accept("tried again: " + message.body());
            } else {
                sqs.deleteMessage(request -> request.queueUrl(queue).receiptHandle(message.receiptHandle()));
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        thread.interrupt();
        thread.join();
    }
}
