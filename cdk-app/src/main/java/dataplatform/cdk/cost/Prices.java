package dataplatform.cdk.cost;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A dated table of prices.
 *
 * @param note where and when they were noted
 * @param usd by name
 */
public record Prices(String note, Map<String, BigDecimal> usd) {

    /** The table in the repository. */
    public static Prices read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(Prices.class.getResourceAsStream("prices.csv"), UTF_8))) {
            List<String> lines = reader.lines().toList();
            Map<String, BigDecimal> usd = new TreeMap<>();
            for (String line : lines) {
                if (!line.startsWith("#")) {
                    String[] fields = line.split(",");
                    usd.put(fields[0], new BigDecimal(fields[1]));
                }
            }
            return new Prices(lines.get(0).substring("# ".length()), usd);
        } catch (IOException e) {
            throw new UncheckedIOException("could not read prices.csv", e);
        }
    }

    /**
     * A price.
     *
     * @throws IllegalArgumentException if the table has none of that name
     */
    BigDecimal of(String name) {
        BigDecimal price = usd.get(name);
        if (price == null) {
            throw new IllegalArgumentException(
                    "prices.csv has no price for " + name + ": add it, with the table's date");
        }
        return price;
    }
}
