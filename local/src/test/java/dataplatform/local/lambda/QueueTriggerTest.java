package dataplatform.local.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.local.aws.Moto;
import dataplatform.local.process.Project;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

@Timeout(120)
class QueueTriggerTest {
    @TempDir
    Path folder;

    private final List<String> said = new CopyOnWriteArrayList<>();

    @Test
    void saysWhichMessageIsGivenUp() throws Exception {
        try (Moto moto = Moto.start(folder);
                LambdaRuntime function = failing();
                SqsClient sqs = moto.client(SqsClient.builder())) {
            String queue = queue(sqs, 1);
            sqs.sendMessage(request -> request.queueUrl(queue).messageBody("an object"));
            try (QueueTrigger trigger = QueueTrigger.start(sqs, queue, 2, function, said::add)) {
                while (said.size() < 2) {
                    Thread.sleep(20);
                }
            }

            assertThat(said.get(0)).startsWith("tried again: an object: {\"errorMessage\":");
            assertThat(said.get(1))
                    .startsWith("given up after 2 tries, and among the dead letters: an object: {\"errorMessage\":");
        }
    }

    @Test
    void givesTheFunctionWhatIsInTheQueueBeforeItIsClosed() throws Exception {
        try (Moto moto = Moto.start(folder);
                LambdaRuntime function = failing();
                SqsClient sqs = moto.client(SqsClient.builder())) {
            String queue = queue(sqs, 600);
            for (String message : List.of("a", "b", "c")) {
                sqs.sendMessage(request -> request.queueUrl(queue).messageBody(message));
            }
            QueueTrigger.start(sqs, queue, 2, function, said::add).close();

            // not that the try was interrupted
            assertThat(said).hasSize(3).allMatch(line -> line.contains("SILVER_BUCKET is missing"));
        }
    }

    /** It lacks what it needs, and says so. */
    private LambdaRuntime failing() throws Exception {
        return LambdaRuntime.start(
                Project.file("lambdas/source-database/target/source-database.jar"),
                "dataplatform.lambdas.sourcedatabase.SourceKeys",
                Map.of("AWS_REGION", "us-east-1"),
                folder);
    }

    private static String queue(SqsClient sqs, int visibilitySeconds) {
        return sqs.createQueue(request -> request.queueName("queue")
                        .attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, Integer.toString(visibilitySeconds))))
                .queueUrl();
    }
}
