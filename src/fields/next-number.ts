/** The default of fields that number records: what holds the number's place until one is drawn, at the end of the write. */
import { randomBytes } from "node:crypto";
import type { SqlValue } from "../sql/value.ts";
import type { ColumnField } from "./field.ts";

/** A default that stands for the next number of a series. */
export interface NextNumber {
  (): string;
  /** The code of the series. */
  readonly series: string;
}

/** Nobody outside this process can write a text that looks like a placeholder. */
const PREFIX = `~${randomBytes(9).toString("base64url")}~`;
let placeholders = 0;

/**
 * Numbers new records: `name: char({ required: true, readonly: true, clone: false, default: nextNumber("sale.order") })`.
 *
 * The number is drawn from the series of this code, a record of Sequence, as the last thing of a write.
 */
export function nextNumber(series: string): NextNumber {
  const place = (): string => {
    placeholders += 1;
    return `${PREFIX}${placeholders}`;
  };
  return Object.assign(place, { series });
}

/** The code of the series that a field is numbered by; null for any other field. */
export function seriesOf({ options: { default: fallback } }: ColumnField): string | null {
  return typeof fallback === "function" && "series" in fallback ? (fallback as NextNumber).series : null;
}

/** Whether a number is still to be drawn for a value. */
export function isNumberPlaceholder(value: SqlValue | undefined): boolean {
  return typeof value === "string" && value.startsWith(PREFIX);
}
