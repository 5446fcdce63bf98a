/** The filter tree: frozen plain data, and the small functions that build it. */
import type { DateExpression } from "./date-expression.ts";
import type { Lookup } from "./lookup.ts";

/** A filter. */
export type Q = AndNode | OrNode | NotNode | GroupNode;

/** True where all items are; never directly contains another one of its kind. */
export interface AndNode {
  readonly kind: "and";
  readonly items: readonly Q[];
}

/** True where at least one item is; never directly contains another one of its kind. */
export interface OrNode {
  readonly kind: "or";
  readonly items: readonly Q[];
}

/** True where the item is false. */
export interface NotNode {
  readonly kind: "not";
  readonly item: Q;
}

/**
 * One `Q(...)`: true where all conditions are, and always true without any.
 *
 * Conditions that pass through the same to-many relation speak of the same line.
 */
export interface GroupNode {
  readonly kind: "group";
  readonly conditions: readonly Condition[];
}

/** One comparison of the value at a path. */
export interface Condition {
  readonly path: readonly string[];
  readonly lookup: Lookup;
  /** Never null itself: `eq=None` and `neq=None` are kept as `isnull` and `isnotnull`. */
  readonly value: Exclude<Literal, null>;
  /** Path and lookup as the client wrote them, such as `lines.price__gte`, for messages. */
  readonly source: string;
}

/** A numeral that a JavaScript number cannot hold exactly, as it was written. */
export interface DecimalLiteral {
  readonly kind: "decimal";
  readonly text: string;
}

/** A value that the session fills in. */
export interface NameLiteral {
  readonly kind: "name";
  readonly name: ValueName;
}

/** `D("...")`. */
export interface DateLiteral {
  readonly kind: "date";
  readonly text: string;
  readonly expression: DateExpression;
}

/** One value. */
export type ScalarLiteral = null | boolean | number | string | DecimalLiteral | NameLiteral | DateLiteral;

/** A value or a flat list of values. */
export type Literal = ScalarLiteral | readonly ScalarLiteral[];

/** The names that stand for values of the session: one id each, but for those of lists. */
export const valueNames = ["uid", "cid", "company_id", "cids", "contact_id", "gids"] as const;

/** A name that stands for a value of the session. */
export type ValueName = (typeof valueNames)[number];

/** The names that stand for lists of ids: companies and groups. */
export const listNames = ["cids", "gids"] as const satisfies readonly ValueName[];

/** A name that stands for a list of ids. */
export type ListName = (typeof listNames)[number];

/** All of these; those of `items` that are themselves "and" are taken apart. No items: always true. */
export function and(items: readonly Q[]): Q {
  const flat = items.some((item) => item.kind === "and")
    ? items.flatMap((item) => (item.kind === "and" ? item.items : [item]))
    : items.slice();
  const [only] = flat;
  if (only === undefined) return group([]);
  return flat.length === 1 ? only : Object.freeze({ kind: "and", items: Object.freeze(flat) });
}

/** At least one of these; those of `items` that are themselves "or" are taken apart. No items: never true. */
export function or(items: readonly Q[]): Q {
  const flat = items.some((item) => item.kind === "or")
    ? items.flatMap((item) => (item.kind === "or" ? item.items : [item]))
    : items.slice();
  const [only] = flat;
  if (only === undefined) return not(group([]));
  return flat.length === 1 ? only : Object.freeze({ kind: "or", items: Object.freeze(flat) });
}

/** Where `item` is false. */
export function not(item: Q): NotNode {
  return Object.freeze({ kind: "not", item });
}

/** One `Q(...)` of these conditions. The array is frozen, not copied. */
export function group(conditions: readonly Condition[]): GroupNode {
  return Object.freeze({ kind: "group", conditions: Object.freeze(conditions) });
}

/**
 * One comparison. `eq` and `neq` with null become `isnull` and `isnotnull`.
 *
 * @param path field names from the filtered model on; it and a list are frozen, not copied
 * @param value fits the lookup's operand class, as `operandProblem` checks
 * @param source how the client wrote path and lookup; the canonical spelling by default
 */
export function condition(path: readonly string[], lookup: Lookup, value: Literal, source?: string): Condition {
  if (value === null) return condition(path, lookup === "neq" ? "isnotnull" : "isnull", true, source);
  Object.freeze(path);
  if (typeof value === "object") Object.freeze(value);
  return Object.freeze({ path, lookup, value, source: source ?? `${path.join("__")}__${lookup}` });
}

/** A numeral that does not fit a JavaScript number; `numeralLiteral` tells which. */
export function decimal(text: string): DecimalLiteral {
  return Object.freeze({ kind: "decimal", text });
}

const names: ReadonlyMap<ValueName, NameLiteral> = new Map(
  valueNames.map((name) => [name, Object.freeze({ kind: "name", name })]),
);

/** A value that the session fills in. */
export function name(of: ValueName): NameLiteral {
  return names.get(of) ?? Object.freeze({ kind: "name", name: of });
}

/** Whether a literal is a list. (`Array.isArray` alone does not narrow a readonly array.) */
export function isList(literal: Literal): literal is readonly ScalarLiteral[] {
  return Array.isArray(literal);
}
