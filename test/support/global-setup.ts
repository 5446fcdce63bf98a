/** Starts one PostgreSQL for a whole test run, or takes the one that DATABASE_URL names, and tells the workers where it is. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { dropDatabase, loadDatabaseNames } from "../../src/database/catalog.ts";
import { checkConnection } from "../../src/database/check-connection.ts";
import type { ConnectionOptions } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { SUPERUSER } from "../../src/database/embedded/initialise.ts";
import { startEmbedded } from "../../src/database/embedded/start-embedded.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The maintenance database of the run's server. */
    readonly connection: ConnectionOptions;
    /** The same for a role that may make other roles and switch triggers off. */
    readonly administrator: ConnectionOptions;
    /** Prefix of all databases that this run makes. */
    readonly databasePrefix: string;
  }
}

/** Nothing of a test run has to survive a power cut. */
const SETTINGS = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_wal_size: "4GB" };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const prefix = `test_${process.pid}_${Date.now().toString(36)}`;
  project.provide("databasePrefix", prefix);
  const url = process.env.DATABASE_URL;
  if (url !== undefined && url !== "") {
    await checkConnection({ url });
    project.provide("connection", { url });
    project.provide("administrator", { url });
    return () => dropDatabases({ url }, prefix);
  }
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-test-"));
  await chmod(folder, 0o755); // the server's account must be able to enter it
  const server = await startEmbedded({ dataFolder: folder, settings: SETTINGS });
  project.provide("connection", server.connection);
  project.provide("administrator", { ...server.connection, user: SUPERUSER });
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** Leaves a server of somebody else's as it was: templates, and what a stopped run could not drop itself. */
async function dropDatabases(connection: ConnectionOptions, prefix: string): Promise<void> {
  const server = new Database({ connection });
  for (const name of await loadDatabaseNames(server)) {
    if (name.startsWith(prefix)) {
      await dropDatabase(server, name);
    }
  }
  await server.close();
}
