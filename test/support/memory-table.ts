/** Tables that are in memory already, for tests of what comes after reading a file. */
import type { Cell } from "../../src/fields/cell.ts";
import { PLAIN_FORMS } from "../../src/fields/cell.ts";
import type { BaseEnvironment } from "../../src/records/base-environment.ts";
import type { ImportReport } from "../../src/transfer/import/report.ts";
import { type ImportOptions, type ReadTable, runImport } from "../../src/transfer/import/run-import.ts";

/** Rows of cells, the header first. */
export type Table = readonly (readonly Cell[])[];

/** A table as if it had been read from a file. */
export function memoryTable(table: Table): ReadTable {
  async function* parts() {
    yield table.map((cells, index) => ({ number: index + 1, cells }));
  }
  return (work) => work({ format: { format: "csv", encoding: "utf-8", separator: "," }, parts: parts() });
}

/** The options of a request that says nothing. */
export const PLAIN_OPTIONS: ImportOptions = {
  mapping: null,
  matchBy: null,
  createMissing: [],
  forms: PLAIN_FORMS,
  abort: true,
  dryRun: false,
};

/** Imports a table. */
export function importTable(
  env: BaseEnvironment,
  model: string,
  table: Table,
  options: Partial<ImportOptions> = {},
): Promise<ImportReport> {
  return runImport(env, model, memoryTable(table), { ...PLAIN_OPTIONS, ...options });
}
