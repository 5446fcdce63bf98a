/** The keys of a grouping: columns, parts of dates, to-one records, and the records of a to-many relation. */
import { ValidationError } from "../errors.ts";
import { type Model, type ModelField, modelOf, type NamingField, type StoredField } from "../models/model.ts";
import { endsInValue, type FieldPath, resolveFieldPath } from "./group-path.ts";
import { repeat, splitPath } from "./path.ts";
import type { Scope } from "./scope.ts";

/** The parts that dates are grouped by, with their length in the units of the calendar. Weeks start on Monday. */
export const DATE_PARTS = {
  day: { days: 1 },
  week: { days: 7 },
  month: { months: 1 },
  quarter: { months: 3 },
  year: { years: 1 },
} as const;

/** A part that dates are grouped by. */
export type DatePart = keyof typeof DATE_PARTS;

interface KeyBase {
  /** The key as the client wrote it, which is how the answer names it. */
  readonly name: string;
  /** The names of the path to the field, without a date part. */
  readonly path: readonly string[];
}

/** The value of a column. */
export interface ValueKey extends KeyBase, FieldPath<StoredField | NamingField> {
  readonly kind: "value";
}

/** The day, week, month, quarter or year of a date. */
export interface PartKey extends KeyBase, FieldPath<StoredField> {
  readonly kind: "part";
  readonly part: DatePart;
}

/** The record of a to-one relation, or each record of a to-many one. */
export interface RecordKey extends KeyBase, FieldPath {
  readonly kind: "record";
  readonly target: Model;
  readonly many: boolean;
}

export type GroupKey = ValueKey | PartKey | RecordKey;

const MOST_KEYS = 8;
/** What every group of an answer has besides its keys and aggregates. */
const OWN_MEMBERS: readonly string[] = ["count", "q_filter"];

/**
 * Resolves the keys of a grouping.
 *
 * @param texts paths such as `category.parent`, `tags`, `created_date__month`
 * @throws ValidationError naming the key that is unknown, hidden, named twice, or cannot be grouped by
 */
export function resolveGroupKeys(scope: Scope, model: Model, texts: readonly string[]): GroupKey[] {
  if (texts.length > MOST_KEYS) throw new ValidationError(`group_by: at most ${MOST_KEYS} keys`);
  const places = new Map<string, string>();
  return texts.map((text, index) => {
    const place = `group_by[${index}]`;
    const known = places.get(keyIdentity(text));
    if (known !== undefined) throw new ValidationError(`${place}: "${repeat(text)}" is the key of ${known} again`);
    places.set(keyIdentity(text), place);
    const key = resolveKey(scope, model, text, place);
    if (OWN_MEMBERS.includes(text)) {
      throw new ValidationError(`${place}: "${text}" cannot be a key, because every group has a member of that name`);
    }
    return key;
  });
}

/** The same for all spellings of a key or an aggregate. */
export function keyIdentity(text: string): string {
  return splitPath(text).join(".");
}

function resolveKey(scope: Scope, model: Model, text: string, place: string): GroupKey {
  const names = splitPath(text);
  const last = names.at(-1) ?? "";
  if (names.length > 1) {
    const path = names.slice(0, -1);
    const { hops, field } = resolveFieldPath(scope, model, path, place, text);
    // Behind a relation the last name is a field, whatever it is called.
    if (field.relation === null) {
      const part = resolvePart(field, last, place, text);
      return { kind: "part", name: text, path, hops, ...part };
    }
  }
  const reached = resolveFieldPath(scope, model, names, place, text);
  const { field } = reached;
  if (field.relation !== null) {
    const target = modelOf(scope.registry, field.relation.target);
    return { kind: "record", name: text, path: names, ...reached, target, many: field.relation.many };
  }
  if (!endsInValue(reached) || reached.field.field.lookupFamily === "presence") {
    throw new ValidationError(`${place}: ${field.field.type} fields such as "${text}" cannot be grouped by`);
  }
  return { kind: "value", name: text, path: names, ...reached };
}

function resolvePart(
  field: ModelField,
  name: string,
  place: string,
  written: string,
): { field: StoredField; part: DatePart } {
  if (field.kind !== "stored" || field.field.temporal === null) {
    const reason = isDatePart(name)
      ? `${field.field.type} fields such as "${field.name}" have no date parts`
      : `"${field.name}" is no relation`;
    throw new ValidationError(`${place}: "${repeat(written)}" cannot be grouped by, since ${reason}`);
  }
  if (!isDatePart(name)) {
    const parts = Object.keys(DATE_PARTS).join(", ");
    throw new ValidationError(`${place}: "${repeat(name)}" is no part of a date; there are ${parts}`);
  }
  return { field, part: name };
}

function isDatePart(name: string): name is DatePart {
  return Object.hasOwn(DATE_PARTS, name);
}
