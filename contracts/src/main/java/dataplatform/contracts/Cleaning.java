package dataplatform.contracts;

/** What silver does to a column's text before it is checked. */
public enum Cleaning {
    NONE,
    /** Digits padded with leading zeros to five: {@code 1037} becomes {@code 01037}. */
    ZIP_CODE,
    /** Accents, case, punctuation and white space normalised: {@code São Paulo} becomes {@code sao paulo}. */
    CITY,
    UPPER_CASE
}
