/** The file of the rows that could not be imported: as they stand in the file that came, with what was wrong in a column more. */
import type { FileHandle } from "node:fs/promises";
import type { TextRow } from "../../database/session.ts";
import type { FileDescription } from "../../fields/binary.ts";
import type { Cell } from "../../fields/cell.ts";
import { type FileStore, storeContent } from "../../files/file-store.ts";
import { tableFormats } from "../export/table-format.ts";
import type { OpenTable, TableReader } from "../file/table-reader.ts";
import type { TableOptions } from "../file/table-row.ts";
import type { Fault } from "./report.ts";

const ERROR_COLUMN = "error";

/** The file that was imported, and how it is read. */
export interface ImportSource {
  readonly reader: TableReader;
  readonly handle: FileHandle;
  readonly table: TableOptions;
}

/**
 * Stores the file, in the format of the one that was imported.
 *
 * @returns null where nothing is wrong
 */
export async function storeFailedRows(
  { reader, handle, table }: ImportSource,
  faults: readonly Fault[],
  files: FileStore,
): Promise<FileDescription | null> {
  if (faults.length === 0) return null;
  return reader.read({ descriptor: handle.fd }, table, async (opened) => {
    const { write, mimetype, extension } = tableFormats[opened.format.format];
    const rows = failedRows(
      opened,
      [...faults].sort((a, b) => a.row - b.row),
    );
    const { value: header } = await rows.next();
    const headers = [...(header ?? []).map((text) => text ?? ""), ERROR_COLUMN];
    const written = {
      title: "Failed rows",
      headers,
      kinds: headers.map(() => "text" as const),
      raw: table.raw === true,
    };
    const content = await storeContent(files, write(written, inBatches(rows)));
    return { name: `failed.${extension}`, mimetype: mimetype.split(";")[0] ?? mimetype, ...content };
  });
}

/** The header, then the rows of the faults, each with its message in the first of them. */
async function* failedRows({ parts }: OpenTable, faults: readonly Fault[]): AsyncGenerator<TextRow, undefined> {
  let width: number | null = null;
  let next = 0;
  for await (const part of parts) {
    for (const { number, cells } of part) {
      if (width === null) {
        width = cells.length;
        yield cells.map(textOf);
        continue;
      }
      while ((faults[next]?.last ?? Number.POSITIVE_INFINITY) < number) next += 1;
      const fault = faults[next];
      if (fault === undefined) return;
      if (number < fault.row) continue;
      const texts = Array.from({ length: width }, (_, index) => textOf(cells[index] ?? null));
      yield [...texts, number === fault.row ? fault.message : null];
    }
  }
}

async function* inBatches(rows: AsyncIterable<TextRow>): AsyncGenerator<TextRow[]> {
  for await (const row of rows) yield [row];
}

function textOf(cell: Cell): string | null {
  return cell === null ? null : String(cell);
}
