/** How two values are ordered in memory, in step with what PostgreSQL does with the same values. */
import Big from "big.js";
import { type Clock, type ResolvedDate, toDate, toInstant } from "./date-resolution.ts";
import { instantKey, isDateText } from "./iso-date.ts";

/** What a field holds; where it is unknown, it is told from the values. */
export type ValueKind = "text" | "number" | "boolean" | "date" | "datetime" | "to-one" | "to-many";

/** A value to compare a record's value with: names are filled in, dates are resolved. */
export type Operand = boolean | number | string | { readonly kind: "decimal"; readonly text: string } | ResolvedDate;

/**
 * Orders a value of a record against an operand.
 *
 * Numbers are compared exactly as decimals, text by code point, dates by day, datetimes as instants.
 *
 * @param value not null; a decimal may be text
 * @param kind what the field holds, if known
 * @param timeZone turns a day into an instant and back where only one side is a day
 * @returns negative, 0 or positive, or undefined where the two cannot be compared: no condition holds for such a pair
 */
export function compareValues(
  value: unknown,
  operand: Operand,
  kind: ValueKind | undefined,
  timeZone: Clock["timeZone"],
): number | undefined {
  if (typeof value === "boolean" || typeof operand === "boolean") {
    return typeof value === typeof operand ? Number(value) - Number(operand) : undefined;
  }
  if (typeof operand === "object" && operand.kind !== "decimal") return compareDates(value, operand, kind, timeZone);
  if (typeof value === "number" && typeof operand === "number") return value - operand;
  if (kind === "number" || typeof value === "number" || typeof operand !== "string") {
    const left = toBig(value);
    const right = toBig(typeof operand === "object" ? operand.text : operand);
    return left === undefined || right === undefined ? undefined : left.cmp(right);
  }
  if (typeof value !== "string") return undefined;
  if (kind === undefined || kind === "datetime") {
    const left = instantKey(value);
    const right = left === undefined ? undefined : (instantKey(operand) ?? midnight(operand, timeZone));
    if (left !== undefined && right !== undefined) return compareText(left, right);
  }
  return compareText(value, operand);
}

function compareDates(
  value: unknown,
  operand: ResolvedDate,
  kind: ValueKind | undefined,
  timeZone: string,
): number | undefined {
  if (typeof value !== "string") return undefined;
  if (kind !== "datetime" && isDateText(value)) return compareText(value, toDate(operand, timeZone));
  const left = instantKey(value);
  const right = instantKey(toInstant(operand, timeZone));
  return left === undefined || right === undefined ? undefined : compareText(left, right);
}

function midnight(text: string, timeZone: string): string | undefined {
  return isDateText(text) ? instantKey(toInstant({ kind: "date", date: text }, timeZone)) : undefined;
}

function toBig(value: unknown): Big | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  try {
    return new Big(value);
  } catch {
    return undefined;
  }
}

/** Orders text by Unicode code point, as PostgreSQL's collation "C" does; JavaScript's `<` goes by UTF-16 unit. */
export function compareText(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const difference = codeRank(left.charCodeAt(index)) - codeRank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above every single unit. */
function codeRank(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code;
}
