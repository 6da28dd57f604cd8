package dataplatform.spark;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.contracts.Load;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the jobs that fill silver have in common. */
final class Jobs {
    /** Data sets at a time: while one plans or commits, another computes. */
    private static final int AT_ONCE = 4;

    private Jobs() {}

    /** Work that may fail. */
    interface Work<T, R> {
        R on(T each) throws Exception;
    }

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
     * @param loads which of them are the job's business
     * @throws ParameterException if there is no contract of such a name
     */
    static List<Contract> chosen(CommandSpec spec, Path folder, Collection<String> names, Set<Load> loads) {
        List<Contract> all = folder == null ? Contracts.bundled() : Contracts.read(folder);
        List<Contract> candidates =
                all.stream().filter(contract -> loads.contains(contract.load())).toList();
        for (String name : names) {
            if (candidates.stream().noneMatch(contract -> contract.id().equals(name))) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no contract " + name + " that loads by "
                                + loads.stream()
                                        .map(load -> load.name().toLowerCase(Locale.ROOT))
                                        .sorted()
                                        .collect(Collectors.joining(" or "))
                                + "; there are "
                                + candidates.stream().map(Contract::id).toList() + ". Add contracts/"
                                + name.replace('.', '/') + ".odcs.yaml");
            }
        }
        return candidates.stream()
                .filter(contract -> names.isEmpty() || names.contains(contract.id()))
                .toList();
    }

    /**
     * Does the work on some at a time.
     *
     * @param failed hears of each that failed, and why
     * @return what came of the others, when all are done
     */
    static <T, R> Map<T, R> each(Collection<T> all, Work<T, R> work, BiConsumer<T, Throwable> failed)
            throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        Map<T, Future<R>> running = new LinkedHashMap<>();
        all.forEach(each -> running.put(each, pool.submit(() -> work.on(each))));
        pool.shutdown();
        Map<T, R> done = new LinkedHashMap<>();
        for (Map.Entry<T, Future<R>> each : running.entrySet()) {
            try {
                done.put(each.getKey(), each.getValue().get());
            } catch (ExecutionException e) {
                failed.accept(each.getKey(), e);
            }
        }
        return done;
    }

    /** Says what became of the files of a data set. */
    static void log(Logger log, Contract contract, String layer, int files, MergeResult result, long start) {
        log.info(
                "{}: {} files, {} rows in: {} inserted, {} updated, {} deleted, {} skipped, {} quarantined; {} ms",
                contract.id(),
                files,
                result.rowsIn(),
                result.inserted(),
                result.updated(),
                result.deleted(),
                result.skipped(),
                result.quarantinedRows(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        if (!result.unknownColumns().isEmpty()) {
            log.warn(
                    "{}: {} has columns {} that the contract does not know; they stay there. Add them to the contract to"
                            + " have them in silver, and load the table again to have them of the rows before",
                    contract.id(),
                    layer,
                    result.unknownColumns());
        }
        result.quarantined()
                .forEach((reason, rows) -> log.warn("{}: {} rows in quarantine: {}", contract.id(), rows, reason));
    }

    /**
     * What went wrong at the bottom of it, and the file that it went wrong in if another cause knows that.
     *
     * @param suffix of files
     */
    static String describe(Throwable failure, String suffix) {
        List<String> causes = Storage.causes(failure)
                .map(cause -> cause.toString().lines().findFirst().orElseThrow())
                .collect(Collectors.toList());
        Collections.reverse(causes);
        return Stream.concat(
                        causes.stream().limit(1),
                        causes.stream().filter(cause -> cause.contains(suffix)).limit(1))
                .distinct()
                .collect(Collectors.joining("; "));
    }
}
