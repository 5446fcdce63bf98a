/** Opens a database for use: makes it where it is missing, and brings its tables and data to what the modules want. */
import { createDatabase, existsDatabase } from "../database/catalog.ts";
import { type ConnectionOptions, withDatabase } from "../database/connection-option.ts";
import { Database, type DatabaseOptions } from "../database/database.ts";
import type { Registry } from "../models/model.ts";
import { type AppliedPlan, planSchema } from "../schema/apply.ts";
import { applyChange, type ModuleChange } from "./apply-change.ts";
import { type DatabaseState, loadDatabaseState } from "./database-state.ts";
import type { Installed, InstallOptions } from "./install-modules.ts";
import type { LoadedModule } from "./load-modules.ts";
import { type Patience, underMaintenance } from "./maintenance.ts";
import { ModuleLibrary, type ModuleSet } from "./module-library.ts";

/** How a database is prepared. */
export interface PrepareOptions extends InstallOptions {
  /** Those that it is to have, dependencies first. */
  readonly modules: readonly LoadedModule[];
}

/** How a database is opened. */
export interface OpenOptions extends PrepareOptions {
  /** Any database of the server. */
  readonly server: ConnectionOptions;
  readonly name: string;
  /** Settings of the connections. */
  readonly settings?: Omit<DatabaseOptions, "connection">;
}

/** What has been done to a database, and the models that it has now. */
export interface PreparedDatabase extends Installed {
  readonly registry: Registry;
  /** What had to be done to the tables. */
  readonly schema: AppliedPlan;
}

/** A database that is ready for requests. */
export interface OpenedDatabase extends PreparedDatabase {
  readonly name: string;
  /** To be closed by whoever has opened it. */
  readonly database: Database;
}

/** A process that starts has time, and what it waits for may be the same work. */
const PATIENCE: Patience = { others: 120_000, requests: 60_000 };

/**
 * Opens a database of a server, and makes it where there is none of this name.
 *
 * @throws as {@link prepareDatabase} does
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  const { name, server } = options;
  await ensureDatabase(server, name);
  const database = new Database({ ...options.settings, connection: withDatabase(server, name) });
  try {
    return { name, database, ...(await prepareDatabase(database, options)) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Brings the tables and data of a database to what the modules want; next to nothing where they are that already.
 *
 * @throws CompositionError when the modules do not fit together
 * @throws InstallError naming the file and entry that cannot be applied
 * @throws ValidationError when present data is in the way of a change to the tables
 */
export async function prepareDatabase(database: Database, options: PrepareOptions): Promise<PreparedDatabase> {
  const library = await ModuleLibrary.of(options.modules);
  const set = library.compose(options.modules.map(({ manifest }) => manifest.identifier));
  return prepareSet(database, set, options);
}

/** The same for a set that is composed already. */
export async function prepareSet(
  database: Database,
  set: ModuleSet,
  options: InstallOptions,
): Promise<PreparedDatabase> {
  const { registry } = set;
  if (agrees(await loadDatabaseState(database), set)) {
    const { operations, refusals, unused } = await planSchema(database, set.desired);
    if (operations.length + refusals.length === 0) {
      return { registry, schema: { operations: [], unused }, installed: [], upgraded: [], adminPassword: null };
    }
  }
  const change: ModuleChange = { ...options, set, removed: [], losses: [], allowDestructive: false };
  // What needs changes may be served by others already: an older version of it.
  const work = (session: Parameters<typeof applyChange>[1]) => applyChange(database, session, change);
  return { registry, ...(await underMaintenance(database, PATIENCE, work)) };
}

/** Whether a database has been brought to exactly these modules. */
export function agrees(state: DatabaseState | null, set: ModuleSet): boolean {
  if (state === null || state.fingerprint !== set.fingerprint) return false;
  return set.modules.every(({ manifest }) => {
    const found = state.modules.find(({ identifier }) => identifier === manifest.identifier);
    return (
      found?.state === "installed" &&
      found.version === manifest.version &&
      found.fingerprint === set.digests.get(manifest.identifier)
    );
  });
}

async function ensureDatabase(connection: ConnectionOptions, name: string): Promise<void> {
  const server = new Database({ connection, maxConnections: 1 });
  try {
    if (await existsDatabase(server, name)) return;
    await createDatabase(server, name).catch(async (error: unknown) => {
      // Two processes that start at the same moment may collide in more than one way; what counts is the result.
      if (!(await existsDatabase(server, name))) throw error;
    });
  } finally {
    await server.close();
  }
}
