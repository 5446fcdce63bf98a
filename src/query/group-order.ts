/** Resolves the order of groups: by keys, aggregates and the count. */
import { ValidationError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { type Aggregate, type Aggregates, isAggregateName, resolveAggregate } from "./group-aggregate.ts";
import { type GroupKey, keyIdentity } from "./group-key.ts";
import { checkOrderLength, type OrderText, parseOrderText } from "./order.ts";
import { repeat, splitPath } from "./path.ts";
import type { Scope } from "./scope.ts";

/** One step of the order of groups. */
export interface GroupOrder extends Pick<OrderText, "descending" | "nulls"> {
  readonly by: GroupKey | Aggregate | "count";
}

/**
 * Resolves an order of groups. The keys themselves always break ties.
 *
 * @param texts steps such as `"price__sum DESC NULLS LAST"`
 * @param aggregates those of the request; what only the order mentions is added
 * @throws ValidationError naming the step that is malformed, or that groups cannot be ordered by
 */
export function resolveGroupOrder(
  scope: Scope,
  model: Model,
  texts: readonly string[],
  keys: readonly GroupKey[],
  aggregates: Aggregates,
): GroupOrder[] {
  checkOrderLength(texts);
  return texts.map((text, index) => {
    const place = `order_by[${index}]`;
    const { path, descending, nulls } = parseOrderText(text, place);
    return { by: resolveTerm(scope, model, path, place, keys, aggregates), descending, nulls };
  });
}

function resolveTerm(
  scope: Scope,
  model: Model,
  path: string,
  place: string,
  keys: readonly GroupKey[],
  aggregates: Aggregates,
): GroupOrder["by"] {
  const key = keys.find(({ name }) => keyIdentity(name) === keyIdentity(path));
  if (key !== undefined) return key;
  if (path === "count") return "count";
  const names = splitPath(path);
  if (names.length > 1 && isAggregateName(names.at(-1) ?? "")) {
    return resolveAggregate(scope, model, names, place, path, aggregates);
  }
  const known = [...keys.map(({ name }) => name), "count"].join(", ");
  throw new ValidationError(`${place}: groups are ordered by ${known} or an aggregate, not by "${repeat(path)}"`);
}
