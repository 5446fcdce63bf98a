/** The lookups: how a condition compares, what kind of value each takes, and what it means in memory. */
import { ValidationError } from "../errors.ts";
import type { Operand } from "./compare.ts";
import { type Fold, foldCase } from "./fold.ts";

/** What a lookup takes: one value, a list, a list of exactly two, or True / False. */
export type OperandClass = "single" | "list" | "pair" | "flag";

/** A resolved operand of any class. */
export type LookupOperand = Operand | null | readonly (Operand | null)[];

/** Orders a value that is not null against one operand; undefined where the two cannot be compared. */
export type Compare = (value: unknown, operand: Operand) => number | undefined;

/** One entry of the lookup table. */
export interface LookupDefinition {
  readonly operand: OperandClass;
  /** Takes text only, on text only. */
  readonly text?: true;
  /** This lookup is true exactly where that one is false. */
  readonly complementOf?: "eq" | "in" | "isnull";
  /**
   * Whether the condition holds: always true or false, also for null values.
   *
   * @param fold what the lookups that ignore case do with both texts before they compare them; without case unless told
   */
  evaluate(value: unknown, operand: LookupOperand, compare: Compare, fold?: Fold): boolean;
}

type Evaluate = LookupDefinition["evaluate"];

const equal: Evaluate = (value, operand, compare) =>
  value !== null && isOperand(operand) && compare(value, operand) === 0;

const isIn: Evaluate = (value, operand, compare) =>
  Array.isArray(operand) && operand.some((item) => (item === null ? value === null : equal(value, item, compare)));

const isNull: Evaluate = (value, operand) => (value === null) === operand;

function ordered(accepts: (order: number) => boolean): LookupDefinition {
  return {
    operand: "single",
    evaluate(value, operand, compare) {
      const order = value === null || !isOperand(operand) ? undefined : compare(value, operand);
      return order !== undefined && accepts(order);
    },
  };
}

function textual(accepts: (value: string, operand: string) => boolean, ignoreCase: boolean): LookupDefinition {
  return {
    operand: "single",
    text: true,
    evaluate(value, operand, _compare, fold = foldCase) {
      if (typeof value !== "string" || typeof operand !== "string") return false;
      return ignoreCase ? accepts(fold(value), fold(operand)) : accepts(value, operand);
    },
  };
}

function complement(of: "eq" | "in" | "isnull", operand: OperandClass, evaluate: Evaluate): LookupDefinition {
  return {
    operand,
    complementOf: of,
    evaluate: (value, literal, compare) => !evaluate(value, literal, compare),
  };
}

const includes = (value: string, operand: string): boolean => value.includes(operand);
const starts = (value: string, operand: string): boolean => value.startsWith(operand);
const ends = (value: string, operand: string): boolean => value.endsWith(operand);

const definitions = {
  eq: { operand: "single", evaluate: equal },
  neq: complement("eq", "single", equal),
  gt: ordered((order) => order > 0),
  gte: ordered((order) => order >= 0),
  lt: ordered((order) => order < 0),
  lte: ordered((order) => order <= 0),
  in: { operand: "list", evaluate: isIn },
  nin: complement("in", "list", isIn),
  isnull: { operand: "flag", evaluate: isNull },
  isnotnull: complement("isnull", "flag", isNull),
  contains: textual(includes, false),
  icontains: textual(includes, true),
  startswith: textual(starts, false),
  istartswith: textual(starts, true),
  endswith: textual(ends, false),
  iendswith: textual(ends, true),
  between: {
    operand: "pair",
    evaluate(value, operand, compare) {
      if (value === null || !Array.isArray(operand)) return false;
      const [low, high] = operand;
      const fromLow = isOperand(low) ? compare(value, low) : undefined;
      const fromHigh = isOperand(high) ? compare(value, high) : undefined;
      return fromLow !== undefined && fromHigh !== undefined && fromLow >= 0 && fromHigh <= 0;
    },
  },
} satisfies Record<string, LookupDefinition>;

function isOperand(operand: LookupOperand | undefined): operand is Operand {
  return operand !== null && operand !== undefined && !Array.isArray(operand);
}

/** The name of a lookup. */
export type Lookup = keyof typeof definitions;

/** Every lookup by its name. */
export const lookups: Readonly<Record<Lookup, LookupDefinition>> = definitions;

/** The names of all lookups, in the order of the documentation. */
export const lookupNames: readonly Lookup[] = Object.keys(definitions) as Lookup[];

const lookupSet: ReadonlySet<string> = new Set(lookupNames);

/** Whether a name is that of a lookup. */
export function isLookup(name: string): name is Lookup {
  return lookupSet.has(name);
}

/**
 * Checks that a name is that of a lookup.
 *
 * @throws ValidationError naming it and the lookups there are
 */
export function checkLookup(name: string): Lookup {
  if (isLookup(name)) return name;
  throw new ValidationError(`Unknown lookup ${JSON.stringify(name)}: use one of ${lookupNames.join(", ")}`);
}
