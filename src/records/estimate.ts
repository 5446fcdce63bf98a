/** Estimating how many records match: what PostgreSQL's planner expects, without reading them. */
import type { ParsedFilter } from "../q/shape.ts";
import { compileEstimate } from "../query/compile-read.ts";
import { resolveModel } from "../query/path.ts";
import { requestSources, resolveFilter } from "../query/resolve-filter.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** The part of a plan that is used here. */
interface PlanRow {
  readonly "QUERY PLAN": readonly [{ readonly Plan: { readonly "Plan Rows": number } }];
}

/**
 * Estimates how many records match a filter under the caller's rights, from the statistics that PostgreSQL keeps.
 *
 * @param matching the key of model, rights and filter
 */
export async function estimateTotal(
  env: BaseEnvironment,
  modelName: string,
  filter: ParsedFilter | null,
  matching: string,
): Promise<number> {
  const { access } = env;
  const { plan } = env.plans.get(`estimate ${matching}`, () => {
    const model = resolveModel(access, modelName);
    const resolved = filter === null ? null : resolveFilter(access, model, filter.q, requestSources());
    return { plan: compileEstimate(access, model, resolved), extra: null };
  });
  // Never prepared: a plan for any values would estimate for any values.
  const [row] = await env.run<PlanRow>(plan, false, filter?.literals ?? [], []);
  if (row === undefined) throw new Error("an estimate gave no plan");
  return row["QUERY PLAN"][0].Plan["Plan Rows"];
}
