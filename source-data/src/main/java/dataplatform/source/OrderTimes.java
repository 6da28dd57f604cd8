package dataplatform.source;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.SplittableRandom;

/** When orders are placed: two years in which the shop grows, with seasons, weekends, nights and Black Fridays. */
final class OrderTimes {
    static final LocalDate FIRST_DAY = LocalDate.of(2016, 9, 1);
    static final LocalDate END = FIRST_DAY.plusYears(2);

    private static final int DAYS = (int) (END.toEpochDay() - FIRST_DAY.toEpochDay());
    private static final int SECONDS_OF_HOUR = 3600;
    /** By month, in percent. */
    private static final int[] SEASON = {100, 95, 105, 100, 110, 95, 100, 105, 95, 100, 125, 115};
    /** By day of the week from Monday on, in percent. */
    private static final int[] WEEK = {112, 112, 108, 104, 98, 76, 90};
    /** By hour of the day, in parts of them all. */
    private static final int[] HOURS = {
        24, 12, 5, 3, 2, 2, 5, 12, 30, 48, 62, 66, 60, 65, 66, 65, 67, 62, 58, 60, 62, 62, 58, 41
    };

    private static final long DAY =
            (long) SECONDS_OF_HOUR * Arrays.stream(HOURS).sum();

    /** Number of the first order of each day, with the number of all orders at the end. */
    private final long[] firstOrder = new long[DAYS + 1];

    OrderTimes(long orders) {
        long[] before = new long[DAYS + 1];
        for (int day = 0; day < DAYS; day++) {
            before[day + 1] = before[day] + weight(day);
        }
        for (int day = 0; day <= DAYS; day++) {
            firstOrder[day] = orders * before[day] / before[DAYS];
        }
    }

    /** When an order is placed, in seconds since 1970 in UTC; orders are numbered from 0 in the order of their times. */
    long time(long order, SplittableRandom random) {
        int found = Arrays.binarySearch(firstOrder, order);
        int day = found < 0 ? -found - 2 : found;
        while (firstOrder[day + 1] == order) {
            day++;
        }
        long ordersOfDay = firstOrder[day + 1] - firstOrder[day];
        long rest = ((order - firstOrder[day]) * DAY + random.nextLong(DAY)) / ordersOfDay;
        int hour = 0;
        while (rest >= (long) HOURS[hour] * SECONDS_OF_HOUR) {
            rest -= (long) HOURS[hour] * SECONDS_OF_HOUR;
            hour++;
        }
        long hours = (FIRST_DAY.toEpochDay() + day) * 24 + hour;
        return hours * SECONDS_OF_HOUR + rest / HOURS[hour];
    }

    private static long weight(int day) {
        LocalDate date = FIRST_DAY.plusDays(day);
        long growth = 100 + 600L * day / DAYS;
        long weight = growth
                * SEASON[date.getMonthValue() - 1]
                * WEEK[date.getDayOfWeek().getValue() - 1];
        boolean blackFriday = date.getMonthValue() == 11
                && date.getDayOfWeek() == DayOfWeek.FRIDAY
                && date.getDayOfMonth() >= 23
                && date.getDayOfMonth() <= 29;
        return blackFriday ? 5 * weight : weight;
    }
}
