/** Reads the table in a file in a process of its own, which is stopped when it takes too long or is not wanted any more. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { fileURLToPath } from "node:url";
import { PayloadTooLargeError, ValidationError } from "../../errors.ts";
import type { ReaderMessage, TableFormat, TableOptions, TableRow } from "./table-row.ts";

/** A file that is open, by its descriptor. */
export interface OpenFile {
  readonly descriptor: number;
}

/** A table that is being read. */
export interface OpenTable {
  readonly format: TableFormat;
  /** Its rows, in parts. Whoever stops taking them ends the reading. */
  readonly parts: AsyncIterableIterator<readonly TableRow[]>;
}

/** Reads a table and hands it on, as {@link TableReader.read} does. */
export type ReadFile = <Result>(
  file: OpenFile,
  options: TableOptions,
  work: (table: OpenTable) => Promise<Result>,
) => Promise<Result>;

/** Settings of a reader. */
export interface ReaderSettings {
  /** Where the program is; the arguments of Node, the last of them its file. */
  readonly program?: readonly string[];
  /** Milliseconds that the process may take for the next part. */
  readonly patience?: number;
  /** Mebibytes of its heap. */
  readonly memory?: number;
  /** Processes at the same time; what comes more waits. */
  readonly most?: number;
}

const PATIENCE_MS = 60_000;
const MEMORY_MB = 512;
const MOST_PROCESSES = 2;

/** Reads files, a few of them at the same time. */
export class TableReader {
  readonly #program: readonly string[];
  readonly #patience: number;
  readonly #memory: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(settings: ReaderSettings = {}) {
    this.#program = settings.program ?? locateProgram();
    this.#patience = settings.patience ?? PATIENCE_MS;
    this.#memory = settings.memory ?? MEMORY_MB;
    this.#free = settings.most ?? MOST_PROCESSES;
  }

  /**
   * Reads a table and hands it on, when it is this file's turn.
   *
   * @param work may be called with the table once; the process is gone when it is done
   * @throws ValidationError where the file cannot be read, PayloadTooLargeError where that would take too much
   */
  read<Result>(file: OpenFile, options: TableOptions, work: (table: OpenTable) => Promise<Result>): Promise<Result> {
    return this.inTurn((read) => read(file, options, work));
  }

  /**
   * Waits for a turn, and does work that may read one file after the other. Whoever holds something that others need, such as a
   * transaction, takes it within the turn: what waits for one holds nothing.
   */
  async inTurn<Result>(work: (read: ReadFile) => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await work((file, options, take) => this.#readNow(file, options, take));
    } finally {
      this.#leave();
    }
  }

  async #readNow<Result>(
    file: OpenFile,
    options: TableOptions,
    work: (table: OpenTable) => Promise<Result>,
  ): Promise<Result> {
    const process = this.#start(file, options);
    try {
      const messages = this.#listen(process);
      const { value: first } = await messages.next();
      if (first?.kind !== "format") throw malformed("cannot be read");
      return await work({ format: first.format, parts: rowsOf(messages) });
    } finally {
      process.kill("SIGKILL");
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  #start({ descriptor }: OpenFile, options: TableOptions): ChildProcess {
    const args = [`--max-old-space-size=${this.#memory}`, ...this.#program, JSON.stringify(options)];
    // What it may read is in its hands, so it gets nothing of this process's environment.
    return spawn(process.execPath, args, { env: {}, stdio: ["ignore", "pipe", "ignore", descriptor] });
  }

  async *#listen(child: ChildProcess): AsyncGenerator<ReaderMessage> {
    if (child.stdout === null) throw new Error("the reading process has no output");
    let late = false;
    const tooLate = () => {
      late = true;
      child.kill("SIGKILL");
    };
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.once("error", () => child.stdout?.destroy());
    let timer = setTimeout(tooLate, this.#patience);
    try {
      for await (const line of linesOf(child.stdout)) {
        const message = JSON.parse(line) as ReaderMessage;
        if (message.kind === "problem") throw malformed(message.message);
        if (message.kind === "end") return;
        // What is done with the rows is not the time of the reading.
        clearTimeout(timer);
        yield message;
        timer = setTimeout(tooLate, this.#patience);
      }
      await ended;
    } finally {
      clearTimeout(timer);
    }
    const why = late ? "takes too long to read" : "takes too much memory to read";
    throw new PayloadTooLargeError(`The file ${why}; send it in parts, or as csv`);
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = decoder.write(chunk).split("\n");
    lines[0] = rest + (lines[0] ?? "");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function* rowsOf(messages: AsyncGenerator<ReaderMessage>): AsyncGenerator<readonly TableRow[]> {
  for await (const message of messages) if (message.kind === "rows") yield message.rows;
}

function malformed(message: string): ValidationError {
  return ValidationError.ofFields([{ path: "file", message }]);
}

/** The program stands beside this file; where that is not built yet, it is run as it is written. */
function locateProgram(): string[] {
  const { url } = import.meta;
  if (url.endsWith(".ts")) return ["--import", "tsx", fileURLToPath(new URL("./reader-process.ts", url))];
  const built = url.slice(0, url.lastIndexOf("/dist/") + "/dist/".length);
  return [fileURLToPath(new URL("src/transfer/file/reader-process.js", built))];
}
