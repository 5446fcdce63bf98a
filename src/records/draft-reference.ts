/** Collects what the values of a write refer to. */
import { type Model, modelOf, type StoredField } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { Reference } from "./target.ts";
import { joinPath } from "./values.ts";
import type { Draft } from "./write-tree.ts";

/**
 * The records that values refer to and that have to be looked for, in the order of the request: those of lists, and to-one
 * values whose targets a rule may hide. Where there is no rule, the foreign key itself is the check.
 *
 * A foreign key tells of one record only, and ends the transaction. The others can be looked for after it, but not where the transaction
 * is that of somebody else: there all of them are looked for before.
 *
 * @param env what the write was asked in, before it opens a transaction of its own
 */
export function referencesOf(env: BaseEnvironment, model: Model, drafts: readonly Draft[]): Reference[] {
  const isHiding = (target: Model) => env.access.rule(target, "read") !== null;
  const hidden = collect(env, model, drafts, isHiding);
  if (!env.inTransaction) return hidden;
  const all = collect(env, model, drafts, (target) => isHiding(target) || env.access.canRead(target));
  return all.length > 1 ? all : hidden;
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
