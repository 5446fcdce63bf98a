/** From records with lists within them to the rows of a table: each list goes on in the rows below its record. */
import { cellName, listName } from "../../query/compile-table.ts";
import type { TableCell, TableLevel } from "../../query/table.ts";

/** The texts of a row's cells; null where a cell is empty. */
export type TextRow = (string | null)[];

/** A record as the database gives it, by the names of {@link ../../query/compile-table.ts}. */
export type TableRecord = Readonly<Record<string, unknown>>;

/**
 * Puts the rows of a record behind those that are there.
 *
 * @param width cells of a row
 */
export function addRows(rows: TextRow[], level: TableLevel, record: TableRecord, width: number): void {
  fill(rows, rows.length, level, record, width, false);
}

/**
 * @param at the row that the record begins in
 * @param within whether the record is one of a list: then its JSON is parsed already
 * @returns the row behind those that it takes
 */
function fill(
  rows: TextRow[],
  at: number,
  { cells, lists }: TableLevel,
  record: TableRecord,
  width: number,
  within: boolean,
): number {
  let row = rows[at];
  if (row === undefined) {
    row = new Array<string | null>(width).fill(null);
    rows.push(row);
  }
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] as TableCell;
    const value = record[cellName(index)];
    row[cell.column] = cell.isJson ? textOf(cell, within ? value : parse(value)) : (value as string | null);
  }
  let end = at + 1;
  for (let index = 0; index < lists.length; index += 1) {
    const level = lists[index]?.level as TableLevel;
    const value = record[listName(index)];
    const lines = (within ? value : parse(value)) as readonly TableRecord[] | null;
    let next = at;
    for (const line of lines ?? []) next = fill(rows, next, level, line, width, true);
    end = Math.max(end, next);
  }
  return end;
}

function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : null;
}

/** The text of a value of JSON: a calculated one, or a list of names. */
function textOf({ kind }: TableCell, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (kind === "json") return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((name) => joinable(String(name))).join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A name in a list of names with commas between them. */
function joinable(name: string): string {
  return name === "" || /^\s|\s$|[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
