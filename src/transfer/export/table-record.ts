/** From records with lists within them to the rows of a table: each list goes on in the rows below its record. */
import type { TextRow } from "../../database/session.ts";
import type { ResolvedTable, TableCell, TableLevel } from "../../query/table.ts";

/** The values of a record in the order of {@link ../../query/compile-table.ts}: its cells, then its lists. */
type Values = readonly unknown[];

/** Whether each record, as the database gives it, is a row of the table already. */
export function isRow({ level, columns }: ResolvedTable): boolean {
  const { cells, lists } = level;
  if (lists.length > 0 || cells.length !== columns.length) return false;
  return cells.every(({ column, isJson }, index) => column === index && !isJson);
}

/**
 * Makes rows of records.
 *
 * @param records as the database gives them
 * @returns the texts of each row's cells
 */
export function toRows(table: ResolvedTable, records: readonly TextRow[]): readonly TextRow[] {
  if (isRow(table)) return records;
  const rows: (string | null)[][] = [];
  for (const record of records) fill(rows, rows.length, table.level, record, table.columns.length, false);
  return rows;
}

/**
 * Puts the rows of a record behind those that are there.
 *
 * @param at the row that the record begins in
 * @param within whether the record is one of a list: then its JSON is parsed already
 * @returns the row behind those that it takes
 */
function fill(
  rows: (string | null)[][],
  at: number,
  { cells, lists }: TableLevel,
  record: Values,
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
    const value = record[index];
    row[cell.column] = cell.isJson ? textOf(cell, within ? value : parse(value)) : (value as string | null);
  }
  let end = at + 1;
  for (let index = 0; index < lists.length; index += 1) {
    const level = lists[index]?.level as TableLevel;
    const value = record[cells.length + index];
    const lines = (within ? value : parse(value)) as readonly object[] | null;
    let next = at;
    for (const line of lines ?? []) next = fill(rows, next, level, Object.values(line), width, true);
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
