/** Resolves the names of a filter: from paths of texts to fields, with the to-many relations made visible. */
import { ValidationError } from "../errors.ts";
import type { ColumnField } from "../fields/field.ts";
import { fieldOf, type Model, type ModelField, modelOf, type NamingField, type StoredField } from "../models/model.ts";
import { type Lookup, lookups } from "../q/lookup.ts";
import { type Condition, isList, type Q } from "../q/tree.ts";
import { FAMILY_LOOKUPS } from "./lookup-sql.ts";
import { checkStored, DEEPEST_PATH, reachValue, repeat, resolveField, resolveTarget } from "./path.ts";
import type { Scope } from "./scope.ts";
import type { LiteralSource } from "./slot.ts";

/** A filter whose names are all known. */
export type ResolvedFilter =
  | { readonly kind: "and" | "or"; readonly items: readonly ResolvedFilter[] }
  | { readonly kind: "not"; readonly item: ResolvedFilter }
  | ResolvedTest
  | ResolvedSome;

/** A comparison of a column that is reached over to-one relations. */
export interface ResolvedTest {
  readonly kind: "test";
  readonly hops: readonly ModelField[];
  readonly field: StoredField | NamingField;
  readonly column: ColumnField;
  readonly lookup: Lookup;
  readonly source: LiteralSource;
  readonly hasNull: boolean;
  readonly flag: boolean;
  readonly name: string;
}

/** At least one record of a to-many relation, that is reached over to-one relations, matches. */
export interface ResolvedSome {
  readonly kind: "some";
  readonly hops: readonly ModelField[];
  readonly relation: ModelField;
  readonly item: ResolvedFilter;
}

/** Where the values of a filter's conditions come from, asked once for each condition in the tree's order. */
export type NextSource = (condition: Condition) => LiteralSource;

/** Values stand in the request, in the order of the conditions. */
export function requestSources(): NextSource {
  let index = 0;
  return () => ({ index: index++ });
}

/** Values stand in the filter itself, as in a record rule. */
export const fixedSources: NextSource = (condition) => ({ literal: condition.value });

/** A condition while it is being resolved. */
interface Pending {
  readonly condition: Condition;
  readonly source: LiteralSource;
  /** The part of the path that is still to be resolved. */
  readonly rest: readonly string[];
}

/**
 * Resolves a filter.
 *
 * @param scope what the caller may see; hidden names are unknown
 * @param next gives the source of each condition's value
 * @throws ValidationError naming what is unknown or cannot be filtered like that
 */
export function resolveFilter(scope: Scope, model: Model, q: Q, next: NextSource): ResolvedFilter {
  if (q.kind === "not") return { kind: "not", item: resolveFilter(scope, model, q.item, next) };
  if (q.kind !== "group")
    return { kind: q.kind, items: q.items.map((item) => resolveFilter(scope, model, item, next)) };
  const pending = q.conditions.map((condition): Pending => {
    if (condition.path.length > DEEPEST_PATH + 1) {
      throw new ValidationError(
        `Filter: "${repeat(condition.source)}" passes through more than ${DEEPEST_PATH} relations`,
      );
    }
    return { condition, source: next(condition), rest: condition.path };
  });
  return all(resolveGroup(scope, model, pending));
}

function all(items: readonly ResolvedFilter[]): ResolvedFilter {
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "and", items };
}

/** Conditions that pass through the same to-many relation are gathered, since they speak of the same line. */
function resolveGroup(scope: Scope, model: Model, pending: readonly Pending[]): ResolvedFilter[] {
  const resolved: ResolvedFilter[] = [];
  const through = new Map<string, { hops: ModelField[]; relation: ModelField; target: Model; pending: Pending[] }>();
  for (const each of pending) {
    const walk = walkToOne(scope, model, each);
    const { hops, field, rest } = walk;
    if (field.relation?.many !== true) {
      resolved.push(resolveTest(scope, walk, each));
      continue;
    }
    const target = resolveTarget(scope, field, "Filter", each.condition.source);
    const denied = rest.length === 0 ? deniedLookup(each.condition) : null;
    if (denied !== null) {
      const item = denied === "any" ? [] : resolveGroup(scope, target, [deny(each, denied)]);
      resolved.push({ kind: "not", item: { kind: "some", hops, relation: field, item: all(item) } });
      continue;
    }
    const key = [...hops, field].map((hop) => hop.name).join(".");
    const line = through.get(key) ?? { hops, relation: field, target, pending: [] };
    through.set(key, line);
    // A condition on the relation itself is one on the id of the line; that it is there needs no condition.
    const isPresence = rest.length === 0 && lookups[each.condition.lookup].operand === "flag";
    if (!isPresence) line.pending.push({ ...each, rest: rest.length === 0 ? ["id"] : rest });
  }
  for (const { hops, relation, target, pending: inner } of through.values()) {
    resolved.push({ kind: "some", hops, relation, item: all(resolveGroup(scope, target, inner)) });
  }
  return resolved;
}

