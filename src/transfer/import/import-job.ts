/** Imports that go on without anybody waiting for them. */
import { InsufficientStorageError } from "../../errors.ts";
import type { FileDescription } from "../../fields/binary.ts";
import type { JsonValue } from "../../fields/json.ts";
import type { JobHandler, JobOutcome, JobProgress, NewJob } from "../../jobs/job.ts";
import type { TableReader } from "../file/table-reader.ts";
import type { TableOptions } from "../file/table-row.ts";
import { storeFailedRows } from "./failed-rows.ts";
import { type Fault, type ImportReport, refusal } from "./report.ts";
import { type ImportCheckpoint, type ImportOptions, type ImportWatch, runImport } from "./run-import.ts";

/** What the queue keeps of an import. */
interface ImportInput {
  readonly model: string;
  readonly table: TableOptions;
  readonly options: Omit<ImportOptions, "mapping"> & { readonly mapping: readonly [string, string | null][] | null };
}

const KIND = "import";

/** The job that makes an import of a file in the store. */
export function importJobOf(
  model: string,
  table: TableOptions,
  options: ImportOptions,
  source: FileDescription,
): Omit<NewJob, "caller"> {
  const mapping = options.mapping === null ? null : [...options.mapping];
  return {
    kind: KIND,
    input: asJson({ model, table, options: { ...options, mapping } } satisfies ImportInput),
    source,
  };
}

/**
 * Does imports. What is saved, and how far the job is, is saved together: after a restart nothing is written twice, and nothing left out.
 */
export function importHandler(reader: TableReader): JobHandler {
  return {
    kind: KIND,
    async run({ env, input, source, files, checkpoint, save, finish, report }) {
      const { model, table, options: kept } = input as ImportInput;
      if (source === null) throw new Error("an import needs a file");
      const options = { ...kept, mapping: kept.mapping === null ? null : new Map(kept.mapping) };
      const handle = await files.open(source.hash);
      let isFinished = false;
      let faults: readonly Fault[] = [];
      try {
        const watch: ImportWatch = {
          start: checkpoint as ImportCheckpoint | null,
          progress: (rows) => report({ done: rows }),
          faults: (all) => {
            faults = all;
          },
          keep: (inner, state) => save(inner, asJson(state)),
          end: async (inner, told) => {
            report(progressOf(told));
            await finish(inner, { result: resultOf(told, options) });
            isFinished = true;
          },
        };
        const done = await reader.inTurn((read) =>
          runImport(env, model, (work) => read({ descriptor: handle.fd }, table, work), options, watch),
        );
        if (isFinished) return null;
        report(progressOf(done));
        return await withFailedRows(done, options, () => storeFailedRows({ reader, handle, table }, faults, files));
      } finally {
        await handle.close();
      }
    },
  };
}

/** What has been written is told of, even where its file finds no room. */
async function withFailedRows(
  report: ImportReport,
  options: ImportOptions,
  store: () => Promise<FileDescription | null>,
): Promise<JobOutcome> {
  try {
    return { result: resultOf(report, options), file: await store() };
  } catch (error) {
    if (!(error instanceof InsufficientStorageError)) throw error;
    const message = `${report.message}; the server has no room for the file of those that failed`;
    return { result: resultOf({ ...report, message }, options), file: null };
  }
}

/** Only at the end is it known how many rows there are. */
function progressOf({ file: { rows } }: ImportReport): JobProgress {
  return { done: rows, total: rows };
}

/** What the request would have been answered; the ids of a long import would be too much to keep. */
function resultOf(report: ImportReport, options: ImportOptions): JsonValue {
  const told = { ...report, ids: [] };
  return asJson(options.abort && report.failed > 0 ? refusal(told) : told);
}

/** Members that are not given are left out in JSON. */
function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
