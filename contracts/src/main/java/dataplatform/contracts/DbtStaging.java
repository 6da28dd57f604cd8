package dataplatform.contracts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * The dbt project's staging models: the silver tables as {@code sources}, and a view of each with the names that marts use.
 * {@code datacontract export dbt-sources} is not used as it makes each contract a source of its own and knows neither the grain
 * nor the columns that silver adds.
 */
public final class DbtStaging {
    /** Name of the dbt source, and of the external schema that it stands for. */
    public static final String SOURCE = "data_lake_silver";

    private static final String HEADER = "Written from contracts/ by make generate; change the contract instead.\n";
    private static final Path FOLDER = Path.of("models", "staging");
    private static final Dump YAML = new Dump(DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setIndicatorIndent(2)
            .setIndentWithIndicator(true)
            .setWidth(Integer.MAX_VALUE)
            .build());

    private DbtStaging() {}

    /**
     * Writes the staging models of the bundled contracts, and removes those of contracts that are gone.
     *
     * @param project the dbt project's folder
     * @throws IOException if a file can't be written
     */
    static void write(Path project) throws IOException {
        Map<Path, String> files = files(Contracts.bundled());
        for (Path path : written(project)) {
            if (!files.containsKey(path)) {
                Files.delete(project.resolve(path));
            }
        }
        for (Map.Entry<Path, String> file : files.entrySet()) {
            Path path = project.resolve(file.getKey());
            // what is as it should be keeps its time, so that nothing is built again for it
            if (!Files.exists(path) || !Files.readString(path).equals(file.getValue())) {
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
        }
    }

    /** The files that stand in the project's staging folder, by their place in the project. */
    static List<Path> written(Path project) throws IOException {
        try (Stream<Path> files = Files.walk(project.resolve(FOLDER))) {
            return files.filter(Files::isRegularFile)
                    .map(project::relativize)
                    .sorted()
                    .toList();
        }
    }

    /** The files by their place in the dbt project: the sources of each domain, and a view with its YAML for each contract. */
    static Map<Path, String> files(List<Contract> contracts) {
        Map<Path, String> files = new TreeMap<>();
        contracts.stream().collect(Collectors.groupingBy(Contract::domain)).forEach((domain, members) -> {
            Path folder = FOLDER.resolve(domain);
            files.put(folder.resolve("_" + domain + "__sources.yml"), yaml(sources(members)));
            for (Contract contract : members) {
                String model = "stg_" + domain + "__" + contract.name();
                files.put(folder.resolve(model + ".sql"), view(contract));
                files.put(folder.resolve(model + ".yml"), yaml(model(model, contract)));
            }
        });
        return files;
    }

    private static String yaml(Map<String, Object> content) {
        return "# " + HEADER + YAML.dumpToString(content);
    }

    private static String view(Contract contract) {
        String columns = SilverColumn.of(contract).stream()
                .map(column -> column.name().equals(column.stagingName())
                        ? column.name()
                        : column.name() + " as " + column.stagingName())
                .collect(Collectors.joining(",\n  ", "  ", "\n"));
        return "-- " + HEADER + "select\n" + columns + "from {{ source('" + SOURCE + "', '" + contract.table()
                + "') }}\n";
    }

    private static Map<String, Object> model(String model, Contract contract) {
        Map<String, Object> fields = fields(
                "name",
                model,
                "description",
                contract.grain(),
                "columns",
                columns(contract, SilverColumn::stagingName));
        return fields("models", List.of(fields));
    }

    private static Map<String, Object> sources(List<Contract> contracts) {
        List<Map<String, Object>> tables =
                contracts.stream().map(DbtStaging::table).toList();
        return fields("version", 2, "sources", List.of(fields("name", SOURCE, "schema", SOURCE, "tables", tables)));
    }

    private static Map<String, Object> table(Contract contract) {
        String description = contract.description() + " " + contract.grain();
        return fields(
                "name", contract.table(), "description", description, "columns", columns(contract, SilverColumn::name));
    }

    private static List<Map<String, Object>> columns(Contract contract, Function<SilverColumn, String> name) {
        return SilverColumn.of(contract).stream()
                .map(column -> fields("name", name.apply(column), "description", column.description()))
                .toList();
    }

    private static Map<String, Object> fields(Object... keysAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            fields.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return fields;
    }
}
