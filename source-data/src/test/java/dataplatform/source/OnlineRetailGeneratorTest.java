package dataplatform.source;

import static dataplatform.source.Database.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.source.OnlineRetailGenerator.Made;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnlineRetailGeneratorTest {
    private static final LocalDate FIRST = LocalDate.of(2010, 12, 1);

    @TempDir
    Path folder;

    @Test
    void makesTheSameFileOnAnyMachine() throws Exception {
        Made one = new OnlineRetailGenerator(folder.resolve("one"), 2000, 30, FIRST, 7).write();
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        Made other;
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("America/Sao_Paulo"));
            other = new OnlineRetailGenerator(folder.resolve("other"), 2000, 30, FIRST, 7).write();
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
        assertThat(other).isEqualTo(one);
        assertThat(folder.resolve("other")).hasSameBinaryContentAs(folder.resolve("one"));
        assertThat(new OnlineRetailGenerator(folder.resolve("another"), 2000, 30, FIRST, 8).write())
                .isNotEqualTo(one);
        assertThatThrownBy(() -> new OnlineRetailGenerator(folder, 1, 0, FIRST, 1))
                .hasMessage("make at least one row and one day");
    }

    @Test
    void writesWhatMakesTheRealRowsHard() throws Exception {
        Path file = folder.resolve("OnlineRetail.csv");
        Made made = new OnlineRetailGenerator(file, 20_000, 30, FIRST, 1).write();

        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(text)
                .startsWith(
                        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n536365,")
                .contains(",\"WHITE GIFT TOKEN, £5\",", "\"\"ROUND\"\"", "POPPY'S", " ,1,12/1/2010 8:", ",12/30/2010 ")
                .contains(
                        ",D,Discount,-1,",
                        ",B,Adjust bad debt,1,",
                        ",-11062.06,,",
                        ",POST,POSTAGE,1,",
                        ",damaged,",
                        ",,56,")
                .doesNotContain("££", "?");
        List<String> lines = text.lines().skip(1).toList();
        assertThat(lines).hasSize(20_000);
        assertThat(lines.size() - new HashSet<>(lines).size()).isBetween(100, 600);
        assertThat(lines).filteredOn(line -> line.matches(".*,0,\\d*,[^,]*")).hasSizeBetween(100, 1000);
        assertThat(made.rows()).isEqualTo(20_000);
        assertThat(made.withoutCustomer()).isBetween(4000L, 7000L);
        assertThat(made.returns()).isBetween(200L, 1000L);
    }

    @Test
    void loadsAsItWasMade() throws Exception {
        Path file = folder.resolve("OnlineRetail.csv");
        Made made = new OnlineRetailGenerator(file, 3000, 13, FIRST, 3).write();
        try (Connection connection = Database.empty()) {
            OnlineRetailLoader loader = new OnlineRetailLoader(List.of(file), Optional.empty(), false);
            assertThat(loader.load(connection, Progress.none()))
                    .isEqualTo(new TableLoad("retail.user_purchase", 3000, 3000, 0, 0));
            assertThat(rows(connection, """
                    select sum(quantity), sum(quantity * unit_price)::numeric(20,2), count(*) filter (where customer_id is null),
                      count(*) filter (where quantity < 0), min(invoice_date)::date, max(invoice_date)::date,
                      bool_or(detail like '%£5')
                    from retail.user_purchase"""))
                    .containsExactly(made.pieces() + "|" + BigDecimal.valueOf(made.pence(), 2) + "|"
                            + made.withoutCustomer() + "|" + made.returns() + "|2010-12-01|2010-12-13|t");
        }
    }
}
