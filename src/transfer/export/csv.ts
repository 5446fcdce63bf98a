/** Writes csv: commas, LF, quotes only where they are needed, and nothing that a spreadsheet program would run. */
import type { CellKind } from "../../fields/cell.ts";
import type { TextRow } from "./table-record.ts";
import type { RowBatches, WrittenTable } from "./written-table.ts";

/** What may begin a formula, behind any number of `'`: those are escaped too, so that an import can take one away. */
const FORMULA = /^'*[=+\-@\t\r]/;
/** Phone numbers and the like: no program makes more of them than a number. */
const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const QUOTED = /[",\r\n]/;

/** The first characters of texts that may begin a formula. */
const SUSPICIOUS = new Set([..."'=+-@\t\r"].map((character) => character.charCodeAt(0)));

/** Text in a form that no spreadsheet program runs; `restoreText` takes it back. */
export function neutraliseText(text: string): string {
  // Most texts need no closer look.
  if (!SUSPICIOUS.has(text.charCodeAt(0))) return text;
  return FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
}

/** Writes a table. */
export async function* writeCsv(table: WrittenTable, batches: RowBatches): AsyncGenerator<Uint8Array> {
  const { headers, kinds, raw } = table;
  const printText = raw ? quote : (text: string) => quote(neutraliseText(text));
  const printers = kinds.map((kind) => (IS_TEXT[kind] ? printText : (text: string) => text));
  yield Buffer.from(`${headers.map(printText).join(",")}\n`);
  for await (const rows of batches) {
    let text = "";
    for (const row of rows) text += printRow(row, printers);
    if (text !== "") yield Buffer.from(text);
  }
}

/** Which kinds of cells may hold just any text. */
const IS_TEXT: Readonly<Record<CellKind, boolean>> = {
  text: true,
  json: true,
  number: false,
  boolean: false,
  date: false,
  datetime: false,
};

function printRow(row: TextRow, printers: readonly ((text: string) => string)[]): string {
  let line = "";
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index];
    if (index > 0) line += ",";
    // No value is an empty cell, and an empty text is one with quotes.
    if (value !== null && value !== undefined) line += printers[index]?.(value) ?? "";
  }
  return `${line}\n`;
}

function quote(text: string): string {
  return text === "" || QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
