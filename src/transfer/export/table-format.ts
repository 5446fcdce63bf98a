/** The formats of tables in files. */
import { CsvPrinter, writeCsv } from "./csv.ts";
import type { RowBatches, RowPrinter, WrittenTable } from "./written-table.ts";
import { writeXlsx } from "./xlsx.ts";

/** A format. */
export interface TableFormat {
  readonly mimetype: string;
  readonly extension: string;
  /** Writes a table in pieces, in constant memory, as fast as they are taken. */
  readonly write: (table: WrittenTable, rows: RowBatches) => AsyncGenerator<Uint8Array>;
  /** Of a format that is nothing but its rows one after the other: does the same, row by row. */
  readonly printer?: (table: WrittenTable) => RowPrinter;
}

/** Every format that there is. */
export const tableFormats = {
  csv: {
    mimetype: "text/csv; charset=utf-8",
    extension: "csv",
    write: writeCsv,
    printer: (table) => new CsvPrinter(table),
  },
  xlsx: {
    mimetype: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    extension: "xlsx",
    write: writeXlsx,
  },
} as const satisfies Readonly<Record<string, TableFormat>>;

export type FormatName = keyof typeof tableFormats;
