/** Which new records of a write wait for a number: what {@link ./numbering.ts} gives them one for at its end. */
import { isNumberPlaceholder, seriesOf } from "../fields/next-number.ts";
import type { Model, StoredField } from "../models/model.ts";
import type { SqlValue } from "../sql/value.ts";

/** The values of a new record. */
type Columns = ReadonlyMap<StoredField, SqlValue>;

/** New records that wait for their numbers, in the order in which they get them. */
export interface Unnumbered {
  readonly model: Model;
  readonly field: StoredField;
  readonly ids: number[];
}

/** Whether a new record waits for a number. */
export function isUnnumbered(columns: Columns): boolean {
  return [...columns.values()].some(isNumberPlaceholder);
}

/** Remembers which new records wait for numbers. */
export function noteUnnumbered(
  waiting: Map<StoredField, Unnumbered>,
  model: Model,
  ids: readonly number[],
  rows: readonly { readonly columns: Columns }[],
): void {
  for (const field of model.fields.values()) {
    if (field.kind !== "stored" || seriesOf(field.field) === null) continue;
    const due = ids.filter((_, index) => isNumberPlaceholder(rows[index]?.columns.get(field)));
    if (due.length === 0) continue;
    const known = waiting.get(field) ?? { model, field, ids: [] };
    waiting.set(field, known);
    known.ids.push(...due);
  }
}
