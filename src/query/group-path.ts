/** Walks paths over to-one relations to the values that groups are made by and that aggregates are computed from. */
import { ValidationError } from "../errors.ts";
import { type Model, type ModelField, modelOf, type NamingField, type StoredField } from "../models/model.ts";
import { type Frame, fieldText } from "./frame.ts";
import { checkStored, DEEPEST_PATH, reachValue, repeat, resolveField, resolveTarget } from "./path.ts";
import type { Scope } from "./scope.ts";

/** A field, and the to-one relations that lead to it. */
export interface FieldPath<Field extends ModelField = ModelField> {
  readonly hops: readonly ModelField[];
  readonly field: Field;
}

/**
 * Resolves a path that passes through to-one relations only; its last field may be of any kind.
 *
 * @param place what mentions the path, such as `group_by[0]`
 * @param written the path as the client wrote it
 * @throws ValidationError naming what is unknown, hidden, or holds many records on the way
 */
export function resolveFieldPath(
  scope: Scope,
  start: Model,
  names: readonly string[],
  place: string,
  written: string,
): FieldPath {
  if (names.length > DEEPEST_PATH + 1) {
    throw new ValidationError(`${place}: "${repeat(written)}" passes through more than ${DEEPEST_PATH} relations`);
  }
  const hops: ModelField[] = [];
  let model = start;
  for (const [index, name] of names.entries()) {
    const field = resolveField(scope, model, name, place, written);
    if (index === names.length - 1) {
      checkStored(field, place, written);
      return reachValue(hops, field);
    }
    model = resolveTarget(scope, field, place, written);
    if (field.relation?.many === true) {
      throw new ValidationError(`${place}: "${repeat(written)}" passes through "${name}", which holds many records`);
    }
    hops.push(field);
  }
  throw new ValidationError(`${place}: "${repeat(written)}" is no path`);
}

/** Whether a path ends in a field with an expression of its own: a column, or the record's name. */
export function endsInValue(path: FieldPath): path is FieldPath<StoredField | NamingField> {
  return path.field.kind === "stored" || path.field.kind === "naming";
}

/**
 * The expression of the value at a path, over the frame that it starts from: for a to-one relation the id of the record,
 * null where the caller may not see it.
 */
export function compileFieldPath(scope: Scope, frame: Frame, path: FieldPath): string {
  const { hops, field } = path;
  if (field.relation !== null) {
    const ruled = scope.readRule(modelOf(scope.registry, field.relation.target)) !== null;
    if (ruled || field.kind !== "stored") return frame.through([...hops, field]).column("id");
  }
  if (!endsInValue(path)) throw new Error(`${field.name} has no expression`);
  return fieldText(frame.through(hops), path.field);
}
