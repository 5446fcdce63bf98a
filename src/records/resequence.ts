/** Moving a record among its siblings: the numbers by which they are ordered are brought in line with where people put it. */
import { type MissingError, ValidationError } from "../errors.ts";
import { IntegerField } from "../fields/number.ts";
import type { Model, StoredField } from "../models/model.ts";
import { resolveField } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { checkTree } from "./check-tree.ts";
import { parseBytes } from "./json-bytes.ts";
import { missingRecord, queryAs } from "./read.ts";
import { resolveWritable } from "./write.ts";
import { endRun } from "./write-end.ts";
import { changeOf } from "./write-level.ts";
import { beginRun } from "./write-run.ts";

/** Where a record is to go. */
export interface Move {
  /** The record that moves. */
  readonly dropped: number;
  /** The one that it comes after; null to be the first. */
  readonly after: number | null;
  /** The integer field that holds the order. */
  readonly field: string;
  /** Which records are its siblings, as text or in JSON; all visible ones unless given. */
  readonly filter?: unknown;
}

/** A record whose number has changed. */
export interface Resequenced {
  readonly id: number;
  readonly sequence: number;
}

interface Sibling {
  readonly id: number;
  readonly number: number | null;
}

/** More siblings than anybody moves by hand. */
const MOST_SIBLINGS = 100_000;

/**
 * Moves a record among its siblings. Moves of one model wait for each other, so that each finds the order that the last has left.
 *
 * The numbers that there are stay in use, so that as few records as possible change; where two are the same, or one is
 * missing, the order is made strict on the way.
 *
 * @returns the records whose number has changed, in their new order; none where it is there already
 * @throws MissingError for a model or record that is not there for this caller, AccessError for what it may not change
 * @throws ValidationError for a field that is no order
 */
export async function resequence(env: BaseEnvironment, modelName: string, move: Move): Promise<Resequenced[]> {
  const model = resolveWritable(env, modelName, "write");
  const field = resolveSequence(env, model, move.field);
  return env.transaction(async (inner) => {
    await inner.session.rows({
      name: "resequence_lock",
      text: "select pg_advisory_xact_lock(hashtextextended($1, 2))",
      values: [model.table],
    });
    const siblings = await loadSiblings(inner, model, field, move.filter);
    const ordered = reorder(model, siblings, move);
    if (ordered === null) return [];
    const changes = renumber(ordered);
    const given = changes.map(({ id, sequence }) => ({ path: "", id, values: { [field.name]: sequence } }));
    const run = beginRun(inner);
    const drafts = await checkTree(inner, model, "write", given);
    await inner.complete(async () => {
      await run.update(model, drafts.flatMap(changeOf));
      await endRun(run);
    });
    return changes;
  });
}

function resolveSequence(env: BaseEnvironment, model: Model, name: string): StoredField {
  const field = resolveField(env.access, model, name, "sequence_field", name);
  if (isSequence(field)) return field;
  const orders = [...model.fields.values()].filter(isSequence).map((each) => each.name);
  const known = orders.length === 0 ? `${model.name} has none` : `there is ${orders.join(", ")}`;
  throw new ValidationError(`sequence_field: "${name}" does not hold the order of records; ${known}`);
}

function isSequence(field: { readonly kind: string; readonly field: unknown }): field is StoredField {
  return field.kind === "stored" && field.field instanceof IntegerField && field.field.options.sequence === true;
}

async function loadSiblings(
  env: BaseEnvironment,
  model: Model,
  { name }: StoredField,
  filter: unknown,
): Promise<Sibling[]> {
  const request = {
    fields: [name],
    q_filter: filter,
    order_by: [`${name} ASC NULLS LAST`, "id ASC"],
    limit: MOST_SIBLINGS + 1,
    count: "none",
  } as const;
  const { data } = await queryAs(env, model.name, request, "codeExpression");
  const records = parseBytes(data) as ({ readonly id: number } & Readonly<Record<string, number | null>>)[];
  if (records.length > MOST_SIBLINGS) {
    throw new ValidationError(`filter: leaves more than ${MOST_SIBLINGS} siblings; narrow it`);
  }
  return records.map((record) => ({ id: record.id, number: record[name] ?? null }));
}

/** The siblings in their new order, still with their old numbers; null where nothing is to be moved. */
function reorder(model: Model, siblings: readonly Sibling[], { dropped, after }: Move): Sibling[] | null {
  const moving = siblings.find(({ id }) => id === dropped);
  if (moving === undefined) throw notAmong(model, dropped);
  if (after === dropped) return null;
  const others = siblings.filter(({ id }) => id !== dropped);
  const place = after === null ? 0 : others.findIndex(({ id }) => id === after) + 1;
  if (after !== null && place === 0) throw notAmong(model, after);
  return others.toSpliced(place, 0, moving);
}

function notAmong(model: Model, id: number): MissingError {
  return missingRecord(model.name, id);
}

/**
 * Gives the records numbers that rise from one to the next: those that they have, as far as these do and leave enough to those that
 * follow.
 */
function renumber(ordered: readonly Sibling[]): Resequenced[] {
  const numbers = ordered.flatMap(({ number }) => (number === null ? [] : [number])).sort((a, b) => a - b);
  let last = Number.NEGATIVE_INFINITY;
  return ordered.flatMap(({ id, number }, place) => {
    const highest = Number.MAX_SAFE_INTEGER - (ordered.length - 1 - place);
    last = Math.max(Math.min(numbers[place] ?? 1, highest), last + 1);
    return number === last ? [] : [{ id, sequence: last }];
  });
}
