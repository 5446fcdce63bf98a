/** Decimals in calculations: against fractions of whole numbers, which are exact. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Decimal, divideToMultiple } from "./decimal.ts";

/** A decimal as a whole number of 10^-9. */
const UNIT = 10n ** 9n;
const numeral = (units: bigint): string => {
  const size = units < 0n ? -units : units;
  return `${units < 0n ? "-" : ""}${size / UNIT}.${String(size % UNIT).padStart(9, "0")}`;
};

/** The whole number that is nearest to a fraction, half away from zero. */
function nearest(numerator: bigint, denominator: bigint): bigint {
  const [above, below] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
  const size = above < 0n ? -above : above;
  const rounded = (2n * size + below) / (2n * below);
  return above < 0n ? -rounded : rounded;
}

test("a quotient is rounded once, half away from zero, to a multiple of the step", () => {
  const dividend = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
  const positive = fc.bigInt({ min: 1n, max: 10n ** 13n });
  const step = fc.oneof(positive, fc.constantFrom(1n, UNIT / 100n, UNIT / 20n, UNIT, 3n));
  const divisor = fc.oneof(positive, fc.constantFrom(UNIT, 2n * UNIT, 3n * UNIT));
  fc.assert(
    fc.property(dividend, divisor, step, (a, b, s) => {
      // a/b in steps of s, all three in units of 10^-9.
      const steps = nearest(a * UNIT, b * s);
      const expected = new Decimal(steps.toString()).times(numeral(s));
      expect(divideToMultiple(numeral(a), numeral(b), numeral(s)).eq(expected)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["1", "3", "0.01", "0.33"],
  ["2", "3", "0.01", "0.67"],
  ["1", "8", "0.01", "0.13"],
  ["-1", "8", "0.01", "-0.13"],
  ["0.125", "1", "0.05", "0.15"],
  ["7", "2", "1", "4"],
  ["-7", "2", "1", "-4"],
  // Were this rounded to some digits first, it would seem to lie half-way.
  ["0.4999999999999999999999999999999999999999999999", "1", "1", "0"],
])("%s / %s to multiples of %s is %s", (dividend, divisor, step, expected) => {
  expect(divideToMultiple(dividend, divisor, step).toFixed()).toBe(expected);
});

test("sums are exact and rounding is half away from zero", () => {
  expect(new Decimal("0.1").plus("0.2").toFixed()).toBe("0.3");
  expect(new Decimal("-2.345").round(2).toFixed(2)).toBe("-2.35");
  expect(new Decimal(1).div(3).toFixed()).toBe(`0.${"3".repeat(40)}`);
  expect(() => divideToMultiple(1, 0, 1)).toThrow("Division by zero");
});
