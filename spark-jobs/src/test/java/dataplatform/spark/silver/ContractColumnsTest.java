package dataplatform.spark.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dataplatform.contracts.Classification;
import dataplatform.contracts.Cleaning;
import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.DataType;
import dataplatform.contracts.DataType.Kind;
import dataplatform.contracts.Source;
import dataplatform.spark.SparkTest;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.text.Normalizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class ContractColumnsTest extends SparkTest {
    private static final Contract SAMPLES = new Contract(
            "test",
            "samples",
            "1.0.0",
            "Every type, cleaning and check.",
            "One row per sample.",
            "tests",
            new Source.Database("test"),
            "samples",
            Duration.ofDays(1),
            List.of(
                    column("id", DataType.of(Kind.LONG), Cleaning.NONE),
                    column("number", DataType.of(Kind.INTEGER), Cleaning.NONE),
                    column("amount", new DataType(Kind.DECIMAL, 12, 2), Cleaning.NONE),
                    column("ratio", DataType.of(Kind.DOUBLE), Cleaning.NONE),
                    column("flag", DataType.of(Kind.BOOLEAN), Cleaning.NONE),
                    column("day", DataType.of(Kind.DATE), Cleaning.NONE),
                    column("moment", DataType.TIMESTAMP, Cleaning.NONE),
                    column("zip", DataType.STRING, Cleaning.ZIP_CODE),
                    column("city", DataType.STRING, Cleaning.CITY),
                    column("state", DataType.STRING, Cleaning.UPPER_CASE),
                    column("text", DataType.STRING, Cleaning.NONE)),
            List.of(column("id", DataType.of(Kind.LONG), Cleaning.NONE)),
            Optional.empty());

    /** Required if it is the key or a number; checked as its type and cleaning allow. */
    private static Column column(String name, DataType type, Cleaning cleaning) {
        boolean ranged = name.equals("number") || name.equals("amount");
        return new Column(
                name,
                name,
                name,
                name,
                type,
                name.equals("id") || name.equals("number"),
                name.equals("id"),
                false,
                cleaning == Cleaning.UPPER_CASE ? List.of("SP", "RJ") : List.of(),
                ranged ? Optional.of(new BigDecimal("-5")) : Optional.empty(),
                ranged ? Optional.of(new BigDecimal("1000")) : Optional.empty(),
                cleaning == Cleaning.ZIP_CODE ? Optional.of("^[0-9]{5}$") : Optional.empty(),
                cleaning,
                Classification.INTERNAL,
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                Optional.empty());
    }

    @Test
    void wholeNumbersAreReadFromTextAndNothingIsCutOff() {
        assertThat(read("number", "12", " +3 ", "-5", "12.7", "1e3", "99999999999", "x", "", "-6", "1001", null))
                .containsExactly(
                        "12",
                        "3",
                        "-5",
                        "! number is not int",
                        "! number is not int",
                        "! number is not int",
                        "! number is not int",
                        "! number is not int",
                        "! number is below -5",
                        "! number is above 1000",
                        "! number is required");
    }

    @Test
    void moneyIsReadFromTextToTheCent() {
        assertThat(read(
                        "amount",
                        "12.34",
                        "7",
                        ".5",
                        "-0.100",
                        "12.345",
                        "12,34",
                        "12.x",
                        "ten",
                        "99999999999999",
                        "1000.01",
                        null))
                .containsExactly(
                        "12.34",
                        "7.00",
                        "0.50",
                        "-0.10",
                        "! amount is not decimal(12,2)",
                        "! amount is not decimal(12,2)",
                        "! amount is not decimal(12,2)",
                        "! amount is not decimal(12,2)",
                        "! amount is not decimal(12,2)",
                        "! amount is above 1000",
                        null);
    }

    @Test
    void datesAndTimesAreReadFromTextInUtc() {
        assertThat(read("day", "2017-02-28", "2017-02-30", "2017", "31/31/2024", "12:30:00.123", "", null))
                .containsExactly(
                        "2017-02-28",
                        "! day is not date",
                        "! day is not date",
                        "! day is not date",
                        "! day is not date",
                        "! day is not date",
                        null);
        assertThat(read(
                        "moment",
                        "2017-02-28 23:59:59",
                        "2017-02-28 23:59:59.123456",
                        "2017-02-28T23:59:59+03:00",
                        "2017-02-28",
                        "2017-02-28 25:00:00",
                        "2017-13-01 00:00:00",
                        "2017-02",
                        "12:30:00.123",
                        null))
                .containsExactly(
                        "2017-02-28 23:59:59",
                        "2017-02-28 23:59:59.123456",
                        "2017-02-28 20:59:59",
                        "2017-02-28 00:00:00",
                        "! moment is not timestamp",
                        "! moment is not timestamp",
                        "! moment is not timestamp",
                        "! moment is not timestamp",
                        null);
    }

    @Test
    void otherTypesAreReadFromText() {
        assertThat(read("ratio", "-23.5", "1e-3", "12,5", null))
                .containsExactly("-23.5", "0.001", "! ratio is not double", null);
        assertThat(read("flag", "true", "f", "maybe", null))
                .containsExactly("true", "false", "! flag is not boolean", null);
        assertThat(read("text", " as it is ", "", null)).containsExactly(" as it is ", "", null);
    }

    @Test
    void zipCodesGetTheirLeadingZerosBack() {
        assertThat(read("zip", "1037", "01037", " 74 ", "123456", "1037a", "", null))
                .containsExactly(
                        "01037",
                        "01037",
                        "00074",
                        "! zip does not match ^[0-9]{5}$",
                        "! zip does not match ^[0-9]{5}$",
                        "! zip does not match ^[0-9]{5}$",
                        null);
    }

    @Test
    void statesAreUpperCaseAndKnown() {
        assertThat(read("state", "sp", " Rj ", "XX", null))
                .containsExactly("SP", "RJ", "! state is not an allowed value", null);
    }

    @Test
    void aRowSaysEverythingThatIsWrongWithIt() {
        Dataset<Row> bronze = SPARK.sql("select '1' id, 'x' number, '-6.00' amount, 'XX' state, '2017-02-30' moment,"
                + " null ratio, null flag, null day, '1' zip, null city, null text");
        assertThat(ChangeBatch.ofBronze(SAMPLES, bronze, SilverTable.OLDEST)
                        .rows()
                        .first()
                        .<String>getAs(ChangeBatch.REASON))
                .isEqualTo(
                        "number is not int; moment is not timestamp; amount is below -5; state is not an allowed value");
    }

    @Test
    void cityNamesLoseAccentsCaseAndPunctuationAndNothingElse() {
        Map<String, String> cleaned = cities(
                "xangri-lá",
                "santa bárbara d'oeste",
                "santa barbara d´oeste",
                "SÃO PAULO",
                "são paulo - sp",
                "sa\u0303o paulo",
                "  rio   de janeiro ",
                "rio de janeiro, rio de janeiro, brasil",
                "santo andre/sao paulo",
                "ribeirao preto / sao paulo",
                "arraial d'ajuda (porto seguro)",
                "mogi-guaçu",
                "embu-guaçu",
                "andira-pr",
                "4º centenário",
                "não-me-toque",
                "pingo-d'água",
                "sp");

        assertThat(cleaned.values())
                .containsExactly(
                        "xangri la",
                        "santa barbara d oeste",
                        "santa barbara d oeste",
                        "sao paulo",
                        "sao paulo",
                        "sao paulo",
                        "rio de janeiro",
                        "rio de janeiro",
                        "santo andre",
                        "ribeirao preto",
                        "arraial d ajuda",
                        "mogi guacu",
                        "embu guacu",
                        "andira pr",
                        "4 centenario",
                        "nao me toque",
                        "pingo d agua",
                        "sp");
    }

    @Test
    void noRealCityBecomesAnother() {
        Path olist = Path.of("../../shared/data/olist");
        assumeThat(olist).as("the real rows are not beside the repository").isDirectory();
        TreeSet<String> names = new TreeSet<>();
        Map.of("geolocation", "geolocation_city", "sellers", "seller_city", "customers", "customer_city")
                .forEach((table, column) -> SPARK.read()
                        .option("header", true)
                        .option("escape", "\"")
                        .csv(olist + "/olist_" + table + "_dataset.csv")
                        .select(column)
                        .distinct()
                        .as(Encoders.STRING())
                        .collectAsList()
                        .forEach(names::add));
        Map<String, String> cleaned = cities(names.toArray(String[]::new));

        // those with more than a city in them; the others are cleaned by an implementation of its own
        Map<String, String> more = Map.of(
                "arraial d'ajuda (porto seguro)", "arraial d ajuda",
                "maua/sao paulo", "maua",
                "monte gordo (camacari) - distrito", "monte gordo",
                "novo hamburgo, rio grande do sul, brasil", "novo hamburgo",
                "ribeirao preto / sao paulo", "ribeirao preto",
                "santo andre/sao paulo", "santo andre",
                "sao paulo - sp", "sao paulo",
                "sp / sp", "sp");
        assertThat(cleaned).hasSizeGreaterThan(2000).allSatisfy((name, city) -> assertThat(city)
                .as(name)
                .isEqualTo(more.getOrDefault(name, withoutAccents(name))));
    }

    private static String withoutAccents(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFD)
                .replaceAll("\\p{M}", "")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9]+", " ")
                .strip();
    }

    private static Map<String, String> cities(String... names) {
        List<String> cleaned = read("city", names);
        Map<String, String> cities = new LinkedHashMap<>();
        for (int i = 0; i < names.length; i++) {
            cities.put(names[i], cleaned.get(i));
        }
        return cities;
    }

    /** What becomes of texts in a column of a row that is valid otherwise: the value, or an exclamation mark and why not. */
    private static List<String> read(String column, String... texts) {
        StructType schema = new StructType().add("sample", DataTypes.IntegerType);
        for (Column each : SAMPLES.columns()) {
            schema = schema.add(each.name(), DataTypes.StringType);
        }
        List<Row> rows = new ArrayList<>();
        for (String text : texts) {
            rows.add(RowFactory.create(Stream.concat(
                            Stream.of(rows.size()),
                            SAMPLES.columns().stream().map(each -> each.name().equals(column) ? text : valid(each)))
                    .toArray()));
        }
        return ChangeBatch.ofBronze(SAMPLES, SPARK.createDataFrame(rows, schema), SilverTable.OLDEST)
                .rows()
                .coalesce(1)
                .selectExpr("if(_reason = '', cast(" + column + " as string), concat('! ', _reason))")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .collect(Collectors.toList());
    }

    private static String valid(Column column) {
        return column.required() ? "1" : null;
    }
}
