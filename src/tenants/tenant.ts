/** A tenant: one database with everything that the process keeps for it, as long as its models stay the same. */
import { RightsCache } from "../access/rights-cache.ts";
import { CredentialCache } from "../auth/credential-cache.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseLogger } from "../database/database-logger.ts";
import type { FileStore } from "../files/file-store.ts";
import { JobRunner } from "../jobs/job-runner.ts";
import type { Registry } from "../models/model.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { jobHandlers } from "../transfer/job-handlers.ts";
import { Gate } from "./gate.ts";
import { ownerEnvironment } from "./owner-environment.ts";

/** One database that requests can be for. When its models change, another tenant takes its place. */
export interface Tenant {
  readonly name: string;
  readonly database: Database;
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
  readonly registry: Registry;
  readonly files: FileStore;
  readonly logger?: DatabaseLogger | undefined;
}

/** Makes a tenant; its jobs wait until they are started. */
export function makeTenant({ name, database, registry, files, logger }: TenantParts): Tenant {
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
  return { name, database, registry, gate: new Gate(), plans, rights, credentials, files, jobs, rightsChanged };
}
