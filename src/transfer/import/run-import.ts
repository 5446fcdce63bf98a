/** Imports a file: read, put together, made ready and written part by part; all of it or nothing, or all that can be. */
import { ApplicationError } from "../../errors.ts";
import type { Cell } from "../../fields/cell.ts";
import type { Model } from "../../models/model.ts";
import { resolveModel } from "../../query/path.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { checkRight } from "../../records/write-tree.ts";
import type { OpenTable } from "../file/table-reader.ts";
import type { TableRow } from "../file/table-row.ts";
import { RecordAssembler } from "./assemble.ts";
import type { ImportPlan, ImportRecord } from "./import-plan.ts";
import { type ColumnOptions, planImport } from "./plan-import.ts";
import { type FaultyRecord, type Patience, Preparation } from "./prepare.ts";
import { RecordPart } from "./record-part.ts";
import { type Fault, type ImportOutcome, type ImportReport, ImportTally, type TallyState } from "./report.ts";
import { writePart } from "./write-part.ts";

/** What a client wants of an import. */
export interface ImportOptions extends ColumnOptions, ImportOutcome {}

/** Opens the file of an import; an import that collides with other transactions reads it again. */
export type ReadTable = <Result>(work: (table: OpenTable) => Promise<Result>) => Promise<Result>;

/** How far an import is whose parts are saved one by one. */
export interface ImportCheckpoint {
  /** The row of the first record that is not written yet. */
  readonly next: number;
  /** Rows of records above that one which wait for others. */
  readonly waiting: readonly number[];
  readonly tally: TallyState;
}

/** Who follows an import, and keeps along with it what has become of it. */
export interface ImportWatch {
  /** Where an earlier attempt has got to; null at the beginning. */
  readonly start: ImportCheckpoint | null;
  /** Rows that have been read. */
  progress(rows: number): void;
  /** Comes last in the transaction of a part. */
  keep(env: BaseEnvironment, checkpoint: ImportCheckpoint): Promise<void>;
  /** Told of the records that were refused, at the end. */
  faults(faults: readonly Fault[]): void;
  /** Comes last in the transaction of an import that is saved as a whole. */
  end(env: BaseEnvironment, report: ImportReport): Promise<void>;
}

/** Records that may wait for others which stand below them. */
const MOST_WAITING = 10_000;

/** Undoes a trial. */
class Undo extends Error {
  readonly report: ImportReport;

  constructor(report: ImportReport) {
    super("the import is undone");
    this.report = report;
  }
}

/**
 * Imports a file.
 *
 * @returns the report; where one wrong record refuses all, and there is one, nothing was written
 * @throws MissingError for an unknown model, AccessError when the caller may neither create nor change its records
 * @throws ValidationError where the file, its columns or an option cannot be used
 */
export async function runImport(
  env: BaseEnvironment,
  modelName: string,
  readTable: ReadTable,
  options: ImportOptions,
  watch: ImportWatch | null = null,
): Promise<ImportReport> {
  const model = checkImport(env, modelName);
  const inOne = options.abort || options.dryRun;
  const work = (outer: BaseEnvironment) =>
    readTable((table) => new ImportRun(outer, model, options, inOne, watch).run(table));
  if (!inOne) return work(env);
  try {
    return await env.transaction((inner) =>
      // The transaction may be that of somebody else, who goes on with it.
      inner.attempt(async () => {
        const report = await work(inner);
        if (options.dryRun || (options.abort && report.failed > 0)) throw new Undo(report);
        await watch?.end(inner, report);
        return report;
      }),
    );
  } catch (error) {
    if (error instanceof Undo) return error.report;
    throw error;
  }
}

/**
 * Checks that a caller may import records of a model at all.
 *
 * @throws MissingError for an unknown model, AccessError when the caller may neither create nor change its records
 */
export function checkImport(env: BaseEnvironment, modelName: string): Model {
  const model = resolveModel(env.access, modelName);
  if (!env.access.can(model, "write")) checkRight(env, model, "create");
  return model;
}

/** Records that are written at once, and where the next ones begin. */
interface GatheredPart {
  readonly records: readonly ImportRecord[];
  readonly next: number;
}

/** One pass over a file. */
class ImportRun {
  readonly #env: BaseEnvironment;
  readonly #model: Model;
  readonly #options: ImportOptions;
  /** Everything happens in the transaction of the environment; else each part is one of its own. */
  readonly #inOne: boolean;
  readonly #watch: ImportWatch | null;
  readonly #tally: ImportTally;
  #rows = 0;
  #waiting: readonly ImportRecord[] = [];

  constructor(env: BaseEnvironment, model: Model, options: ImportOptions, inOne: boolean, watch: ImportWatch | null) {
    this.#env = env;
    this.#model = model;
    this.#options = options;
    this.#inOne = inOne;
    this.#watch = watch;
    const kept = watch?.start?.tally;
    this.#tally = kept === undefined ? new ImportTally() : ImportTally.from(kept);
  }

