/** Writes xlsx: cells with the types of their fields, and text that is never a formula. */
import { type CellValue, type ColumnDef, writeXlsxStream } from "hucre";
import type { CellKind } from "../../fields/cell.ts";
import type { RowBatches, WrittenTable } from "./written-table.ts";

/** The first day from which on xlsx counts days as everybody else does. */
const FIRST_DAY = "1900-03-01";
/** Characters of a sheet's name. */
const LONGEST_NAME = 31;

interface Printer {
  readonly print: (text: string) => CellValue;
  /** How a spreadsheet shows it. */
  readonly format?: string;
}

/** What readers would take for an escaped character is escaped itself. */
const asText = (text: string): CellValue =>
  text.includes("_x") ? text.replace(/_(?=x[0-9A-Fa-f]{4}_)/g, "_x005F_") : text;
const asDate = (text: string): CellValue => (text < FIRST_DAY ? text : new Date(text));

/** Each kind of cells. */
const printers: Readonly<Record<CellKind, Printer>> = {
  text: { print: asText },
  json: { print: asText },
  number: { print: asNumber },
  boolean: { print: (text) => text === "true" },
  date: { print: asDate, format: "yyyy-mm-dd" },
  datetime: { print: asDate, format: "yyyy-mm-dd hh:mm:ss.000" },
};

/** A number, or its text where xlsx could not hold it exactly. */
function asNumber(text: string): CellValue {
  const value = Number(text);
  if (text.includes("e")) return value; // a double as PostgreSQL prints it
  const digits = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return String(value) === digits ? value : text;
}

/** Writes a table. Further sheets follow where one is full. */
export async function* writeXlsx(table: WrittenTable, batches: RowBatches): AsyncGenerator<Uint8Array> {
  const { headers, kinds, title } = table;
  const columns = headers.map((header, index): ColumnDef => {
    const format = printers[kinds[index] ?? "text"].format;
    return { header, ...(format === undefined ? {} : { numFmt: format }) };
  });
  const print = kinds.map((kind) => printers[kind].print);
  const rows = async function* (): AsyncGenerator<CellValue[]> {
    for await (const batch of batches) {
      for (const row of batch) yield row.map((text, index) => (text === null ? null : (print[index] ?? asText)(text)));
    }
  };
  const freezePane = { rows: 1 };
  yield* writeXlsxStream(rows(), { name: sheetName(title), columns, freezePane }) as AsyncIterable<Uint8Array>;
}

/** A name as spreadsheet programs allow it. */
function sheetName(title: string): string {
  const name = title
    .replace(/[[\]:*?/\\\p{Cc}]/gu, " ")
    .slice(0, LONGEST_NAME)
    .replace(/^['\s]+|['\s]+$/g, "");
  return name === "" || name.toLowerCase() === "history" ? "Records" : name;
}
