package dataplatform.source;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.source.InvoiceDate.Order;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Makes the table {@code retail.user_purchase} equal to files of Online Retail (UCI), or of its second edition, as they are published. Rows
 * have no name there, and equal ones are legitimate: files and table are compared as multisets, and only rows that differ are written, so
 * that a row which stays keeps its id. Rows that several files hold, as files do whose times overlap, are taken once.
 */
@Command(
        name = "OnlineRetailLoader",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Makes the table retail.user_purchase of a PostgreSQL equal to files of Online Retail, in one transaction.",
            "All files together are what the table holds afterwards: give this year's and last year's at once. Rows that"
                    + " are in none of them are deleted. Only rows that differ are written.",
            "User and password come from the environment variables PGUSER and PGPASSWORD."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:The table equals the files.", "1:Nothing was loaded; the error says why.", "2:Usage."})
public final class OnlineRetailLoader implements Callable<Integer> {
    private static final String TABLE = "retail.user_purchase";

    @Parameters(index = "0", paramLabel = "<JDBC URL>", description = "Such as jdbc:postgresql://host/database.")
    private String url;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "<file>",
            description = "CSV in UTF-8 or Latin-1, or the same in gzip (.gz), or a folder of such files.")
    private List<Path> files;

    @Option(
            names = "--dates",
            paramLabel = "<order>",
            description =
                    "day-first or month-first: how dates such as 1/12/2010 are meant, in all files. Needed where no"
                            + " date of a file tells it; default: as the numbers beyond 12 tell of each file.",
            converter = OrderConverter.class)
    private Order dates;

    @Option(names = "--replace", description = "Go on where that deletes more than half of the table's rows.")
    private boolean replace;

    /** For the command line. */
    private OnlineRetailLoader() {}

    /**
     * A loader of some files.
     *
     * @param files that together are what the table is to hold; a folder stands for the CSV files in it
     * @param dates {@code day-first} or {@code month-first}; none if the files tell it
     * @param replace whether more than half of the table's rows may be deleted
     * @throws IllegalArgumentException if the dates are neither
     */
    public OnlineRetailLoader(List<Path> files, Optional<String> dates, boolean replace) {
        this.files = List.copyOf(files);
        this.dates = dates.map(OnlineRetailLoader::order).orElse(null);
        this.replace = replace;
    }

    /** Loads and prints what happened to the table. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** The exit code. */
    static int run(String... args) {
        return new CommandLine(new OnlineRetailLoader()).execute(args);
    }

    @Override
    public Integer call() {
        try (Connection connection = CsvLoader.connect(url)) {
            TableLoad.print(List.of(load(connection, Progress.toStandardError())), System.out);
            return 0;
        } catch (LoadException | SQLException e) {
            System.err.println("Nothing was loaded. " + e.getMessage());
            return 1;
        }
    }

    /**
     * Creates the table if it is missing and loads the files, all in one transaction; other writers wait until it is over.
     *
     * @param connection to PostgreSQL, with no transaction open
     * @param progress hears how far the load is
     * @return what happened to the table
     * @throws LoadException if a file is not as those are that are published, or more would be deleted than may be; the database is as it
     *     was before
     * @throws SQLException if the database fails otherwise; it is as it was before
     */
    public TableLoad load(Connection connection, Progress progress) throws SQLException {
        Contract contract = Contracts.replicated().stream()
                .filter(each -> each.sourceTable().equals(TABLE))
                .findFirst()
                .orElseThrow();
        List<OnlineRetailFile> found = new ArrayList<>();
        for (Path file : unfolded()) {
            found.add(OnlineRetailFile.open(file, Optional.ofNullable(dates), progress));
        }
        Staging staging = new Staging(contract, new OnlineRetailFiles(contract, found));
        return new CsvLoader(List.of(contract), progress)
                .load(connection, List.of(staging), sql -> checkDeletes(sql, staging))
                .get(0);
    }

    private List<Path> unfolded() {
        List<Path> all = new ArrayList<>();
        for (Path file : files) {
            if (!Files.isDirectory(file)) {
                if (!Files.isRegularFile(file)) {
                    throw new LoadException(file + " is not there");
                }
                all.add(file);
                continue;
            }
            try (Stream<Path> entries = Files.list(file)) {
                List<Path> inFolder =
                        entries.filter(OnlineRetailLoader::isCsv).sorted().toList();
                if (inFolder.isEmpty()) {
                    throw new LoadException(file + " holds no CSV file");
                }
                all.addAll(inFolder);
            } catch (IOException e) {
                throw new LoadException(file + " can't be read: " + e.getMessage(), e);
            }
        }
        return all;
    }

    private static boolean isCsv(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".csv") || name.endsWith(".csv.gz");
    }

    /** Who loads a second year and forgets the first would lose it. */
    private void checkDeletes(Statement sql, Staging staging) throws SQLException {
        long surplus = staging.surplus(sql);
        long stored = staging.stored(sql);
        if (!replace && 2 * surplus > stored) {
            throw new LoadException(String.format(
                    Locale.ROOT,
                    "%s: %,d of the %,d rows of %s are not in it and would be deleted; give the files that hold them too,"
                            + " or --replace if the rows are to go",
                    staging.file().name(),
                    surplus,
                    stored,
                    TABLE));
        }
    }

    private static Order order(String text) {
        return Stream.of(Order.values())
                .filter(order -> order.toString().equals(text))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("expected day-first or month-first, not '" + text + "'"));
    }

    /** Says what was expected, which picocli does not of an exception of another kind. */
    private static final class OrderConverter implements CommandLine.ITypeConverter<Order> {
        @Override
        public Order convert(String text) {
            try {
                return order(text);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }
}
