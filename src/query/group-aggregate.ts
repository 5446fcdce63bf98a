/** The aggregates of a grouping: which functions there are, what fields each takes, and what it gives. */
import { ValidationError } from "../errors.ts";
import type { ColumnField, LookupFamily } from "../fields/field.ts";
import { MonetaryField } from "../fields/monetary.ts";
import { FloatField, float, integer } from "../fields/number.ts";
import type { Model, ModelField } from "../models/model.ts";
import { type FieldPath, resolveFieldPath } from "./group-path.ts";
import { repeat, splitPath } from "./path.ts";
import type { Scope } from "./scope.ts";

/** One function over the values of a group. */
interface AggregateFunction {
  /** What it takes, for messages. */
  readonly takes: string;
  canTake(field: ModelField): boolean;
  /** The aggregate in SQL over the values' expression. */
  compile(value: string, field: ModelField): string;
  /** What the result is compared and printed as. */
  result(field: ModelField): ColumnField;
}

/** The number of records in a group, and everything else that is counted. */
export const COUNT_FIELD: ColumnField = integer();
/** Exact, with as many digits as there are. */
const EXACT_NUMBER: ColumnField = float({ precision: 0 });
/** Digits after the point that the average of exact numbers has beyond those of the field. */
const AVERAGE_DIGITS = 6;
const NUMBER_TYPES: readonly string[] = ["Integer", "Float", "Monetary"];
const SORTED: readonly LookupFamily[] = ["ordered", "text"];

const numbers = {
  takes: "Integer, Float and Monetary fields",
  canTake: (field: ModelField) => field.kind === "stored" && NUMBER_TYPES.includes(field.field.type),
  result: (field: ModelField) => (isDouble(field) ? columnOf(field) : EXACT_NUMBER),
};

const extreme = (name: "min" | "max"): AggregateFunction => ({
  takes: "numbers, dates and texts",
  canTake: (field) => SORTED.includes(familyOf(field)),
  // Text is compared by code point, as filters do.
  compile: (value, field) => `${name}(${value}${familyOf(field) === "text" ? ' collate "C"' : ""})`,
  result: columnOf,
});

const FUNCTIONS = {
  sum: { ...numbers, compile: (value) => `sum(${value})` },
  avg: {
    ...numbers,
    compile: (value, field) =>
      isDouble(field)
        ? // PostgreSQL's own average squares its values, which are then too large for a double.
          `sum(${value}) / nullif(count(${value}), 0)`
        : exactAverage(value, decimalsOf(field) + AVERAGE_DIGITS),
  },
  min: extreme("min"),
  max: extreme("max"),
  count: {
    takes: "columns and to-one relations",
    canTake: (field) => field.relation?.many !== true,
    compile: (value) => `count(${value})`,
    result: () => COUNT_FIELD,
  },
  count_distinct: {
    takes: "to-one relations and columns but Binary, File and JSON",
    canTake: (field) => field.relation?.many !== true && familyOf(field) !== "presence",
    compile: (value) => `count(distinct ${value})`,
    result: () => COUNT_FIELD,
  },
} as const satisfies Record<string, AggregateFunction>;

/** The name of an aggregate function. */
export type AggregateName = keyof typeof FUNCTIONS;
/** The names of all aggregate functions. */
export const AGGREGATE_NAMES = Object.keys(FUNCTIONS);

/** One value that is computed for every group. */
export interface Aggregate extends FieldPath {
  readonly function: AggregateName;
  /** Its column among the grouped rows. */
  readonly column: string;
  readonly result: ColumnField;
}

/** The distinct aggregates of one request, wherever it mentions them, by path and function joined with dots. */
export type Aggregates = Map<string, Aggregate>;

const MOST_AGGREGATES = 32;

/**
 * Resolves one aggregate, and adds it to those of the request.
 *
 * @param names the path and the function, such as `["price", "sum"]`
 * @param place what mentions it, such as `aggregates[0]`
 * @param written as the client wrote it
 * @throws ValidationError naming what is unknown, hidden, or does not fit together
 */
export function resolveAggregate(
  scope: Scope,
  model: Model,
  names: readonly string[],
  place: string,
  written: string,
  aggregates: Aggregates,
): Aggregate {
  const known = aggregates.get(names.join("."));
  if (known !== undefined) return known;
  const name = names.at(-1) ?? "";
  if (names.length < 2 || !isAggregateName(name)) {
    throw new ValidationError(
      `${place}: "${repeat(written)}" is no aggregate; one is a path, "__" and ${AGGREGATE_NAMES.join(", ")}`,
    );
  }
  const { hops, field } = resolveFieldPath(scope, model, names.slice(0, -1), place, written);
  const definition: AggregateFunction = FUNCTIONS[name];
  if (!definition.canTake(field)) {
    const what = `"${repeat(written)}" is over a ${field.field.type} field, but ${name} takes ${definition.takes}`;
    throw new ValidationError(`${place}: ${what}`);
  }
  if (aggregates.size >= MOST_AGGREGATES) {
    throw new ValidationError(`${place}: at most ${MOST_AGGREGATES} aggregates, with those of having and order_by`);
  }
  const result = definition.result(field);
  const aggregate: Aggregate = { hops, field, function: name, column: `a${aggregates.size}`, result };
  aggregates.set(names.join("."), aggregate);
  return aggregate;
}

/** An aggregate of the answer, under the name that the client gave it. */
export interface NamedAggregate {
  readonly name: string;
  readonly aggregate: Aggregate;
}

/**
 * Resolves the aggregates that an answer is to have. One that is asked for twice is given once.
 *
 * @throws ValidationError as {@link resolveAggregate}
 */
export function resolveAggregates(
  scope: Scope,
  model: Model,
  texts: readonly string[],
  aggregates: Aggregates,
): NamedAggregate[] {
  if (texts.length > MOST_AGGREGATES) throw new ValidationError(`aggregates: at most ${MOST_AGGREGATES}`);
  return [...new Set(texts)].map((name) => {
    const place = `aggregates[${texts.indexOf(name)}]`;
    return { name, aggregate: resolveAggregate(scope, model, splitPath(name), place, name, aggregates) };
  });
}

/** Compiles an aggregate over the expression of its values. */
export function compileAggregate({ function: name, field }: Aggregate, value: string): string {
  const definition: AggregateFunction = FUNCTIONS[name];
  return definition.compile(value, field);
}

/** Whether a name is that of an aggregate function. */
export function isAggregateName(name: string): name is AggregateName {
  return Object.hasOwn(FUNCTIONS, name);
}

/** PostgreSQL's own average of large amounts has hardly any digits after the point. */
function exactAverage(value: string, digits: number): string {
  const count = `nullif(count(${value}), 0) * 1.${"0".repeat(digits)}`;
  return `trim_scale(round(sum(${value}) / (${count}), ${digits}))`;
}

function familyOf(field: ModelField): LookupFamily {
  return field.kind === "linked" ? "equality" : field.field.lookupFamily;
}

function columnOf(field: ModelField): ColumnField {
  if (field.kind === "linked") throw new Error(`${field.name} has no column`);
  return field.field;
}

function isDouble(field: ModelField): boolean {
  return field.kind === "stored" && field.field.columnType === "double precision";
}

function decimalsOf({ field }: ModelField): number {
  if (field instanceof MonetaryField) return field.decimals;
  return field instanceof FloatField ? (field.options.precision ?? 0) : 0;
}
