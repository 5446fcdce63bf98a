/** A tenant: one database with everything that the process keeps for it, as long as its models stay the same. */
import { RightsCache } from "../access/rights-cache.ts";
import { CredentialCache } from "../auth/credential-cache.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseLogger } from "../database/database-logger.ts";
import type { Replica } from "../database/replica.ts";
import type { FileStore } from "../files/file-store.ts";
import { JobRunner } from "../jobs/job-runner.ts";
import type { Registry } from "../models/model.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { jobHandlers } from "../transfer/job-handlers.ts";
import { Gate } from "./gate.ts";
import { ownerEnvironment } from "./owner-environment.ts";

/** A replica with what is remembered of it: its totals are its own, because it sees commits in an order of its own. */
export interface ReplicaSource {
  readonly replica: Replica;
  readonly plans: PlanCache;
}

/** One database that requests can be for. When its models change, another tenant takes its place. */
export interface Tenant {
  readonly name: string;
  readonly database: Database;
  /** For reads that ask for it; null where there is none. */
  readonly replica: ReplicaSource | null;
  readonly registry: Registry;
  /** Whoever works with the registry has entered here; closed once it does not hold any more. */
  readonly gate: Gate;
  readonly plans: PlanCache;
  readonly rights: RightsCache;
  readonly credentials: CredentialCache;
  /** Contents of its files. */
  readonly files: FileStore;
  readonly jobs: JobRunner;
  /** Forgets what is remembered of rights, because some have changed; whose password has changed is signed out by that. */
  readonly rightsChanged: () => void;
}

/** A database that is ready for requests, and where its files are. */
export interface TenantParts {
  readonly name: string;
  /** Its tables fit the registry. */
  readonly database: Database;
  readonly replica?: Replica | undefined;
  readonly registry: Registry;
  readonly files: FileStore;
  readonly logger?: DatabaseLogger | undefined;
}

/** Makes a tenant; its jobs wait until they are started. */
export function makeTenant({ name, database, replica, registry, files, logger }: TenantParts): Tenant {
  const hears = (): boolean => database.hears;
  const rights = new RightsCache(registry, database, hears);
  const credentials = new CredentialCache(database, hears);
  const plans = new PlanCache();
  const rightsChanged = (): void => {
    rights.clear();
    credentials.forget();
  };
  const jobs = new JobRunner({
    database,
    files,
    handlers: jobHandlers,
    environmentOf: ownerEnvironment({ database, rights, plans, rightsChanged }),
    logger,
  });
  const source = replica === undefined ? null : { replica, plans: new PlanCache() };
  const shared = { plans, rights, credentials, files, jobs, rightsChanged };
  return { name, database, replica: source, registry, gate: new Gate(), ...shared };
}
