package dataplatform.spark.silver;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Row;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Aggregates over some rows, by their names. */
public record Figures(Map<String, Object> values) {
    static Figures of(Row row) {
        Map<String, Object> values = new HashMap<>();
        for (String name : row.schema().fieldNames()) {
            values.put(name, row.getAs(name));
        }
        return new Figures(values);
    }

    long number(String name) {
        return (Long) values.get(name);
    }

    String text(String name) {
        return (String) values.get(name);
    }

    /** Those of an array, without null. */
    Set<String> texts(String name) {
        @SuppressWarnings("unchecked")
        Seq<String> texts = (Seq<String>) values.get(name);
        Set<String> result = new TreeSet<>();
        JavaConverters.seqAsJavaList(texts).stream()
                .filter(text -> text != null)
                .forEach(result::add);
        return result;
    }
}
