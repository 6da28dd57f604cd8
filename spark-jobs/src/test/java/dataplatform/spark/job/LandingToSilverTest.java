package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.spark.LogLines;
import dataplatform.spark.SparkTest;
import dataplatform.spark.batch.FileVersion;
import dataplatform.spark.batch.Refresh;
import dataplatform.spark.landing.LandingFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LandingToSilverTest extends SparkTest {
    private static final String BANK = "Auftragskonto;Buchungstag;Valutadatum;Buchungstext;Verwendungszweck;"
            + "Beguenstigter/Zahlungspflichtiger;Kontonummer/IBAN;Betrag;Waehrung;Kategorie\n";
    private static final String CARD = "Reference,Card account,Date,Type,Status,Merchant,Amount,Currency,Category\n";
    private static final String BUDGET = "Haushalt;Monat;Kategorie;Betrag\n";

    private final LogLines log = LogLines.of(LandingToSilver.class, Refresh.class, LandingFiles.class);

    @TempDir
    Path folder;

    @AfterEach
    void everyRowIsAccountedFor() {
        if (Files.exists(folder.resolve("silver/platform/data_quality"))) {
            assertThat(table("platform/data_quality")
                            .filter("rows_in <> inserted + updated + deleted + skipped + quarantined")
                            .count())
                    .isZero();
        }
        log.close();
    }

    @Test
    void readsWhatABankWrites() throws Exception {
        drop(
                "bank_transactions/umsaetze_2026-02-01.csv",
                "\uFEFF" + BANK.replace("\n", "\r\n")
                        + "DE0212345678;31.01.2026;02.02.2026;LASTSCHRIFT;\"Miete; Februar\r\nObjekt 7\";\"Haus \"\"Sonne\"\"\";"
                        + "DE9900000001;-1.234,56;EUR;housing\r\n"
                        + "\r\n"
                        + "DE0212345678;01.02.2026;;GEHALT; Lohn ;Müller GmbH;;2500;EUR;\r\n"
                        + "Summe;;;;;;;1.265,44;EUR;\r\n");

        assertThat(run()).isZero();
        assertThat(texts(table("finance/bank_transactions")
                        .sort("booked_on")
                        .selectExpr(
                                "concat_ws('|', account_id, booked_on, coalesce(valued_on, '-'), purpose, counterparty,"
                                        + " amount, coalesce(category, '-'), extracted_at)")))
                .containsExactly(
                        "DE0212345678|2026-01-31|2026-02-02|Miete; Februar\nObjekt 7|Haus \"Sonne\"|-1234.56|housing|2026-02-01"
                                + " 00:00:00",
                        "DE0212345678|2026-02-01|-|Lohn|Müller GmbH|2500.00|-|2026-02-01 00:00:00");
        Row rejected = table("finance/bank_transactions_quarantine").first();
        assertThat(rejected.<String>getAs("reason"))
                .isEqualTo("booked_on is required; account_id does not match [A-Z]{2}[0-9A-Z]{8,32}");
        assertThat(rejected.<String>getAs("raw_row")).isEqualTo("Summe;;;;;;;1.265,44;EUR;");
        assertThat(rejected.<String>getAs("source_file")).endsWith("finance/bank_transactions/umsaetze_2026-02-01.csv");
        assertThat(quality("finance.bank_transactions")).containsExactly("in 3, +2 ~0 -0, skipped 0, quarantined 1");
    }

    @Test
    void aRowThatBreaksTheContractGoesToQuarantineWithTheReason() throws Exception {
        drop(
                "card_transactions/card_2026-02-01.csv",
                CARD
                        + "r1,CC0000000001,31/01/2026,purchase,booked,Café,12.34,EUR,food\n"
                        + "r2,CC0000000001,31/01/2026,refund,booked,Café,-2.34,EUR,food\n"
                        + "r3,CC0000000001,2026-01-31,purchase,booked,Café,1.00,EUR,food\n"
                        + "r4,CC0000000001,31/02/2026,purchase,booked,Café,1.00,EUR,food\n"
                        + "r5,CC0000000001,31/01/2026,purchase,booked,Café,\"1,00\",EUR,food\n"
                        + "r6,CC0000000001,31/01/2026,purchase,booked,Café,1.00,USD,food\n"
                        + ",CC0000000001,31/01/2026,purchase,booked,Café,1.00,EUR,food\n"
                        + "Total,11.00\n");

        assertThat(run()).isZero();
        assertThat(texts(table("finance/card_transactions")
                        .sort("transaction_id")
                        .selectExpr("concat_ws(' ', transaction_id, purchased_on, amount)")))
                .containsExactly("r1 2026-01-31 -12.34", "r2 2026-01-31 2.34");
        assertThat(texts(table("finance/card_transactions_quarantine")
                        .sort("change_seq")
                        .select("reason")))
                .containsExactly(
                        "purchased_on is not date",
                        "purchased_on is not date",
                        "amount is not decimal(12,2)",
                        "currency is not an allowed value",
                        "transaction_id is required",
                        "it has 2 fields instead of 9");
    }

    @Test
    void decimalCommasAreNotTakenForThousands() throws Exception {
        String row = "home;01/01/2026;%s;%s\n";
        drop(
                "budgets/2026-01-01.csv",
                BUDGET
                        + row.formatted("a", "1.234.567,8")
                        + row.formatted("b", "12.50")
                        + row.formatted("c", "12,345")
                        + row.formatted("d", "1234,5")
                        + row.formatted("e", "1.234")
                        + row.formatted("f", "-1"));

        assertThat(run()).isZero();
        assertThat(budgets())
                .containsExactly(
                        "home 2026-01-01 a 1234567.80", "home 2026-01-01 d 1234.50", "home 2026-01-01 e 1234.00");
        assertThat(texts(table("finance/budgets_quarantine").sort("change_seq").select("reason")))
                .containsExactly("budget is not decimal(12,2)", "budget is not decimal(12,2)", "budget is below 0");
    }

    @Test
    void aFileThatCannotBeTakenIsNamedAndLeavesTheOthersAlone() throws Exception {
        Map<String, String> contents = Map.of(
                "empty.csv", "\n",
                "headings_20260101.csv", BUDGET,
                "missing_20260101.csv", "Haushalt;Monat;Betrag\nhome;01/01/2026;1\n",
                "commas_20260101.csv", "Haushalt,Monat,Kategorie,Betrag\nhome,01/01/2026,a,1\n",
                "no_headings_20260101.csv", "home;01/01/2026;a;1\n",
                "twice_20260101.csv", "Betrag;Haushalt;Monat;Kategorie;Betrag\n1;home;01/01/2026;a;1\n",
                "quote_20260101.csv", BUDGET + "\"home;01/01/2026;a;1\nhome;01/01/2026;b;1\n",
                "no_day.csv", BUDGET + "home;01/01/2026;a;1\n",
                "encoding_20260101.csv", BUDGET + "home;01/01/2026;für;1\n");
        Map<String, String> causes = Map.of(
                "empty.csv", "is empty; expected a line of headings: [Haushalt, Monat, Kategorie, Betrag]",
                "headings_20260101.csv", "has no rows, and would empty the table",
                "missing_20260101.csv",
                        "lacks the columns [Kategorie] of contract finance.budgets; it has [Haushalt, Monat, Betrag]. Export",
                "commas_20260101.csv",
                        "its first line has none of the headings of contract finance.budgets, [Haushalt, Monat, Kategorie,"
                                + " Betrag], but 1 fields. Are they separated by ';'?",
                "no_headings_20260101.csv",
                        "its first line has none of the headings of contract finance.budgets, [Haushalt, Monat, Kategorie,"
                                + " Betrag], but 4 fields. Are they separated by ';'?",
                "twice_20260101.csv", "has the column Betrag twice",
                "quote_20260101.csv", "a quote in the row that begins in line 2 is not closed; close it",
                "no_day.csv", "has no day of export in its name; call it such as budgets_2026-01-31.csv",
                "encoding_20260101.csv", "is not UTF-8 in line 2 or the row that begins there; export it in UTF-8");
        for (Map.Entry<String, String> each : contents.entrySet()) {
            Path file = drop("budgets/" + each.getKey(), "");
            Files.write(file, each.getValue().getBytes(StandardCharsets.ISO_8859_1));
        }
        drop("budgets/sound_2025-01-01.csv", BUDGET + "home;01/01/2026;food;5\n");
        drop("card_transactions/2026.csv", CARD + "r1,CC0000000001,31/01/2026,fee,booked,,1,EUR,\n");

        assertThat(run()).isEqualTo(1);
        causes.forEach((name, cause) -> assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR file:" + folder.resolve("landing/finance/budgets/" + name) + " failed: " + cause)
                .doesNotContain("home", "01/01/2026")));
        String landing = "file:" + folder.resolve("landing/finance") + "/";
        assertThat(log.lines())
                .as("each file that is taken")
                .filteredOn(line -> line.contains(landing) && line.endsWith(" rows"))
                .containsExactlyInAnyOrder(
                        "INFO finance.budgets: " + landing + "budgets/sound_2025-01-01.csv: 1 rows",
                        "INFO finance.card_transactions: " + landing + "card_transactions/2026.csv: 1 rows");
        assertThat(budgets()).containsExactly("home 2026-01-01 food 5.00");
        assertThat(table("finance/card_transactions").count()).isEqualTo(1);
        assertThat(quality("finance.budgets")).containsExactly("in 1, +1 ~0 -0, skipped 0, quarantined 0");
    }

    @Test
    void aSnapshotOfWhichNoRowKeepsTheContractReplacesNothing() throws Exception {
        drop("budgets/2026-01-01.csv", BUDGET + "home;01/01/2026;food;5\n");
        assertThat(run()).isZero();
        Path broken = drop("budgets/2026-02-01.csv", BUDGET + "home;2026-02-01;food;6\n");

        assertThat(run("--objects", broken.toString())).isEqualTo(1);
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("ERROR file:" + broken + " failed: no row keeps contract finance.budgets: all are in"
                        + " quarantine, and nothing of it is in silver"));
        assertThat(budgets()).containsExactly("home 2026-01-01 food 5.00");
        assertThat(table("finance/budgets_quarantine").count()).isEqualTo(1);

        drop("budgets/2026-01-15.csv", BUDGET + "home;01/01/2026;food;7\n");
        assertThat(run()).isEqualTo(1);
        assertThat(budgets()).containsExactly("home 2026-01-01 food 7.00");
        assertThat(log.lines())
                .filteredOn(line -> line.contains(" changes nothing"))
                .singleElement()
                .asString()
                .contains("2026-01-01.csv");
    }

    @Test
    void aFileThatIsReplacedWhileItIsReadIsReadAnotherTime() throws Exception {
        Path file = drop("budgets/2026-01-31.csv", BUDGET + "home;01/01/2026;food;1\n");
        FileVersion version = new FileVersion("file:" + file, 1, Files.size(file));
        LandingFiles inspected = LandingFiles.inspect(SPARK, contract("finance.budgets"), List.of(version));
        drop("budgets/2026-01-31.csv", BUDGET + "home;01/01/2026;food;2\n");

        assertThatThrownBy(() -> inspected.rows("").rows().collectAsList())
                .hasStackTraceContaining("it was replaced while it was read");
        assertThat(run()).isZero();
        assertThat(budgets()).containsExactly("home 2026-01-01 food 2.00");
    }

    @Test
    void unknownColumnsAreToldAndKeptOut() throws Exception {
        drop("budgets/2026-01-01.csv", "Notiz;Betrag;Kategorie;Monat;Haushalt\nx;5;food;01/01/2026;home\n");

        assertThat(run()).isZero();
        assertThat(budgets()).containsExactly("home 2026-01-01 food 5.00");
        assertThat(log.lines()).anySatisfy(line -> assertThat(line)
                .startsWith("WARN finance.budgets: landing has columns [Notiz] that the contract does not know"));
        assertThat(table("platform/data_quality")
                        .select("unknown_columns")
                        .first()
                        .<String>getList(0))
                .containsExactly("Notiz");
    }

    @Test
    void objectsThatNoDataSetComesInAreNamed() throws Exception {
        Path other = drop("carts/2026-01-01.csv", "x\n");
        Path text = drop("budgets/readme.txt", "x\n");
        Path gone = folder.resolve("landing/finance/budgets/gone.csv");

        assertThat(run("--objects", other + "," + text + "," + gone)).isEqualTo(1);
        assertThat(log.lines())
                .anySatisfy(
                        line -> assertThat(line).startsWith("ERROR " + other + " failed: no data set comes in such"))
                .anySatisfy(line -> assertThat(line).startsWith("ERROR " + text + " failed: no data set comes in such"))
                .anySatisfy(line -> assertThat(line).startsWith("ERROR " + gone + " failed: it is not there"));
    }

    @Test
    void takesAFileWhateverItIsCalled() throws Exception {
        Path file = drop(
                "card_transactions/sub folder/it's 100%, of {mine} + ümlaut #1.csv",
                CARD
                        + "r1,CC0000000001,31/01/2026,fee,booked,,1,EUR,\nr2,CC0000000001,03/02/2026,fee,booked,,1,EUR,\n");

        assertThat(run("--objects", file.toString())).isZero();
        assertThat(texts(table("finance/card_transactions").selectExpr("cast(extracted_at as string)")))
                .containsExactly("2026-02-03 00:00:00", "2026-02-03 00:00:00");

        drop("budgets/budgets_2026-01-31T08:15.csv", BUDGET + "home;01/01/2026;food;1\n");
        assertThat(run()).isZero();
        assertThat(texts(table("finance/budgets").selectExpr("cast(extracted_at as string)")))
                .containsExactly("2026-01-31 08:15:00");
    }

    @Test
    void equalTransactionsOfOneExportStayTwoAndOverlappingExportsCountOnce() throws Exception {
        String coffee = "DE0212345678;30.01.2026;;KARTE;Kaffee;Bar;;-2,50;EUR;%s\n";
        Path one = drop("bank_transactions/2026-01-30.csv", BANK + coffee.formatted("food"));
        assertThat(run("--objects", one.toString())).isZero();
        assertThat(table("finance/bank_transactions").count()).isEqualTo(1);

        Path two =
                drop("bank_transactions/2026-01-31.csv", BANK + coffee.formatted("food") + coffee.formatted("leisure"));
        assertThat(run("--objects", two.toString())).isZero();
        assertThat(bank()).hasSize(2);
        List<String> both = texts(
                table("finance/bank_transactions").select("transaction_id").sort("transaction_id"));

        Path same = drop("bank_transactions/copy of 2026-01-31.csv", Files.readString(two));
        assertThat(run("--objects", one + "," + same)).isZero();
        assertThat(texts(table("finance/bank_transactions")
                        .select("transaction_id")
                        .sort("transaction_id")))
                .isEqualTo(both);
        assertThat(quality("finance.bank_transactions"))
                .containsExactlyInAnyOrder(
                        "in 1, +1 ~0 -0, skipped 0, quarantined 0",
                        "in 2, +1 ~1 -0, skipped 0, quarantined 0",
                        "in 3, +0 ~2 -0, skipped 1, quarantined 0");
    }

    @Test
    void theOrderInWhichFilesArriveDoesNotMatter() throws Exception {
        String bank = "DE0212345678;%s;;KARTE;Einkauf %s;Laden;;-%s;EUR;%s\n";
        String card = "%s,CC0000000001,%s,purchase,%s,%s,%s,EUR,food\n";
        String budget = "home;01/%s/2026;%s;%s\n";
        List<List<Path>> days = List.of(
                List.of(
                        drop(
                                "bank_transactions/a_2026-01-31.csv",
                                BANK
                                        + bank.formatted("30.01.2026", "A", "1,00", "food")
                                        + bank.formatted("31.01.2026", "B", "2,00", "food")
                                        + bank.formatted("31.01.2026", "B", "2,00", "food")
                                        + "Summe;3\n"),
                        drop(
                                "card_transactions/a_2026-01-31.csv",
                                CARD
                                        + card.formatted("r1", "31/01/2026", "pending", "SHOP*1", "10.00")
                                        + card.formatted("r2", "31/01/2026", "pending", "SHOP*2", "20.00")),
                        drop(
                                "budgets/a_2026-01-31.csv",
                                BUDGET
                                        + budget.formatted("01", "food", "100")
                                        + budget.formatted("01", "rent", "900"))),
                List.of(
                        drop(
                                "bank_transactions/b_20260201T1200.csv",
                                BANK
                                        + bank.formatted("31.01.2026", "B", "2,00", "leisure")
                                        + bank.formatted("31.01.2026", "B", "2,00", "food")
                                        + bank.formatted("31.01.2026", "B", "2,00", "food")
                                        + bank.formatted("01.02.2026", "C", "3,00", "food")),
                        drop(
                                "card_transactions/b_20260201T1200.csv",
                                CARD
                                        + card.formatted("r1", "31/01/2026", "booked", "Shop One", "11.00")
                                        + card.formatted("r3", "01/02/2026", "pending", "SHOP*3", "30.00")),
                        drop(
                                "budgets/b_20260201T1200.csv",
                                BUDGET
                                        + budget.formatted("01", "food", "120")
                                        + budget.formatted("02", "food", "120"))),
                List.of(
                        drop(
                                "bank_transactions/c_20260201T1200 (1).csv",
                                BANK
                                        + bank.formatted("31.01.2026", "B", "2,00", "home")
                                        + bank.formatted("01.02.2026", "C", "3,00", "home")),
                        drop(
                                "card_transactions/c_20260201T1200 (1).csv",
                                CARD
                                        + card.formatted("r3", "01/02/2026", "booked", "Shop Three", "30.00")
                                        + card.formatted("r2", "31/01/2026", "booked", "Shop Two", "20.00")),
                        drop(
                                "budgets/c_20260201T1200 (1).csv",
                                BUDGET + budget.formatted("02", "food", "130") + budget.formatted("02", "fun", "-5"))));
        // each file before and after each other one
        List<List<Integer>> orders = List.of(List.of(0, 1, 2), List.of(2, 1, 0));
        Map<List<Integer>, Map<String, List<String>>> tables = new HashMap<>();
        for (List<Integer> order : orders) {
            for (int day : order) {
                assertThat(runInto("silver " + order.hashCode(), objects(days.get(day))))
                        .isZero();
            }
            tables.put(order, tables("silver " + order.hashCode()));
        }
        assertThat(runInto(
                        "silver all",
                        "--data-sets",
                        "finance.bank_transactions,finance.card_transactions,finance.budgets"))
                .isZero();

        assertThat(tables.values()).allSatisfy(each -> assertThat(each).isEqualTo(tables("silver all")));
        assertThat(texts(read("silver all/finance/card_transactions")
                        .sort("transaction_id")
                        .selectExpr("concat_ws(' ', transaction_id, status, merchant, amount)")))
                .containsExactly(
                        "r1 booked Shop One -11.00", "r2 booked Shop Two -20.00", "r3 booked Shop Three -30.00");
        assertThat(texts(read("silver all/finance/bank_transactions")
                        .sort("booked_on", "purpose", "category")
                        .selectExpr("concat_ws(' ', booked_on, purpose, amount, category)")))
                .containsExactly(
                        "2026-01-30 Einkauf A -1.00 food",
                        "2026-01-31 Einkauf B -2.00 food",
                        "2026-01-31 Einkauf B -2.00 home",
                        "2026-01-31 Einkauf B -2.00 leisure",
                        "2026-02-01 Einkauf C -3.00 home");
        assertThat(texts(read("silver all/finance/budgets")
                        .selectExpr("concat_ws(' ', budget_month, category, budget)")))
                .containsExactly("2026-02-01 food 130.00");
    }

    @Test
    void aSnapshotReplacesTheOneBeforeAndAnOlderOneChangesNothing() throws Exception {
        Path first = drop("budgets/2026-01-31.csv", BUDGET + "home;01/01/2026;food;1\nhome;01/01/2026;rent;2\n");
        Path second = drop("budgets/2026-02-28.csv", BUDGET + "home;01/01/2026;food;3\nhome;01/02/2026;fun;4\n");
        Path late = drop("budgets/2026-02-15.csv", BUDGET + "home;01/01/2026;rent;9\nhome;01/03/2026;fun;9\nx;y;z;0\n");
        assertThat(run("--objects", first.toString())).isZero();
        assertThat(run("--objects", second.toString())).isZero();
        List<String> newest = List.of("home 2026-01-01 food 3.00", "home 2026-02-01 fun 4.00");
        assertThat(budgets()).isEqualTo(newest);
        Set<String> files = files("finance/budgets");

        assertThat(run("--objects", late.toString())).isZero();
        assertThat(run("--objects", first.toString())).isZero();
        assertThat(run("--objects", second.toString())).isZero();
        assertThat(budgets()).isEqualTo(newest);
        assertThat(files("finance/budgets")).isEqualTo(files);
        assertThat(quality("finance.budgets"))
                .containsExactly(
                        "in 2, +2 ~0 -0, skipped 0, quarantined 0",
                        "in 3, +1 ~1 -1, skipped 0, quarantined 0",
                        "in 3, +0 ~0 -0, skipped 2, quarantined 1",
                        "in 2, +0 ~0 -0, skipped 2, quarantined 0",
                        "in 2, +0 ~0 -0, skipped 2, quarantined 0");
    }

    @Test
    void aFileThatMayBeCutOffOrIsOfTheFutureIsRefusedAndAnOlderSnapshotIsNamed() throws Exception {
        Path whole = drop("budgets/budgets_12345678_20251231_2026-02-28.CSV", BUDGET + "home;01/01/2026;food;3\n");
        assertThat(run()).isZero();
        Path cut = drop("budgets/2026-03-31.csv", BUDGET + "home;01/01/2026;food;3\nhome;01/01/2026;rent;4");
        Path future = drop("budgets/2062-02-28.csv", BUDGET + "home;01/01/2026;food;5\n");
        Path older = drop("budgets/2026-01-31.csv", BUDGET + "home;01/01/2026;food;1\n");
        drop("budgets/readme.txt", "hello\n");

        assertThat(run()).isEqualTo(1);
        assertThat(log.lines())
                .anySatisfy(line -> assertThat(line)
                        .startsWith(
                                "ERROR file:" + cut + " failed: ends in line 3 without a line break: is it cut off?"))
                .anySatisfy(line -> assertThat(line)
                        .startsWith("ERROR file:" + future
                                + " failed: has the day 2062-02-28 in its name, which is in the future"))
                .anySatisfy(line -> assertThat(line)
                        .startsWith("WARN finance.budgets: file:" + older
                                + " changes nothing: it was exported at 2026-01-31"))
                .anySatisfy(line -> assertThat(line).contains("readme.txt is left out, as it is no .csv file"));
        assertThat(budgets()).containsExactly("home 2026-01-01 food 3.00");

        // corrected under its own name
        Files.writeString(whole, BUDGET + "home;01/01/2026;food;2\n");
        assertThat(run("--objects", whole.toString())).isZero();
        assertThat(budgets()).containsExactly("home 2026-01-01 food 2.00");
    }

    @Test
    void theSameRunAgainChangesNoTable() throws Exception {
        drop("budgets/2026-01-31.csv", BUDGET + "home;01/01/2026;food;1\nhome;x;rent;2\n");
        drop("card_transactions/2026-01-31.csv", CARD + "r1,CC0000000001,31/01/2026,fee,booked,,1,EUR,\n");
        drop("bank_transactions/headings_only.csv", BANK);
        assertThat(run("--run-id", "r")).isZero();
        String[] tables = {
            "finance/accounts",
            "finance/bank_transactions",
            "finance/budgets",
            "finance/budgets_quarantine",
            "finance/card_transactions"
        };
        Set<String> files = files(tables);
        assertThat(quality("finance.bank_transactions")).isEmpty();

        assertThat(run("--run-id", "r")).isZero();
        assertThat(files(tables)).isEqualTo(files);
        assertThat(table("finance/budgets_quarantine").count()).isEqualTo(1);
    }

    @Test
    void ofAKeyThatASnapshotHasTwiceTheLastLineWinsAndTheOtherIsInQuarantine() throws Exception {
        drop(
                "budgets/2026-01-31.csv",
                BUDGET + "home;01/01/2026;food;1\nhome;01/01/2026;food;2\n\"home\";01/01/2026;food;2\n");

        assertThat(run()).isZero();
        assertThat(budgets()).containsExactly("home 2026-01-01 food 2.00");
        assertThat(quality("finance.budgets")).containsExactly("in 3, +1 ~0 -0, skipped 1, quarantined 1");
        assertThat(texts(table("finance/budgets_quarantine").selectExpr("concat(raw_row, ' ', reason)")))
                .singleElement()
                .asString()
                .contains("home;01/01/2026;food;1", "its key stands again further down in the file");
    }

    @Test
    void refusesADataSetThatDoesNotComeInFiles() {
        StringWriter errors = new StringWriter();
        CommandLine job = new CommandLine(new LandingToSilver()).setErr(new PrintWriter(errors));

        assertThat(job.execute(
                        "--landing",
                        folder.toString(),
                        "--silver",
                        folder.toString(),
                        "--data-sets",
                        "ecommerce.orders"))
                .isEqualTo(2);
        assertThat(errors.toString())
                .startsWith("there is no contract ecommerce.orders that comes in files; there are"
                        + " [finance.accounts, ");
    }

    private int run(String... arguments) {
        return runInto("silver", arguments);
    }

    private int runInto(String silver, String... arguments) {
        return new CommandLine(new LandingToSilver())
                .execute(Stream.concat(
                                Stream.of("--landing", folder + "/landing", "--silver", folder + "/" + silver),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    private static String[] objects(List<Path> files) {
        return new String[] {
            "--objects", String.join(",", files.stream().map(Path::toString).toList())
        };
    }

    private Path drop(String name, String content) throws IOException {
        Path file = folder.resolve("landing/finance").resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    private Dataset<Row> table(String name) {
        return read("silver/" + name);
    }

    private Dataset<Row> read(String name) {
        return SPARK.read().format("delta").load(folder + "/" + name);
    }

    /** All that the data sets and their quarantines hold. */
    private Map<String, List<String>> tables(String silver) {
        Map<String, List<String>> tables = new TreeMap<>();
        for (String name : List.of("bank_transactions", "card_transactions", "budgets")) {
            tables.put(name, rows(silver + "/finance/" + name));
        }
        for (String name : List.of("bank_transactions_quarantine", "budgets_quarantine")) {
            tables.put(name, rows(silver + "/finance/" + name));
        }
        return tables;
    }

    private List<String> rows(String table) {
        return new ArrayList<>(read(table).drop("batch").toJSON().collectAsList().stream()
                .sorted()
                .toList());
    }

    private List<String> bank() {
        return rows("silver/finance/bank_transactions");
    }

    private List<String> budgets() {
        return texts(table("finance/budgets")
                .selectExpr("concat_ws(' ', household_id, budget_month, category, budget) as row")
                .sort("row"));
    }

    /** The data set's rows in the quality table, the oldest first. */
    private List<String> quality(String dataSet) {
        return texts(table("platform/data_quality")
                .filter("data_set = '" + dataSet + "'")
                .sort("started_at")
                .selectExpr(
                        "concat('in ', rows_in, ', +', inserted, ' ~', updated, ' -', deleted, ', skipped ', skipped,"
                                + " ', quarantined ', quarantined)"));
    }

    private static List<String> texts(Dataset<Row> rows) {
        return rows.collectAsList().stream().map(row -> row.getString(0)).toList();
    }

    /** The data files of tables. */
    private Set<String> files(String... tables) {
        return Stream.of(tables)
                .flatMap(table -> Stream.of(table(table).inputFiles()))
                .collect(Collectors.toSet());
    }
}
