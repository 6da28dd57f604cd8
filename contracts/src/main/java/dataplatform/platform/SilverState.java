package dataplatform.platform;

/** Folders of the silver bucket where the platform keeps what it has to remember, by domain and data set. */
public final class SilverState {
    private static final String ROOT = "_state/";
    /** What the quality gate has to know of a data set, written by Spark. */
    public static final String REPORTS = ROOT + "reports/";
    /** Up to which batch the gate has let a data set pass, written by the gate. */
    public static final String PASSED = ROOT + "passed/";
    /** How far silver is complete, written by the DAGs. */
    public static final String FRESHNESS = ROOT + "freshness/";
    /** What each stage of a DAG was last done for, written by the DAGs. */
    public static final String DONE = ROOT + "done/";
    /** Which rows the source has, written by the function {@code source-keys}. */
    public static final String SOURCE_KEYS = ROOT + "source_keys/";

    private SilverState() {}

    /**
     * What the Spark jobs remember of a data set: batches, files that are set aside, tombstones.
     *
     * @param dataSet its folder, such as {@code ecommerce/orders}
     */
    public static String of(String dataSet) {
        return ROOT + dataSet;
    }
}
