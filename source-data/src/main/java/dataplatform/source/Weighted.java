package dataplatform.source;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Values that are drawn more or less often. */
final class Weighted<T> {
    private final List<T> values;
    private final int[] weights;
    private final int sum;

    /** Each value is drawn as often as its weight says, compared with the sum of the weights. */
    Weighted(List<T> values, int... weights) {
        this.values = List.copyOf(values);
        this.weights = weights.clone();
        this.sum = Arrays.stream(weights).sum();
    }

    /** The numbers from 0 on with these weights. */
    static Weighted<Integer> numbers(int... weights) {
        return new Weighted<>(IntStream.range(0, weights.length).boxed().toList(), weights);
    }

    T pick(SplittableRandom random) {
        int drawn = random.nextInt(sum);
        int i = 0;
        while (drawn >= weights[i]) {
            drawn -= weights[i];
            i++;
        }
        return values.get(i);
    }
}
