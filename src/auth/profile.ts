/** What users are told about themselves, whether or not they may read the users. */
import type { Environment } from "../records/environment.ts";
import { fetchRecord } from "../records/read.ts";

const FIELDS = ["display_name", "name", "email", "language", "timezone", "default_company"];

/** JSON text of the user, the groups, the companies that the user may work in, and those of the environment. */
export async function describeProfile(env: Environment): Promise<string> {
  const { userId, groups } = env.access;
  if (userId === null) throw new Error("the kernel has no profile");
  const own = env.elevated();
  const { data: user } = await fetchRecord(own, "User", userId, { fields: FIELDS });
  const { data } = await fetchRecord(own, "User", userId, { fields: ["allowed_companies"] });
  const { allowed_companies: companies } = JSON.parse(data) as { allowed_companies: unknown };
  const { cid, cids } = env.names;
  const list = Array.isArray(cids) ? cids : [];
  const active = [...new Set([...(cid === null ? [] : [cid]), ...list])];
  return `{"user":${user},"groups":${JSON.stringify([...groups].sort())},"companies":${JSON.stringify(companies)},"active_companies":${JSON.stringify(active)}}`;
}
