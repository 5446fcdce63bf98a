/** What a table in a file is, whatever the format: rows of cells, and how the file was read. */

import type { Cell } from "../../fields/cell.ts";

/** One row of a table. */
export interface TableRow {
  /** Its number in the file, as a spreadsheet shows it: the header of a file is in row 1. In csv, the number of the record. */
  readonly number: number;
  readonly cells: readonly Cell[];
}

/** How a file was read, for the answer. */
export type TableFormat =
  | { readonly format: "csv"; readonly encoding: Encoding; readonly separator: Separator }
  | { readonly format: "xlsx"; readonly sheet: string; readonly sheets: readonly string[] };

/** How a file is to be read, where that is not to be found out. */
export interface TableOptions {
  readonly encoding?: Encoding | undefined;
  readonly separator?: Separator | undefined;
  /** Name of a sheet; the first one unless given. */
  readonly sheet?: string | undefined;
  /** Text is taken as it is: a `'` before what a spreadsheet would run stays. */
  readonly raw?: boolean | undefined;
}

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Between the cells of a line, by preference. */
export const SEPARATORS = [",", ";", "\t", "|"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Bounds of a table. */
export const tableLimit = {
  /** Rows, the header included: as many as a sheet of a spreadsheet has. */
  rows: 1_048_576,
  columns: 1000,
  /** Characters of one row. */
  rowLength: 16 * 1024 * 1024,
  /** Bytes of a part of an unpacked workbook that is read row by row. */
  sheetSize: 256 * 1024 * 1024,
  /** Bytes of any other part. */
  partSize: 64 * 1024 * 1024,
  /** Parts of a workbook. */
  parts: 10_000,
} as const;

/** The file cannot be read; the message says why, for the person who has sent it. */
export class TableProblem extends Error {
  override readonly name = "TableProblem";
}

/** What the reading process says, one line of JSON each. */
export type ReaderMessage =
  | { readonly kind: "format"; readonly format: TableFormat }
  | { readonly kind: "rows"; readonly rows: readonly TableRow[] }
  | { readonly kind: "problem"; readonly message: string }
  | { readonly kind: "end" };

/** Text that was put behind a `'` so that no spreadsheet runs it: the `'` is taken away again. */
const NEUTRALISED = /^'+[=+\-@\t\r]/;

/** A text as it was before it was written to a file. */
export function restoreText(text: string): string {
  return NEUTRALISED.test(text) ? text.slice(1) : text;
}

/** @throws TableProblem where a table grows beyond its bounds */
export function checkSize(row: number, columns: number): void {
  if (row > tableLimit.rows) {
    throw new TableProblem(`has more than ${tableLimit.rows} rows; send it in parts`);
  }
  if (columns > tableLimit.columns) {
    throw new TableProblem(`has ${columns} columns in row ${row}; at most ${tableLimit.columns} are allowed`);
  }
}
