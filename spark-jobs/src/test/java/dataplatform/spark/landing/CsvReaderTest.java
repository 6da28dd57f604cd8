package dataplatform.spark.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CsvReaderTest {
    @Test
    void takesQuotesDelimitersAndLineBreaksForWhatTheyAre() throws Exception {
        assertThat(read("\uFEFFa;b;c\r\n\"x;\r\ny\"; \"he said \"\"no\"\"\" ;\r\n\n  \n;5\" screen;\"\"\r1;2;3"))
                .containsExactly(
                        "1 [a, b, c]", "2 [x;\ny, he said \"no\", null]", "6 [null, 5\" screen, null]", "7 [1, 2, 3]");
        assertThat(read("")).isEmpty();
        assertThat(read("\uFEFF\n \n")).isEmpty();
    }

    @Test
    void keepsTheTextOfARowAsItStands() throws Exception {
        try (CsvReader csv = reader("a; \"b\"\"\r\nc\" \r\nd".getBytes(StandardCharsets.UTF_8))) {
            assertThat(csv.next()).isTrue();
            assertThat(csv.text()).isEqualTo("a; \"b\"\"\r\nc\" ");
            assertThat(csv.next()).isTrue();
            assertThat(csv.text()).isEqualTo("d");
            assertThat(csv.next()).isFalse();
        }
    }

    @Test
    void saysWhereAFileIsBroken() {
        assertThatThrownBy(() -> read("a;b\n1;\"2\n3;4\n"))
                .isInstanceOf(IOException.class)
                .hasMessage("a quote in the row that begins in line 2 is not closed; close it");
        assertThatThrownBy(() -> read("a;b\n1;\"x; y\n2;\"z\"; 3\n"))
                .hasMessage(
                        "a field of the row that begins in line 2 goes on after its closing quote; double the quotes"
                                + " that belong to its text");
        assertThatThrownBy(() -> read("a;b\n\"\"\"x\"\"; \" y;2\n"))
                .hasMessageStartingWith("a field of the row that begins in line 2 goes on");
        assertThatThrownBy(() -> read("a\n\"" + "b\n".repeat(600_000)))
                .hasMessageStartingWith("the row that begins in line 2 has more than 1000000 bytes");
        assertThatThrownBy(() ->
                        reader("für".getBytes(StandardCharsets.ISO_8859_1)).next())
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("is not UTF-8 in line 1");
    }

    private static List<String> read(String text) throws IOException {
        List<String> rows = new ArrayList<>();
        try (CsvReader csv = reader(text.getBytes(StandardCharsets.UTF_8))) {
            while (csv.next()) {
                rows.add(csv.line() + " " + csv.fields());
            }
        }
        return rows;
    }

    private static CsvReader reader(byte[] content) throws IOException {
        return new CsvReader(new ByteArrayInputStream(content), ';', 0, Long.MAX_VALUE);
    }
}
