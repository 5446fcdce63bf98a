/** What a default that is a function is told of the request. */
import type { DefaultContext } from "../fields/field.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** Makes it. */
export function defaultContext({ access, clock, names }: BaseEnvironment): DefaultContext {
  const { now, timeZone } = clock;
  return { now, timeZone, userId: access.userId, companyId: typeof names.cid === "number" ? names.cid : null };
}
