/** The environment of a job: its owner's, with the rights of now, within the limits with which the job was asked for. */
import type { RightsCache } from "../access/rights-cache.ts";
import { activeNames } from "../auth/active-company.ts";
import { limitAccess } from "../auth/limited-access.ts";
import type { Cancellation } from "../database/cancellation.ts";
import type { Database } from "../database/database.ts";
import { AccessError } from "../errors.ts";
import type { JobCaller } from "../jobs/job.ts";
import { Environment } from "../records/environment.ts";
import type { PlanCache } from "../records/plan-cache.ts";

/** What a tenant gives to the environments of its jobs. */
export interface OwnerParts {
  readonly database: Database;
  readonly rights: RightsCache;
  readonly plans: PlanCache;
  readonly rightsChanged: () => void;
}

/**
 * Makes the function that makes them.
 *
 * @returns a function that throws an AccessError where the owner may not sign in any more
 */
export function ownerEnvironment({ database, rights, plans, rightsChanged }: OwnerParts) {
  return async (caller: JobCaller, cancellation: Cancellation): Promise<Environment> => {
    const owner = await rights.get(caller.userId);
    if (owner === null) throw new AccessError("The user who has asked for this may not sign in any more");
    const { readOnly, models } = caller;
    return new Environment({
      access: limitAccess(owner.access, { readOnly, models: models === null ? null : new Set(models) }),
      database,
      plans,
      names: activeNames(caller.companies ?? undefined, owner.rights.names),
      timeZone: owner.rights.timeZone,
      rightsChanged,
      cancellation,
    });
  };
}
