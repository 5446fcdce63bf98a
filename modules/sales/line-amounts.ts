/** The amounts of one line of an order or invoice: exact, rounded once per line and once per tax of the line. */
import { Decimal, divideToMultiple } from "fullfinity";

/** A tax as the line feels it. */
export interface LineTax {
  /** Percent, as a numeral. */
  readonly rate: string;
  /** Whether the unit price contains the tax already. */
  readonly price_included: boolean;
}

/** What the amounts of a line follow from. Numerals are exact decimals. */
export interface PricedLine {
  readonly quantity: string;
  readonly unit_price: string;
  /** Percent. */
  readonly discount: string;
  readonly taxes: readonly LineTax[];
}

/** The amounts of a line, in its currency. */
export interface LineAmounts {
  /** Without taxes. */
  readonly subtotal: Decimal;
  readonly tax: Decimal;
  /** Always `subtotal` plus `tax`. */
  readonly total: Decimal;
}

const HUNDRED = new Decimal(100);

/**
 * Calculates the amounts of a line.
 *
 * Quantity times price less discount is rounded first, half away from zero. Taxes that it contains are taken out of it, each
 * rounded by itself, so that they and the subtotal make up exactly what the customer was told. The other taxes are
 * reckoned on the subtotal.
 *
 * @param decimals of the currency: 0 for JPY, 2 for EUR, 3 for KWD
 */
export function calculateLine({ quantity, unit_price, discount, taxes }: PricedLine, decimals: number): LineAmounts {
  const step = new Decimal(`1e-${decimals}`);
  const percentOf = (amount: Decimal, percent: string) => divideToMultiple(amount.times(percent), HUNDRED, step);
  const full = new Decimal(quantity).times(unit_price);
  const amount = divideToMultiple(full.times(HUNDRED.minus(discount)), HUNDRED, step);
  const included = taxes.filter(({ price_included }) => price_included);
  const whole = included.reduce((sum, { rate }) => sum.plus(rate), HUNDRED);
  const contained = total(included.map(({ rate }) => divideToMultiple(amount.times(rate), whole, step)));
  const subtotal = amount.minus(contained);
  const added = total(taxes.filter((each) => !each.price_included).map(({ rate }) => percentOf(subtotal, rate)));
  const tax = contained.plus(added);
  return { subtotal, tax, total: subtotal.plus(tax) };
}

/** The sum of exact amounts. */
export function total(amounts: readonly (Decimal | string)[]): Decimal {
  return amounts.reduce((sum: Decimal, amount) => sum.plus(amount), new Decimal(0));
}

/** The sum of an amount of each line, as a numeral; a line that has none yet counts nothing. */
export function totalOf<Line>(lines: readonly Line[], amountOf: (line: Line) => string | null): string {
  return total(lines.map((line) => amountOf(line) ?? "0")).toFixed();
}
