/** A compiled statement: its text, and where the values of its parameters come from. */
import type { Sql } from "../sql/fragment.ts";
import type { SqlValue } from "../sql/value.ts";
import { printsPlaceholders } from "./placeholder.ts";
import type { PlanInput, Slot } from "./slot.ts";

/** The same text serves every request of one shape; only the values differ. */
export interface Plan {
  readonly text: string;
  readonly slots: readonly Slot[];
  /** The name under which PostgreSQL keeps the prepared statement. */
  readonly name: string;
  /** Whether it is to be prepared. What compares with a pattern is planned anew each time, for the pattern that it gets. */
  readonly prepares: boolean;
  /** Whether its texts hold placeholders for values that have to be calculated yet. */
  readonly incomplete: boolean;
}

let plans = 0;

/** Makes a plan of a fragment whose values are slots. */
export function planOf(fragment: Sql): Plan {
  plans += 1;
  const slots = fragment.values as unknown as readonly Slot[];
  const prepares = !slots.some(({ isPattern }) => isPattern === true);
  return Object.freeze({
    text: fragment.text,
    slots,
    name: `p${plans}`,
    prepares,
    incomplete: printsPlaceholders(fragment.text),
  });
}

/**
 * The values of one request, in the order of the statement's parameters.
 *
 * @throws ValidationError when a value of the filter does not fit its field
 */
export function bindPlan(plan: Plan, input: PlanInput): SqlValue[] {
  return plan.slots.map((slot) => slot.bind(input));
}
