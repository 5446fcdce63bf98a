/** Exact decimals: from input to the text that PostgreSQL's numeric takes, without ever passing through a double. */
import Big from "big.js";
import { ValueProblem } from "./field.ts";
import { describeValue } from "./text-value.ts";

const NUMERAL = /^[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?$/;
/** Far beyond any amount of money, and far below what would make numeric arithmetic slow. */
const LARGEST = new Big("1e24");
/** Decimal digits that a double is sure to hold. */
const SAFE_DIGITS = 15;
/** Numbers as most are: what they print is what they are, and at most needs zeros. */
const PLAIN = /^(-?\d{1,9})(?:\.(\d{1,6}))?$/;

/**
 * Converts a number or numeral to an exact decimal.
 *
 * @param value a JSON number or a text such as `"1234.50"`
 * @param scale digits after the point to round to, half away from zero; null keeps all digits
 * @returns the canonical text, with exactly `scale` digits after the point where a scale is given
 * @throws ValueProblem for anything else, for amounts of 10^24 and more, and for JSON numbers so long that their
 *   digits were lost before they got here
 */
export function parseDecimal(value: unknown, scale: number | null): string {
  if (typeof value === "number") {
    const [, whole, fraction = ""] = PLAIN.exec(String(value)) ?? [];
    if (whole !== undefined && scale !== null && fraction.length <= scale) {
      return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, "0")}`;
    }
    if (!Number.isFinite(value)) throw new ValueProblem("must be a finite number");
    const digits = value
      .toString()
      .replace(/e.*$/, "")
      .replace(/^-?0*\.?0*|\./g, "");
    const isHuge = Math.abs(value) >= Number.MAX_SAFE_INTEGER;
    if (
      isHuge ||
      (scale !== null && Math.abs(value) * 10 ** scale > 10 ** SAFE_DIGITS && digits.length > SAFE_DIGITS)
    ) {
      throw new ValueProblem("has more digits than a JSON number holds exactly; send it as a text");
    }
  } else checkNumeral(value);
  // big.js knows no plus sign.
  const decimal = new Big(typeof value === "string" ? value.replace("+", "") : value);
  if (decimal.abs().gte(LARGEST)) throw new ValueProblem("must be smaller than 10^24");
  const rounded = scale === null ? decimal : decimal.round(scale, Big.roundHalfUp);
  if (rounded.eq(0)) return new Big(0).toFixed(scale ?? 0);
  return scale === null ? rounded.toFixed() : rounded.toFixed(scale);
}

/**
 * Converts a numeral to the nearest double, for fields that hold one.
 *
 * @throws ValueProblem for any other text
 */
export function parseNumeral(value: string): number {
  checkNumeral(value);
  return Number(value);
}

function checkNumeral(value: unknown): asserts value is string {
  if (typeof value === "string" && NUMERAL.test(value)) return;
  throw new ValueProblem(`must be a number or a numeral such as "12.50", not ${describeValue(value)}`);
}
