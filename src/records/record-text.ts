/** Makes the JSON texts of records of what the statement of a read has given. */
import { ValidationError } from "../errors.ts";
import type { Rendering } from "../query/compile-member.ts";
import { LONGEST_TEXT } from "../query/compile-row.ts";
import type { WrittenRow } from "../query/compile-write.ts";
import { TooLong } from "../query/json-output.ts";
import { type LevelTexts, type PrintedRecords, printRecords, type RecordPrinting } from "../query/record-shape.ts";

/** One record as JSON text in UTF-8, with the values that were asked for beside. */
export interface PrintedRecord {
  readonly data: Buffer;
  readonly values: readonly (string | null)[];
}

/**
 * Prints what a read has found.
 *
 * @throws ValidationError where that is more than can be given at once
 */
export function printFound(found: LevelTexts, printing: RecordPrinting, rendering: Rendering): PrintedRecords {
  const most = LONGEST_TEXT[rendering];
  try {
    return printRecords(found, printing, most);
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
    throw new ValidationError(
      `the answer would have more than ${most / 1024 / 1024} MiB: ask for fewer records or fields, or query the records of long lists by themselves`,
    );
  }
}

/** The only record of a list; null where there is none. */
export function singleOf({ list, values }: PrintedRecords): PrintedRecord | null {
  return values === null ? null : { data: list.subarray(1, -1), values };
}

/**
 * Prints what the statement of a write has given back. It is there already, so nothing is too long.
 *
 * @param data the row of the record as one text
 */
export function printWritten(
  data: string,
  { shape, places }: WrittenRow,
): { id: number; version: number; data: Buffer } {
  const printed = singleOf(printRecords({ data }, { shape, limit: 1, columns: places }, Number.POSITIVE_INFINITY));
  if (printed === null) throw new Error("a write gave no record back");
  const [id, version] = printed.values.map(Number);
  return { id: id ?? 0, version: version ?? 0, data: printed.data };
}
