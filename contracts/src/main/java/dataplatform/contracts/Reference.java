package dataplatform.contracts;

/**
 * A foreign key that the real data keeps.
 *
 * @param contract id of the contract that is referred to, such as {@code ecommerce.orders}
 * @param column that contract's only key column
 */
public record Reference(String contract, String column) {}
