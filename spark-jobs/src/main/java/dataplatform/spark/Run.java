package dataplatform.spark;

import java.time.Instant;

/**
 * A run of a job.
 *
 * @param id names it in the quality table
 * @param start when it began
 */
public record Run(String id, Instant start) {
    /** Tells it from others of its id. */
    public String name() {
        return id + " " + start;
    }
}
