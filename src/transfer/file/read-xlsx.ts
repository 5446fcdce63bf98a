/** Reads one sheet of an xlsx workbook, row by row: its values only, never styles, formulas or validations. */
import { HucreError } from "hucre";
import { type CellValue, streamXlsxRows } from "hucre/xlsx";
import type { Cell } from "../../fields/cell.ts";
import type { ByteSource } from "./byte-source.ts";
import { broken, checkArchive } from "./check-archive.ts";
import { checkSize, type TableFormat, type TableOptions, TableProblem, type TableRow } from "./table-row.ts";

/** Names of sheets that a message lists. */
const MOST_NAMES = 20;

/**
 * Reads a sheet.
 *
 * @param start is told how the file is read, before the first row
 * @throws TableProblem
 */
export async function* readXlsx(
  source: ByteSource,
  options: TableOptions,
  start: (format: TableFormat) => void,
): AsyncGenerator<TableRow> {
  const bytes = source.all();
  const sheets = checkArchive(bytes);
  const sheet = options.sheet ?? sheets[0] ?? "";
  if (!sheets.includes(sheet)) {
    const known = sheets.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
    throw new TableProblem(`has no sheet ${JSON.stringify(sheet)}; its sheets are ${known.join(", ")}`);
  }
  start({ format: "xlsx", sheet, sheets });
  try {
    for await (const { index, values } of streamXlsxRows(bytes, { sheet })) {
      if (!Number.isSafeInteger(index) || index < 0) throw broken();
      checkSize(index + 1, values.length);
      yield { number: index + 1, cells: values.map(cellOf) };
    }
  } catch (error) {
    if (error instanceof HucreError || error instanceof RangeError) throw broken();
    throw error;
  }
}

/** Spreadsheets keep dates as days, with the time of day as a fraction, and know no time zone. */
function cellOf(value: CellValue): Cell {
  if (!(value instanceof Date)) return value;
  if (Number.isNaN(value.getTime())) return null;
  const text = value.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text;
}
