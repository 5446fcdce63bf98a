/** The text inside `D("...")`: a base such as `today` or `2026-01-31`, then offsets such as `-7d`. */
import { ValidationError } from "../errors.ts";
import { readIso } from "./iso-date.ts";
import { quoted } from "./text.ts";

/** d = days, w = weeks, m = months, y = years, h = hours. */
export type DateUnit = "d" | "w" | "m" | "y" | "h";

/** A span of the calendar; weeks start on Monday. */
export type Period = "week" | "month" | "quarter" | "year";

/** Where a date expression starts from. */
export type DateBase =
  | { readonly kind: "today" }
  | { readonly kind: "now" }
  | { readonly kind: "period"; readonly period: Period; readonly edge: "start" | "end" }
  | { readonly kind: "date"; readonly date: string }
  | { readonly kind: "datetime"; readonly instant: string };

/** A move by a signed number of units. */
export interface DateOffset {
  readonly amount: number;
  readonly unit: DateUnit;
}

/** A date or datetime that may depend on the clock; offsets apply from left to right. */
export interface DateExpression {
  readonly base: DateBase;
  readonly offsets: readonly DateOffset[];
}

const longestText = 100;
const largestDigits = 6;

const bases: ReadonlyMap<string, DateBase> = new Map<string, DateBase>([
  ["today", Object.freeze({ kind: "today" })],
  ["now", Object.freeze({ kind: "now" })],
  ...(["week", "month", "quarter", "year"] as const).flatMap((period) =>
    (["start", "end"] as const).map((edge): [string, DateBase] => [
      `${period}_${edge}`,
      Object.freeze({ kind: "period", period, edge }),
    ]),
  ),
]);

const expectedBase = `expected a date (2026-01-31), a datetime (2026-01-31T10:00:00Z) or one of ${[...bases.keys()].join(", ")}`;

/**
 * Parses the text of a `D("...")`.
 *
 * @throws ValidationError saying what is wrong, also for days that no calendar has
 */
export function parseDateExpression(text: string): DateExpression {
  const expression = readDateExpression(text);
  if (typeof expression === "string") throw new ValidationError(`D(${quoted(text)}): ${expression}`);
  return expression;
}

/** Like `parseDateExpression`, for parsers that know the place: an error is returned as text. */
export function readDateExpression(text: string): DateExpression | string {
  if (text.length > longestText) return `a date expression has at most ${longestText} characters`;
  const start = readBase(text);
  if (typeof start === "string") return start;
  const offsets: DateOffset[] = [];
  let index = skipSpaces(text, start.length);
  while (index < text.length) {
    const sign = text[index];
    if (sign !== "+" && sign !== "-") return 'expected "+" or "-" and an offset such as 7d';
    const digits = skipSpaces(text, index + 1);
    let end = digits;
    while (isDigitAt(text, end)) end++;
    if (end === digits || end - digits > largestDigits) {
      return `expected a number of 1 to ${largestDigits} digits after "${sign}"`;
    }
    const unit = text[end];
    if (!isUnit(unit)) return "expected a unit: d (days), w (weeks), m (months), y (years) or h (hours)";
    const amount = Number(text.slice(digits, end));
    offsets.push(Object.freeze({ amount: sign === "-" && amount !== 0 ? -amount : amount, unit }));
    index = skipSpaces(text, end + 1);
  }
  return Object.freeze({ base: start.base, offsets: Object.freeze(offsets) });
}

function readBase(text: string): { base: DateBase; length: number } | string {
  if (isDigitAt(text, 0)) {
    const reading = readIso(text);
    if (reading === undefined) return expectedBase;
    if (typeof reading === "string") return reading;
    const base: DateBase =
      reading.kind === "date" ? { kind: "date", date: reading.date } : { kind: "datetime", instant: reading.instant };
    return { base: Object.freeze(base), length: reading.length };
  }
  let length = 0;
  while (isNameAt(text, length)) length++;
  const base = bases.get(text.slice(0, length));
  return base === undefined ? expectedBase : { base, length };
}

function isNameAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return (code >= 97 && code <= 122) || code === 95;
}

function isDigitAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

function isUnit(unit: string | undefined): unit is DateUnit {
  return unit === "d" || unit === "w" || unit === "m" || unit === "y" || unit === "h";
}

function skipSpaces(text: string, from: number): number {
  let index = from;
  while (text.charCodeAt(index) === 32) index++;
  return index;
}
