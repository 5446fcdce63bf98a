/** Brings a database to a set of modules, in one transaction: ledgers, tables, calculated values, data files, revision. */
import { unrestrictedAccess } from "../access/access.ts";
import type { Database } from "../database/database.ts";
import type { Session } from "../database/session.ts";
import type { Transaction } from "../database/transaction.ts";
import { Environment } from "../records/environment.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { type AppliedPlan, applyWithin, type PlanOptions, planSchema } from "../schema/apply.ts";
import type { Plan } from "../schema/diff.ts";
import type { LedgerStep } from "../schema/ledger.ts";
import { calculateAdded } from "./calculate-added.ts";
import { type ModuleState, saveRevision } from "./database-state.ts";
import { type Installed, type InstallOptions, installModules } from "./install-modules.ts";
import { loadLedger, stepsSince } from "./ledger-file.ts";
import type { ModuleSet } from "./module-library.ts";
import { recheckData } from "./recheck-data.ts";
import { removeModules } from "./remove-modules.ts";

/** What a database is to become. */
export interface ModuleChange extends InstallOptions {
  readonly set: ModuleSet;
  /** Identifiers of modules that are uninstalled. */
  readonly removed: readonly string[];
  /** What their tables and fields become; nothing where their data stays. */
  readonly losses: readonly LedgerStep[];
  /** Whether data may be lost, by the ledgers too. */
  readonly allowDestructive: boolean;
}

/** What has been done. */
export interface AppliedChange extends Installed {
  readonly schema: AppliedPlan;
}

/** Plans a change; nothing is changed. */
export async function planChange(session: Session, change: ModuleChange): Promise<Plan> {
  return planSchema(session, change.set.desired, await planOptions(session, change));
}

/**
 * Makes a change.
 *
 * @param session a transaction that keeps everybody else out
 * @throws as {@link ./open-database.ts} says
 */
export async function applyChange(
  database: Database,
  session: Transaction,
  change: ModuleChange,
): Promise<AppliedChange> {
  const { registry, desired, fingerprint, modules } = change.set;
  const parts = { access: unrestrictedAccess(registry), database, plans: new PlanCache() };
  const env = new Environment(parts, session);
  const schema = await applyWithin(session, desired, {
    ...(await planOptions(session, change)),
    complete: (_, operations) => calculateAdded(env, operations),
  });
  await removeModules(session, registry, change.removed, change.losses.length > 0);
  const manifests = modules.map(({ manifest }) => manifest);
  const installed = await installModules(env, manifests, change);
  await recheckData(env, manifests);
  await saveRevision(session, fingerprint);
  return { schema, ...installed };
}

async function planOptions(session: Session, change: ModuleChange): Promise<PlanOptions> {
  const { set, losses, allowDestructive } = change;
  const versions = new Map((await loadModuleStates(session)).map((each) => [each.identifier, each.version]));
  const ledgers = await Promise.all(
    set.modules.map(async ({ manifest }) => {
      const version = versions.get(manifest.identifier);
      return version === undefined ? [] : stepsSince(await loadLedger(manifest), version, set.registry);
    }),
  );
  return { ledger: [...ledgers.flat(), ...losses], allowDestructive };
}

/** The modules that a database knows; none where it is new. */
async function loadModuleStates(session: Session): Promise<Pick<ModuleState, "identifier" | "version">[]> {
  const [found] = await session.rows<{ there: boolean }>({
    text: "SELECT to_regclass('public.module') IS NOT NULL AS there",
    values: [],
  });
  if (found?.there !== true) return [];
  return session.rows({ text: "SELECT identifier, version FROM module", values: [] });
}
