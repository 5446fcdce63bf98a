/** What can be done with whole databases: create, list, drop, rename, copy, back up, restore. */
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import { checkModules } from "../backup/manifest.ts";
import { checkBackup, readBackup } from "../backup/read-backup.ts";
import { type WrittenBackup, writeBackup } from "../backup/write-backup.ts";
import { createDatabase, dropDatabase, existsDatabase } from "../database/catalog.ts";
import { type ConnectionOptions, withDatabase } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { DatabaseFault } from "../database/error-code.ts";
import { DATABASE_NAME, isMarked, loadMarkedNames, markDatabase } from "../database/mark.ts";
import { MissingError, UserError, ValidationError } from "../errors.ts";
import { FileStore } from "../files/file-store.ts";
import { installedModules, loadDatabaseState } from "../installer/database-state.ts";
import type { InstallOptions } from "../installer/install-modules.ts";
import { lockOut, type Patience } from "../installer/maintenance.ts";
import type { ModuleLibrary } from "../installer/module-library.ts";
import { agrees, openDatabase } from "../installer/open-database.ts";
import { suspendWork } from "../jobs/cron-job.ts";
import { applyPlan } from "../schema/apply.ts";
import { quoteIdentifier } from "../sql/fragment.ts";

/** Where databases and their files are. */
export interface DatabaseGround {
  /** Any database of the server. */
  readonly server: ConnectionOptions;
  readonly library: ModuleLibrary;
  /** Holds a folder with files for each database. */
  readonly filesFolder: string;
  /** Where backups are kept that nobody gave a place. */
  readonly backupFolder: string;
}

const PATIENCE: Patience = { others: 5000, requests: 30_000 };
/** Somebody who connects at the wrong moment makes PostgreSQL refuse; then it is tried again, this often, with a pause. */
const ATTEMPTS = 40;
const PAUSE_MS = 50;
/** SQLSTATE for "the database is being accessed by other users". */
const IN_USE = "55006";

/** The names of all databases of ours, in order. */
export function listDatabases(ground: DatabaseGround): Promise<readonly string[]> {
  return onServer(ground, loadMarkedNames);
}

/**
 * Creates a database with modules.
 *
 * @param modules identifiers, with all that they need; null for all that there are
 * @returns the password of its administrator
 */
export async function createTenant(
  ground: DatabaseGround,
  name: string,
  modules: readonly string[] | null,
  options: InstallOptions,
): Promise<string | null> {
  await checkFree(ground, name);
  const { server, library } = ground;
  const wanted = modules === null ? library.modules : library.closure(["core", ...modules]);
  try {
    const opened = await openDatabase({ ...options, server, name, modules: wanted });
    await opened.database.close();
    await onServer(ground, (maintenance) => markDatabase(maintenance, name));
    return opened.adminPassword;
  } catch (error) {
    await onServer(ground, (maintenance) => dropDatabase(maintenance, name));
    throw error;
  }
}

/** Drops a database with everything in it, once requests under way are through. */
export async function dropTenant(ground: DatabaseGround, name: string): Promise<void> {
  await checkThere(ground, name);
  await letAllLeave(ground, name);
  await onServer(ground, (maintenance) => dropDatabase(maintenance, name));
  await rm(filesOf(ground, name), { recursive: true, force: true });
}

/** Renames a database, once requests under way are through. Tokens of its users are good for the old name only. */
export async function renameTenant(ground: DatabaseGround, from: string, to: string): Promise<void> {
  await checkThere(ground, from);
  await checkFree(ground, to, "to");
  await move(ground, from, to);
}

/**
 * Copies a database with its files, as it is at this moment; it may be in use meanwhile. Nothing runs by itself in the copy: what the
 * original does at its times must not happen twice.
 */