  async run({ format, parts }: OpenTable): Promise<ImportReport> {
    const rows = flatten(parts);
    const header = await nextHeader(rows);
    const plan = planImport(this.#env, this.#model, header, this.#options);
    const preparation = new Preparation(plan);
    try {
      for await (const part of this.#gather(plan, rows)) await this.#writePart(preparation, plan, part, false);
    } catch (error) {
      // What is saved already must be told of, even where the rest of the file cannot be read.
      const isTold = error instanceof ApplicationError && error.status < 500;
      if (this.#inOne || !isTold || this.#tally.created + this.#tally.updated === 0) throw error;
      this.#tally.addBreak(this.#rows + 2, error.message);
    }
    while (this.#waiting.length > 0) {
      const records = this.#waiting;
      this.#waiting = [];
      await this.#writePart(preparation, plan, { records, next: Number.MAX_SAFE_INTEGER }, true);
    }
    this.#watch?.faults(this.#tally.faults);
    const file = { ...format, rows: this.#rows, ignored_columns: plan.ignored };
    return this.#tally.describe(this.#options, file);
  }

  /** Gathers rows into records, and these into parts. */
  async *#gather(plan: ImportPlan, rows: AsyncIterable<TableRow>): AsyncGenerator<GatheredPart> {
    const assembler = new RecordAssembler(plan);
    const part = new RecordPart(plan);
    for await (const row of rows) {
      this.#rows += 1;
      part.rows += 1;
      const record = assembler.take(row);
      if (record === null || !this.#isOpen(record)) continue;
      if (part.isFull || part.hasTwinOf(record)) yield { records: part.take(), next: record.row };
      part.add(record);
    }
    const last = assembler.finish();
    if (last !== null && this.#isOpen(last)) {
      if (part.hasTwinOf(last)) yield { records: part.take(), next: last.row };
      part.add(last);
    }
    if (part.length > 0) yield { records: part.take(), next: Number.MAX_SAFE_INTEGER };
  }

  /** Whether a record is still to be written; what an earlier attempt has written is left out. */
  #isOpen(record: ImportRecord): boolean {
    const start = this.#watch?.start ?? null;
    if (start === null || record.row >= start.next) return true;
    if (start.waiting.includes(record.row)) this.#waiting = [...this.#waiting, record];
    return false;
  }

  /** Writes a part; where each part is a transaction of its own, a collision writes it again. */
  async #writePart(
    preparation: Preparation,
    plan: ImportPlan,
    { records, next }: GatheredPart,
    isLast: boolean,
  ): Promise<void> {
    const work = async (env: BaseEnvironment) => {
      const { tally, waiting } = await this.#writeRounds(env, preparation, plan, records, isLast);
      const all = [...this.#waiting, ...waiting];
      if (!this.#inOne && this.#watch !== null) {
        const sum = ImportTally.from(this.#tally.state);
        sum.add(tally);
        await this.#watch.keep(env, { next, waiting: all.map(({ row }) => row), tally: sum.state });
      }
      return { tally, all };
    };
    const { tally, all } = this.#inOne ? await work(this.#env) : await this.#env.transaction(work);
    this.#tally.add(tally);
    this.#waiting = all;
    this.#watch?.progress(this.#rows);
  }

  /** Writes what can be written until nothing is left, or all that is left waits for records that are not there yet. */
  async #writeRounds(
    env: BaseEnvironment,
    preparation: Preparation,
    plan: ImportPlan,
    records: readonly ImportRecord[],
    isLast: boolean,
  ): Promise<{ tally: ImportTally; waiting: readonly ImportRecord[] }> {
    const tally = new ImportTally();
    let open = records;
    for (let patience: Patience = "waits"; ; ) {
      const { ready, unchanged, failed, waiting } = await preparation.prepare(env, open, patience);
      tally.unchanged += unchanged.length;
      tally.addFailed(failed);
      const part = await writePart(env, plan.root, ready);
      tally.addWritten(part.written);
      tally.addFailed(part.failed);
      if (waiting.length === 0) return { tally, waiting: [] };
      const isStuck = part.written.length === 0;
      if (isStuck && !isLast) return { tally, waiting: this.#keepWaiting(waiting, tally) };
      patience = isStuck ? LESS_PATIENCE[patience] : "waits";
      open = waiting.map(({ record }) => record);
    }
  }

  #keepWaiting(waiting: readonly FaultyRecord[], tally: ImportTally): readonly ImportRecord[] {
    const room = MOST_WAITING - this.#waiting.length;
    tally.addFailed(waiting.slice(room));
    return waiting.slice(0, room).map(({ record }) => record);
  }
}

const LESS_PATIENCE: Readonly<Record<Patience, Patience>> = { waits: "creates", creates: "none", none: "none" };

async function* flatten(parts: AsyncIterable<readonly TableRow[]>): AsyncGenerator<TableRow> {
  for await (const part of parts) yield* part;
}

async function nextHeader(rows: AsyncGenerator<TableRow>): Promise<readonly Cell[]> {
  const { value } = await rows.next();
  return value === undefined ? [] : value.cells;
}
