/** Resolves names and paths through a scope: what the caller may not see is as unknown as what is not there. */
import { MissingError, ValidationError } from "../errors.ts";
import {
  type CalculatedField,
  type CompanyField,
  fieldOf,
  type Link,
  type Model,
  type ModelField,
  modelOf,
  type Registry,
  type StoredField,
} from "../models/model.ts";
import type { Scope } from "./scope.ts";
import { suggestName } from "./suggestion.ts";

/** Longest path and deepest nesting through relations. */
export const DEEPEST_PATH = 6;
/** Characters of a client's text that a message repeats. */
const MOST_REPEATED = 100;

/**
 * A model that the caller may read.
 *
 * @throws MissingError for an unknown and for a hidden model alike
 */
export function resolveModel(scope: Scope, name: string): Model {
  const model = scope.registry.models.get(name);
  if (model === undefined || !scope.canRead(model)) throw unknownModel(name);
  return model;
}

/** The error for a model that is not there, or not for this caller. */
export function unknownModel(name: string): MissingError {
  return new MissingError(`Unknown model ${JSON.stringify(repeat(name))}`);
}

/**
 * A field that the caller may read.
 *
 * @param place what mentions the field, such as `Filter` or `fields[2]`
 * @param written the whole path as the client wrote it
 * @throws ValidationError for an unknown and for a hidden field alike
 */
export function resolveField(scope: Scope, model: Model, name: string, place: string, written: string): ModelField {
  const field = model.fields.get(name);
  if (field !== undefined && canSee(scope, model, field)) return field;
  const known = [...model.fields.values()].filter((each) => canSee(scope, model, each)).map((each) => each.name);
  const inside = written === name ? "" : ` in "${repeat(written)}"`;
  throw new ValidationError(
    `${place}: ${model.name} has no field "${repeat(name)}"${inside}${suggestName(name, known)}`,
  );
}

/** A client's text as a message repeats it. */
export function repeat(text: string): string {
  return text.length > MOST_REPEATED ? `${text.slice(0, MOST_REPEATED)}…` : text;
}

/**
 * Whether a field exists for the caller.
 *
 * @param asked calculated fields about which this is asked already: those of a tree depend on themselves
 */
export function canSee(
  scope: Scope,
  model: Model,
  field: ModelField,
  asked: ReadonlySet<ModelField> = new Set(),
): boolean {
  // Secrets are never read nor filtered by, whoever asks.
  if (field.kind === "stored" && field.field.lookupFamily === "none") return false;
  if (!scope.canReadField(model, field)) return false;
  // What is calculated for a reader is calculated from what this reader may see.
  if (field.kind === "calculated") {
    if (field.calculation.elevated || asked.has(field)) return true;
    return canSeeSources(scope, model, field, new Set(asked).add(field));
  }
  if (field.relation === null) return true;
  const keeper = keeperOf(scope.registry, field.relation.link);
  return scope.canRead(modelOf(scope.registry, field.relation.target)) && (keeper === null || scope.canRead(keeper));
}

function canSeeSources(
  scope: Scope,
  start: Model,
  { calculation }: CalculatedField,
  asked: ReadonlySet<ModelField>,
): boolean {
  return calculation.paths.every((path) => {
    let model = start;
    return path.every((name) => {
      const field = fieldOf(model, name);
      if (!canSee(scope, model, field, asked)) return false;
      if (field.relation !== null) model = modelOf(scope.registry, field.relation.target);
      return true;
    });
  });
}

/**
 * Refuses a field that has no column: it cannot be filtered, ordered, grouped or aggregated by.
 *
 * @throws ValidationError where the field is calculated whenever it is read
 */
export function checkStored<Field extends ModelField>(
  field: Field,
  place: string,
  written: string,
): asserts field is Exclude<Field, CalculatedField> {
  if (field.kind !== "calculated") return;
  throw new ValidationError(
    `${place}: "${repeat(written)}" is calculated when it is read and not stored, so that it can be read only`,
  );
}

/** A field with a column, behind all that leads to it: what a company says of a record stands in another one. */
export function reachValue<Field extends ModelField>(
  hops: readonly ModelField[],
  field: Field,
): { readonly hops: readonly ModelField[]; readonly field: Exclude<Field, CompanyField> | StoredField } {
  if (field.kind === "company") return { hops: [...hops, field.way], field: field.value };
  return { hops, field: field as Exclude<Field, CompanyField> };
}

/** The model whose records are the pairs of a relation, or null where they stand in a table of their own. */
export function keeperOf({ models, linkTables }: Registry, link: Link): Model | null {
  if (link.kind !== "through" || linkTables.some(({ table }) => table === link.table)) return null;
  return [...models.values()].find(({ table }) => table === link.table) ?? null;
}

/**
 * The model on the other side of a relation.
 *
 * @throws ValidationError where the field is no relation
 */
export function resolveTarget(scope: Scope, field: ModelField, place: string, written: string): Model {
  if (field.relation === null) {
    throw new ValidationError(`${place}: "${repeat(written)}" goes on behind "${field.name}", which is no relation`);
  }
  return modelOf(scope.registry, field.relation.target);
}

/** Splits `a__b__c` or `a.b.c`. */
export function splitPath(path: string): string[] {
  return path.split(/\.|__/);
}
