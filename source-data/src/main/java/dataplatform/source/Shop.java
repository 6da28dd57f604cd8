package dataplatform.source;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What is known of a made-up shop without looking anywhere: everything about an entity follows from the seed and the entity's number.
 *
 * @param seed shops of different seeds have nothing in common but their size
 * @param orders how many
 * @param products how many
 * @param sellers how many
 */
record Shop(long seed, long orders, int products, int sellers) {
    static final List<Place> PLACES = rows("places.csv").stream()
            .map(row -> Place.of(
                    row[0],
                    row[1],
                    Integer.parseInt(row[2]),
                    Integer.parseInt(row[3]),
                    Double.parseDouble(row[4]),
                    Double.parseDouble(row[5]),
                    Integer.parseInt(row[6])))
            .toList();
    static final List<Category> CATEGORIES = rows("categories.csv").stream()
            .map(row -> new Category(row[0], row[1], Integer.parseInt(row[2])))
            .toList();

    private static final Weighted<Place> PLACE =
            new Weighted<>(PLACES, PLACES.stream().mapToInt(Place::weight).toArray());
    /** Cheapest price of each range, in whole reais, and how often prices are from there to the next. */
    private static final int[] PRICES = {5, 20, 40, 70, 120, 200, 400, 1000, 4000};

    private static final Weighted<Integer> PRICE_RANGE = Weighted.numbers(8, 20, 24, 24, 14, 7, 2, 1);
    private static final int[] PRICE_ENDINGS = {90, 99, 0, 90, 50, 89};

    /** What is numbered, and what of it is drawn by itself. */
    enum Kind {
        CUSTOMER,
        PERSON,
        ADDRESS,
        ORDER,
        PRODUCT,
        PRICE,
        SELLER,
        SELLER_OF_PRODUCT,
        REVIEW,
        ZIP,
        POSITION,
        POSITION_DETAILS
    }

    /** A product category; its English name is empty if the translation table lacks it. */
    record Category(String name, String english, int weight) {}

    /** A number that looks random: different for each number of a kind. */
    long key(Kind kind, long number) {
        return mix(mix(seed + kind.ordinal()) + number);
    }

    /** Random numbers that are this one's own. */
    SplittableRandom random(Kind kind, long number) {
        return new SplittableRandom(key(kind, number));
    }

    /** The person who placed an order: mostly one who never did before, sometimes that of an earlier order. */
    long person(long order) {
        long person = order;
        while (person > 0) {
            SplittableRandom random = random(Kind.PERSON, person);
            if (random.nextInt(25) > 0) {
                break;
            }
            person = random.nextLong(person);
        }
        return person;
    }

    /** Where somebody lives. */
    Place place(SplittableRandom random) {
        return PLACE.pick(random);
    }

    /** A product's list price in cents. */
    long price(int product) {
        SplittableRandom random = random(Kind.PRICE, product);
        int range = PRICE_RANGE.pick(random);
        long reais = random.nextInt(PRICES[range], PRICES[range + 1]);
        return reais * 100 + PRICE_ENDINGS[random.nextInt(PRICE_ENDINGS.length)];
    }

    /** The seller of a product; some sell far more than others. */
    int seller(int product) {
        return skewed(random(Kind.SELLER_OF_PRODUCT, product), sellers);
    }

    /** Whether a position was measured in the zip code; in some none was. */
    boolean hasPositions(int zip) {
        return random(Kind.ZIP, zip).nextInt(40) > 0;
    }

    /** A number below the bound, small ones far more often. */
    static int skewed(SplittableRandom random, int bound) {
        double u = random.nextDouble();
        return (int) (u * u * bound);
    }

    /** Different numbers give different ones: the finalizer of SplitMix64 is a bijection. */
    static long mix(long number) {
        long z = number + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    private static List<String[]> rows(String resource) {
        try (InputStream in = Shop.class.getResourceAsStream(resource);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return reader.lines().skip(1).map(line -> line.split(",", -1)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
