/** Resolves the filter over whole groups: its conditions name the count and the aggregates. */
import { ValidationError } from "../errors.ts";
import type { ColumnField } from "../fields/field.ts";
import type { Model, StoredField } from "../models/model.ts";
import { type Condition, isList, type Q } from "../q/tree.ts";
import { AGGREGATE_NAMES, type Aggregates, COUNT_FIELD, isAggregateName, resolveAggregate } from "./group-aggregate.ts";
import { FAMILY_LOOKUPS } from "./lookup-sql.ts";
import { repeat } from "./path.ts";
import type { NextSource, ResolvedFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";

/** The column of the grouped rows that holds the number of records. */
export const COUNT_COLUMN = "n";

/**
 * Resolves a filter over groups, to be compiled over the grouped rows.
 *
 * @param next gives the source of each condition's value
 * @param aggregates those of the request; what only the filter mentions is added
 * @throws ValidationError naming what is neither the count nor an aggregate
 */
export function resolveHaving(
  scope: Scope,
  model: Model,
  q: Q,
  next: NextSource,
  aggregates: Aggregates,
): ResolvedFilter {
  if (q.kind === "not") return { kind: "not", item: resolveHaving(scope, model, q.item, next, aggregates) };
  if (q.kind !== "group") {
    return { kind: q.kind, items: q.items.map((item) => resolveHaving(scope, model, item, next, aggregates)) };
  }
  const items = q.conditions.map((condition): ResolvedFilter => {
    const { column, result } = resolveOperand(scope, model, condition, aggregates);
    const { lookup, value, source: name } = condition;
    const allowed = FAMILY_LOOKUPS[result.lookupFamily];
    if (!allowed.includes(lookup)) {
      throw new ValidationError(
        `having: "${repeat(name)}" uses the lookup "${lookup}"; allowed: ${allowed.join(", ")}`,
      );
    }
    const hasNull = isList(value) && value.includes(null);
    const field = groupedColumn(column, result);
    const shared = { lookup, source: next(condition), name, hasNull, flag: value === true };
    return { kind: "test", hops: [], field, column: result, ...shared };
  });
  return { kind: "and", items };
}

function resolveOperand(
  scope: Scope,
  model: Model,
  { path, source }: Condition,
  aggregates: Aggregates,
): { column: string; result: ColumnField } {
  if (path.length === 1 && path[0] === "count") return { column: COUNT_COLUMN, result: COUNT_FIELD };
  if (path.length > 1 && isAggregateName(path.at(-1) ?? "")) {
    return resolveAggregate(scope, model, path, "having", source, aggregates);
  }
  const known = ["count", ...[...aggregates.keys()].map((key) => key.replaceAll(".", "__"))];
  const others = `or a path, "__" and one of ${AGGREGATE_NAMES.join(", ")}`;
  throw new ValidationError(`having: "${repeat(source)}" is not about groups; use ${known.join(", ")}, ${others}`);
}

/** A column of the grouped rows in the form of a model's field, so that a filter compiles over it as over any other. */
function groupedColumn(column: string, field: ColumnField): StoredField {
  return {
    kind: "stored",
    name: column,
    label: column,
    module: "kernel",
    field,
    relation: null,
    readonly: true,
    readers: null,
    writers: null,
    calculation: null,
    settled: null,
    column,
    folded: null,
  };
}
