/** Reads cells of files: the clear forms in which numbers, dates and the like may stand in them. */
import type { CellForms, DateForm, FilledCell } from "./cell.ts";
import { ValueProblem } from "./field.ts";
import { describeValue } from "./text-value.ts";

/** The text of a cell. */
export function textOfCell(cell: FilledCell): string {
  return String(cell);
}

const PLAIN = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$/;
/** Groups of three digits with blanks or apostrophes between them mean nothing else. */
const BLANK_GROUPS = /^[+-]?\d{1,3}([ \u00a0\u202f'’]\d{3})+(?=[.,]\d+$|$)/;

/**
 * The number in a cell, as a number or a numeral with a point.
 *
 * @returns null for an empty text
 * @throws ValueProblem for what is none, and for what could be read in two ways
 */
export function numberOfCell(cell: FilledCell, { decimalSeparator }: CellForms): number | string | null {
  if (typeof cell === "number") return cell;
  if (typeof cell === "boolean") throw new ValueProblem(`must be a number, not ${cell}`);
  const given = cell.trim();
  if (given === "") return null;
  const text = BLANK_GROUPS.test(given) ? given.replaceAll(/[ \u00a0\u202f'’]/g, "") : given;
  const numeral = decimalSeparator === "," ? withPoint(text) : withoutGroups(text);
  if (PLAIN.test(numeral)) return numeral;
  const wanted = decimalSeparator === "," ? "1.234,50 or 1234,50" : "1,234.50 or 1234.50";
  const hint =
    decimalSeparator === "." && /^[+-]?[\d.]*,\d+$/.test(text)
      ? '; where the comma stands before a fraction, say decimal_separator ","'
      : "";
  throw new ValueProblem(`must be a number such as ${wanted}${hint}`);
}

/** `1,234.50` and `1,234,567`: a comma alone could as well begin a fraction. */
function withoutGroups(text: string): string {
  return /^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$/.test(text) ? text.replaceAll(",", "") : text;
}

/** `1.234,50` and `1.234`, where a comma is known to begin the fraction. A point that parts no groups is a mistake. */
function withPoint(text: string): string {
  const plain = /^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$/.test(text) ? text.replaceAll(".", "") : text;
  return plain.includes(".") ? "" : plain.replace(",", ".");
}

/** The whole number in a cell; what is none is given on as it is. */
export function integerOfCell(cell: FilledCell, forms: CellForms): unknown {
  const number = numberOfCell(cell, forms);
  if (typeof number !== "string") return number;
  const whole = Number(number);
  if (!Number.isSafeInteger(whole)) throw new ValueProblem(`must be a whole number, not ${number.slice(0, 50)}`);
  return whole;
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  yes: true,
  no: false,
  "1": true,
  "0": false,
};

/** The yes or no in a cell. */
export function booleanOfCell(cell: FilledCell): boolean | null {
  if (typeof cell === "boolean") return cell;
  const word = String(cell).trim().toLowerCase();
  if (word === "") return null;
  const found = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (found === undefined) throw new ValueProblem("must be true or false, yes or no, 1 or 0");
  return found;
}

/** Where day, month and year stand in each form. */
const PATTERNS: Readonly<Record<DateForm, RegExp>> = {
  "YYYY-MM-DD": /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/,
  "YYYY/MM/DD": /^(?<year>\d{4})\/(?<month>\d{1,2})\/(?<day>\d{1,2})$/,
  "DD.MM.YYYY": /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$/,
  "DD/MM/YYYY": /^(?<day>\d{1,2})\/(?<month>\d{1,2})\/(?<year>\d{4})$/,
  "MM/DD/YYYY": /^(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})$/,
};
/** Midnight, as spreadsheets and other programs add it to a day. */
const MIDNIGHT = /[T ]00:00(:00(\.0+)?)?Z?$/;

/** The day in a cell, in ISO form. */
export function dateOfCell(cell: FilledCell, { dateForm }: CellForms): string | null {
  if (typeof cell !== "string") throw new ValueProblem(`must be a date such as 2026-01-31, not ${describeValue(cell)}`);
  const text = cell.trim().replace(MIDNIGHT, "");
  if (text === "") return null;
  const found = PATTERNS["YYYY-MM-DD"].exec(text) ?? PATTERNS[dateForm].exec(text);
  if (found === null) {
    const also = dateForm === "YYYY-MM-DD" ? ", or date_format must say how dates are written" : ` or ${dateForm}`;
    throw new ValueProblem(`must be a date such as 2026-01-31${also}`);
  }
  const { year = "", month = "", day = "" } = found.groups ?? {};
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/** The instant in a cell, in ISO form: a day, or a day and a time of day. */
export function datetimeOfCell(cell: FilledCell, forms: CellForms): string | null {
  if (typeof cell !== "string") {
    throw new ValueProblem(`must be a date and time such as 2026-01-31T10:00:00Z, not ${describeValue(cell)}`);
  }
  const text = cell.trim();
  if (text === "") return null;
  const [, day = "", time = ""] = /^(\S+?)(?:[T ](\d.*))?$/.exec(text) ?? [];
  return `${dateOfCell(day === "" ? text : day, forms)}T${time === "" ? "00:00:00Z" : time}`;
}

/** The JSON value in a cell. */
export function jsonOfCell(cell: FilledCell): unknown {
  if (typeof cell !== "string") return cell;
  if (cell.trim() === "") return null;
  try {
    return JSON.parse(cell);
  } catch {
    throw new ValueProblem("must be JSON");
  }
}
