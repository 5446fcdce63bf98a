/** Tells every server process when somebody's rights have changed. */
import { RIGHTS_MODELS } from "../access/rights.ts";
import type { LinkedField, Model, Registry } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** The channel on which processes tell each other that rights have changed. */
export const RIGHTS_CHANNEL = "fullfinity_rights";

/**
 * Whether a write may change what somebody may do, or who somebody is to filters.
 *
 * @param links many-to-many fields that are written: the users of a company are, from the other side, a user's companies
 */
export function changesRights(model: Model, links: readonly LinkedField[] = []): boolean {
  return RIGHTS_MODELS.has(model.name) || links.some((field) => RIGHTS_MODELS.has(field.relation.target));
}

/** Whether deleting a record of the model may do so: a user may lose its company or its contact by that. */
export function deletionChangesRights(registry: Registry, model: Model): boolean {
  if (RIGHTS_MODELS.has(model.name)) return true;
  const owners = [...RIGHTS_MODELS].flatMap((name) => registry.models.get(name) ?? []);
  return owners.some(({ fields }) =>
    [...fields.values()].some(({ relation, module }) => relation?.target === model.name && module !== "kernel"),
  );
}

/** Announces a change within its transaction: other processes hear of it with the commit, this one at once after it. */
export async function announceRights(env: BaseEnvironment): Promise<void> {
  await env.session.rows({ text: "select pg_notify($1, '')", values: [RIGHTS_CHANNEL] });
  env.afterCommit(env.rightsChanged);
}
