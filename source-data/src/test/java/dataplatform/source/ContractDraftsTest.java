package dataplatform.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dataplatform.contracts.Column;
import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContractDraftsTest {
    @TempDir
    private Path folder;

    private Connection connection;

    @BeforeEach
    void connect() throws SQLException {
        connection = Database.empty();
        Database.execute(connection, "drop schema if exists crm cascade; create schema crm");
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    @Test
    void theShopsTablesGiveTheShopsContracts() throws Exception {
        for (String ddl : SourceDdl.statements(Database.CONTRACTS)) {
            Database.execute(connection, ddl);
        }
        List<Contract> read = List.of();
        for (String schema : List.of("ecommerce", "retail")) {
            // beside those that were drafted before
            read = read(ContractDrafts.of(connection, schema, schema));
        }

        assertThat(read.stream().map(Contract::id).toList())
                .isEqualTo(Database.CONTRACTS.stream().map(Contract::id).toList());
        for (int i = 0; i < read.size(); i++) {
            assertThat(facts(read.get(i))).isEqualTo(facts(Database.CONTRACTS.get(i)));
            assertThat(read.get(i).key().stream().map(Column::name))
                    .isEqualTo(Database.CONTRACTS.get(i).key().stream()
                            .map(Column::name)
                            .toList());
        }
    }

    /** What a database knows of a column. */
    private static List<String> facts(Contract contract) {
        return contract.columns().stream()
                .map(column -> column.name() + " " + column.type().glueType() + " " + column.required() + " "
                        + column.reference())
                .toList();
    }

    @Test
    void whatTheCatalogSaysOfColumnsStandsInTheContract() throws Exception {
        Database.execute(connection, """
                create type crm.mood as enum ('happy', 'it''s "fine"', 'two  spaces');
                create domain crm.cents as numeric(9,2) not null;
                create table crm.people (
                  id uuid primary key, mood crm.mood, full_name varchar(80) not null, born date, seen timestamptz,
                  tier varchar(1) check (tier in ('a', 'b')), plan text check (plan = any (array['x', 'y'])),
                  level smallint check (level >= 1 and level <= 5), debt crm.cents,
                  score numeric check (score >= -0.5), huge numeric(60,4), ratio real, tags text[], extra jsonb, photo bytea);
                comment on column crm.people.born is E'Day: "of birth",\\nif told.';
                comment on table crm.people is 'Customers # of ours';
                """);
        Contract people = read(ContractDrafts.of(connection, "crm", "sales")).get(0);

        Map<String, Column> columns = people.columns().stream().collect(Collectors.toMap(Column::name, each -> each));
        assertThat(people.id()).isEqualTo("sales.people");
        assertThat(people.sourceTable()).isEqualTo("crm.people");
        assertThat(people.description()).isEqualTo("Customers # of ours");
        assertThat(columns.get("born").description()).isEqualTo("Day: \"of birth\",\nif told.");
        assertThat(columns.get("mood").allowed()).containsExactly("happy", "it's \"fine\"", "two  spaces");
        assertThat(columns.get("tier").allowed()).containsExactly("a", "b");
        assertThat(columns.get("plan").allowed()).containsExactly("x", "y");
        assertThat(columns.get("level").minimum().orElseThrow()).isEqualByComparingTo("1");
        assertThat(columns.get("level").maximum().orElseThrow()).isEqualByComparingTo("5");
        assertThat(columns.get("score").minimum().orElseThrow()).isEqualByComparingTo("-0.5");
        assertThat(columns.values().stream().filter(Column::required).map(Column::name))
                .containsExactlyInAnyOrder("id", "full_name", "debt");
        assertThat(facts(people).stream().map(each -> each.replaceFirst(" (true|false) .*", "")))
                .containsExactly(
                        "id string",
                        "mood string",
                        "full_name string",
                        "born date",
                        "seen timestamp",
                        "tier string",
                        "plan string",
                        "level int",
                        "debt decimal(9,2)",
                        "score decimal(38,9)",
                        "huge decimal(38,4)",
                        "ratio double",
                        "tags string",
                        "extra string",
                        "photo string");
        assertThat(Files.readString(folder.resolve("people.odcs.yaml")))
                .contains("classification: personal # review: guessed from the name")
                .contains("physicalType: decimal(38,9) # review: the source sets no precision")
                .contains("physicalType: text # review: the source's is jsonb, as text");
    }

    @Test
    void rulesThatAContractCannotHoldAreNotHalfTaken() throws Exception {
        Database.execute(connection, """
                create table crm.offers (
                  id int primary key, state text check (state in ('a', 'b') or state is null and id > 3),
                  code text check (code in ('a') or code like 'x%'), price int check (price > 0 or price = -1),
                  share int check (share >= 0 and share % 2 = 0), day date check (day >= '2020-01-01'),
                  note text check (length(note) >= 3))
                """);
        Contract offers = read(ContractDrafts.of(connection, "crm", "sales")).get(0);

        assertThat(offers.columns()).allSatisfy(column -> {
            assertThat(column.allowed()).as(column.name()).isEmpty();
            assertThat(column.minimum()).as(column.name()).isEmpty();
        });
    }

    @Test
    void tablesThatReferToEachOtherInACircleAreReadAllTheSame() throws Exception {
        Database.execute(connection, """
                create table crm.staff (id int primary key, boss_id int references crm.staff, team_id int);
                create table crm.teams (id int primary key, lead_id int references crm.staff, big bigint references crm.staff);
                alter table crm.staff add foreign key (team_id) references crm.teams;
                """);
        List<Contract> contracts = read(ContractDrafts.of(connection, "crm", "crm"));

        assertThat(SourceDdl.parentsFirst(contracts)).hasSize(2);
        assertThat(contracts.stream()
                        .flatMap(each -> each.columns().stream())
                        .filter(column -> column.reference().isPresent())
                        .map(Column::name))
                .containsExactly("team_id");
    }

    @Test
    void whatCanHaveNoContractIsNamedWithTheReason() throws Exception {
        Database.execute(connection, """
                create table crm.log (line text);
                create table crm."Odd" (id int primary key);
                create table crm.fine (id int primary key, "Mixed" text, change_seq text, gone int);
                alter table crm.fine drop column gone;
                create table crm.swaps (id int primary key deferrable);
                create table crm.upper ("ID" int primary key);
                create table crm.months (id int, day date, primary key (id, day)) partition by range (day);
                create table crm.may partition of crm.months for values from ('2026-05-01') to ('2026-06-01');
                """);
        ContractDrafts drafts = ContractDrafts.of(connection, "crm", "crm");

        assertThat(read(drafts).stream()
                        .map(each -> each.name()
                                + each.columns().stream().map(Column::name).toList()))
                .containsExactly("fine[id]", "months[id, day]");
        assertThat(drafts.leftOut().keySet())
                .containsExactly("Odd", "fine.Mixed", "fine.change_seq", "log", "may", "swaps", "upper", "upper.ID");
        assertThat(drafts.leftOut()).containsEntry("log", "it has no primary key, by which changes name their rows");
        assertThatThrownBy(() -> ContractDrafts.of(connection, "nowhere", "crm"))
                .hasMessageContaining("there is no table in the schema nowhere");
        assertThatThrownBy(() -> ContractDrafts.of(connection, "crm", "My Domain"))
                .hasMessageContaining("'My Domain' is no name");
    }

    private List<Contract> read(ContractDrafts drafts) throws IOException {
        for (Map.Entry<String, String> each : drafts.contracts().entrySet()) {
            Files.writeString(folder.resolve(each.getKey() + ".odcs.yaml"), each.getValue());
        }
        return Contracts.read(folder);
    }
}
