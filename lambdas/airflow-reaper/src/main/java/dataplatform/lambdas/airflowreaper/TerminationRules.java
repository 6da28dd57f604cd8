package dataplatform.lambdas.airflowreaper;

import dataplatform.lambdas.airflowheartbeat.Heartbeat;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When Airflow's instance has to go. It goes
 *
 * <ol>
 *   <li>when it is as old as {@code age}, whatever it does;
 *   <li>when it has said nothing for {@code silence}, since its launch or its last heartbeat: what nobody hears of may hang, and costs;
 *   <li>when no run is going on, none has ended for {@code idle}, nor is one due within {@code idle}; a launch counts as the end of a run. A run that has been overdue for
 *       {@code idle} is not waited for.
 * </ol>
 *
 * @param age it may reach at most
 * @param silence that is still taken for a start or a hiccup
 * @param idle time that it is kept for the next run
 */
record TerminationRules(Duration age, Duration silence, Duration idle) {
    /**
     * Why it has to go, in words; nothing if it may stay.
     *
     * @param launched when it was
     * @param heartbeat its last
     */
    Optional<String> broken(Instant now, Instant launched, Optional<Heartbeat> heartbeat) {
        if (reached(age, launched, now)) {
            return Optional.of("it is as old as it may be, " + age);
        }
        if (reached(silence, heartbeat.map(Heartbeat::at).orElse(launched), now)) {
            return Optional.of("it has said nothing for " + silence);
        }
        // it is still starting
        if (heartbeat.isEmpty()) {
            return Optional.empty();
        }
        boolean works = heartbeat.get().running() > 0;
        boolean worked = !reached(
                idle, heartbeat.get().lastEnd().filter(launched::isBefore).orElse(launched), now);
        boolean willWork = heartbeat
                .get()
                .nextDue()
                .filter(due -> Duration.between(now, due).abs().compareTo(idle) <= 0)
                .isPresent();
        return works || worked || willWork
                ? Optional.empty()
                : Optional.of("it has been idle for " + idle + ", and is to be");
    }

    private static boolean reached(Duration limit, Instant from, Instant now) {
        return Duration.between(from, now).compareTo(limit) >= 0;
    }
}
