/** Checks the rules over several fields that modules declare, on the records as they are after a write. */
import type { FieldError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { loadBatch } from "./calculate.ts";

/** What is wrong with one record. */
export interface InvalidRecord {
  readonly id: number;
  /** Paths are names of fields of the record. */
  readonly errors: readonly FieldError[];
}

/** Whether a write of these fields has to be followed by {@link findInvalid}. A new record is checked by all rules. */
export function isValidated({ behaviour }: Model, operation: "create" | "write", fields: readonly string[]): boolean {
  return behaviour.validate.some((each) => operation === "create" || each.fields.some((name) => fields.includes(name)));
}

/**
 * Checks records, whoever may see them, in one query.
 *
 * @param fields the fields that were written
 * @returns the records that break a rule, in the order of `ids`
 */
export async function findInvalid(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  ids: readonly number[],
  fields: readonly string[],
): Promise<InvalidRecord[]> {
  const due = model.behaviour.validate.filter(
    (each) => operation === "create" || each.fields.some((name) => fields.includes(name)),
  );
  if (due.length === 0 || ids.length === 0) return [];
  const parts = due.map((each) => each.fields.map((name) => [name]));
  const rows = await loadBatch(env.elevated(), model, ids, parts);
  return ids.flatMap((id) => {
    const row = rows.get(id);
    if (row === undefined) return [];
    const errors = due.flatMap((each, index) => {
      const message = each.check(row[index] as never);
      return message === null ? [] : each.fields.map((path) => ({ path, message }));
    });
    return errors.length === 0 ? [] : [{ id, errors }];
  });
}
