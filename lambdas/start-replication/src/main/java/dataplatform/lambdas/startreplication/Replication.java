package dataplatform.lambdas.startreplication;

import java.util.Optional;

/** A DMS replication, be it serverless or a task on an instance. */
interface Replication {
    /** What it can be asked to do. */
    enum Phase {
        /** It has never loaded anything. */
        NEW,
        /** It is on its way to running. */
        STARTING,
        RUNNING,
        /** It has run before and does not now: it was stopped, is through, or failed. */
        STOPPED,
        /** It has run before, and DMS no longer knows where it stopped. */
        LOST,
        /** It is between two of the others and takes no orders. */
        CHANGING
    }

    /**
     * How it is.
     *
     * @param status in DMS's words
     * @param phase what that means
     * @param tableMappings as JSON
     */
    record State(String status, Phase phase, String tableMappings) {}

    /** How it is; empty if it does not exist (any more). */
    Optional<State> find();

    /**
     * What its start has to wait for, such as a test of its connections, which this begins; empty if it can start.
     *
     * @throws software.amazon.awssdk.services.databasemigration.model.DatabaseMigrationException if DMS refuses to test them
     */
    Optional<String> waitsFor();

    /** Has it load all tables and then follow their changes; only for a {@link Phase#NEW} one. */
    void start();

    /** Has it go on where it stopped; only for a {@link Phase#STOPPED} one. */
    void resume();

    /** Has it load all tables anew and then follow their changes; only for a {@link Phase#LOST} one. */
    void reload();

    /** Asks a {@link Phase#RUNNING} one to stop. */
    void stop();

    /** Changes which tables it replicates; only for one that neither runs nor changes. */
    void map(String tableMappings);
}
