package dataplatform.contracts;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/**
 * A column of a data set. Checks are meant for the cleaned value, and a null breaks only {@code required}.
 *
 * @param name in the source database and in silver
 * @param sourceName its heading in files, or in messages the path to it: {@code $.context.ip}
 * @param stagingName its name in the warehouse's staging view, and so in what is built on that
 * @param description for people
 * @param type in the source and in silver
 * @param required whether null breaks the contract
 * @param key whether it belongs to the primary key
 * @param generated whether the source makes the value up when a row is inserted without one
 * @param allowed the only values that are valid; empty if there is no such list
 * @param minimum smallest valid value
 * @param maximum largest valid value
 * @param pattern regular expression that a valid text matches as a whole
 * @param cleaning what silver does to the value before it is checked
 * @param classification who may see it
 * @param reference the foreign key on it
 * @param dateFormat how files write a date or time, as {@link java.time.format.DateTimeFormatter} has it; ISO 8601 if there is none
 * @param decimalComma whether files write a number as {@code 1.234,56} and not as {@code 1234.56}
 * @param negated whether files write a number with the opposite sign
 * @param derivation how the value is made; empty if the source has it
 */
public record Column(
        String name,
        String sourceName,
        String stagingName,
        String description,
        DataType type,
        boolean required,
        boolean key,
        boolean generated,
        List<String> allowed,
        Optional<BigDecimal> minimum,
        Optional<BigDecimal> maximum,
        Optional<String> pattern,
        Cleaning cleaning,
        Classification classification,
        Optional<Reference> reference,
        Optional<String> dateFormat,
        boolean decimalComma,
        boolean negated,
        Optional<Derivation> derivation) {
    public Column {
        allowed = List.copyOf(allowed);
    }

    /** The same column where a value may be missing. */
    Column optional() {
        return new Column(
                name,
                sourceName,
                stagingName,
                description,
                type,
                false,
                key,
                generated,
                allowed,
                minimum,
                maximum,
                pattern,
                cleaning,
                classification,
                reference,
                dateFormat,
                decimalComma,
                negated,
                derivation);
    }
}