export async function duplicateTenant(ground: DatabaseGround, from: string, to: string): Promise<void> {
  await checkThere(ground, from);
  await checkFree(ground, to, "to");
  const { path } = await backUp(ground, from, join(ground.backupFolder, `copy-${randomBytes(6).toString("hex")}`));
  try {
    await restoreAs(ground, path, to, false, suspendWork);
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Writes a backup of a database and its files, while it is in use.
 *
 * @param path where to; in the folder of backups, named after database and time, unless given
 */
export async function backUp(ground: DatabaseGround, name: string, path?: string): Promise<WrittenBackup> {
  await checkThere(ground, name);
  await mkdir(ground.backupFolder, { recursive: true, mode: 0o700 });
  const moment = new Date().toISOString().replace(/[:.]/g, "-");
  const source = { name, connection: withDatabase(ground.server, name), files: new FileStore(filesOf(ground, name)) };
  return writeBackup(source, path ?? join(ground.backupFolder, `${name}-${moment}.backup`));
}

/**
 * Makes a database of a backup. What was there under the name is served until the new one is complete.
 *
 * @param replace whether a database of this name may be lost
 * @throws UserError when the file is no complete backup, or does not fit this program
 */
export function restore(ground: DatabaseGround, path: string, name: string, replace: boolean): Promise<void> {
  return restoreAs(ground, path, name, replace, async () => {});
}

/** @param adapt changes what is restored before anybody can open it */
async function restoreAs(
  ground: DatabaseGround,
  path: string,
  name: string,
  replace: boolean,
  adapt: (database: Database) => Promise<void>,
): Promise<void> {
  checkName(name);
  const isThere = await onServer(ground, (maintenance) => existsDatabase(maintenance, name));
  if (isThere && !replace) throw new UserError(`there is a database "${name}" already`);
  if (isThere) await checkThere(ground, name);
  const versions = new Map(ground.library.modules.map(({ manifest }) => [manifest.identifier, manifest.version]));
  checkModules(await checkBackup(path), versions, semver.lt);
  const scratch = `restoring_${randomBytes(8).toString("hex")}`;
  try {
    await onServer(ground, (maintenance) => createDatabase(maintenance, scratch));
    const files = new FileStore(filesOf(ground, scratch));
    await readBackup(path, withDatabase(ground.server, scratch), files);
    await complete(ground, scratch, adapt);
    const aside = `replaced_${randomBytes(8).toString("hex")}`;
    if (isThere) await move(ground, name, aside);
    await move(ground, scratch, name);
    await onServer(ground, (maintenance) => markDatabase(maintenance, name));
    if (isThere) await remove(ground, aside);
  } catch (error) {
    await remove(ground, scratch);
    throw error;
  }
}

/**
 * Makes, before `adapt`, what a backup does not hold because it follows from the modules: triggers that keep the change history.
 *
 * A backup of older versions is brought up to date by whoever opens the database first.
 */
async function complete(
  { server, library }: DatabaseGround,
  name: string,
  adapt: (database: Database) => Promise<void>,
): Promise<void> {
  const database = new Database({ connection: withDatabase(server, name), maxConnections: 1, statementTimeout: 0 });
  try {
    const state = await loadDatabaseState(database);
    if (state === null) return;
    const set = library.compose(installedModules(state));
    if (agrees(state, set)) await applyPlan(database, set.desired);
    await adapt(database);
  } finally {
    await database.close();
  }
}

async function remove(ground: DatabaseGround, name: string): Promise<void> {
  await onServer(ground, (maintenance) => dropDatabase(maintenance, name));
  await rm(filesOf(ground, name), { recursive: true, force: true });
}

/** @param path how whoever asked calls the name */
function checkName(name: string, path = "name"): void {
  if (DATABASE_NAME.test(name)) return;
  const message = "must be a small letter, then small letters, digits, - and _, 63 characters at most";
  throw ValidationError.ofFields([{ path, message: `${message}, not ${JSON.stringify(name.slice(0, 100))}` }]);
}

async function checkFree(ground: DatabaseGround, name: string, path?: string): Promise<void> {
  checkName(name, path);
  if (await onServer(ground, (maintenance) => existsDatabase(maintenance, name))) {
    throw new UserError(`there is a database "${name}" already`);
  }
}

/** Databases of others on the same server are none of our business. */
async function checkThere(ground: DatabaseGround, name: string): Promise<void> {
  if (!(await onServer(ground, (maintenance) => isMarked(maintenance, name)))) {
    throw new MissingError(`there is no database "${name}"`);
  }
}

function filesOf({ filesFolder }: DatabaseGround, name: string): string {
  return join(filesFolder, name);
}

/** Gives a database and its files another name. */
async function move(ground: DatabaseGround, from: string, to: string): Promise<void> {
  await letAllLeave(ground, from);
  await onServer(ground, (maintenance) => renamePatiently(maintenance, from, to));
  await rename(filesOf(ground, from), filesOf(ground, to)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error; // it has no files
  });
}

/** Every process finishes its requests and closes the database. */
async function letAllLeave({ server }: DatabaseGround, name: string): Promise<void> {
  const connection = withDatabase(server, name);
  const database = new Database({ connection, maxConnections: 1 });
  try {
    await database.transaction((session) => lockOut(session, connection, PATIENCE, "leave"));
  } finally {
    await database.close();
  }
}

async function renamePatiently(maintenance: Database, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await maintenance.rows({
      text: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
      values: [from],
    });
    try {
      await maintenance.run({
        text: `ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`,
        values: [],
      });
      return;
    } catch (error) {
      if (!(error instanceof DatabaseFault && error.code === IN_USE) || attempt === ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function onServer<Result>(
  { server }: DatabaseGround,
  work: (maintenance: Database) => Promise<Result>,
): Promise<Result> {
  // Copying and dropping databases take as long as they take.
  const maintenance = new Database({ connection: server, maxConnections: 1, statementTimeout: 0 });
  try {
    return await work(maintenance);
  } finally {
    await maintenance.close();
  }
}
