/** Writes what a part of a file brings, through the same checks as any other write; what is wrong is narrowed down to its record. */
import { ApplicationError, type FieldError } from "../../errors.ts";
import { EXTERNAL_ID } from "../../query/table.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { changeRecords, createRecords } from "../../records/write-bulk.ts";
import { saveIdentifiers } from "../external-identifier.ts";
import { type CellProblem, locateProblem, problemAt, problemOf } from "./cell-problem.ts";
import type { ImportNode, ReadyRecord } from "./import-plan.ts";
import type { FaultyRecord } from "./prepare.ts";

/** A record that has been written. */
export interface WrittenRecord {
  readonly row: number;
  readonly id: number;
  readonly isNew: boolean;
}

/** What has become of a part. */
export interface WrittenPart {
  readonly written: WrittenRecord[];
  readonly failed: FaultyRecord[];
}

/** Records of a write that were refused, each with what was said of it; empty where nobody said which. */
class Refusal extends Error {
  readonly records: ReadonlyMap<ReadyRecord, readonly CellProblem[]>;
  readonly reason: ApplicationError;

  constructor(records: Refusal["records"], reason: ApplicationError) {
    super(reason.message);
    this.records = records;
    this.reason = reason;
  }
}

/** Times that one record alone is taken out before the rest is halved. */
const MOST_SINGLES = 4;

/**
 * Writes records, within a transaction. What cannot be written is left out, with what is wrong with it.
 *
 * @param node the records of the file
 */
export async function writePart(
  env: BaseEnvironment,
  node: ImportNode,
  records: readonly ReadyRecord[],
): Promise<WrittenPart> {
  const part: WrittenPart = { written: [], failed: [] };
  await writeSome(env, node, records, part);
  return part;
}

async function writeSome(
  env: BaseEnvironment,
  node: ImportNode,
  records: readonly ReadyRecord[],
  part: WrittenPart,
): Promise<void> {
  let open = records;
  for (let singles = 0; open.length > 0; ) {
    const refusal = await tryAll(env, node, open, part);
    if (refusal === null) return;
    const { records: named, reason } = refusal;
    if (named.size === 1) singles += 1;
    if (named.size > 0 && singles <= MOST_SINGLES) {
      for (const [{ record }, problems] of named) part.failed.push({ record, problems });
      open = open.filter((each) => !named.has(each));
      continue;
    }
    const [only] = open;
    if (open.length === 1 && only !== undefined) {
      part.failed.push({ record: only.record, problems: [problemOf(only.record, reason.message)] });
      return;
    }
    const half = Math.ceil(open.length / 2);
    await writeSome(env, node, open.slice(0, half), part);
    open = open.slice(half);
    singles = 0;
  }
}

/** @returns why nothing was written; null when all was */
async function tryAll(
  env: BaseEnvironment,
  node: ImportNode,
  records: readonly ReadyRecord[],
  part: WrittenPart,
): Promise<Refusal | null> {
  try {
    part.written.push(...(await env.attempt((inner) => writeAll(inner, node, records))));
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

async function writeAll(
  env: BaseEnvironment,
  node: ImportNode,
  records: readonly ReadyRecord[],
): Promise<WrittenRecord[]> {
  const { name } = node.model;
  const creates = records.filter(({ id }) => id === null);
  const changes = records.filter(({ id, values }) => id !== null && Object.keys(values).length > 0);
  const values = creates.map((each) => each.values);
  const ids = creates.length === 0 ? [] : await during(node, creates, () => createRecords(env, name, values));
  const updates = changes.map((each) => ({ id: each.id ?? 0, values: each.values }));
  if (updates.length > 0) await during(node, changes, () => changeRecords(env, name, updates));
  const idOf = new Map(creates.map((each, index) => [each, ids[index] ?? 0]));
  await giveIdentifiers(env, node, records, idOf);
  return records.map((each) => {
    return { row: each.record.row, id: each.id ?? idOf.get(each) ?? 0, isNew: each.id === null };
  });
}

async function giveIdentifiers(
  env: BaseEnvironment,
  node: ImportNode,
  records: readonly ReadyRecord[],
  created: ReadonlyMap<ReadyRecord, number>,
): Promise<void> {
  const named = records.filter(({ identifier }) => identifier !== null);
  if (named.length === 0) return;
  const given = named.map((each) => ({ text: each.identifier ?? "", record: each.id ?? created.get(each) ?? 0 }));
  const refused = await saveIdentifiers(env, node.model, given);
  if (refused.size === 0) return;
  const column = node.columns.find(({ content }) => content.kind === "external");
  const problems = named.flatMap((each): [ReadyRecord, readonly CellProblem[]][] => {
    const message = refused.get(each.identifier ?? "");
    if (message === undefined || column === undefined) return [];
    return [[each, [problemAt(each.record, column, message)]]];
  });
  throw new Refusal(new Map(problems), new ApplicationError(`${EXTERNAL_ID} cannot be given`));
}

/** Does a write, and says which of its records were refused. */
async function during<Result>(
  node: ImportNode,
  records: readonly ReadyRecord[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // What is no fault of the file is none of a record.
    if (!(error instanceof ApplicationError) || error.status >= 500) throw error;
    throw new Refusal(assignErrors(node, records, error), error);
  }
}

function assignErrors(
  node: ImportNode,
  records: readonly ReadyRecord[],
  { extra }: ApplicationError,
): Map<ReadyRecord, CellProblem[]> {
  const found = new Map<ReadyRecord, CellProblem[]>();
  for (const { path, message } of (extra.fields ?? []) as readonly FieldError[]) {
    const [, index, rest = ""] = /^records\[(\d+)\]\.?(.*)$/s.exec(path) ?? [];
    const each = index === undefined ? undefined : records[Number(index)];
    if (each === undefined) continue;
    const problems = found.get(each) ?? [];
    found.set(each, problems);
    problems.push(locateProblem(node, each.record, { path: rest, message }));
  }
  // The list of errors is cut off where it is long: what is said of the last record may not be all.
  const last = [...found.keys()].at(-1);
  if (found.size > 1 && last !== undefined) found.delete(last);
  return found;
}
