package dataplatform.bench;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.lambdas.eventtransformer.Transformation;
import dataplatform.parquet.ParquetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Transforms a raw object a few times: where the files are and how long it took stands in a line each. */
public final class TransformerBench {
    private TransformerBench() {}

    /** @param args the object's file, a folder for the Parquet files, how often */
    public static void main(String[] args) throws IOException {
        List<Contract> contracts = Contracts.bundled();
        Path folder = Path.of(args[1]);
        for (int turn = Integer.parseInt(args[2]); turn > 0; turn--) {
            long start = System.nanoTime();
            Map<String, ParquetFile> files =
                    Transformation.run(contracts, "web-data/raw/2026/11/28/05/bench.gz", Path.of(args[0]), folder);
            System.out.println((System.nanoTime() - start) / 1e9);
            if (files.isEmpty()) {
                throw new IllegalStateException("there was nothing in " + args[0]);
            }
        }
    }
}
