/** Checks that records are there for the caller: what it may not see, it may not refer to. */
import type { RecordOperation } from "../access/access.ts";
import { type FieldError, ValidationError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { compilePassingMany, compilePassingOfAll } from "../query/compile-write-many.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { planMany, rulesOf } from "./many-plan.ts";

/** A record that values refer to, and where. */
export interface Reference {
  readonly target: Model;
  readonly id: number;
  readonly path: string;
}

/**
 * Checks references.
 *
 * @throws ValidationError with every place whose record is not there for the caller
 */
export async function checkReferences(env: BaseEnvironment, references: readonly Reference[]): Promise<void> {
  const missing = await findMissing(env, references);
  if (missing.length > 0) throw ValidationError.ofFields(missing);
}

/** What is wrong with references whose record is not there for the caller: one statement, whatever their number and models. */
export async function findMissing(env: BaseEnvironment, references: readonly Reference[]): Promise<FieldError[]> {
  return describeUnseen(await findUnseen(env, references));
}

/** What is said of references whose record is not there for the caller. */
export function describeUnseen(references: readonly Reference[]): FieldError[] {
  return references.map(({ target, path }) => ({ path, message: noSuchRecord(target) }));
}

/** Those of the references whose record is not there for the caller. */
export async function findUnseen<Each extends Reference>(
  env: BaseEnvironment,
  references: readonly Each[],
): Promise<Each[]> {
  if (references.length === 0) return [];
  const unseen = new Map<Model, Set<number>>();
  for (const { target, id } of references) unseen.set(target, (unseen.get(target) ?? new Set()).add(id));
  // In one order, so that the same models make the same statement.
  const models = [...unseen.keys()].sort((one, other) => (one.name < other.name ? -1 : 1));
  const { plan, known } = planMany(env, ["passing of all", ...models.map(({ name }) => name)], () =>
    compilePassingOfAll(
      env.access,
      models.map((model) => ({ model, rules: rulesOf(env, model, "read") })),
    ),
  );
  const lists = models.map((model) => [...(unseen.get(model) ?? [])]);
  for (const { place, id } of await env.run<{ place: number; id: number }>(plan, known, [], lists)) {
    const model = models[place];
    if (model !== undefined) unseen.get(model)?.delete(id);
  }
  return references.filter(({ target, id }) => unseen.get(target)?.has(id) === true);
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
