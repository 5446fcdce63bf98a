/** What every command begins with: the settings, the modules of the program, and a database server. */
import type { Logger } from "pino";
import { type Config, loadConfig } from "../config.ts";
import { existsDatabase } from "../database/catalog.ts";
import { type ConnectionOptions, withDatabase } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { buildLogger } from "../http/logger.ts";
import { installedModules, loadDatabaseState } from "../installer/database-state.ts";
import { discoverModules } from "../installer/discover-modules.ts";
import { type LoadedModule, loadModules, modulesFolder } from "../installer/load-modules.ts";
import { ModuleLibrary } from "../installer/module-library.ts";
import { startDatabaseServer } from "../tenants/database-server.ts";
import { type Running, stopAll, tell } from "./process-life.ts";

/** What commands work with. */
export interface Platform {
  readonly config: Config;
  readonly logger: Logger;
  readonly library: ModuleLibrary;
  /** Any database of the server. */
  readonly server: ConnectionOptions;
  /** A pooler in front of it, for the statements of requests. */
  readonly pooler?: ConnectionOptions | undefined;
  /** A streaming replica of it, for reads that ask for one. */
  readonly replica?: ConnectionOptions | undefined;
}

/**
 * Starts what commands work with; what has been started is added to `running` at once.
 *
 * @param beside whether the built-in server of another process will do
 * @throws errors in readable lines
 */
export async function startPlatform(running: Running, signal: AbortSignal, beside: boolean): Promise<Platform> {
  const config = loadConfig();
  const logger = buildLogger(config.logLevel);
  const library = await loadLibrary();
  const { databaseUrl, poolerUrl, replicaUrl, dataFolder } = config;
  const server = await startDatabaseServer({ databaseUrl, dataFolder, onProgress: tell, logger, signal, beside });
  running.push(() => server.stop());
  const pooler = poolerUrl === null ? undefined : { url: poolerUrl };
  const replica = replicaUrl === null ? undefined : { url: replicaUrl };
  return { config, logger, library, server: server.connection, pooler, replica };
}

/** Loads all modules of the program. */
export async function loadLibrary(): Promise<ModuleLibrary> {
  return ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
}

/** Does the work of a command that ends by itself. */
export async function withPlatform(work: (platform: Platform) => Promise<void>): Promise<void> {
  const running: Running = [];
  try {
    await work(await startPlatform(running, new AbortController().signal, true));
  } finally {
    await stopAll(running);
  }
}

/** The modules of a database: those that it has, or where it is new those that the settings give it. */
export async function chooseModules(platform: Platform, name: string): Promise<readonly LoadedModule[]> {
  const { library, config } = platform;
  const installed = await loadInstalled(platform, name);
  if (installed.length > 0) return library.closure(installed);
  return config.modules === null ? library.modules : library.closure(["core", ...config.modules]);
}

async function loadInstalled({ server }: Platform, name: string): Promise<string[]> {
  const there = await onDatabase(server, (maintenance) => existsDatabase(maintenance, name));
  if (!there) return [];
  return onDatabase(withDatabase(server, name), async (database) =>
    installedModules(await loadDatabaseState(database)),
  );
}

/** Does something on one connection to a database. */
export async function onDatabase<Result>(
  connection: ConnectionOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = new Database({ connection, maxConnections: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
