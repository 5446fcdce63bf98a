/** Places in a compiled statement whose values are known only when a request comes. */
import { ValidationError } from "../errors.ts";
import { ValueProblem } from "../fields/field.ts";
import type { Clock } from "../q/date-resolution.ts";
import { isList, type Literal, type ValueName } from "../q/tree.ts";
import type { SqlValue } from "../sql/value.ts";
import { repeat } from "./path.ts";

/** Values of the session that filters may name, and the clock that date expressions are read by. */
export interface BindContext {
  readonly names: { readonly [Name in ValueName]: number | readonly number[] | null };
  readonly clock: Clock;
}

/** What a request brings to a plan. */
export interface PlanInput extends BindContext {
  /** The values of the request's filter, in the order of its conditions. */
  readonly literals: readonly Literal[];
  /** Values that are not part of the filter, such as the id of a fetch. */
  readonly parameters: readonly SqlValue[];
}

/** A parameter of a plan: where its value comes from and how it is converted. */
export interface Slot {
  /** Which of the request's parameters it is; absent where the value comes from a filter. */
  readonly parameter?: number;
  /** Whether it is a pattern: how many records match depends on it so much that no plan suits all of them. */
  readonly isPattern?: boolean;
  bind(input: PlanInput): SqlValue;
}

/** Where a condition's value stands: in the request, or in the plan itself because a record rule wrote it. */
export type LiteralSource = { readonly index: number } | { readonly literal: Literal };

/** A parameter that the request gives directly. */
export function parameterSlot(index: number): Slot {
  return { parameter: index, bind: ({ parameters }) => parameters[index] ?? null };
}

/**
 * A parameter that is computed from a condition's value.
 *
 * @param source where the value stands
 * @param name the condition as the client wrote it, for messages
 * @param convert the conversion for the field; a ValueProblem becomes a ValidationError at `name`
 */
export function literalSlot(
  source: LiteralSource,
  name: string,
  convert: (literal: Literal, context: BindContext) => SqlValue,
): Slot {
  const bind = (input: PlanInput): SqlValue => {
    const literal = "literal" in source ? source.literal : input.literals[source.index];
    try {
      return convert(literal ?? null, input);
    } catch (error) {
      if (error instanceof ValueProblem)
        throw new ValidationError(`Filter: the value of "${repeat(name)}" ${error.message}`);
      throw error;
    }
  };
  return "literal" in source && !mayDependOnTime(source.literal) ? { bind: onceForEach(bind) } : { bind };
}

/** Dates are told by the caller's clock, and so may texts be that look like one. */
function mayDependOnTime(literal: Literal): boolean {
  if (isList(literal)) return literal.some(mayDependOnTime);
  return typeof literal === "string" || (typeof literal === "object" && literal?.kind === "date");
}

/** What a record rule says by itself is the same in all requests of a caller, whose names stay one object: it is converted for the first of them. */
function onceForEach(bind: Slot["bind"]): Slot["bind"] {
  let known: { readonly names: BindContext["names"]; readonly value: SqlValue } | null = null;
  return (input) => {
    if (known?.names !== input.names) known = { names: input.names, value: printedList(bind(input)) };
    return known.value;
  };
}

/** A list of whole numbers as PostgreSQL writes it, which the driver would do each time. */
function printedList(value: SqlValue): SqlValue {
  return Array.isArray(value) && value.every(Number.isSafeInteger) ? `{${value.join(",")}}` : value;
}
