package dataplatform.lambdas.eventtransformer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The paths at which the tables' columns stand in messages, such as {@code $.properties.id}. */
final class Paths {
    private final Map<String, Integer> slots = new HashMap<>();
    private final Place root;

    /**
     * A place in a message.
     *
     * @param slot number of its path; -1 if no column stands there
     * @param first number of the first path at or below it
     * @param last number after the last
     */
    record Place(int slot, int first, int last, Map<String, Place> children) {
        Place child(String name) {
            return children.get(name);
        }

        boolean hasChildren() {
            return !children.isEmpty();
        }
    }

    Paths(Stream<String> paths) {
        List<String> sorted = List.copyOf(new TreeSet<>(paths.toList()));
        for (int i = 0; i < sorted.size(); i++) {
            slots.put(sorted.get(i), i);
        }
        this.root = place("$", sorted);
    }

    /** @param below the sorted paths that begin with the place's own */
    private Place place(String path, List<String> below) {
        Map<String, Place> children = new HashMap<>();
        below.stream()
                .filter(each -> each.startsWith(path + "."))
                .map(each -> each.substring(path.length() + 1).replaceFirst("\\..*", ""))
                .distinct()
                .forEach(name -> {
                    String child = path + "." + name;
                    children.put(
                            name,
                            place(
                                    child,
                                    below.stream()
                                            .filter(each -> each.equals(child) || each.startsWith(child + "."))
                                            .toList()));
                });
        int first =
                below.isEmpty() ? 0 : below.stream().mapToInt(slots::get).min().orElseThrow();
        int last =
                below.isEmpty() ? 0 : below.stream().mapToInt(slots::get).max().orElseThrow() + 1;
        return new Place(slots.getOrDefault(path, -1), first, last, children);
    }

    /** The message itself. */
    Place root() {
        return root;
    }

    /** How many there are. */
    int size() {
        return slots.size();
    }

    /** The number of a path. */
    int slot(String path) {
        return slots.get(path);
    }
}
