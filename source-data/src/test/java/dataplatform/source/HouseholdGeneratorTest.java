package dataplatform.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.source.HouseholdGenerator.Expected;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HouseholdGeneratorTest {
    @TempDir
    Path folder;

    @Test
    void makesTheSameFilesOnAnyMachine() throws Exception {
        Expected one = new HouseholdGenerator(folder.resolve("one"), 7, 3, 2).write();
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        Expected other;
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("America/Sao_Paulo"));
            other = new HouseholdGenerator(folder.resolve("other"), 7, 3, 2).write();
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
        assertThat(other).isEqualTo(one);
        assertThat(files("other")).isEqualTo(files("one")).hasSize(2 * 3 * 4 + 2 * 3);
    }

    @Test
    void makesOtherHouseholdsForAnotherSeed() throws Exception {
        Expected one = new HouseholdGenerator(folder.resolve("one"), 7, 1, 1).write();
        Expected other = new HouseholdGenerator(folder.resolve("other"), 8, 1, 1).write();

        assertThat(other.transactions().keySet()).isEqualTo(one.transactions().keySet());
        assertThat(other.transactions()).isNotEqualTo(one.transactions());
    }

    @Test
    void writesWhatMakesExportsHard() throws Exception {
        new HouseholdGenerator(folder, 1, 2, 1).write();

        String noon = read("bank_transactions/umsaetze_H1_2025-01-10T1200.csv");
        String january = read("bank_transactions/umsaetze_H1_2025-01-31.csv");
        String february = read("bank_transactions/umsaetze_H1_2025-02-28.csv");
        assertThat(january).startsWith("\uFEFFAuftragskonto;").contains("\r\n\r\nSumme;");
        assertThat(january)
                .contains("\"Miete 2025-01\nObjekt 7; 2. Stock\";\"Hausverwaltung \"\"Sonne\"\"\"")
                .contains("GEHALT");
        assertThat(january.split("10.01.2025;KARTENZAHLUNG;Kaffee", -1)).hasSize(3);
        assertThat(noon.split("10.01.2025;KARTENZAHLUNG;Kaffee", -1)).hasSize(2);
        assertThat(february).contains(";28.01.2025;").containsPattern(";2\\.\\d{3},\\d{2};EUR;");
        assertThat(read("card_transactions/card H1 2025-01-31.csv")).contains(",USD,");
        assertThat(read("accounts/konten (0).csv")).contains("DE04").contains("1.234,56");
        assertThat(read("accounts/konten (1).csv")).doesNotContain("DE04");
    }

    @Test
    void printsWhatSilverIsToHold() throws Exception {
        Expected expected = new HouseholdGenerator(folder, 1, 1, 1).write();

        assertThat(expected.csv().lines())
                .startsWith(
                        "data_set,account,rows,amount",
                        "finance.bank_transactions,DE02000000000000000001,"
                                + expected.transactions()
                                        .get("finance.bank_transactions DE02000000000000000001")
                                        .rows()
                                + ","
                                + expected.transactions()
                                        .get("finance.bank_transactions DE02000000000000000001")
                                        .amount())
                .contains("finance.bank_transactions,DE03000000000000000001,1,200.00")
                .contains("finance.accounts,,4,4938.24", "finance.budgets,,4,1900.00")
                .contains("finance.bank_transactions_quarantine,,2,", "finance.budgets_quarantine,,1,");
        assertThatThrownBy(() -> new HouseholdGenerator(folder, 1, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    private String read(String file) throws IOException {
        return Files.readString(folder.resolve("finance").resolve(file));
    }

    private TreeMap<String, String> files(String name) throws IOException {
        TreeMap<String, String> files = new TreeMap<>();
        Path root = folder.resolve(name);
        try (Stream<Path> walk = Files.walk(root)) {
            List<Path> found = walk.filter(Files::isRegularFile).toList();
            for (Path file : found) {
                files.put(root.relativize(file).toString(), Files.readString(file));
            }
        }
        return files;
    }
}
