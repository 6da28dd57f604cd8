package dataplatform.platform;

import java.util.Locale;

/** A bucket of the lake. */
public enum LakeBucket {
    /** What partners and people drop. */
    LANDING,
    /** What replication writes; silver can be made again from it. */
    BRONZE,
    /** Delta tables that equal the source. */
    SILVER,
    /** Marts as files. */
    GOLD,
    /** What runs: DAGs and the like. */
    ARTIFACTS,
    /** Answers of Athena. */
    ATHENA_RESULTS,
    /** Who read and wrote what, and the logs of the engines. */
    LOGS;

    /** As part of a name. */
    public String folder() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