/** What no linked record may be for a condition on the relation itself to hold; null where one must be. */
function deniedLookup({ lookup, value }: Condition): Lookup | "any" | null {
  if (lookup === "isnull") return value === true ? "any" : null;
  if (lookup === "isnotnull") return value === true ? null : "any";
  return lookups[lookup].complementOf ?? null;
}

function deny(pending: Pending, lookup: Lookup): Pending {
  return { ...pending, condition: { ...pending.condition, lookup }, rest: ["id"] };
}

interface Walk {
  readonly hops: ModelField[];
  readonly field: ModelField;
  readonly rest: readonly string[];
}

/** Follows to-one relations up to the last field or the first to-many relation. */
function walkToOne(scope: Scope, start: Model, { condition, rest }: Pending): Walk {
  const hops: ModelField[] = [];
  let model = start;
  for (const [index, name] of rest.entries()) {
    const field = resolveField(scope, model, name, "Filter", condition.source);
    const remaining = rest.slice(index + 1);
    if (remaining.length === 0 || field.relation?.many === true) return { hops, field, rest: remaining };
    if (field.relation === null && remaining.length === 1) refuseLookup(condition, field, remaining[0] ?? "");
    model = resolveTarget(scope, field, "Filter", condition.source);
    hops.push(field);
  }
  throw new ValidationError(`Filter: "${repeat(condition.source)}" has no path`);
}

/** A single name behind a value was meant to be a lookup: those that there are have been taken off the path already. */
function refuseLookup({ source }: Condition, { field }: ModelField, lookup: string): void {
  const allowed = FAMILY_LOOKUPS[(field as ColumnField).lookupFamily];
  if (allowed.length === 0) return;
  const what = `${field.type} fields take ${allowed.join(", ")}`;
  throw new ValidationError(`Filter: "${repeat(source)}" has the unknown lookup "${repeat(lookup)}"; ${what}`);
}

function resolveTest(scope: Scope, walk: Walk, { condition, source }: Pending): ResolvedTest {
  const { lookup, value, source: name } = condition;
  checkStored(walk.field, "Filter", name);
  const { hops, field } = reachValue(walk.hops, walk.field);
  const hasNull = isList(value) && value.includes(null);
  const shared = { kind: "test" as const, lookup, source, name, hasNull, flag: value === true };
  const isRelation = field.kind === "linked" || (field.relation !== null && hasRule(scope, field));
  // The reverse side of a one-to-one relation has no column: it stands for the id of the record there. And where some
  // of the target's records are hidden, the own column must not tell of them what a read does not.
  const tested = isRelation ? idOf(scope, field) : field;
  const column = tested.field;
  const allowed = FAMILY_LOOKUPS[isRelation ? "equality" : column.lookupFamily];
  if (!allowed.includes(lookup)) {
    const what = `${field.field.type} fields take ${allowed.join(", ")}`;
    throw new ValidationError(`Filter: "${repeat(name)}" uses the lookup "${lookup}", but ${what}`);
  }
  return { ...shared, hops: isRelation ? [...hops, field] : hops, field: tested, column };
}

function hasRule(scope: Scope, { relation }: ModelField): boolean {
  return relation !== null && scope.readRule(modelOf(scope.registry, relation.target)) !== null;
}

function idOf(scope: Scope, { relation }: ModelField): StoredField {
  return fieldOf(modelOf(scope.registry, relation?.target ?? ""), "id") as StoredField;
}
