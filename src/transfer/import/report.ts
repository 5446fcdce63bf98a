/** What an import answers: what it has done, and everything that was wrong, up to a stated number. */
import type { TableFormat } from "../file/table-row.ts";
import type { CellProblem } from "./cell-problem.ts";
import type { FaultyRecord } from "./prepare.ts";
import type { WrittenRecord } from "./write-part.ts";

/** An answer, as clients get it. */
export interface ImportReport {
  readonly message: string;
  readonly created: number;
  readonly updated: number;
  /** Records that were left as they are: they have these values, or others were wrong and nothing was written. */
  readonly skipped: number;
  readonly failed: number;
  /** The records that were created or changed, in the order of the file. */
  readonly ids: readonly number[];
  readonly errors: readonly CellProblem[];
  /** Errors beyond those that are listed. */
  readonly more_errors: number;
  readonly dry_run: boolean;
  /** How the file was read. */
  readonly file: TableFormat & { readonly rows: number; readonly ignored_columns: readonly string[] };
}

/** Errors that a report lists. */
export const MOST_ERRORS = 1000;

/** A record that was refused: its rows, and why. */
export interface Fault {
  readonly row: number;
  readonly last: number;
  readonly message: string;
}

/** Refused records, and characters of why, that are remembered for a file of them. */
const MOST_FAULTS = 10_000;
const LONGEST_FAULT = 1000;

/** What has been counted so far, as a job keeps it. */
export type TallyState = Pick<ImportReport, "created" | "updated" | "failed" | "errors" | "more_errors"> & {
  readonly unchanged: number;
  readonly faults: readonly Fault[];
};

/** Counts what becomes of the records of a file. */
export class ImportTally {
  created = 0;
  updated = 0;
  unchanged = 0;
  failed = 0;
  readonly faults: Fault[] = [];
  /** The rows of the records that were written, and their ids: numbers alone, since there may be a million of them. */
  readonly #rows: number[] = [];
  readonly #ids: number[] = [];
  #errors: CellProblem[] = [];
  #more = 0;

  /** Adds what another tally has counted. */
  add(other: ImportTally): void {
    this.created += other.created;
    this.updated += other.updated;
    this.unchanged += other.unchanged;
    for (const row of other.#rows) this.#rows.push(row);
    for (const id of other.#ids) this.#ids.push(id);
    this.#addProblems(other.#errors, other.failed);
    this.#addFaults(other.faults);
    this.#more += other.#more;
  }

  /** What has been counted, without the records themselves. */
  get state(): TallyState {
    const { created, updated, unchanged, failed } = this;
    return { created, updated, unchanged, failed, faults: this.faults, errors: this.#errors, more_errors: this.#more };
  }

  /** Counts on from what was kept. */
  static from({ created, updated, unchanged, failed, faults, errors, more_errors }: TallyState): ImportTally {
    const tally = new ImportTally();
    Object.assign(tally, { created, updated, unchanged });
    tally.#addProblems(errors, failed);
    tally.#addFaults(faults);
    tally.#more = more_errors;
    return tally;
  }

  /** Something is wrong with the file itself, from this row on. */
  addBreak(row: number, message: string): void {
    this.#addProblems([{ row, column: null, field: null, value: null, message }], 1);
  }

  addWritten(written: readonly WrittenRecord[]): void {
    for (const each of written) {
      if (each.isNew) this.created += 1;
      else this.updated += 1;
      this.#rows.push(each.row);
      this.#ids.push(each.id);
    }
  }

  addFailed(failed: readonly FaultyRecord[]): void {
    this.#addProblems(
      failed.flatMap(({ problems }) => problems),
      failed.length,
    );
    const room = MOST_FAULTS - this.faults.length;
    this.#addFaults(failed.slice(0, room).map(faultOf));
  }

  #addFaults(faults: readonly Fault[]): void {
    this.faults.push(...faults.slice(0, MOST_FAULTS - this.faults.length));
  }

  #addProblems(problems: readonly CellProblem[], failed: number): void {
    this.failed += failed;
    for (const problem of problems) this.#errors.push(problem);
    if (this.#errors.length <= 2 * MOST_ERRORS) return;
    this.#errors = sorted(this.#errors);
    this.#more += this.#errors.length - MOST_ERRORS;
    this.#errors.length = MOST_ERRORS;
  }

  /** Records that have waited for others were written after those below them. */
  #idsInOrder(): readonly number[] {
    const rows = this.#rows;
    const isInOrder = rows.every((row, index) => index === 0 || row >= (rows[index - 1] ?? 0));
    if (isInOrder) return this.#ids;
    const places = [...rows.keys()].sort((a, b) => (rows[a] ?? 0) - (rows[b] ?? 0));
    return places.map((place) => this.#ids[place] ?? 0);
  }

  /**
   * The report.
   *
   * @param outcome whether what was written is kept
   */
  describe(outcome: ImportOutcome, file: ImportReport["file"]): ImportReport {
    const { created, updated, unchanged, failed } = this;
    const isRefused = outcome.abort && failed > 0;
    const errors = sorted(this.#errors);
    const counts = {
      created: isRefused ? 0 : created,
      updated: isRefused ? 0 : updated,
      skipped: unchanged + (isRefused ? created + updated : 0),
      failed,
    };
    return {
      message: messageOf(counts, isRefused, outcome.dryRun),
      ...counts,
      ids: isRefused || outcome.dryRun ? [] : this.#idsInOrder(),
      errors: errors.slice(0, MOST_ERRORS),
      more_errors: this.#more + Math.max(0, errors.length - MOST_ERRORS),
      dry_run: outcome.dryRun,
      file,
    };
  }
}

/** The body of the answer where one wrong record refuses them all. */
export function refusal(report: ImportReport): ImportReport & { readonly detail: string; readonly error: string } {
  return { detail: report.message, error: "ValidationError", ...report };
}

/** How an import ends. */
export interface ImportOutcome {
  /** One wrong record refuses them all. */
  readonly abort: boolean;
  readonly dryRun: boolean;
}

function messageOf(
  { created, updated, skipped, failed }: Pick<ImportReport, "created" | "updated" | "skipped" | "failed">,
  isRefused: boolean,
  dryRun: boolean,
): string {
  if (isRefused) return `Nothing imported: ${failed} of ${failed + skipped} records are wrong`;
  const done = `${created} created, ${updated} updated, ${skipped} unchanged, ${failed} failed`;
  return dryRun ? `Tried out, nothing kept: ${done}` : `Imported: ${done}`;
}

function faultOf({ record, problems }: FaultyRecord): Fault {
  const messages = problems.map(({ column, message }) => (column === null ? message : `${column}: ${message}`));
  return { row: record.row, last: record.last, message: messages.join("; ").slice(0, LONGEST_FAULT) };
}

/** In the order of the file; errors of one row in the order in which they were found. */
function sorted(errors: readonly CellProblem[]): CellProblem[] {
  return [...errors].sort((a, b) => a.row - b.row);
}
