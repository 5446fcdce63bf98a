/** What users are told about themselves, whether or not they may read the users. */
import type { Environment } from "../records/environment.ts";
import { parseBytes } from "../records/json-bytes.ts";
import { fetchRecord } from "../records/read.ts";

const FIELDS = ["display_name", "name", "email", "language", "timezone", "default_company"];

interface Company {
  readonly id: number;
  readonly display_name: string;
}

interface Companies {
  readonly default_company: Company | null;
  readonly allowed_companies: readonly Company[];
}

/** JSON text of the user, the groups, the companies that the user may work in, and those of the environment. */
export async function describeProfile(env: Environment): Promise<string> {
  const { userId, groups } = env.access;
  if (userId === null) throw new Error("the kernel has no profile");
  const own = env.elevated();
  const { data: user } = await fetchRecord(own, "User", userId, { fields: FIELDS });
  const { data } = await fetchRecord(own, "User", userId, { fields: ["default_company", "allowed_companies"] });
  const companies = companiesOf(parseBytes(data) as Companies);
  const { cid, cids } = env.names;
  const list = Array.isArray(cids) ? cids : [];
  const active = [...new Set([...(cid === null ? [] : [cid]), ...list])];
  return `{"user":${user},"groups":${JSON.stringify([...groups].sort())},"companies":${JSON.stringify(companies)},"active_companies":${JSON.stringify(active)}}`;
}

/** A user may work in the default company, whether or not it is among the allowed ones too. */
function companiesOf({ default_company: own, allowed_companies: allowed }: Companies): readonly Company[] {
  return own === null || allowed.some(({ id }) => id === own.id) ? allowed : [own, ...allowed];
}
