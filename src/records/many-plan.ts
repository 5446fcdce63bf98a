/** Plans of statements about any number of records, kept by their shape and the rights of the caller. */
import type { RecordOperation } from "../access/access.ts";
import type { Model } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import type { Plan } from "../query/plan.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { CachedPlan } from "./plan-cache.ts";

/** The plan of a statement for many records, kept by its shape and the rights of the caller. */
export function planMany(env: BaseEnvironment, shape: readonly unknown[], compile: () => Plan): CachedPlan<null> {
  const key = `many ${env.registry.serial} ${env.access.key} ${JSON.stringify(shape)}`;
  return env.plans.get(key, () => ({ plan: compile(), extra: null }));
}

/** The rules for an operation. Those for reading are part of them. */
export function rulesOf(env: BaseEnvironment, model: Model, operation: RecordOperation): Q[] {
  const rule = env.access.rule(model, operation);
  return rule === null ? [] : [rule];
}
