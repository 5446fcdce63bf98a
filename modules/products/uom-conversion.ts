/** Converts quantities between units of measure. */
import { Decimal, divideToMultiple, type RecordOf, UserError } from "fullfinity";

/** What is needed of a unit. */
export type ConvertibleUnit = Pick<RecordOf<"UoM">, "name" | "category" | "factor" | "rounding">;

/**
 * Converts a quantity to another unit of the same category. Only the result is rounded: to a multiple of the target
 * unit's rounding, half away from zero.
 *
 * @param quantity a number or numeral, in units of `from`
 * @returns the quantity in units of `to`, as a numeral
 * @throws UserError when the units belong to different categories
 */
export function convertQuantity(
  quantity: Decimal | number | string,
  from: ConvertibleUnit,
  to: ConvertibleUnit,
): string {
  if (from.category.id !== to.category.id) {
    const [own, other] = [from, to].map(({ name, category }) => `${name} (${category.display_name})`);
    throw new UserError(`${own} cannot be converted to ${other}: they are units of different categories`);
  }
  return divideToMultiple(new Decimal(quantity).times(from.factor), to.factor, to.rounding).toFixed();
}
