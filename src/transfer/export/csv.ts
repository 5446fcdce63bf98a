/** Writes csv: commas, LF, quotes only where they are needed, and nothing that a spreadsheet program would run. */
import type { TextRow } from "../../database/session.ts";
import type { CellKind } from "../../fields/cell.ts";
import type { RowBatches, RowPrinter, WrittenTable } from "./written-table.ts";

/** What may begin a formula, behind any number of `'`: those are escaped too, so that an import can take one away. */
const FORMULA = /^'*[=+\-@\t\r]/;
/** Phone numbers and the like: no program makes more of them than a number. */
const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const QUOTED = /[",\r\n]/;
/** Most texts: they neither begin like a formula nor need quotes. */
const PLAIN = /^[^'=+\-@\t\r\n",][^",\r\n]*$/;
/** Characters that are gathered before they become bytes. */
const GATHERED = 8 * 1024;
/** Bytes that a character may become. */
const WIDEST = 3;
/** Bytes of a portion, about. */
const PORTION = 512 * 1024;

/** Text in a form that no spreadsheet program runs; `restoreText` takes it back. */
export function neutraliseText(text: string): string {
  return FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
}

/** Prints rows as they come: nothing of them is held but their bytes. */
export class CsvPrinter implements RowPrinter {
  readonly portion = PORTION;
  readonly #isText: readonly boolean[];
  readonly #printText: (text: string) => string;
  #text = "";
  #bytes = Buffer.allocUnsafe(PORTION / 8);
  #length = 0;

  constructor({ headers, kinds, raw }: WrittenTable) {
    this.#isText = kinds.map((kind) => IS_TEXT[kind]);
    this.#printText = raw ? quote : (text) => (PLAIN.test(text) ? text : quote(neutraliseText(text)));
    this.#text = `${headers.map(this.#printText).join(",")}\n`;
  }

  add(row: TextRow): number {
    const before = this.#text.length;
    let text = this.#text;
    for (let index = 0; index < row.length; index += 1) {
      const value = row[index];
      if (index > 0) text += ",";
      // No value is an empty cell, and an empty text is one with quotes.
      if (value !== null && value !== undefined) text += this.#isText[index] === true ? this.#printText(value) : value;
    }
    this.#text = `${text}\n`;
    const size = this.#text.length - before;
    if (this.#text.length >= GATHERED) this.#encode();
    return size;
  }

  take(): Uint8Array {
    this.#encode();
    const printed = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#length = 0;
    return printed;
  }

  #encode(): void {
    const needed = this.#length + this.#text.length * WIDEST;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(this.#text, this.#length);
    this.#text = "";
  }
}

/** Writes a table. */
export async function* writeCsv(table: WrittenTable, batches: RowBatches): AsyncGenerator<Uint8Array> {
  const printer = new CsvPrinter(table);
  yield printer.take();
  for await (const rows of batches) {
    for (const row of rows) printer.add(row);
    if (rows.length > 0) yield printer.take();
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

function quote(text: string): string {
  return text === "" || QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
