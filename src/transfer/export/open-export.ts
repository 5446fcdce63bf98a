/** Exports records as a table: from the request to the bytes of the file, read from one snapshot in constant memory. */
import type { Access } from "../../access/access.ts";
import type { TextRow } from "../../database/session.ts";
import type { Model } from "../../models/model.ts";
import type { Literal } from "../../q/tree.ts";
import { compileCount, compileTable } from "../../query/compile-table.ts";
import { resolveOrder } from "../../query/order.ts";
import { resolveModel } from "../../query/path.ts";
import type { Plan } from "../../query/plan.ts";
import { requestSources, resolveFilter } from "../../query/resolve-filter.ts";
import { defaultFields } from "../../query/selection.ts";
import { type ResolvedTable, resolveTable } from "../../query/table.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { parseRequestFilter } from "../../records/read.ts";
import {
  completeRows,
  holdSnapshot,
  type ReadPortion,
  type RowCollector,
  RowList,
  readPortions,
} from "./record-batch.ts";
import { type FormatName, type TableFormat, tableFormats } from "./table-format.ts";
import { isRow, toRows } from "./table-record.ts";
import type { WrittenTable } from "./written-table.ts";

/** An export as it is asked for. What is left out has the default of the contract. */
export interface ExportRequest {
  /** Only these records; all where it is null or left out. */
  readonly ids?: readonly number[] | null | undefined;
  /** Only records that match. */
  readonly q_filter?: unknown;
  readonly order_by?: readonly string[] | undefined;
  /** Paths; when left out all readable stored fields but lists and binary ones, under `names` only those that an import takes. */
  readonly fields?: readonly string[] | undefined;
  readonly format?: FormatName | undefined;
  /** What the first row says. */
  readonly headers?: "labels" | "names" | undefined;
  readonly raw?: boolean | undefined;
  /** Name of the file without its ending; the model's label when left out. */
  readonly filename?: string | undefined;
}

/** An export whose request has been checked. */
export interface PreparedExport {
  readonly model: Model;
  readonly table: ResolvedTable;
  readonly rows: Plan;
  /** The number of the records. */
  readonly total: Plan;
  /** The number of the ids that are there for the caller; null where the request gives none. */
  readonly found: Plan | null;
  readonly ids: readonly number[] | null;
  readonly literals: readonly Literal[];
  readonly format: TableFormat;
  readonly written: WrittenTable;
  readonly name: string;
}

/** A file that is being written. */
export interface OpenExport {
  readonly name: string;
  readonly mimetype: string;
  /** How many of the ids that were asked for are not there for this caller; null where none were. */
  readonly notFound: number | null;
  /** Records in all; null where they were not to be counted. */
  readonly total: number | null;
  readonly bytes: AsyncGenerator<Uint8Array>;
  /** Gives the snapshot and its connection back, whether the bytes have been read or not. Never fails. */
  readonly close: () => Promise<void>;
}

/** What goes on beside the writing. */
export interface ExportOptions {
  /** Counts the records before, in the same snapshot. */
  readonly counts?: boolean;
  /** Told how many records have been read so far. */
  readonly onRecords?: (count: number) => void;
}

/** A file with names is made to come back: what an import would refuse stands in it only where it is asked for. */
function defaultPaths(access: Access, model: Model, headers: ExportRequest["headers"]): string[] {
  const fields = defaultFields(access, model);
  const taken = fields.filter((field) => field.name === "id" || access.canWriteField(model, field));
  return (headers === "names" ? taken : fields).map(({ name }) => name);
}

/**
 * Checks a request, and compiles what it needs.
 *
 * @throws MissingError for a model that the caller does not know
 * @throws ValidationError naming whatever in the request is unknown or malformed
 */
export function prepareExport(env: BaseEnvironment, modelName: string, request: ExportRequest): PreparedExport {
  const { access } = env;
  const { order_by = [], format: formatName = "xlsx", headers = "labels", raw = false } = request;
  const model = resolveModel(access, modelName);
  const paths = request.fields ?? defaultPaths(access, model, headers);
  const table = resolveTable(access, model, paths);
  const parsed = parseRequestFilter(request.q_filter);
  const filter = parsed === null ? null : resolveFilter(access, model, parsed.q, requestSources());
  const ids = request.ids === undefined || request.ids === null ? null : [...new Set(request.ids)];
  const records = { filter, byIds: ids !== null };
  const format = tableFormats[formatName];
  const literals = parsed?.literals ?? [];
  const rows = compileTable(access, table.level, resolveOrder(access, model, order_by), records);
  env.bind(rows, literals, [ids]);
  return {
    model,
    table,
    rows,
    total: compileCount(access, model, records),
    found: ids === null ? null : compileCount(access, model, { filter: null, byIds: true }),
    ids,
    literals,
    format,
    name: `${request.filename ?? model.label}.${format.extension}`,
    written: {
      title: model.label,
      headers: table.columns.map(({ path, labels }) => (headers === "names" ? path : labels.join("/"))),
      kinds: table.columns.map(({ kind }) => kind),
      raw,
    },
  };
}

/** Opens a snapshot and reads the first rows, so that what can go wrong has gone wrong before the first byte is sent. */
export async function openExport(
  env: BaseEnvironment,
  prepared: PreparedExport,
  options: ExportOptions = {},
): Promise<OpenExport> {
  const { table, rows, found, ids, literals, format, written, name } = prepared;
  const { env: inner, release: close } = await holdSnapshot(env);
  const count = async (plan: Plan, values: readonly Literal[]): Promise<number> =>
    (await inner.run<{ count: number }>(plan, false, values, [ids]))[0]?.count ?? 0;
  try {
    const notFound = found === null || ids === null ? null : ids.length - (await count(found, []));
    const total = options.counts === true ? await count(prepared.total, literals) : null;
    const bound = inner.bind(rows, literals, [ids]);
    const read = async <Portion>(collector: RowCollector<Portion>) =>
      telling(await begin(readPortions(inner, rows, bound, collector)), options.onRecords);
    const printer = isRow(table) && !rows.incomplete ? format.printer?.(written) : undefined;
    const bytes =
      printer === undefined
        ? format.write(written, tableRows(inner, prepared, await read(new RowList())))
        : printed(await read(printer));
    return { name, mimetype: format.mimetype, notFound, total, bytes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Reads the first portion: what goes wrong at once goes wrong here. */
async function begin<Portion>(portions: AsyncGenerator<Portion>): Promise<AsyncGenerator<Portion>> {
  const first = await portions.next();
  return (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* portions;
  })();
}

/** Hands portions on, and tells how many records they have had so far. */
async function* telling<Portion>(
  portions: AsyncGenerator<ReadPortion<Portion>>,
  onRecords: ExportOptions["onRecords"],
): AsyncGenerator<Portion> {
  let count = 0;
  for await (const { portion, rows } of portions) {
    count += rows;
    onRecords?.(count);
    yield portion;
  }
}

/** Makes rows of the records, as they come. */
async function* tableRows(
  env: BaseEnvironment,
  { table, rows }: PreparedExport,
  portions: AsyncGenerator<readonly TextRow[]>,
): AsyncGenerator<readonly TextRow[]> {
  for await (const records of portions)
    yield toRows(table, rows.incomplete ? await completeRows(env, records) : records);
}

/** What has been printed; nothing where the last portion is empty. */
async function* printed(portions: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of portions) if (bytes.length > 0) yield bytes;
}
