package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dataplatform.source.HouseholdGenerator;
import dataplatform.source.HouseholdGenerator.Expected;
import dataplatform.source.HouseholdGenerator.Total;
import dataplatform.spark.SparkTest;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What made-up banks export, whole. */
class HouseholdsTest extends SparkTest {
    @TempDir
    Path folder;

    @Test
    void silverHoldsWhatTheGeneratorExpects() throws Exception {
        Expected expected = new HouseholdGenerator(folder.resolve("landing"), 3, 3, 2).write();

        assertThat(new CommandLine(new LandingToSilver())
                        .execute("--landing", folder + "/landing", "--silver", folder + "/silver"))
                .isZero();
        Map<String, Total> transactions = new TreeMap<>();
        for (String name : new String[] {"bank_transactions", "card_transactions"}) {
            read(name)
                    .groupBy("account_id")
                    .agg(Map.of("*", "count", "amount", "sum"))
                    .select("account_id", "count(1)", "sum(amount)")
                    .collectAsList()
                    .forEach(row -> transactions.put(
                            "finance." + name + " " + row.getString(0), new Total(row.getLong(1), row.getDecimal(2))));
        }
        assertThat(transactions).isEqualTo(expected.transactions());
        assertThat(total("accounts", "balance")).isEqualTo(expected.snapshots().get("finance.accounts"));
        assertThat(total("budgets", "budget")).isEqualTo(expected.snapshots().get("finance.budgets"));
        expected.rejected().forEach((dataSet, rows) -> assertThat(
                        read(dataSet.replace("finance.", "") + "_quarantine").count())
                .as(dataSet)
                .isEqualTo(rows));
        // what is pending in one export is booked in the next
        assertThat(read("card_transactions")
                        .filter("status = 'pending' and purchased_on < '2025-03-01'")
                        .count())
                .isZero();
    }

    private Total total(String table, String amount) {
        Row total = read(table).selectExpr("count(*)", "sum(" + amount + ")").first();
        return new Total(total.getLong(0), total.getDecimal(1));
    }

    private Dataset<Row> read(String table) {
        return SPARK.read().format("delta").load(folder + "/silver/finance/" + table);
    }
}
