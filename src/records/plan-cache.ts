/** Compiled statements by the shape of the request that they serve. */
import { LRUCache } from "lru-cache";
import type { Plan } from "../query/plan.ts";
import { TotalMemory } from "./total-memory.ts";

/** Plans that are kept at a time. */
const MOST_PLANS = 2000;
/** Requests with a longer shape are so rare that keeping them would only push others out. */
const LONGEST_KEY = 4096;

/** A plan, and whether it has served before: only then is it worth a prepared statement. */
export interface CachedPlan<Extra> {
  readonly plan: Plan;
  readonly extra: Extra;
  readonly known: boolean;
}

interface Entry {
  readonly plan: Plan;
  readonly extra: unknown;
}

/** Keeps compiled plans, bounded in number, and the totals that they have counted. */
export class PlanCache {
  readonly totals = new TotalMemory();
  readonly #plans = new LRUCache<string, Entry>({ max: MOST_PLANS });

  /**
   * The plan for a shape, compiled when it is asked for the first time.
   *
   * @param key everything that the statement's text depends on, the caller's rights included
   * @param compile makes the plan, and what the caller wants to keep with it; it always makes the same for the same key
   */
  get<Extra>(key: string, compile: () => { readonly plan: Plan; readonly extra: Extra }): CachedPlan<Extra> {
    const found = this.#plans.get(key) as { plan: Plan; extra: Extra } | undefined;
    if (found !== undefined) return { plan: found.plan, extra: found.extra, known: true };
    const made = compile();
    if (key.length <= LONGEST_KEY) this.#plans.set(key, made);
    return { ...made, known: false };
  }
}
