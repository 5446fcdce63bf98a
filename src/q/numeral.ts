/** Numerals: which of them a JavaScript number holds exactly, and which stay text. */
import { type DecimalLiteral, decimal } from "./tree.ts";

/** Longest numeral, in characters, and largest exponent: enough for any column, cheap for the database. */
export const numeralLimit = { characters: 1000, exponent: 1000 } as const;

const zero = 48;
const nine = 57;
const dot = 46;
const minus = 45;

/** Whether a UTF-16 code unit is a decimal digit. */
export function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

/**
 * Finds where a numeral ends: `-`? digits (`.` digits)? (`e` sign? digits)?, without leading zeros.
 *
 * @param start index of the sign or the first digit
 * @returns the index after the numeral, or text: what is wrong with it
 */
export function numeralEnd(text: string, start: number): number | string {
  const first = text.charCodeAt(start) === minus ? start + 1 : start;
  let index = skipDigits(text, first);
  if (index === first) return 'expected a digit after "-"';
  if (index > first + 1 && text.charCodeAt(first) === zero) return "a number has no leading zeros";
  if (text.charCodeAt(index) === dot) {
    const fraction = index + 1;
    index = skipDigits(text, fraction);
    if (index === fraction) return 'expected a digit after "."';
  }
  if ((text.charCodeAt(index) | 32) === 101) {
    const sign = text.charCodeAt(index + 1);
    const exponent = sign === minus || sign === 43 ? index + 2 : index + 1;
    index = skipDigits(text, exponent);
    if (index === exponent) return "expected the digits of an exponent";
    if (Number(text.slice(exponent, index)) > numeralLimit.exponent) {
      return `an exponent is at most ${numeralLimit.exponent}`;
    }
  }
  if (index - start > numeralLimit.characters) return `a number has at most ${numeralLimit.characters} characters`;
  return index;
}

function skipDigits(text: string, from: number): number {
  let index = from;
  while (isDigit(text.charCodeAt(index))) index++;
  return index;
}

/**
 * The literal of a numeral: a number where that is exact, else a decimal.
 *
 * @param text a numeral as `numeralEnd` accepts it
 */
export function numeralLiteral(text: string): number | DecimalLiteral {
  const value = Number(text);
  const digits = significantDigits(text);
  // Negative zero is no value of its own in a database.
  if (digits === 0) return 0;
  const size = Math.abs(value);
  const isPlain = size <= Number.MAX_SAFE_INTEGER && size >= 1e-300;
  return isPlain && (digits <= 15 || (Number.isInteger(value) && onlyDigits(text))) ? value : decimal(text);
}

/** Digits between the first and the last that is not zero, counting neither exponent nor dot. */
function significantDigits(text: string): number {
  let count = 0;
  let significant = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code | 32) === 101) break;
    if (!isDigit(code) || (code === zero && count === 0)) continue;
    count++;
    if (code !== zero) significant = count;
  }
  return significant;
}

function onlyDigits(text: string): boolean {
  return skipDigits(text, text.charCodeAt(0) === minus ? 1 : 0) === text.length;
}
