/** What a broken constraint means to whoever broke it: the field, and a reason that a person understands. */
import { fieldOf, type Model, type Registry, type StoredField } from "../models/model.ts";
import { constraintName } from "./name.ts";
import { uniqueNames } from "./unique-name.ts";

/** The meaning of a constraint. */
export interface ConstraintMeaning {
  readonly model: Model;
  readonly field: string;
  readonly message: string;
}

const meanings = new WeakMap<Registry, ReadonlyMap<string, ConstraintMeaning>>();

/**
 * Finds what a constraint means.
 *
 * @param name the constraint's name, as PostgreSQL reports it
 * @returns null where the constraint is not one of the registry's
 */
export function constraintMeaning(registry: Registry, name: string): ConstraintMeaning | null {
  let known = meanings.get(registry);
  if (known === undefined) {
    known = new Map([...registry.models.values()].flatMap((model) => meaningsOf(model)));
    meanings.set(registry, known);
  }
  return known.get(name) ?? null;
}

/** The field that is stored in a column, where PostgreSQL names the column rather than a constraint. */
export function fieldOfColumn(registry: Registry, table: string, column: string): StoredField | null {
  for (const model of registry.models.values()) {
    if (model.table !== table) continue;
    for (const field of model.fields.values()) if (field.kind === "stored" && field.column === column) return field;
  }
  return null;
}

function meaningsOf(model: Model): [string, ConstraintMeaning][] {
  const found: [string, ConstraintMeaning][] = [];
  for (const field of model.fields.values()) {
    if (field.kind !== "stored") continue;
    const { unique } = field.field.options;
    const taken = unique === "ignore_case" ? "is taken (capital and small letters count as equal)" : "is taken";
    found.push([constraintName(model.table, [field.column], "key"), { model, field: field.name, message: taken }]);
    const target = field.relation?.target;
    const missing = `there is no such ${target} record`;
    found.push([constraintName(model.table, [field.column], "fkey"), { model, field: field.name, message: missing }]);
  }
  for (const { name, declaration } of uniqueNames(model)) {
    const [first = "id"] = declaration.fields;
    found.push([name, { model, field: fieldOf(model, first).name, message: declaration.message }]);
  }
  for (const check of model.checks) {
    const name = constraintName(model.table, [check.name], "check");
    found.push([name, { model, field: check.field, message: check.message }]);
  }
  return found;
}
