package dataplatform.local.s3;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dataplatform.local.aws.AwsJson;
import java.time.Instant;

/** S3's word that an object was created, as EventBridge delivers it. */
public final class ObjectCreated {
    private ObjectCreated() {}

    /** The event of an object, with what a caller knows of it; what else it knows goes to {@code /detail/object}. */
    public static ObjectNode event(String bucket, String key) {
        ObjectNode event = AwsJson.JSON.createObjectNode();
        event.put("detail-type", "Object Created")
                .put("source", "aws.s3")
                .put("time", Instant.now().toString());
        ObjectNode detail = event.putObject("detail");
        detail.putObject("bucket").put("name", bucket);
        detail.putObject("object").put("key", key);
        return event;
    }
}
