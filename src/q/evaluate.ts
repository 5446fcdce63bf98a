/**
 * Filters evaluated in memory, for forms, wizards and tests; never to decide access.
 *
 * The result is that of the same filter in SQL: every condition is true or false, also on null.
 */
import { ValidationError } from "../errors.ts";
import { compareValues, type Operand, type ValueKind } from "./compare.ts";
import { type Clock, resolveDateExpression } from "./date-resolution.ts";
import { foldAccents, foldCase } from "./fold.ts";
import { type Compare, type Lookup, type LookupOperand, lookups } from "./lookup.ts";
import {
  type Condition,
  isList,
  type ListName,
  type Literal,
  type Q,
  type ScalarLiteral,
  type ValueName,
} from "./tree.ts";

/** What a filter means beside the record. */
export interface EvaluationContext {
  /** Values of the session; a filter that uses a name without a value is an error. */
  readonly names: { readonly [Name in ValueName]?: Name extends ListName ? readonly number[] : number };
  readonly clock: Clock;
  /**
   * What the field at the end of a path holds. Without it, or where it answers undefined, that is told from the values:
   * a list is a to-many relation; text that looks like a datetime is one; decimals kept as text compare as numbers only
   * with numbers; and a to-many relation behind a null is not seen, so its conditions meet a null in place of no line.
   */
  readonly kindOf?: (path: readonly string[]) => ValueKind | undefined;
  /** Whether lookups that ignore case ignore accents too at the end of a path, as its model says; nowhere without it. */
  readonly ignoresAccents?: (path: readonly string[]) => boolean;
}

/** Plain data: a to-one relation is a nested record or null (or only its id), a to-many a list of records (or ids). */
export type EvaluationRecord = Readonly<Record<string, unknown>>;

/**
 * Whether a record matches a filter.
 *
 * A field that the record does not have counts as null.
 *
 * @throws ValidationError where a path goes on behind a field that is no relation, or a name has no value
 */
export function evaluateQ(q: Q, record: EvaluationRecord, context: EvaluationContext): boolean {
  if (q.kind === "and") return q.items.every((item) => evaluateQ(item, record, context));
  if (q.kind === "or") return q.items.some((item) => evaluateQ(item, record, context));
  if (q.kind === "not") return !evaluateQ(q.item, record, context);
  return holdsAll(q.conditions, 0, record, context);
}

/**
 * Whether a record, reached over the first `depth` names of all these paths, meets all these conditions.
 *
 * @param record null behind an empty to-one relation: all its fields are null then
 */
function holdsAll(
  conditions: readonly Condition[],
  depth: number,
  record: EvaluationRecord | null,
  context: EvaluationContext,
): boolean {
  const byField = new Map<string, Condition[]>();
  for (const condition of conditions) {
    const field = condition.path[depth] ?? "";
    const same = byField.get(field);
    if (same === undefined) byField.set(field, [condition]);
    else same.push(condition);
  }
  for (const [field, through] of byField) {
    const value = record !== null && Object.hasOwn(record, field) ? (record[field] ?? null) : null;
    const ending = through.filter((condition) => condition.path.length === depth + 1);
    const passing = through.filter((condition) => condition.path.length > depth + 1);
    const isMany = Array.isArray(value) || context.kindOf?.(through[0]?.path.slice(0, depth + 1) ?? []) === "to-many";
    const holds = isMany
      ? holdsOfLines(Array.isArray(value) ? value : [], ending, passing, depth, context)
      : ending.every((condition) => holdsOf(value, condition, condition.lookup, context)) &&
        (passing.length === 0 || holdsAll(passing, depth + 1, related(value, passing[0], depth), context));
    if (!holds) return false;
  }
  return true;
}

/** A to-many relation: one line must meet everything, except the conditions that deny something of all lines. */
function holdsOfLines(
  lines: readonly unknown[],
  ending: readonly Condition[],
  passing: readonly Condition[],
  depth: number,
  context: EvaluationContext,
): boolean {
  const positive: Condition[] = [];
  for (const condition of ending) {
    const denied = deniedLookup(condition);
    if (denied === undefined) positive.push(condition);
    else if (denied === "any" ? lines.length > 0 : lines.some((line) => holdsOf(line, condition, denied, context))) {
      return false;
    }
  }
  if (positive.length === 0 && passing.length === 0) return true;
  return lines.some(
    (line) =>
      positive.every((condition) => holdsOf(line, condition, condition.lookup, context)) &&
      (passing.length === 0 || holdsAll(passing, depth + 1, related(line, passing[0], depth), context)),
  );
}

/** What no linked record may be for a condition on the relation itself to hold; undefined where one must be. */
function deniedLookup({ lookup, value }: Condition): Lookup | "any" | undefined {
  if (lookup === "isnull") return value === true ? "any" : undefined;
  if (lookup === "isnotnull") return value === true ? undefined : "any";
  return lookups[lookup].complementOf;
}

function holdsOf(value: unknown, condition: Condition, lookup: Lookup, context: EvaluationContext): boolean {
  // A record that is not saved yet has no id, but is there.
  const own = lookups[lookup].operand === "flag" ? value : identity(value);
  const kind = context.kindOf?.(condition.path);
  const timeZone = context.clock.timeZone;
  const compare: Compare = (left, right) => compareValues(left, right, kind, timeZone);
  const fold = context.ignoresAccents?.(condition.path) === true ? foldAccents : foldCase;
  return lookups[lookup].evaluate(own, operandOf(condition.value, context), compare, fold);
}

/** A record stands for its id. */
function identity(value: unknown): unknown {
  return isRecord(value) ? (Object.hasOwn(value, "id") ? value.id : null) : value;
}

function related(value: unknown, condition: Condition | undefined, depth: number): EvaluationRecord | null {
  if (value === null || isRecord(value)) return value;
  const source = condition?.source ?? "";
  throw new ValidationError(`Filter: "${source}" goes on behind "${condition?.path[depth]}", which holds no record`);
}

function isRecord(value: unknown): value is EvaluationRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function operandOf(literal: Literal, context: EvaluationContext): LookupOperand {
  if (isList(literal)) return literal.map((item) => scalarOperand(item, context));
  if (typeof literal !== "object" || literal === null || literal.kind !== "name")
    return scalarOperand(literal, context);
  return nameValue(literal.name, context);
}

function scalarOperand(literal: ScalarLiteral, context: EvaluationContext): Operand | null {
  if (typeof literal !== "object" || literal === null || literal.kind === "decimal") return literal;
  if (literal.kind === "date") return resolveDateExpression(literal.expression, context.clock);
  const value = nameValue(literal.name, context);
  if (typeof value === "number") return value;
  throw new ValidationError(`Filter: ${literal.name} is a list and cannot be in one`);
}

function nameValue(name: ValueName, context: EvaluationContext): number | readonly number[] {
  const value = context.names[name];
  if (value === undefined) throw new ValidationError(`Filter: ${name} has no value here`);
  return value;
}
