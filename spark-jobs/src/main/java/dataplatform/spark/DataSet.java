package dataplatform.spark;

import dataplatform.contracts.Contract;
import dataplatform.platform.SilverState;
import dataplatform.spark.silver.SilverTable;

/**
 * A contract and where its data stands.
 *
 * @param contract what is promised
 * @param source folder that its files come in: in bronze, where replication writes them, or in landing
 * @param silver Delta table of the valid rows
 * @param quarantine Delta table of the rows that break the contract
 * @param state folder of what the job has to remember: batches, files that are set aside, tombstones
 */
public record DataSet(Contract contract, String source, String silver, String quarantine, String state) {
    /**
     * @param sourceRoot what replication writes under, or the landing bucket
     * @param silverRoot the bucket of the silver layer
     */
    public static DataSet of(Contract contract, String sourceRoot, String silverRoot) {
        return new DataSet(
                contract,
                sourceRoot + "/" + contract.sourceFolder(),
                silverRoot + "/" + contract.folder(),
                silverRoot + "/" + contract.quarantineFolder(),
                silverRoot + "/" + SilverState.of(contract.folder()));
    }

    /** Parquet files with the key and {@code change_seq} of rows that left their place; see {@link SilverTable}. */
    public String tombstones() {
        return state + "/tombstones";
    }
}
