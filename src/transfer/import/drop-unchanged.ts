/** Leaves out of changes what records have already, so that a file without any change changes nothing. */
import { isDeepStrictEqual } from "node:util";
import { ValidationError } from "../../errors.ts";
import { type ColumnField, ValueProblem } from "../../fields/field.ts";
import type { ModelField } from "../../models/model.ts";
import { canSee } from "../../query/path.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { parseBytes } from "../../records/json-bytes.ts";
import { queryAs } from "../../records/read.ts";
import type { ImportNode, ImportRecord, ReadyRecord } from "./import-plan.ts";

type Values = Readonly<Record<string, unknown>>;

/** @returns the records that are new or change, with nothing but what changes, and those that are as they are wanted */
export async function dropUnchanged(
  env: BaseEnvironment,
  root: ImportNode,
  records: readonly ReadyRecord[],
): Promise<{ readonly ready: readonly ReadyRecord[]; readonly unchanged: readonly ImportRecord[] }> {
  const ids = [...new Set(records.flatMap(({ id }) => (id === null ? [] : [id])))];
  if (ids.length === 0) return { ready: records, unchanged: [] };
  const present = await loadPresent(env, root, ids);
  const ready: ReadyRecord[] = [];
  const unchanged: ImportRecord[] = [];
  for (const each of records) {
    const found = each.id === null ? undefined : present.get(each.id);
    const values = found === undefined ? each.values : changedValues(root, each.values, found);
    const keeps = each.id !== null && Object.keys(values).length === 0 && each.identifier === null;
    if (keeps) unchanged.push(each.record);
    else ready.push({ ...each, values });
  }
  return { ready, unchanged };
}

async function loadPresent(
  env: BaseEnvironment,
  root: ImportNode,
  ids: readonly number[],
): Promise<Map<number, Values>> {
  const request = { fields: ["id", ...fieldsOf(env, root, "")], q_filter: { id__in: ids }, limit: ids.length };
  try {
    const page = await queryAs(env, root.model.name, { ...request, count: "none" }, "codeExpression");
    return new Map((parseBytes(page.data) as (Values & { id: number })[]).map((record) => [record.id, record]));
  } catch (error) {
    // Together they may be too much for one answer.
    if (!(error instanceof ValidationError) || ids.length === 1) throw error;
    const half = Math.ceil(ids.length / 2);
    const first = await loadPresent(env, root, ids.slice(0, half));
    return new Map([...first, ...(await loadPresent(env, root, ids.slice(half)))]);
  }
}

function fieldsOf(env: BaseEnvironment, { model, columns, lists }: ImportNode, prefix: string): string[] {
  const own = columns.flatMap(({ content, name }) => {
    if (content.kind !== "value" && content.kind !== "reference") return [];
    return canSee(env.access, model, content.field) ? [`${prefix}${name}`] : [];
  });
  const nested = lists.flatMap((list) => {
    const path = `${prefix}${list.list?.name ?? ""}`;
    return list.names === null ? [`${path}.id`, ...fieldsOf(env, list, `${path}.`)] : [path];
  });
  return [...own, ...nested];
}

function changedValues(node: ImportNode, given: Values, present: Values): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const column of node.columns) {
    const { content, name } = column;
    if (!Object.hasOwn(given, name) || (content.kind !== "value" && content.kind !== "reference")) continue;
    if (!isSame(content.field, given[name], present[name])) changed[name] = given[name];
  }
  for (const list of node.lists) {
    const name = list.list?.name ?? "";
    const lines = given[name];
    if (!Array.isArray(lines)) continue;
    const kept = (present[name] ?? []) as readonly (Values & { id: number })[];
    const wanted = list.names === null ? lines.map((line: Values) => changedLine(list, line, kept)) : lines;
    if (!isSameList(wanted, kept)) changed[name] = wanted;
  }
  return changed;
}

/** A line that changes nothing is only named. */
function changedLine(list: ImportNode, line: Values, kept: readonly (Values & { id: number })[]): Values {
  const present = kept.find(({ id }) => id === line.id);
  return present === undefined ? line : { id: line.id, ...changedValues(list, line, present) };
}

/** Whether a list is to hold what it holds, and nothing of that changes. */
function isSameList(wanted: readonly unknown[], kept: readonly { readonly id: number }[]): boolean {
  if (wanted.length !== kept.length) return false;
  const ids = new Set(kept.map(({ id }) => id));
  return wanted.every((each) => {
    if (typeof each === "number") return ids.delete(each);
    const line = each as Values;
    return Object.keys(line).length === 1 && ids.delete(line.id as number);
  });
}

function isSame(field: ModelField, given: unknown, present: unknown): boolean {
  if (field.relation?.many === true) return isSameList(given as unknown[], (present ?? []) as { id: number }[]);
  // A file cannot always tell an empty text from none.
  if (given === null) return present === null || present === "";
  if (present === null || present === undefined) return false;
  if (field.relation !== null) return given === (present as { readonly id: number }).id;
  if (field.kind === "linked" || field.kind === "naming") return false;
  try {
    const wanted = asCode(field, given);
    // The decimals of an amount in a currency are known when it is written only: 2500 and 2500.00 are one amount.
    return isDeepStrictEqual(wanted, present) || isDeepStrictEqual(wanted, asCode(field, present));
  } catch (error) {
    // What is wrong with it is said when it is written.
    if (error instanceof ValueProblem) return false;
    throw error;
  }
}

/** A value as code reads it. */
function asCode({ field }: { readonly field: ColumnField }, value: unknown): unknown {
  return JSON.parse(field.codeText(field.parse(value)));
}
