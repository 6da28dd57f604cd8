package dataplatform.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dataplatform.contracts.DataType.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ContractsTest {
    private static final Path FOLDER = Path.of("ecommerce");
    private static final Path FINANCE = Path.of("finance");

    @TempDir
    Path temp;

    @Test
    void bundlesEveryContractOfTheRepository() throws IOException {
        Path module = FOLDER.toAbsolutePath().getParent();
        // of the domains' folders, and not of what is built
        try (Stream<Path> files = Files.walk(module, 2)) {
            assertThat(Contracts.bundled())
                    .extracting(contract -> contract.folder() + ".odcs.yaml")
                    .containsExactlyElementsOf(
                            files.map(file -> module.relativize(file).toString())
                                    .filter(file -> file.endsWith(".odcs.yaml"))
                                    .sorted()
                                    .toList());
        }
    }

    /** DAGs are named as domains, and there is one for what comes from the database and another for files. */
    @Test
    void noDomainComesFromADatabaseAndInFiles() {
        Set<String> replicated =
                Contracts.replicated().stream().map(Contract::domain).collect(Collectors.toSet());

        assertThat(replicated).containsExactlyInAnyOrder("ecommerce", "retail");
        assertThat(Contracts.bundled().stream().filter(contract -> !contract.isReplicated()))
                .extracting(Contract::domain)
                .doesNotContainAnyElementsOf(replicated);
    }

    @Test
    void readsWhatStandsInAContract() {
        Contract items = Contracts.readFile(FOLDER.resolve("order_items.odcs.yaml"));

        assertThat(items.key()).extracting(Column::name).containsExactly("order_id", "order_item_id");
        assertThat(items.source()).isEqualTo(new Source.Database("ecommerce"));
        assertThat(items.sourceTable()).isEqualTo("ecommerce.order_items");
        assertThat(items.freshness()).isEqualTo(Duration.ofHours(24));
        assertThat(items.grain()).startsWith("One row per item");
        assertThat(items.partition()).hasValueSatisfying(partition -> {
            assertThat(partition.name()).isEqualTo("shipping_limit_month");
            assertThat(partition.source()).isEqualTo("shipping_limit_date");
        });
        assertThat(items.columns()).extracting(Column::name).doesNotContain("shipping_limit_month");
        assertThat(items.column("order_id").reference()).contains(new Reference("ecommerce.orders", "order_id"));
        Column price = items.column("price");
        assertThat(price.type()).isEqualTo(new DataType(Kind.DECIMAL, 12, 2));
        assertThat(price.minimum())
                .hasValueSatisfying(minimum -> assertThat(minimum).isZero());
        assertThat(price.required()).isTrue();

        Contract sellers = Contracts.readFile(FOLDER.resolve("sellers.odcs.yaml"));
        assertThat(sellers.column("seller_state").allowed()).hasSize(27).contains("SP", "RJ");
        assertThat(sellers.column("seller_zip_code_prefix").cleaning()).isEqualTo(Cleaning.ZIP_CODE);
        assertThatThrownBy(() -> sellers.column("seller_name"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("contract ecommerce.sellers has no column seller_name");
    }

    @Test
    void readsHowFilesAreWritten() {
        Contract bank = Contracts.readFile(FINANCE.resolve("bank_transactions.odcs.yaml"));
        Contract cards = Contracts.readFile(FINANCE.resolve("card_transactions.odcs.yaml"));
        Contract budgets = Contracts.readFile(FINANCE.resolve("budgets.odcs.yaml"));

        assertThat(bank.source()).isEqualTo(appended(';', "booked_on"));
        assertThat(bank.key().get(0).derivation())
                .get(InstanceOfAssertFactories.type(Derivation.Hash.class))
                .extracting(Derivation.Hash::columns, InstanceOfAssertFactories.LIST)
                .startsWith("account_id", "booked_on")
                .hasSize(9);
        assertThat(bank.column("booked_on").sourceName()).isEqualTo("Buchungstag");
        assertThat(bank.column("booked_on").dateFormat()).contains("dd.MM.yyyy");
        assertThat(bank.column("amount").decimalComma()).isTrue();
        assertThat(bank.column("amount").negated()).isFalse();
        assertThat(cards.source()).isEqualTo(appended(',', "purchased_on"));
        assertThat(cards.column("amount").negated()).isTrue();
        assertThat(cards.key().get(0).derivation()).isEmpty();
        assertThat(budgets.isSnapshot()).isTrue();
        assertThat(((Source.Files) budgets.source()).exportedOn()).isEmpty();
        assertThatThrownBy(budgets::sourceSchema)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("contract finance.budgets does not come from a database");
    }

    private static Source appended(char delimiter, String exportedOn) {
        return new Source.Files(
                new FileFormat.Csv(delimiter), Source.Content.APPEND, Optional.of(exportedOn), Source.Arrival.EVENT);
    }

    @Test
    void readsWhichMessagesMakeADataSet() {
        Contract posts = Contracts.readFile(Path.of("web", "posts.odcs.yaml"));

        assertThat(posts.source()).isEqualTo(new Source.Stream(Source.Messages.TRACK, List.of("Post Created")));
        assertThat(posts.isStreamed()).isTrue();
        assertThat(posts.sourceFolder()).isEqualTo("posts");
        assertThat(posts.column("post_id").sourceName()).isEqualTo("$.properties.id");
        assertThat(posts.partition().orElseThrow().transform()).isEqualTo(Partition.Transform.DAY);
    }

    @Test
    void readsADataSetThatComesByTheDay() {
        Contract events = Contracts.readFile(Path.of("customers", "events.odcs.yaml"));

        assertThat(events.source())
                .isEqualTo(new Source.Daily(
                        new FileFormat.Csv(','),
                        "events_input",
                        "events_*.csv",
                        Optional.of(new Source.Sessions("session_id", "sequence_number", "user_id", "is_synthetic"))));
        assertThat(events.sourceFolder()).isEqualTo("events_input");
        assertThat(events.column("user_id").required()).isTrue();
        assertThat(events.sourceColumns())
                .hasSize(13)
                .filteredOn(column -> column.name().equals("user_id"))
                .singleElement()
                .returns(false, Column::required);
        assertThat(SilverColumn.of(events))
                .extracting(SilverColumn::name)
                .endsWith("event_type", "is_synthetic", "event_date", "batch");
    }

    @Test
    void refusesTwoDataSetsOfOneMessage() throws IOException {
        for (String name : List.of("follows", "unfollows")) {
            Path file = temp.resolve(name + ".odcs.yaml");
            Files.writeString(
                    file,
                    Files.readString(Path.of("web", name + ".odcs.yaml")).replace("User Unfollowed", "User Followed"));
        }

        assertThatThrownBy(() -> Contracts.read(temp))
                .hasMessageContainingAll(
                        "unfollows.odcs.yaml: customProperties: the messages User Followed are taken by",
                        "; a message makes one row");
    }

    @Test
    void hasNoForeignKeyThatTheDataBreaks() {
        // Olist's products are of categories without a translation, and customers and sellers live where no position
        // was measured
        assertThat(Contracts.readFile(FOLDER.resolve("products.odcs.yaml"))
                        .column("product_category_name")
                        .reference())
                .isEmpty();
        assertThat(Contracts.readFile(FOLDER.resolve("order_items.odcs.yaml")).columns())
                .flatExtracting(column ->
                        column.reference().map(Reference::contract).stream().toList())
                .containsExactly("ecommerce.orders", "ecommerce.products", "ecommerce.sellers");
    }

    @Test
    void readsTheBundledContractsFromInsideAJar() throws Exception {
        Path classes = Path.of("target", "classes");
        Path jar = temp.resolve("job.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> walk = Files.walk(classes)) {
            for (Path path : walk.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(path).toString()));
                Files.copy(path, out);
            }
        }
        URL yaml = LoadSettings.class.getProtectionDomain().getCodeSource().getLocation();
        URL[] classPath = {jar.toUri().toURL(), yaml};
        try (URLClassLoader loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            Object contracts = loader.loadClass(Contracts.class.getName())
                    .getMethod("bundled")
                    .invoke(null);

            assertThat(contracts).hasToString(Contracts.bundled().toString());
        }
    }

    /** Each row: what stands in orders.odcs.yaml, what is written instead, the place and the reason that the error names. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            apiVersion: v3.1.0                          | apiVersion: v2.2.2                  | apiVersion                                | expected v3.1.0, not 'v2.2.2'
            kind: DataContract                          | kind: DataProduct                   | kind                                      | expected DataContract
            id: ecommerce.orders                        | id: ecommerce.order                 | id                                        | expected ecommerce.orders
            domain: ecommerce                           | domain: E-Commerce                  | domain                                    | expected lower-case letters
            version: 1.0.0                              | version: 1.0                        | version                                   | expected text; put '1.0' in quotes
            name: shop-checkout                         | members: []                         | team.name                                 | is missing; add it
            unit: h                                     | unit: weeks                         | slaProperties[0].unit                     | expected d, h or m
            property: freshness                         | property: latency                   | slaProperties                             | has no property freshness
            value: cdc                                  | value: often                        | customProperties[0].value                 | unknown value 'often'; use one of [cdc, snapshot, append, daily, stream]
            property: sourceSchema                      | property: sourceSchemas             | customProperties[1].property              | unknown custom property 'sourceSchemas'
            dataGranularityDescription: One             | dataGranularityDescription: 1 # One | schema[0].dataGranularityDescription      | expected text
            '  - name: orders'                          | '  - name: order'                   | schema[0].name                            | expected orders
            'primaryKey: true'                          | 'primaryKey: false'                 | schema[0].properties                      | no column is primaryKey
            'primaryKeyPosition: 1'                     | ''                                  | schema[0].properties[0].primaryKeyPosition | is missing
            'primaryKeyPosition: 1\n        required: true' | 'primaryKeyPosition: 1'         | schema[0].properties[0]                   | is primaryKey and not required
            'physicalType: timestamp'                   | 'physicalType: money'               | schema[0].properties[3].physicalType      | unknown type 'money'; use decimal(precision,scale) or one of [bigint,
            'physicalType: timestamp'                   | 'physicalType: decimal(2,12)'       | schema[0].properties[3].physicalType      | has more digits after the point
            'logicalType: timestamp'                    | 'logicalType: date'                 | schema[0].properties[3].logicalType       | expected timestamp, not 'date'
            name: order_status                          | name: order_id                      | schema[0].properties[2].name              | order_id is there twice
            classification: personal                    | classification: secret              | schema[0].properties[1].classification    | unknown value 'secret'
            to: customers.customer_id                   | to: customers                       | schema[0].properties[1].relationships[0].to | expected <data set>.<column>
            to: customers.customer_id                   | to: clients.customer_id             | schema[0].properties[1].relationships[0].to | there is no contract ecommerce.clients
            to: customers.customer_id                   | to: customers.customer_city         | schema[0].properties[1].relationships[0].to | customer_city is not the whole primary key
            metric: invalidValues                       | metric: nullValues                  | schema[0].properties[2].quality[0].metric | expected invalidValues
            mustBe: 0                                   | mustBe: 5                           | schema[0].properties[2].quality[0].mustBe | expected 0
            month(order_purchase_timestamp)             | month(purchase_timestamp)           | schema[0].properties[8].transformLogic    | there is no column purchase_timestamp
            month(order_purchase_timestamp)             | month(order_approved_at)            | schema[0].properties[8].transformLogic    | order_approved_at is not a required date or timestamp
            month(order_purchase_timestamp)             | year(order_purchase_timestamp)      | schema[0].properties[8].transformLogic    | expected month(<column>)
            """)
    void refusesABrokenContract(String found, String replacement, String place, String reason) throws IOException {
        refuses("orders", found, replacement == null ? "" : replacement, place + ": " + reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            geolocation   | minimum: -33.76 | minimum: 33.76 | schema[0].properties[2].logicalTypeOptions.minimum: is greater than the maximum 5.28
            geolocation   | minimum: -33.76 | minimum: south | schema[0].properties[2].logicalTypeOptions.minimum: expected a number
            geolocation   | '^[0-9]{5}$'    | '[0-9'         | schema[0].properties[1].logicalTypeOptions.pattern: is not a regular expression
            geolocation   | value: zip_code | value: zipcode | schema[0].properties[1].customProperties[0].value: unknown value 'zipcode'; use one of [none, zip_code, city, upper_case]
            geolocation   | value: true     | value: maybe   | schema[0].properties[0].customProperties[0].value: expected true or false
            geolocation   | minimum: -33.76 | pattern: abc   | schema[0].properties[2].logicalTypeOptions: only text can have a pattern
            geolocation   | pattern:        | minimum: 1 #   | schema[0].properties[1].logicalTypeOptions: only a number can have a minimum or a maximum
            order_reviews | Position: 2     | Position: 1    | schema[0].properties[1].primaryKeyPosition: 1 is taken
            geolocation   | businessName: latitude | businessName: Latitude | schema[0].properties[2].businessName: expected lower-case letters
            geolocation   | businessName: latitude | businessName: city     | schema[0].properties[4]: is city in the warehouse, as another column
            geolocation   | businessName: latitude | businessName: change_seq | schema[0].properties[2]: is change_seq in the warehouse, as another column
            """)
    void refusesABrokenColumn(String contract, String found, String replacement, String error) throws IOException {
        refuses(contract, found, replacement, error);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            customers         | 'schema:\n'                 | 'servers: []\nschema:\n'                  | servers: is for data sets that come in files; remove it, or load by snapshot, append or daily
            customers         | property: sourceSchema      | property: arrival                        | customProperties[1].value: is for data sets that load by snapshot or append
            customers         | 'primaryKey: true'          | 'primaryKey: true\n        physicalName: Id' | schema[0].properties[0].physicalName: is for data sets that come in files
            customers         | 'primaryKey: true'          | 'primaryKey: true\n        transformLogic: hash(customer_city)' | schema[0].properties[0].transformLogic: is for data sets that come in files
            customers         | 'primaryKey: true'          | 'primaryKey: true\n        customProperties:\n          - property: cleaning\n            value: upper_case' | 'schema[0].properties[0].customProperties[0].value: a key can''t be cleaned'
            accounts          | property: decimalComma      | property: sourceSchema                   | customProperties[1].value: is for data sets that load by cdc; remove it
            accounts          | 'servers:\n  - server: landing' | 'servers:\n  - server: one\n  - server: landing' | servers: expected one server and found 2
            accounts          | type: s3                    | type: sftp                               | servers[0].type: expected s3
            accounts          | format: csv                 | format: json                             | servers[0].format: expected csv
            accounts          | finance/accounts/*.csv      | finance/account/*.csv                    | servers[0].location: expected s3://<bucket>/finance/accounts/*.csv
            accounts          | delimiter: ';'              | delimiter: ';;'                          | servers[0].delimiter: expected one ASCII character in quotes
            accounts          | value: balance_date         | value: balance                           | customProperties[2].value: there is no date column balance
            accounts          | 'property: exportedOn\n    value: balance_date' | 'property: arrival\n    value: daily' | customProperties[2].value: unknown value 'daily'; use one of [event, sensor]
            accounts          | 'value: true'               | 'value: comma'                           | customProperties[1].value: expected true or false
            accounts          | format: dd.MM.yyyy          | format: day-first                        | schema[0].properties[6].logicalTypeOptions.format: is not a format of dates
            accounts          | pattern: '                  | format: '                                | schema[0].properties[0].logicalTypeOptions.format: only a date or a timestamp can have a format
            accounts          | 'classification: internal'  | 'classification: internal\n        partitioned: true' | 'schema[0].properties[7]: is partitioned, which data sets that load by snapshot or append can''t be'
            bank_transactions | hash(account_id,            | md5(account_id,                          | schema[0].properties[0].transformLogic: expected hash(<column>, …), line() or has_word(<column>, <word>), not
            bank_transactions | hash(account_id,            | hash(account,                            | schema[0].properties[0].transformLogic: there is no other column account
            bank_transactions | hash(account_id,            | hash(transaction_id,                     | schema[0].properties[0].transformLogic: there is no other column transaction_id
            card_transactions | physicalName: Merchant      | transformLogic: hash(amount)             | schema[0].properties[5].transformLogic: only a text column that is the whole primary key can be a hash
            orders            | property: sourceSchema      | property: messages                       | customProperties[1].value: is for data sets that load by stream; remove it
            posts             | 'schema:\n'                 | 'servers: []\nschema:\n'                  | servers: is for data sets that come in files; remove it
            posts             | '- property: messages'      | '- property: sourceSchema'               | customProperties[1].value: is for data sets that load by cdc; remove it
            posts             | value: track                | value: others                            | customProperties[1].value: the custom property events goes with track
            posts             | $.messageId                 | messageId                                | schema[0].properties[0].physicalName: expected a path such as $.properties.id
            posts             | $.receivedAt                | $.sentAt                                 | schema[0].properties: no column is of the path $.receivedAt
            posts             | 'physicalName: $.messageId' | 'businessName: id'                       | schema[0].properties[0].physicalName: is missing
            posts             | day(occurred_at)            | day(post_id)                             | schema[0].properties[17].transformLogic: post_id is not a required date or timestamp
            events            | events_input/*/             | events_input/                            | servers[0].location: expected s3://<bucket>/<folder>/*/<name>.csv, where the first * is the day
            events            | day(created_at)             | month(created_at)                        | schema[0].properties: no column is partitioned by day(<column>)
            events            | 'number: sequence_number'   | 'number: id'                             | customProperties[1].value.number: there is no required column id of type int
            events            | 'user: user_id'             | 'user: city'                             | customProperties[1].value.user: there is no required column city of type string
            events            | property: sessions          | property: exportedOn                     | customProperties[1].value: is for data sets that load by snapshot or append
            posts             | property: messages          | property: sessions                       | customProperties[1].value: is for data sets that load by daily
            card_transactions | physicalName: Merchant      | 'customProperties: [{property: negated, value: true}]' | schema[0].properties[5].customProperties[0].value: only a number can be negated
            """)
    void refusesAContractThatMixesUpWaysToLoad(String contract, String found, String replacement, String error)
            throws IOException {
        refuses(contract, found, replacement, error);
    }

    @Test
    void refusesAFileThatIsNoContract() throws IOException {
        Path file = temp.resolve("a.odcs.yaml");
        Files.writeString(file, "apiVersion: [v3.1.0");
        assertThatThrownBy(() -> Contracts.readFile(file))
                .isInstanceOf(ContractException.class)
                .hasMessageContainingAll(file.toString(), "is not YAML", "line");
        Files.writeString(file, "");
        assertThatThrownBy(() -> Contracts.readFile(file))
                .hasMessage(file + ": expected fields such as apiVersion here");
        assertThatThrownBy(() -> Contracts.readFile(temp.resolve("b.odcs.yaml")))
                .isInstanceOf(ContractException.class)
                .hasMessageContaining("can't be read");
    }

    @Test
    void refusesAFolderWithoutContractsOrWithOneTwice() throws IOException {
        assertThatThrownBy(() -> Contracts.read(temp))
                .isInstanceOf(ContractException.class)
                .hasMessageContaining("holds no contract");
        assertThatThrownBy(() -> Contracts.read(temp.resolve("none"))).hasMessageContaining("can't list");
        Files.copy(FOLDER.resolve("sellers.odcs.yaml"), temp.resolve("a.odcs.yaml"));
        Files.copy(FOLDER.resolve("sellers.odcs.yaml"), temp.resolve("b.odcs.yaml"));
        assertThatThrownBy(() -> Contracts.read(temp))
                .hasMessageContainingAll("b.odcs.yaml: id: ecommerce.sellers is taken by", "a.odcs.yaml");
        String other = Files.readString(temp.resolve("b.odcs.yaml"));
        Files.writeString(
                temp.resolve("b.odcs.yaml"),
                other.replace("id: ecommerce.", "id: outlet.").replace("domain: ecommerce", "domain: outlet"));
        assertThatThrownBy(() -> Contracts.read(temp))
                .hasMessageContainingAll("b.odcs.yaml: schema: the table sellers", "is taken by", "a.odcs.yaml")
                .hasMessageContaining(
                        "give this one another name as the schema's physicalName, such as outlet_sellers");
        String named = Files.readString(temp.resolve("b.odcs.yaml"));
        Files.writeString(
                temp.resolve("b.odcs.yaml"),
                named.replace("  - name: sellers\n", "  - name: sellers\n    physicalName: outlet_sellers\n"));
        assertThat(Contracts.read(temp))
                .extracting(Contract::name, Contract::table, Contract::folder)
                .containsExactly(
                        tuple("sellers", "sellers", "ecommerce/sellers"),
                        tuple("sellers", "outlet_sellers", "outlet/sellers"));
    }

    /** Replaces the first place where that stands in the real contract, and expects the folder to be refused. */
    private void refuses(String contract, String found, String replacement, String error) throws IOException {
        Path broken = temp.resolve(contract + ".odcs.yaml");
        Files.copy(FOLDER.resolve("customers.odcs.yaml"), temp.resolve("customers.odcs.yaml"));
        Path real = Stream.of("customers", "ecommerce", "finance", "web")
                .map(domain -> Path.of(domain).resolve(broken.getFileName()))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
        Files.copy(real, broken, StandardCopyOption.REPLACE_EXISTING);
        String text = Files.readString(broken);
        String target = found.replace("\\n", "\n");
        assertThat(text).contains(target);
        int at = text.indexOf(target);
        Files.writeString(
                broken,
                text.substring(0, at) + replacement.replace("\\n", "\n") + text.substring(at + target.length()));

        assertThatThrownBy(() -> Contracts.read(temp))
                .isInstanceOf(ContractException.class)
                .hasMessageStartingWith(broken + ": ")
                .hasMessageContaining(error);
    }
}
