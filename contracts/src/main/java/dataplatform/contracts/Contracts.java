package dataplatform.contracts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads and checks contracts: files called {@code <domain>/<data set>.odcs.yaml}. */
public final class Contracts {
    private static final String SUFFIX = ".odcs.yaml";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

    private Contracts() {}

    /** Whether a text is a name that databases take without quotes, as those of domains, data sets and columns are. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /**
     * The contracts that are packed with this class, be it in a folder or a (shaded) jar, sorted by id.
     *
     * @throws ContractException if one is broken
     */
    public static List<Contract> bundled() {
        Path home = home();
        if (Files.isDirectory(home)) {
            return read(home.resolve("contracts"));
        }
        try (FileSystem jar = FileSystems.newFileSystem(home)) {
            return read(jar.getPath("contracts"));
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the contracts in " + home, e);
        }
    }

    /**
     * Those of the bundled contracts that come from a database, by change data capture.
     *
     * @throws ContractException if one is broken
     */
    public static List<Contract> replicated() {
        return bundled().stream().filter(Contract::isReplicated).toList();
    }

    /**
     * All contracts in a folder and the folders in it, sorted by id.
     *
     * @throws ContractException if there is none, one is broken, two have the same name or one refers to a key that is not there
     */
    public static List<Contract> read(Path folder) {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ContractException(folder + ": can't list the contracts in this folder; give an existing one", e);
        }
        if (files.isEmpty()) {
            throw new ContractException(folder + ": holds no contract; put files called *" + SUFFIX + " there");
        }
        Map<String, ContractReader> readers = new TreeMap<>();
        for (Path file : files) {
            ContractReader reader = new ContractReader(file);
            ContractReader other = readers.put(reader.contract().id(), reader);
            if (other != null) {
                throw new ContractException(file + ": id: " + reader.contract().id() + " is taken by " + other.file()
                        + "; name this data set otherwise");
            }
        }
        Map<String, ContractReader> tables = new TreeMap<>();
        for (ContractReader reader : readers.values()) {
            String table = reader.contract().table();
            ContractReader other = tables.put(table, reader);
            if (other != null) {
                throw new ContractException(reader.file() + ": schema: the table " + table
                        + " of silver's catalog is taken by "
                        + other.file() + "; give this one another name as the schema's physicalName, such as "
                        + reader.contract().domain() + "_" + reader.contract().name());
            }
        }
        Map<String, ContractReader> messages = new TreeMap<>();
        for (ContractReader reader : readers.values()) {
            if (reader.contract().source() instanceof Source.Stream stream) {
                List<String> taken = stream.messages() == Source.Messages.TRACK
                        ? stream.events()
                        : List.of(stream.messages().name());
                for (String each : taken) {
                    ContractReader other = messages.put(each, reader);
                    if (other != null) {
                        throw new ContractException(reader.file() + ": customProperties: the messages " + each
                                + " are taken by " + other.file() + "; a message makes one row");
                    }
                }
            }
        }
        Map<String, Contract> contracts = readers.values().stream()
                .map(ContractReader::contract)
                .collect(Collectors.toMap(Contract::id, Function.identity()));
        readers.values().forEach(reader -> reader.checkReferences(contracts));
        return readers.values().stream().map(ContractReader::contract).toList();
    }

    /**
     * One contract by itself; that what it refers to exists is only checked when the whole folder is read.
     *
     * @throws ContractException if it is broken or can't be read
     */
    public static Contract readFile(Path file) {
        return new ContractReader(file).contract();
    }

    private static Path home() {
        try {
            return Path.of(Contracts.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the class path has an entry that is not a file", e);
        }
    }
}
