/** The place of a run: a folder of its own, a server of PostgreSQL, and a name for a database on it. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../src/config.ts";
import type { ConnectionOptions } from "../src/database/connection-option.ts";
import { SUPERUSER } from "../src/database/embedded/initialise.ts";
import { startDatabaseServer } from "../src/tenants/database-server.ts";
import { newDatabaseName, removeDatabase, urlOf } from "./data.ts";
import type { Site } from "./target.ts";

/** The project's folder. */
export const project = fileURLToPath(new URL("..", import.meta.url));

/**
 * Prepares a place.
 *
 * @param started gets what undoes each step, to be called from its end
 * @returns with `administrator`, the same server as a role that may have it write everything to disk
 */
export async function prepareSite(
  started: (() => Promise<unknown>)[],
): Promise<{ site: Site; connection: ConnectionOptions; administrator: ConnectionOptions }> {
  const folder = await mkdtemp(join(tmpdir(), "fullfinity-bench-"));
  started.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755); // the account of the built-in server must be able to enter it
  const { databaseUrl } = loadConfig();
  const server = await startDatabaseServer({ databaseUrl, dataFolder: join(folder, "data"), onProgress: console.log });
  started.push(() => server.stop());
  const databaseName = newDatabaseName();
  started.push(() => removeDatabase(server.connection, databaseName));
  const { connection } = server;
  const administrator = databaseUrl === null ? { ...connection, user: SUPERUSER } : connection;
  return { connection, administrator, site: { project, folder, databaseName, databaseUrl: urlOf(connection) } };
}
