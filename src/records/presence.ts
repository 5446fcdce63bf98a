/** Makes sure that records are there for the caller, and within the rules of what it is about to do. */
import type { RecordOperation } from "../access/access.ts";
import type { Model } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { findPassing } from "./target.ts";
import { refuseChange } from "./version.ts";

/**
 * Checks records, with one statement.
 *
 * @throws MissingError for the first, in the order of the ids, if the caller does not see it; AccessError if the rules do not let it
 */
export async function checkPresence(
  env: BaseEnvironment,
  model: Model,
  operation: RecordOperation,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return;
  const passing = await findPassing(env, model, operation, ids);
  const missing = ids.find((id) => !passing.has(id));
  if (missing !== undefined) await refuseChange(env, model, missing, undefined);
}
