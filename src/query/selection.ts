/** Which fields a read gives: a tree of models and fields, resolved from paths such as `lines.product.name`. */
import { ValidationError } from "../errors.ts";
import { type Model, type ModelField, modelOf } from "../models/model.ts";
import { canSee, DEEPEST_PATH, repeat, resolveField, resolveTarget, splitPath } from "./path.ts";
import type { Scope } from "./scope.ts";

/** The fields of one level. `id` is always among them. */
export interface Selection {
  readonly model: Model;
  readonly fields: ReadonlyMap<string, SelectedField>;
}

/** One field, with the fields of the records behind it where it is a relation. */
export interface SelectedField {
  readonly field: ModelField;
  readonly nested: Selection | null;
}

/** Fields of all levels together; more are refused, so that one request cannot ask for the whole database. */
const MOST_FIELDS = 1000;

interface Draft {
  readonly model: Model;
  readonly fields: Map<string, { readonly field: ModelField; nested: Draft | null }>;
}

/**
 * Resolves the fields of a read.
 *
 * @param fields paths; null for all readable stored fields but binary ones
 * @param related relations whose records are expanded to all their default fields
 * @throws ValidationError naming what is unknown to the caller, or that it is too much
 */
export function resolveSelection(
  scope: Scope,
  model: Model,
  fields: readonly string[] | null,
  related: readonly string[] = [],
): Selection {
  if ((fields?.length ?? 0) + related.length > MOST_FIELDS) throw tooMany();
  const budget = { left: MOST_FIELDS };
  const root = newDraft(model);
  if (fields === null) addDefaults(scope, root, budget);
  else for (const [index, path] of fields.entries()) addPath(scope, root, path, `fields[${index}]`, budget);
  for (const [index, path] of related.entries()) {
    const place = `related[${index}]`;
    const reached = walk(scope, root, path, place, budget);
    if (reached.nested === null) throw new ValidationError(`${place}: "${repeat(path)}" is no relation`);
    addDefaults(scope, reached.nested, budget);
  }
  return root;
}

function newDraft(model: Model): Draft {
  const draft: Draft = { model, fields: new Map() };
  const id = model.fields.get("id");
  if (id !== undefined) draft.fields.set("id", { field: id, nested: null });
  return draft;
}

function addDefaults(scope: Scope, draft: Draft, budget: Budget): void {
  for (const field of defaultFields(scope, draft.model)) {
    const added = addField(scope, draft, field, budget);
    if (added.nested !== null) addName(scope, added.nested, budget);
  }
}

/** The fields that are given where nobody says which: readable ones that are neither lists nor binary. */
export function defaultFields(scope: Scope, model: Model): ModelField[] {
  return [...model.fields.values()].filter((field) => {
    if (field.relation?.many === true || field.kind === "linked" || field.field.type === "Binary") return false;
    // Calculating may take any time: only who asks for it waits.
    return field.kind !== "calculated" && canSee(scope, model, field);
  });
}

function addPath(scope: Scope, draft: Draft, path: string, place: string, budget: Budget): void {
  const { nested } = walk(scope, draft, path, place, budget);
  if (nested !== null) addName(scope, nested, budget);
}

/** Adds every step of a path; to-one records on the way carry their name, lines only what is asked of them. */
function walk(scope: Scope, start: Draft, path: string, place: string, budget: Budget): { nested: Draft | null } {
  const names = splitPath(path);
  const tooDeep = () =>
    new ValidationError(`${place}: "${repeat(path)}" passes through more than ${DEEPEST_PATH} relations`);
  if (names.length > DEEPEST_PATH + 1) throw tooDeep();
  let draft = start;
  for (const [index, name] of names.entries()) {
    const field = resolveField(scope, draft.model, name, place, path);
    // A relation at the end is one more level of the answer.
    if (field.relation !== null && index >= DEEPEST_PATH) throw tooDeep();
    const added = addField(scope, draft, field, budget);
    if (index === names.length - 1) return added;
    resolveTarget(scope, field, place, path);
    if (added.nested === null) break;
    if (field.relation?.many === false) addName(scope, added.nested, budget);
    draft = added.nested;
  }
  throw new ValidationError(`${place}: "${repeat(path)}" is no path`);
}

interface Budget {
  left: number;
}

function addField(scope: Scope, draft: Draft, field: ModelField, budget: Budget): { nested: Draft | null } {
  const known = draft.fields.get(field.name);
  if (known !== undefined) return known;
  budget.left -= 1;
  if (budget.left < 0) throw tooMany();
  const nested = field.relation === null ? null : newDraft(modelOf(scope.registry, field.relation.target));
  const added = { field, nested };
  draft.fields.set(field.name, added);
  return added;
}

function tooMany(): ValidationError {
  return new ValidationError(`fields: more than ${MOST_FIELDS} fields in one read`);
}

function addName(scope: Scope, draft: Draft, budget: Budget): void {
  const name = draft.model.fields.get("display_name");
  if (name !== undefined) addField(scope, draft, name, budget);
}
