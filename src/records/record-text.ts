/** Makes the JSON texts of records of what the statement of a read has given. */
import { ValidationError } from "../errors.ts";
import type { Rendering } from "../query/compile-member.ts";
import { LONGEST_TEXT } from "../query/compile-row.ts";
import type { WrittenRow } from "../query/compile-write.ts";
import { type LevelTexts, type PrintedRecords, printRecords, type RecordPrinting } from "../query/record-shape.ts";

/** What is printed, and for whom. */
export interface RecordReading extends Omit<RecordPrinting, "most"> {
  readonly rendering: Rendering;
}

/**
 * Prints what a read has found.
 *
 * @throws ValidationError where that is more than can be given at once
 */
export function printFound(found: LevelTexts, { rendering, shape, wanted }: RecordReading): PrintedRecords {
  const most = LONGEST_TEXT[rendering];
  const printed = printRecords(found, { shape, wanted, most });
  if (printed !== null) return printed;
  throw new ValidationError(
    `the answer would have more than ${most / 1024 / 1024} MiB: ask for fewer records or fields, or query the records of long lists by themselves`,
  );
}

/**
 * Prints what the statement of a write has given back. It is there already, so nothing is too long.
 *
 * @param data the row of the record as one text
 */
export function printWritten(
  data: string,
  { shape, places }: WrittenRow,
): { id: number; version: number; data: string } {
  const wanted = { record: 0, columns: places };
  const printed = printRecords({ data }, { shape, most: Number.POSITIVE_INFINITY, wanted });
  const [text] = printed?.texts ?? [];
  if (text === undefined) throw new Error("a write gave no record back");
  const [id, version] = (printed?.values ?? []).map(Number);
  return { id: id ?? 0, version: version ?? 0, data: text };
}
