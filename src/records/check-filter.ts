/** Checks filters that are kept as text, such as those of views, before anybody uses them. */
import { ApplicationError, ValidationError } from "../errors.ts";
import type { Wizard } from "../models/composed-wizard.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import type { Q } from "../q/tree.ts";
import { checkRule } from "../query/compilation.ts";
import { repeat } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/**
 * Says what is wrong with a filter.
 *
 * @param owner the name of a model or wizard that is known to be there
 * @param text such as `Q(active=True)`
 * @returns null where it can be used
 */
export function checkFilter(env: BaseEnvironment, owner: string, text: string): string | null {
  const { registry } = env;
  try {
    const { q } = parseFilter(text);
    const wizard = registry.wizards.get(owner);
    if (wizard === undefined) checkRule(registry, modelOf(registry, owner), q, { names: env.names, clock: env.clock });
    else checkValues(wizard, q);
    return null;
  } catch (error) {
    if (error instanceof ApplicationError && error.status < 500) return error.message;
    throw error;
  }
}

/** A filter over the values of a form, which holds them and nothing of the records that they name. */
function checkValues(wizard: Wizard, q: Q): void {
  if (q.kind === "not") checkValues(wizard, q.item);
  else if (q.kind !== "group") for (const item of q.items) checkValues(wizard, item);
  else {
    for (const { path, source } of q.conditions) {
      const [name = "", ...rest] = path;
      const unknown = `Filter: ${wizard.name} has no field "${repeat(name)}" in "${repeat(source)}"`;
      if (!wizard.fields.has(name)) throw new ValidationError(unknown);
      if (rest.length > 0) throw new ValidationError(`Filter: "${repeat(source)}" goes beyond the values of the form`);
    }
  }
}
