package dataplatform.spark.job;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.Source;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the jobs that fill silver have in common. */
public final class Jobs {
    private Jobs() {}

    /** Runs a job as its own process. */
    static void main(Callable<Integer> job, String[] args) {
        int exitCode = new CommandLine(job).execute(args);
        if (SparkSession.getDefaultSession().isDefined()) {
            SparkSession.getDefaultSession().get().stop();
        }
        // not for success: YARN takes an exit, whatever its code, for a failure
        if (exitCode != 0) {
            System.exit(exitCode);
        }
    }

    /**
     * The contracts that a job is to work on.
     *
     * @param folder of contracts; null for those packed with the jar
     * @param names of the only ones that are wanted; empty for all
     * @param source of those that are the job's business
     * @throws ParameterException if there is no contract of such a name
     */
    static List<Contract> chosen(
            CommandSpec spec, Path folder, Collection<String> names, Class<? extends Source> source) {
        List<Contract> all = folder == null ? Contracts.bundled() : Contracts.read(folder);
        List<Contract> candidates = all.stream()
                .filter(contract -> source.isInstance(contract.source()))
                .toList();
        for (String name : names) {
            if (candidates.stream().noneMatch(contract -> contract.id().equals(name))) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no contract " + name
                                + (source == Source.Database.class
                                        ? " that comes from a database"
                                        : source == Source.Files.class
                                                ? " that comes in files"
                                                : " that comes by stream")
                                + "; there are "
                                + candidates.stream().map(Contract::id).toList() + ". Add contracts/"
                                + name.replace('.', '/') + ".odcs.yaml");
            }
        }
        return candidates.stream()
                .filter(contract -> names.isEmpty() || names.contains(contract.id()))
                .toList();
    }
}
