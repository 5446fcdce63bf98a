/** Continuing behind a record: the condition that an ordered read begins after the values of the last record it gave. */
import { ValidationError } from "../errors.ts";
import { joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import type { Slot } from "./slot.ts";

/** One step of a compiled order; the last one is unique. */
export interface OrderKey {
  readonly expression: string;
  /** PostgreSQL's name of the expression's type. */
  readonly type: string;
  readonly descending: boolean;
  /** Null where PostgreSQL decides: last when ascending, first when descending. */
  readonly nulls: "first" | "last" | null;
  /** False where the expression certainly holds a value. */
  readonly nullable: boolean;
}

/**
 * Compiles the condition that a record comes after given values: in one part, or in two that follow each other, of which one
 * has no values for the first step. An index finds each part, but not the two of them in one.
 *
 * @param keys the order
 * @param isNull which of the values are null: it decides the text, so it is part of the plan's shape
 * @param slotOf gives the place of a value, which is bound as text
 */
export function compileAfter(
  keys: readonly OrderKey[],
  isNull: readonly boolean[],
  slotOf: (index: number) => Slot,
): readonly Sql[] {
  const value = (index: number): Sql => sql`${slotOf(index) as never}::text::${raw(keys[index]?.type ?? "text")}`;
  const [first] = keys;
  if (first === undefined || keys.length !== isNull.length) throw foreignCursor();
  const same = (key: OrderKey, index: number): Sql =>
    isNull[index] === true ? raw(`${key.expression} is null`) : sql`${raw(key.expression)} = ${value(index)}`;
  const alternatives = keys.flatMap((key, index) => {
    const after =
      index === 0
        ? compileFirst(key, isNull[0] === true, value(0))
        : compileBehind(key, isNull[index] === true, () => value(index));
    if (after === null) return [];
    const before = keys.slice(0, index).map((each, at) => same(each, at));
    return [sql`(${joinOrEmpty([...before, after], " and ")})`];
  });
  const condition = sql`(${joinOrEmpty(alternatives, " or ")})`;
  if (isNull[0] === true) {
    const rest = sql`${raw(first.expression)} is null and ${condition}`;
    return nullsFirst(first) ? [rest, raw(`${first.expression} is not null`)] : [rest];
  }
  // Implied by the rest, but something that an index over the first step can begin with.
  const rest = sql`${raw(first.expression)} ${raw(first.descending ? "<=" : ">=")} ${value(0)} and ${condition}`;
  return first.nullable && !nullsFirst(first) ? [rest, raw(`${first.expression} is null`)] : [rest];
}

/** What comes after the value of the first step within the same part. */
function compileFirst(key: OrderKey, isNull: boolean, value: Sql): Sql | null {
  return isNull ? null : sql`${raw(key.expression)} ${raw(key.descending ? "<" : ">")} ${value}`;
}

/** What comes after one value of one step; null where nothing does. */
function compileBehind(key: OrderKey, isNull: boolean, value: () => Sql): Sql | null {
  if (isNull) return nullsFirst(key) ? raw(`${key.expression} is not null`) : null;
  const beyond = sql`${raw(key.expression)} ${raw(key.descending ? "<" : ">")} ${value()}`;
  return key.nullable && !nullsFirst(key) ? sql`(${beyond} or ${raw(key.expression)} is null)` : beyond;
}

function nullsFirst({ nulls, descending }: OrderKey): boolean {
  return nulls === null ? descending : nulls === "first";
}

/** The error for a cursor that belongs to another list. */
export function foreignCursor(): ValidationError {
  return new ValidationError("cursor: is not one that this list gave; filter and order must be the same as then");
}
