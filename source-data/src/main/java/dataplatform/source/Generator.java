package dataplatform.source;

import dataplatform.source.Shop.Category;
import dataplatform.source.Shop.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Makes up a shop as the nine CSV files that {@link CsvLoader} reads: two years of orders with growth and seasons, and the edge cases of the
 * real rows. The same seed and scale give the same bytes on any machine. Only the row at hand is held in memory.
 */
public final class Generator {
    private static final int ORDERS_AT_SCALE_1 = 10_000;
    private static final long MOST_POSITIONS = 1_000_000;
    /** One position in so many is in Lisbon. */
    private static final long ONE_ABROAD_IN = 5_000;

    /** Digits of a degree after the point. */
    private static final int DIGITS = 12;

    private static final long UNITS_PER_DEGREE = 1_000_000_000_000L;
    private static final int PROGRESS_EVERY = 10_000;
    private static final long DEFAULT_SEED = 1;

    private static final Weighted<Category> CATEGORY = new Weighted<>(
            Shop.CATEGORIES, Shop.CATEGORIES.stream().mapToInt(Category::weight).toArray());

    private final Shop shop;
    private final Progress progress;

    /**
     * A generator of one shop.
     *
     * @param seed another seed makes another shop
     * @param scale size in 10,000 orders
     * @param progress hears how far it is
     * @throws IllegalArgumentException if the scale makes less than one order
     */
    public Generator(long seed, double scale, Progress progress) {
        long orders = Math.round(scale * ORDERS_AT_SCALE_1);
        if (orders < 1) {
            throw new IllegalArgumentException("scale " + scale + " makes no order; 1 makes " + ORDERS_AT_SCALE_1);
        }
        this.shop = new Shop(seed, orders, (int) Math.max(50, orders / 3), (int) Math.max(10, orders / 32));
        this.progress = progress;
    }

    /**
     * Writes a shop.
     *
     * @param args folder, scale (default 1), seed (default 1)
     * @throws IOException if the folder can't be written
     */
    public static void main(String[] args) throws IOException {
        if (args.length < 1 || args.length > 3) {
            System.err.println("usage: Generator <folder> [<scale, 1 is 10,000 orders> [<seed>]]");
            System.exit(2);
        }
        double scale = args.length > 1 ? Double.parseDouble(args[1]) : 1;
        long seed = args.length > 2 ? Long.parseLong(args[2]) : DEFAULT_SEED;
        new Generator(seed, scale, Progress.toStandardError()).write(Path.of(args[0]));
    }

    /**
     * Writes the nine files, over those that are there.
     *
     * @param folder is created if it is missing
     * @throws IOException if it can't be written
     */
    public void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        long rows = writeCategories(folder) + writeProducts(folder) + writeSellers(folder) + writePositions(folder);
        try (OrderWriter orders = new OrderWriter(shop, folder)) {
            for (long order = 0; order < shop.orders(); order++) {
                orders.write(order);
                if (order % PROGRESS_EVERY == 0) {
                    progress.update("made " + order + " of " + shop.orders() + " orders");
                }
            }
            rows += orders.rows();
        }
        progress.done("made " + shop.orders() + " orders, " + rows + " rows in all, in " + folder);
    }

    private static long writeCategories(Path folder) throws IOException {
        try (CsvWriter csv = new CsvWriter(
                folder.resolve("product_category_name_translation.csv"),
                "product_category_name,product_category_name_english")) {
            for (Category category : Shop.CATEGORIES) {
                if (!category.english().isEmpty()) {
                    csv.text(category.name()).text(category.english()).endRow();
                }
            }
            return csv.rows();
        }
    }

    private long writeProducts(Path folder) throws IOException {
        try (CsvWriter csv = new CsvWriter(
                folder.resolve("olist_products_dataset.csv"),
                "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,"
                        + "product_weight_g,product_length_cm,product_height_cm,product_width_cm")) {
            for (int product = 0; product < shop.products(); product++) {
                SplittableRandom random = shop.random(Kind.PRODUCT, product);
                csv.id(shop.key(Kind.PRODUCT, product));
                if (random.nextInt(60) == 0) {
                    csv.empty().empty().empty().empty();
                } else {
                    csv.text(CATEGORY.pick(random).name())
                            .number(random.nextInt(12, 64))
                            .number(80 + Shop.skewed(random, 3_000))
                            .number(1 + Shop.skewed(random, 9));
                }
                if (product % 1_500 == 700) {
                    csv.empty().empty().empty().empty();
                } else {
                    csv.number(50 + 50 * Shop.skewed(random, 600))
                            .number(16 + Shop.skewed(random, 90))
                            .number(2 + Shop.skewed(random, 104))
                            .number(11 + Shop.skewed(random, 95));
                }
                csv.endRow();
            }
            return csv.rows();
        }
    }

    private long writeSellers(Path folder) throws IOException {
        try (CsvWriter csv = new CsvWriter(
                folder.resolve("olist_sellers_dataset.csv"),
                "seller_id,seller_zip_code_prefix,seller_city,seller_state")) {
            for (int seller = 0; seller < shop.sellers(); seller++) {
                SplittableRandom random = shop.random(Kind.SELLER, seller);
                Place place = shop.place(random);
                csv.id(shop.key(Kind.SELLER, seller))
                        .zip(place.zip(random), random.nextInt(10) == 0)
                        .text(place.spelling(random))
                        .text(place.state())
                        .endRow();
            }
            return csv.rows();
        }
    }

    private long writePositions(Path folder) throws IOException {
        long zips = Shop.PLACES.stream().mapToLong(Place::zips).sum();
        long positions = Math.min(Math.max(2 * zips, 3 * shop.orders()), MOST_POSITIONS);
        long zipsDone = 0;
        try (CsvWriter csv = new CsvWriter(
                folder.resolve("olist_geolocation_dataset.csv"),
                "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city,geolocation_state")) {
            for (Place place : Shop.PLACES) {
                for (int zip = place.firstZip(); zip < place.firstZip() + place.zips(); zip++) {
                    long first = positions * zipsDone / zips;
                    zipsDone++;
                    if (shop.hasPositions(zip)) {
                        writePositions(csv, place, zip, first, positions * zipsDone / zips);
                    }
                }
            }
            return csv.rows();
        }
    }

    private void writePositions(CsvWriter csv, Place place, int zip, long first, long end) throws IOException {
        long measured = first;
        for (long position = first; position < end; position++) {
            if (shop.random(Kind.POSITION, position).nextInt(4) > 0) {
                measured = position;
            }
            writePosition(csv, place, zip, measured);
        }
    }

    private void writePosition(CsvWriter csv, Place place, int zip, long position) throws IOException {
        SplittableRandom random = shop.random(Kind.POSITION_DETAILS, position);
        boolean abroad = position % ONE_ABROAD_IN == ONE_ABROAD_IN / 2;
        double latitude = abroad ? 38.7223 : place.latitude();
        double longitude = abroad ? -9.1393 : place.longitude();
        csv.zip(zip, random.nextInt(20) == 0)
                .decimal(nearby(latitude, random), DIGITS)
                .decimal(nearby(longitude, random), DIGITS)
                .text(place.spelling(random))
                .text(place.state())
                .endRow();
    }

    private static long nearby(double degrees, SplittableRandom random) {
        return Math.round(degrees * UNITS_PER_DEGREE) + random.nextLong(-UNITS_PER_DEGREE / 25, UNITS_PER_DEGREE / 25);
    }
}
