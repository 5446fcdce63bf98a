/**
 * The program of the process that reads files for imports. What it reads may be hostile, so it has no rights, no secrets and little
 * memory, and its end is nobody else's. The file is its descriptor 3; it writes lines of JSON and waits while nobody reads them.
 */
import { writeSync } from "node:fs";
import { ByteSource } from "./byte-source.ts";
import { readCsv } from "./read-csv.ts";
import { readXlsx } from "./read-xlsx.ts";
import { type FileKind, sniffKind } from "./sniff.ts";
import { type ReaderMessage, type TableFormat, type TableOptions, TableProblem, type TableRow } from "./table-row.ts";

const FILE = 3;
const OUTPUT = 1;
/** Rows, and about as many characters, that are sent at once. */
const MOST_ROWS = 500;
const MOST_CHARACTERS = 128 * 1024;
/** Milliseconds between two attempts to write into a pipe that is full. */
const PAUSE_MS = 2;
const pause = new Int32Array(new SharedArrayBuffer(4));

type Reader = (
  source: ByteSource,
  options: TableOptions,
  start: (format: TableFormat) => void,
) => AsyncGenerator<TableRow>;

const readers: Readonly<Record<FileKind, Reader>> = { csv: readCsv, xlsx: readXlsx };

await read(new ByteSource(FILE), JSON.parse(process.argv[2] ?? "{}") as TableOptions);

async function read(source: ByteSource, options: TableOptions): Promise<void> {
  try {
    const reader = readers[sniffKind(source.head(8))];
    let rows: TableRow[] = [];
    let characters = 0;
    for await (const row of reader(source, options, (format) => send({ kind: "format", format }))) {
      rows.push(row);
      for (const cell of row.cells) characters += typeof cell === "string" ? cell.length + 4 : 8;
      if (rows.length < MOST_ROWS && characters < MOST_CHARACTERS) continue;
      send({ kind: "rows", rows });
      rows = [];
      characters = 0;
    }
    if (rows.length > 0) send({ kind: "rows", rows });
    send({ kind: "end" });
  } catch (error) {
    if (!(error instanceof TableProblem)) throw error;
    send({ kind: "problem", message: error.message });
  }
}

/** Waits until the line is written: that is what holds the reading back while the rows are worked on. */
function send(message: ReaderMessage): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let done = 0; done < bytes.length; ) done += write(bytes, done);
}

/** @returns the bytes written; none while the pipe is full, which the system may say instead of waiting */
function write(bytes: Uint8Array, from: number): number {
  try {
    return writeSync(OUTPUT, bytes, from);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    Atomics.wait(pause, 0, 0, PAUSE_MS);
    return 0;
  }
}
