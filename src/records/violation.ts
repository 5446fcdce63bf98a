/** Turns a broken constraint into an error that names the field, and the record where several are written at once. */
import { ConstraintViolation } from "../database/error-code.ts";
import { ConflictError, ValidationError } from "../errors.ts";
import type { Model, StoredField } from "../models/model.ts";
import { constraintMeaning, fieldOfColumn } from "../schema/violation.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { joinPath } from "./values.ts";

/** A record of the statement that failed. */
interface FailedRow {
  readonly path: string;
  readonly columns: ReadonlyMap<StoredField, SqlValue>;
}

/** Longer texts are cut off where PostgreSQL repeats a whole row. */
const LONGEST_SHOWN = 60;

/**
 * Throws what the client is told about an error of a write.
 *
 * @param env of the caller, who is not told of models that are hidden from it
 * @param model the model that was written
 * @param rows the records that were written
 * @throws ConflictError when other records refer to the record that was to be deleted
 * @throws ValidationError for every other broken constraint
 * @throws the error itself when it is none of ours
 */
export function translateViolation(
  env: BaseEnvironment,
  model: Model,
  error: unknown,
  rows: readonly FailedRow[] = [],
): never {
  if (!(error instanceof ConstraintViolation)) throw error;
  const { registry } = env;
  const meaning = error.constraint === undefined ? null : constraintMeaning(registry, error.constraint);
  if (error.kind === "referenced") {
    const isShown = meaning !== null && env.access.canRead(meaning.model);
    const from = isShown ? `${meaning.model.name} records refer (${meaning.field})` : "other records refer";
    // What refers may refer to a record that would be deleted along with this one.
    const target = isShown ? meaning.model.fields.get(meaning.field)?.relation?.target : model.name;
    const to = target === model.name ? "to it" : `to a ${target} record that would go with it`;
    throw new ConflictError(`this ${model.name} record cannot be deleted: ${from} ${to}`, { cause: error });
  }
  const place = placeOf(rows, error);
  if (meaning !== null) {
    throw ValidationError.ofFields([{ path: joinPath(place, meaning.field), message: meaning.message }]);
  }
  const { table, column } = error;
  const field = table === undefined || column === undefined ? null : fieldOfColumn(registry, table, column);
  const path = field === null ? place : joinPath(place, field.name);
  throw ValidationError.ofFields([{ path, message: error.message }]);
}

/** Where the record stands that has broken the constraint, as far as PostgreSQL tells; else where all of them stand. */
function placeOf(rows: readonly FailedRow[], { detail }: ConstraintViolation): string {
  const [first] = rows;
  if (first === undefined) return "";
  if (rows.length === 1) return first.path;
  const found = detail === undefined ? [] : (keyed(rows, detail) ?? shown(rows, detail));
  // A value that is there twice was taken by the first of them.
  const culprit = found.length > 1 ? found[1] : found[0];
  return culprit?.path ?? first.path.replace(/\[\d+\]$/, "");
}

/** The records with the values of a message such as `Key (category_id, name)=(5, Desk) ...`; null for other messages. */
function keyed(rows: readonly FailedRow[], detail: string): readonly FailedRow[] | null {
  const key = /^Key \((.*?)\)=\(([\s\S]*)\) /.exec(detail);
  if (key === null) return null;
  const [, names = "", values = ""] = key;
  // A key that is an expression, as the lower case of a text, has the column's name somewhere within it.
  const isMeant = ({ column }: StoredField) => names.split(/[^A-Za-z0-9_]+/).includes(column);
  const wanted = values.toLowerCase();
  return rows.filter(({ columns }) => {
    const own = [...columns].filter(([field]) => isMeant(field));
    const texts = names.split(/[^A-Za-z0-9_]+/).flatMap((name) => {
      return own.flatMap(([{ column }, value]) => (column === name ? [String(value).toLowerCase()] : []));
    });
    return texts.length > 0 && texts.join(", ") === wanted;
  });
}

/** The only record whose values are all in a message such as `Failing row contains (12, Desk, null).` */
function shown(rows: readonly FailedRow[], detail: string): readonly FailedRow[] {
  const all = /\(([\s\S]*)\)/.exec(detail)?.[1];
  if (all === undefined) return [];
  const texts = new Set(all.split(", "));
  const found = rows.filter(({ columns }) =>
    [...columns.values()].every((value) => {
      if (value === null || typeof value === "boolean" || typeof value === "object") return true;
      const text = String(value);
      return text.length > LONGEST_SHOWN || text.includes(", ") || texts.has(text);
    }),
  );
  return found.length === 1 ? found : [];
}
