package dataplatform.bench;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.spark.DataSet;
import dataplatform.spark.Sessions;
import dataplatform.spark.job.BronzeToSilver;
import dataplatform.spark.job.DaysToSilver;
import dataplatform.spark.silver.SilverTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The platform's own side of the benchmark: the same code that its jobs run, once for each silver folder, all in one session.
 * Prints the lines of the peers: {@code session}, {@code work}, then {@code work_warm_<n>}, each with its seconds.
 */
@Command(name = "Bench")
public final class Bench implements Callable<Integer> {
    @Option(names = "--task", required = true, description = "full_load, refresh or days.")
    private String task;

    @Option(names = "--contracts", description = "Folder of contracts; default: the platform's own.")
    private Path contracts;

    @Option(names = "--source", required = true, description = "Folder of CSV files, bronze, or landing.")
    private String source;

    @Option(names = "--data-sets", description = "refresh, days: only these.")
    private String dataSets;

    @Parameters(arity = "1..*", description = "Folder of the silver layer, one for each turn.")
    private List<String> silver;

    /** Runs the task that the first argument names; {@code bench.py} gives the arguments. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        long start = System.nanoTime();
        SparkSession spark = Sessions.builder("bench").getOrCreate();
        spark.range(1).count();
        print("session", start);
        int turn = 0;
        for (String folder : silver) {
            start = System.nanoTime();
            if (task.equals("full_load")) {
                fullLoad(spark, folder);
            } else if (run(folder) != 0) {
                return 1;
            }
            print(turn == 0 ? "work" : "work_warm_" + turn, start);
            turn++;
        }
        return 0;
    }

    /** CSV files of text into silver, as the first rows of a data set. */
    private void fullLoad(SparkSession spark, String folder) throws Exception {
        Contract contract = Contracts.read(contracts).get(0);
        StructType schema = new StructType();
        for (dataplatform.contracts.Column column : contract.columns()) {
            schema = schema.add(column.name(), DataTypes.StringType);
        }
        Dataset<Row> rows = spark.read().schema(schema).option("header", true).csv(source);
        new SilverTable(spark, DataSet.of(contract, source, folder)).merge(rows, Long.MAX_VALUE);
    }

    private int run(String folder) {
        boolean ofDays = task.equals("days");
        List<String> arguments =
                new ArrayList<>(List.of(ofDays ? "--landing" : "--bronze", source, "--silver", folder));
        if (contracts != null) {
            arguments.addAll(List.of("--contracts", contracts.toString()));
        }
        if (dataSets != null) {
            arguments.addAll(List.of("--data-sets", dataSets));
        }
        return new CommandLine(ofDays ? new DaysToSilver() : new BronzeToSilver())
                .execute(arguments.toArray(String[]::new));
    }

    private static void print(String phase, long start) {
        System.out.printf("{\"phase\": \"%s\", \"s\": %.3f}%n", phase, (System.nanoTime() - start) / 1e9);
    }
}
