/** Exact decimals for calculations: what code reads as text is calculated with here, never as a double. */
import Big, { type BigConstructor, type BigSource } from "big.js";

/** An exact decimal: `new Decimal("0.10").plus(price)`. Sums, differences and products lose nothing. */
export type Decimal = Big;

/** Makes decimals. Quotients and `round` round half away from zero; quotients keep 40 digits after the point. */
export const Decimal: BigConstructor = Big();
Decimal.RM = Big.roundHalfUp;
Decimal.DP = 40;

/** Divides to whole numbers. Its own constructor, because big.js keeps the digits of a quotient there. */
const Whole: BigConstructor = Big();
Whole.RM = Big.roundHalfUp;
Whole.DP = 0;

/**
 * Divides and rounds to a multiple of a step, half away from zero. The exact quotient is what is rounded, so that one
 * which has no end, such as a third, is never rounded twice.
 *
 * @param step greater than zero, such as `"0.05"`
 * @throws Error when the divisor is zero
 */
export function divideToMultiple(dividend: BigSource, divisor: BigSource, step: BigSource): Decimal {
  const steps = new Whole(dividend).div(new Whole(divisor).times(step));
  return new Decimal(steps).times(step);
}
