package dataplatform.contracts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * The dbt project's {@code sources}: the silver tables as the warehouse sees them. {@code datacontract export dbt-sources} is not used as it
 * makes each contract a source of its own and knows neither the grain nor the columns that silver adds.
 */
public final class DbtSources {
    /** Name of the dbt source, and of the external schema that it stands for. */
    public static final String SOURCE = "data_lake_silver";

    private static final String HEADER =
            "# Written from contracts/ by dataplatform.contracts.DbtSources; change the contract instead.\n";
    private static final Dump YAML = new Dump(DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setIndicatorIndent(2)
            .setIndentWithIndicator(true)
            .setWidth(Integer.MAX_VALUE)
            .build());

    private DbtSources() {}

    /**
     * Writes the sources of the bundled contracts.
     *
     * @param args the dbt project's folder
     * @throws IOException if a file can't be written
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: DbtSources <folder of the dbt project>");
            System.exit(2);
        }
        for (Map.Entry<Path, String> file : files(Contracts.bundled()).entrySet()) {
            Path path = Path.of(args[0]).resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
            System.out.println("wrote " + path);
        }
    }

    /** The files by their place in the dbt project: one for each domain of the contracts. */
    public static Map<Path, String> files(List<Contract> contracts) {
        Map<Path, String> files = new TreeMap<>();
        contracts.stream().collect(Collectors.groupingBy(Contract::domain)).forEach((domain, members) -> {
            Path path = Path.of("models", "staging", domain, "_" + domain + "__sources.yml");
            files.put(path, HEADER + YAML.dumpToString(sources(members)));
        });
        return files;
    }

    private static Map<String, Object> sources(List<Contract> contracts) {
        List<Map<String, Object>> tables =
                contracts.stream().map(DbtSources::table).toList();
        return fields("version", 2, "sources", List.of(fields("name", SOURCE, "schema", SOURCE, "tables", tables)));
    }

    private static Map<String, Object> table(Contract contract) {
        String description = contract.description() + " " + contract.grain();
        List<Map<String, Object>> columns = SilverColumn.of(contract).stream()
                .map(column -> fields("name", column.name(), "description", column.description()))
                .toList();
        return fields("name", contract.table(), "description", description, "columns", columns);
    }

    private static Map<String, Object> fields(Object... keysAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            fields.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return fields;
    }
}
