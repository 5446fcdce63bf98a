/** Checks that the records a write refers to are there for the caller: what it may not see, it may not refer to. */
import type { RecordOperation } from "../access/access.ts";
import { type FieldError, ValidationError } from "../errors.ts";
import { type Model, modelOf, type StoredField } from "../models/model.ts";
import { compilePassingMany } from "../query/compile-write-many.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { joinPath } from "./values.ts";
import { planMany, rulesOf } from "./write-run.ts";
import type { Draft } from "./write-tree.ts";

/** A record that values refer to, and where. */
export interface Reference {
  readonly target: Model;
  readonly id: number;
  readonly path: string;
}

/**
 * The records that values refer to and that have to be looked for, in the order of the request: those of lists, and to-one
 * values whose targets a rule may hide. Where there is no rule, the foreign key itself is the check.
 */
export function referencesOf(env: BaseEnvironment, model: Model, drafts: readonly Draft[]): Reference[] {
  return collect(env, model, drafts, (target) => env.access.rule(target, "read") !== null);
}

/** All records that values refer to, of models that the caller may read. */
export function everyReference(env: BaseEnvironment, model: Model, drafts: readonly Draft[]): Reference[] {
  return collect(env, model, drafts, (target) => env.access.canRead(target));
}

/** @param isSought whether to-one values that refer to a model count */
function collect(
  env: BaseEnvironment,
  model: Model,
  drafts: readonly Draft[],
  isSought: (target: Model) => boolean,
): Reference[] {
  const found: Reference[] = [];
  const seen = new Set<Draft["columns"]>();
  const sought = [...model.fields.values()].flatMap((field) => {
    const target = field.kind === "stored" && field.relation !== null && modelOf(env.registry, field.relation.target);
    return target && isSought(target) ? [{ field: field as StoredField, target }] : [];
  });
  for (const { path, columns, ofCompany, relations } of drafts) {
    // A change that is the same for many records is checked once.
    for (const { field, target } of seen.has(columns) ? [] : sought) {
      const id = columns.get(field);
      if (typeof id === "number") found.push({ target, id, path: joinPath(path, field.name) });
    }
    seen.add(columns);
    for (const [{ name, relation }, id] of ofCompany) {
      const target = relation === null ? null : modelOf(env.registry, relation.target);
      if (target === null || typeof id !== "number" || !isSought(target)) continue;
      found.push({ target, id, path: joinPath(path, name) });
    }
    for (const { field, lines, creates, updates } of relations) {
      const target = modelOf(env.registry, field.relation.target);
      for (const [id, place] of lines.targets) found.push({ target, id, path: place });
      found.push(...collect(env, target, creates, isSought), ...collect(env, target, updates, isSought));
    }
  }
  return found;
}

/**
 * Checks references, with one statement for each model.
 *
 * @throws ValidationError with every place whose record is not there for the caller
 */
export async function checkReferences(env: BaseEnvironment, references: readonly Reference[]): Promise<void> {
  const missing = await findMissing(env, references);
  if (missing.length > 0) throw ValidationError.ofFields(missing);
}

/** What is wrong with references whose record is not there for the caller. */
export async function findMissing(env: BaseEnvironment, references: readonly Reference[]): Promise<FieldError[]> {
  const wanted = new Map<Model, Set<number>>();
  for (const { target, id } of references) wanted.set(target, (wanted.get(target) ?? new Set()).add(id));
  const seen = new Map<Model, Set<number>>();
  for (const [target, ids] of wanted) seen.set(target, await findPassing(env, target, "read", [...ids]));
  const missing = references.filter(({ target, id }) => seen.get(target)?.has(id) !== true);
  return missing.map(({ target, path }) => ({ path, message: noSuchRecord(target) }));
}

/** Those of the ids whose records pass the rules of an operation. */
export async function findPassing(
  env: BaseEnvironment,
  model: Model,
  operation: RecordOperation,
  ids: readonly number[],
): Promise<Set<number>> {
  const rules = rulesOf(env, model, operation);
  const { plan, known } = planMany(env, ["passing", operation, model.name], () =>
    compilePassingMany(env.access, model, rules),
  );
  const rows = await env.run<{ id: number }>(plan, known, [], [ids]);
  return new Set(rows.map(({ id }) => id));
}

/** What is said of a reference to a record that is not there, or not for this caller. */
export function noSuchRecord(target: Model): string {
  return `there is no such ${target.name} record`;
}
