/** Checks filters that are kept as text, such as those of views, before anybody uses them. */
import { ApplicationError } from "../errors.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { checkRule } from "../query/compilation.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/**
 * Says what is wrong with a filter.
 *
 * @param model the name of a model that is known to be there
 * @param text such as `Q(active=True)`
 * @returns null where it can be used
 */
export function checkFilter(env: BaseEnvironment, model: string, text: string): string | null {
  try {
    checkRule(env.registry, modelOf(env.registry, model), parseFilter(text).q, { names: env.names, clock: env.clock });
    return null;
  } catch (error) {
    if (error instanceof ApplicationError && error.status < 500) return error.message;
    throw error;
  }
}
