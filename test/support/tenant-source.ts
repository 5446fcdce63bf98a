/** Gives the databases of tests as if they were all that a server has. */
import { ENDS_CHANNEL } from "../../src/auth/end-notice.ts";
import { RIGHTS_CHANNEL } from "../../src/records/rights-change.ts";
import { LiveTenant, type LiveTenantOptions } from "../../src/tenants/live-tenant.ts";
import { makeTenant, type Tenant, type TenantParts } from "../../src/tenants/tenant.ts";
import type { TenantSource } from "../../src/tenants/tenant-source.ts";

/** A source of tenants that are open already; closing them is left to whoever has opened them. */
export function sourceOf(tenants: readonly { readonly name: string; current?(): unknown }[]): TenantSource {
  const all = tenants as unknown as readonly LiveTenant[];
  return {
    open: async (name) => all.find((live) => live.name === name) ?? null,
    names: async () => all.map(({ name }) => name).sort(),
    check: async () => all[0]?.database.rows({ text: "SELECT 1", values: [] }),
    close: async () => {},
  };
}

/** Opens the tenant of a database in which modules are installed. */
export async function openLive(options: LiveTenantOptions): Promise<LiveTenant> {
  const live = await LiveTenant.open(options);
  if (live === null) throw new Error(`nothing is installed in ${options.name}`);
  return live;
}

/** A tenant whose models no installed module gives, and which never changes. */
export interface FixedTenant {
  readonly name: string;
  current(): Tenant;
  close(): Promise<void>;
}

/** Opens a tenant for models that only a test has. */
export async function openFixed(parts: TenantParts): Promise<FixedTenant> {
  const tenant = makeTenant(parts);
  await parts.database.listen(RIGHTS_CHANNEL, tenant.rightsChanged);
  await parts.database.listen(ENDS_CHANNEL, (ended) => tenant.credentials.forget(ended ?? undefined));
  await tenant.jobs.start();
  return {
    name: parts.name,
    current: () => tenant,
    close: async () => {
      await tenant.jobs.stop();
      await parts.database.close();
    },
  };
}
