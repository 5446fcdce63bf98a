/** The shape of a filter: its text without values, the same for all filters that one SQL statement can serve. */
import { isListName } from "./condition-key.ts";
import { lookups } from "./lookup.ts";
import { type Condition, isList, type Literal, type Q } from "./tree.ts";

/** A filter, the key under which its plan is kept, and the values that fill the plan in. */
export interface ParsedFilter {
  readonly q: Q;
  /**
   * Structure, paths, lookups and the class of each value: `s` one value, `l` a list, `n` a list with null in it, `t` and
   * `f` the flags True and False. May be as long as the filter itself.
   */
  readonly shape: string;
  /** The value of each condition, flags included, in the order of the tree: one for each condition. */
  readonly literals: readonly Literal[];
}

/** Computes shape and values in one walk. */
export function describeFilter(q: Q): ParsedFilter {
  const literals: Literal[] = [];
  return { q, shape: describe(q, literals), literals };
}

/** The shape alone. */
export function shapeOf(q: Q): string {
  return describe(q, []);
}

/** The values alone. */
export function literalsOf(q: Q): readonly Literal[] {
  return describeFilter(q).literals;
}

function describe(q: Q, literals: Literal[]): string {
  if (q.kind === "group") {
    let shape = "Q(";
    for (const condition of q.conditions) {
      literals.push(condition.value);
      let path = "";
      for (const name of condition.path) path += path === "" ? name : `.${name}`;
      shape += `${path}:${condition.lookup}=${classOf(condition)},`;
    }
    return `${shape})`;
  }
  if (q.kind === "not") return `~${describe(q.item, literals)}`;
  let shape = q.kind === "and" ? "&(" : "|(";
  for (const item of q.items) shape += describe(item, literals);
  return `${shape})`;
}

function classOf({ lookup, value }: Condition): string {
  if (isList(value)) return value.includes(null) ? "n" : "l";
  if (lookups[lookup].operand === "flag") return value === true ? "t" : "f";
  return isListName(value) ? "l" : "s";
}
