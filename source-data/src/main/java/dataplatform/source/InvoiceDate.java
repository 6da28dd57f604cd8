package dataplatform.source;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A time as shops and spreadsheets write it: {@code 2010-12-01 08:26:00}, {@code 12/1/2010 8:26}, {@code 01-12-10 08:26}. Which number is
 * the day is not decided here.
 *
 * @param first number of the date; the year if it is written as ISO 8601 has it
 * @param second number of the date
 * @param third number of the date
 * @param iso whether the date is written as ISO 8601 has it
 */
record InvoiceDate(int first, int second, int third, int hour, int minute, int secondOfMinute, boolean iso) {
    private static final String TIME = "(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:\\.0+)?)?";
    private static final Pattern ISO = Pattern.compile("(\\d{4})-(\\d{1,2})-(\\d{1,2})[ T]" + TIME);
    private static final Pattern NUMBERS = Pattern.compile("(\\d{1,2})([/-])(\\d{1,2})\\2(\\d{4}|\\d{2})[ T]" + TIME);
    private static final int MONTHS = 12;
    private static final int CENTURY = 2000;

    /** Which number comes first where the year comes last. */
    enum Order {
        DAY_FIRST,
        MONTH_FIRST;

        /** As the command line has it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** The numbers of a text; empty if it is none of these forms. */
    static Optional<InvoiceDate> parse(String text) {
        Matcher iso = ISO.matcher(text);
        if (iso.matches()) {
            return Optional.of(new InvoiceDate(
                    number(iso, 1),
                    number(iso, 2),
                    number(iso, 3),
                    number(iso, 4),
                    number(iso, 5),
                    number(iso, 6),
                    true));
        }
        Matcher numbers = NUMBERS.matcher(text);
        // 10-12-01 may have the year first
        if (!numbers.matches()
                || numbers.group(2).equals("-") && numbers.group(4).length() == 2) {
            return Optional.empty();
        }
        int year = number(numbers, 4) + (numbers.group(4).length() == 2 ? CENTURY : 0);
        return Optional.of(new InvoiceDate(
                number(numbers, 1),
                number(numbers, 3),
                year,
                number(numbers, 5),
                number(numbers, 6),
                number(numbers, 7),
                false));
    }

    private static int number(Matcher matcher, int group) {
        String digits = matcher.group(group);
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    /** The order that the date itself tells; empty if either gives a day, or ISO 8601 needs none. */
    Optional<Order> tells() {
        if (iso || first <= MONTHS == second <= MONTHS) {
            return Optional.empty();
        }
        return Optional.of(first > MONTHS ? Order.DAY_FIRST : Order.MONTH_FIRST);
    }

    /** Whether it is another day in the other order. */
    boolean dependsOnOrder() {
        return !iso && first != second;
    }

    /**
     * The time.
     *
     * @return empty if the calendar or the clock has none such
     */
    Optional<LocalDateTime> at(Order order) {
        try {
            int year = iso ? first : third;
            int month = iso ? second : order == Order.DAY_FIRST ? second : first;
            int day = iso ? third : order == Order.DAY_FIRST ? first : second;
            // PostgreSQL knows no year 0
            return Optional.of(LocalDateTime.of(year, month, day, hour, minute, secondOfMinute))
                    .filter(time -> time.getYear() > 0);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
