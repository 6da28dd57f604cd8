package dataplatform.lambdas.customresource;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.time.Duration;
import java.time.Instant;
import software.amazon.lambda.powertools.cloudformation.AbstractCustomResourceHandler;
import software.amazon.lambda.powertools.cloudformation.Response;

/** A custom resource that reports to CloudFormation why it failed, and does so in time. */
public abstract class CustomResource extends AbstractCustomResourceHandler {
    /** Time for the answer. */
    private static final Duration RESERVE = Duration.ofSeconds(20);
    /** An answer has 4 KB in all. */
    private static final int LONGEST_REASON = 2000;

    /** As for a new resource: what is done already is left as it is. */
    @Override
    protected Response update(CloudFormationCustomResourceEvent event, Context context) {
        return create(event, context);
    }

    /** Leaves all as it is. */
    @Override
    protected Response delete(CloudFormationCustomResourceEvent event, Context context) {
        return Response.success(event.getPhysicalResourceId());
    }

    /** What an event asks for. */
    protected interface Work {
        void run() throws InterruptedException;
    }

    /**
     * Works and answers.
     *
     * @param physicalResourceId of the resource that the event is for
     */
    protected static Response answer(String physicalResourceId, Context context, Work work) {
        try {
            work.run();
            return Response.success(physicalResourceId);
        } catch (RuntimeException e) {
            return failed(physicalResourceId, context, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(physicalResourceId, context, e);
        }
    }

    private static Response failed(String physicalResourceId, Context context, Exception e) {
        String reason = physicalResourceId + ": " + e.getMessage();
        context.getLogger().log(reason, LogLevel.ERROR);
        return Response.builder()
                .status(Response.Status.FAILED)
                .physicalResourceId(physicalResourceId)
                .reason(reason.substring(0, Math.min(reason.length(), LONGEST_REASON)))
                .build();
    }

    /** Until when there is time to work. */
    protected static Instant deadline(Context context) {
        return Instant.now().plusMillis(context.getRemainingTimeInMillis()).minus(RESERVE);
    }

    /** The library's own message is switched off, as it holds the address, which is signed. */
    @Override
    protected final void onSendFailure(
            CloudFormationCustomResourceEvent event, Context context, Response response, Exception e) {
        context.getLogger().log("CloudFormation could not be answered: " + e, LogLevel.ERROR);
    }
}
