/** Converts amounts between currencies at the rates of a day. */
import { Decimal, divideToMultiple, type Environment, UserError } from "fullfinity";

/** A conversion from one currency to another at a day's rates. */
export interface Conversion {
  /**
   * Converts an amount; rounded once, half away from zero, to the decimals of the currency that it becomes.
   *
   * @param amount a number or numeral
   */
  convert(amount: Decimal | string | number): Decimal;
}

/**
 * Finds the rates for a conversion: of each currency the last one that is not after the day.
 *
 * @param from id of the currency of the amounts
 * @param to id of the currency that they become
 * @param date `YYYY-MM-DD`
 * @throws UserError where a currency has no rate yet on that day
 */
export async function loadConversion(env: Environment, from: number, to: number, date: string): Promise<Conversion> {
  const kernel = env.elevated();
  const currencies = await kernel
    .model("Currency")
    .filter({ id__in: [from, to] })
    .all("code", "decimal_places");
  const find = (id: number) => {
    const currency = currencies.find((each) => each.id === id);
    if (currency === undefined) throw new UserError(`Currency ${id} does not exist`);
    return currency;
  };
  const step = stepOf(find(to).decimal_places);
  if (from === to) return { convert: (amount) => divideToMultiple(amount, 1, step) };
  const [source, target] = await Promise.all([from, to].map((id) => loadRate(kernel, find(id), date)));
  if (source === undefined || target === undefined) throw new Error("two currencies have two rates");
  return { convert: (amount) => divideToMultiple(new Decimal(amount).times(target), source, step) };
}

/** The smallest amount of a currency: 0.01 where it has two decimals. */
export function stepOf(decimals: number): Decimal {
  return new Decimal(`1e-${decimals}`);
}

async function loadRate(env: Environment, { id, code }: { id: number; code: string }, date: string): Promise<Decimal> {
  const [found] = await env
    .model("CurrencyRate")
    .filter({ currency: id, date__lte: date })
    .order("date DESC")
    .limit(1)
    .all("rate");
  if (found === undefined) throw new UserError(`There is no rate of exchange for ${code} on ${date} or before`);
  return new Decimal(found.rate);
}
