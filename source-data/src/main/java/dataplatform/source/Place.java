package dataplatform.source;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * A city and its zip code prefixes.
 *
 * @param city in lower case without accents, as most rows have it
 * @param spellings other ways in which it is written
 * @param state two letters
 * @param firstZip where its zip code prefixes start
 * @param zips how many it has
 * @param latitude in degrees
 * @param longitude in degrees
 * @param weight how many customers it has, compared with others
 */
record Place(
        String city,
        List<String> spellings,
        String state,
        int firstZip,
        int zips,
        double latitude,
        double longitude,
        int weight) {

    /** The place of the name as its inhabitants write it, with accents and capital letters. */
    static Place of(String name, String state, int firstZip, int zips, double latitude, double longitude, int weight) {
        String city = Normalizer.normalize(name, Normalizer.Form.NFD)
                .replaceAll("\\p{M}", "")
                .toLowerCase(Locale.ROOT);
        List<String> spellings = new ArrayList<>();
        spellings.add(name);
        spellings.add(name.toLowerCase(Locale.ROOT));
        spellings.add(city.toUpperCase(Locale.ROOT));
        spellings.add(city + " - " + state.toLowerCase(Locale.ROOT));
        if (city.contains("'")) {
            spellings.add(city.replace('\'', '´'));
        }
        if (city.contains("-")) {
            spellings.add(city.replace('-', ' '));
        }
        return new Place(city, spellings, state, firstZip, zips, latitude, longitude, weight);
    }

    /** The city as somebody writes it. */
    String spelling(SplittableRandom random) {
        return random.nextInt(5) > 0 ? city : spellings.get(random.nextInt(spellings.size()));
    }

    int zip(SplittableRandom random) {
        return firstZip + random.nextInt(zips);
    }
}
