package dataplatform.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes up what customers of {@link OnlineRetailGenerator} write of films, as a vendor delivers it: {@code cid,review_str}. */
@Command(
        name = "ReviewGenerator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Makes up a file of reviews, and prints how many it has and in how many the word good stands.")
public final class ReviewGenerator implements Callable<Integer> {
    private static final List<String> NOUNS = List.of("story", "cast", "film", "ending", "\"hero\"", "music", "script");
    private static final List<String> WORDS =
            List.of("good", "Good", "goodness", "dull", "bright", "no-good", "odd", "long");
    private static final List<String> LINKS = List.of("and", ", but", "though", ", with", "-- never");

    @Parameters(paramLabel = "<file>", description = "Where to; what was there is gone.")
    private Path file;

    @Option(names = "--rows", defaultValue = "2000", description = "How many; default: ${DEFAULT-VALUE}.")
    private int rows;

    @Option(names = "--seed", defaultValue = "1", description = "Another seed makes other reviews; default: 1.")
    private long seed;

    /** For the command line. */
    private ReviewGenerator() {}

    /** A generator of so many rows. */
    public ReviewGenerator(Path file, int rows, long seed) {
        this.file = file;
        this.rows = rows;
        this.seed = seed;
    }

    /** Writes the file, and prints what stands in it. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new ReviewGenerator()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        System.out.println("rows,positive\n" + rows + "," + write());
        return 0;
    }

    /** Writes the file; how many of the reviews have the word. */
    public long write() throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder("cid,review_str\n");
        long positive = 0;
        for (int row = 0; row < rows; row++) {
            List<String> parts = Stream.generate(() -> "the " + pick(NOUNS, random) + " is " + pick(WORDS, random))
                    .limit(1 + random.nextInt(3))
                    .toList();
            String review = parts.stream().collect(Collectors.joining(" " + pick(LINKS, random) + " ", "", " ."));
            positive += List.of(review.toLowerCase(Locale.ROOT).split("\\s")).contains("good") ? 1 : 0;
            text.append(OnlineRetailGenerator.customerNumber(random))
                    .append(",\"")
                    .append(review.replace("\"", "\"\""))
                    .append("\"\n");
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, text);
        return positive;
    }

    private static String pick(List<String> words, SplittableRandom random) {
        return words.get(random.nextInt(words.size()));
    }
}
