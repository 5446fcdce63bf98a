/** Resolves a request for groups: every name in it, through the caller's scope. */
import { ValidationError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import { type Aggregate, type Aggregates, type NamedAggregate, resolveAggregates } from "./group-aggregate.ts";
import { resolveHaving } from "./group-having.ts";
import { type GroupKey, resolveGroupKeys } from "./group-key.ts";
import { type GroupOrder, resolveGroupOrder } from "./group-order.ts";
import { type ResolvedFilter, requestSources, resolveFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";

/** A request for groups, parsed but not resolved. */
export interface Grouping {
  readonly keys: readonly string[];
  readonly aggregates: readonly string[];
  readonly filter: Q | null;
  readonly having: Q | null;
  readonly order: readonly string[];
  readonly limit: number;
  /** Whether the first parameter of the request is an offset; without it the page is the first. */
  readonly hasOffset: boolean;
}

/** A request for groups whose names are all resolved. */
export interface ResolvedGrouping extends Pick<Grouping, "limit" | "hasOffset"> {
  readonly model: Model;
  readonly keys: readonly GroupKey[];
  /** Those of the answer. */
  readonly aggregates: readonly NamedAggregate[];
  /** All that are computed, with those that only `having` or the order mention. */
  readonly computed: readonly Aggregate[];
  readonly filter: ResolvedFilter | null;
  readonly having: ResolvedFilter | null;
  readonly order: readonly GroupOrder[];
}

/**
 * Resolves a request for groups. The values of `having` follow those of the filter.
 *
 * @throws ValidationError naming what is unknown, hidden, or does not fit
 */
export function resolveGrouping(scope: Scope, model: Model, grouping: Grouping): ResolvedGrouping {
  const computed: Aggregates = new Map();
  const next = requestSources();
  const keys = resolveGroupKeys(scope, model, grouping.keys);
  const aggregates = resolveAggregates(scope, model, grouping.aggregates, computed);
  const twice = aggregates.find(({ name }) => grouping.keys.includes(name));
  if (twice !== undefined) throw new ValidationError(`aggregates: "${twice.name}" is the name of a key too`);
  const filter = grouping.filter === null ? null : resolveFilter(scope, model, grouping.filter, next);
  const having = grouping.having === null ? null : resolveHaving(scope, model, grouping.having, next, computed);
  const order = resolveGroupOrder(scope, model, grouping.order, keys, computed);
  const { limit, hasOffset } = grouping;
  return { model, keys, aggregates, computed: [...computed.values()], filter, having, order, limit, hasOffset };
}
