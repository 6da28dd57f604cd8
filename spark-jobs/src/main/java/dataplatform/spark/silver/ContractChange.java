package dataplatform.spark.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dataplatform.contracts.Contract;
import dataplatform.contracts.SilverColumn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a silver table that was written by an earlier version of its contract is to the one of today. */
public final class ContractChange {
    private static final Logger LOG = LoggerFactory.getLogger(ContractChange.class);

    private ContractChange() {}

    /** The table's rows with the columns and types of the contract; of a column that came to it later nothing is known of them. */
    static Dataset<Row> adapted(Contract contract, Dataset<Row> table) {
        StructType stored = table.schema();
        List<String> there = List.of(stored.fieldNames());
        Dataset<Row> adapted = table;
        for (StructField column : wanted(contract)) {
            if (!there.contains(column.name())) {
                adapted = adapted.withColumn(column.name(), lit(null).cast(column.dataType()));
            } else if (differs(stored, column)) {
                adapted = adapted.withColumn(column.name(), typed(stored, column));
            }
        }
        return adapted;
    }

    /**
     * Whether columns have other types than the contract says by now, so that the table has to be written anew. Warns of columns that the
     * contract has come to require.
     *
     * @throws IllegalStateException if there are values that the new type can't hold, or if it is the key's
     */
    static boolean retypes(Contract contract, Dataset<Row> table) {
        StructType stored = table.schema();
        List<String> there = List.of(stored.fieldNames());
        contract.columns().stream()
                .filter(column -> column.required() && !there.contains(column.name()))
                .forEach(column -> LOG.warn(
                        "{}: the contract requires {} now, and the rows that are in silver are without; load the table again",
                        contract.id(),
                        column.name()));
        List<String> key =
                contract.key().stream().map(dataplatform.contracts.Column::name).toList();
        List<String> changed = new ArrayList<>();
        Column isLost = lit(false);
        boolean isKey = false;
        for (StructField column : wanted(contract)) {
            if (there.contains(column.name()) && differs(stored, column)) {
                changed.add(column.name() + " as "
                        + stored.apply(column.name()).dataType().sql() + " and not as "
                        + column.dataType().sql());
                isLost = isLost.or(
                        col(column.name()).isNotNull().and(typed(stored, column).isNull()));
                isKey |= key.contains(column.name());
            }
        }
        if (!changed.isEmpty() && (isKey || !table.filter(isLost).isEmpty())) {
            throw new IllegalStateException(contract.id() + ": silver has " + String.join(", ", changed)
                    + (isKey ? ", and it is of the key" : ", and values that do not fit")
                    + ". Put the contract's type back, or load the data set from nothing");
        }
        return !changed.isEmpty();
    }

    private static List<StructField> wanted(Contract contract) {
        return Arrays.asList(ContractColumns.schema(SilverColumn.of(contract)).fields());
    }

    private static boolean differs(StructType stored, StructField column) {
        return !stored.apply(column.name()).dataType().equals(column.dataType());
    }

    private static Column typed(StructType stored, StructField column) {
        return ContractColumns.exact(stored.apply(column.name()), column.dataType());
    }
}
