/** Serves the HTTP API until a signal comes. */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { Authenticator } from "../auth/authenticator.ts";
import { loadSecret } from "../auth/secret.ts";
import type { Config } from "../config.ts";
import { ConnectionCheckError } from "../database/check-connection.ts";
import { checkPooler } from "../database/check-pooler.ts";
import { checkReplica } from "../database/check-replica.ts";
import { markDatabase } from "../database/mark.ts";
import { MaintenanceError } from "../errors.ts";
import { buildServer } from "../http/server.ts";
import {
  ADMIN_EMAIL,
  DEVELOPMENT_PASSWORD,
  hasDevelopmentPassword,
  usersWithKnownPassword,
} from "../installer/administrator.ts";
import { openDatabase } from "../installer/open-database.ts";
import { ScheduleWatch } from "../tenants/schedule-watch.ts";
import { TenantDirectory } from "../tenants/tenant-directory.ts";
import { ServerSource } from "../tenants/tenant-source.ts";
import { groundOf } from "./ground.ts";
import { chooseModules, onDatabase, type Platform, startPlatform } from "./platform.ts";
import { aborted, listenForSignals, type Running, stopAll, tell, within } from "./process-life.ts";
import { StartError } from "./start-error.ts";

/** The person has asked to stop before the start was through. */
class Interrupted extends Error {}

/** Milliseconds that requests under way get to finish once the process is to stop. */
const GRACE_MS = 10_000;
/** Before that, clients with open connections hear with their next answer that they are to open others. */
const PARTING_MS = 1000;
const PARTING_PAUSE_MS = 20;
/** The same for closing what is left after them. */
const CLOSE_MS = 5000;
/** Milliseconds between two looks whether another process is through with changing the database. */
const MAINTENANCE_PAUSE_MS = 250;

/** What preparing the default database has shown. */
export interface Prepared {
  /** The password of the administrator, where it was made now. */
  readonly adminPassword: string | null;
  /** Whether that user still has the password of development. */
  readonly knownPassword: boolean;
}

/** Serves in this process. */
export async function serve(): Promise<void> {
  const running: Running = [];
  const asked = listenForSignals();
  try {
    const platform = await startPlatform(running, asked, false);
    checkWanted(asked);
    const prepared = await prepareDefault(platform);
    checkWanted(asked);
    const server = await startServing(platform, running);
    announce(platform.config, server.server.address() as AddressInfo, prepared);
  } catch (error) {
    await stopAll(running);
    if (!asked.aborted) throw error;
  }
  await aborted(asked);
  await stopAll(running);
}

function checkWanted(asked: AbortSignal): void {
  if (asked.aborted) throw new Interrupted();
}

/**
 * Makes the default database, or brings it to what its modules want.
 *
 * @throws StartError where a password that everybody knows would be reachable from elsewhere
 */
export async function prepareDefault(platform: Platform): Promise<Prepared> {
  const { config, server } = platform;
  const { maxConnections, statementTimeout, preparedStatements, demo, defaultDatabase } = config;
  const opened = await openDatabase({
    server,
    name: defaultDatabase,
    modules: await chooseModules(platform, defaultDatabase),
    demo,
    adminPassword: config.adminPassword ?? (isDevelopment(config) ? DEVELOPMENT_PASSWORD : null),
    onProgress: tell,
    settings: { maxConnections, statementTimeout, preparedStatements, logger: platform.logger },
  });
  try {
    await onDatabase(server, (maintenance) => markDatabase(maintenance, defaultDatabase));
    if (isPublic(config)) checkPasswords(config.host, await usersWithKnownPassword(opened.database));
    const knownPassword = await hasDevelopmentPassword(opened.database);
    return { adminPassword: opened.adminPassword, knownPassword };
  } finally {
    await opened.database.close();
  }
}

/** Opens the default database and listens; what has been started is added to `running`. */
export async function startServing(platform: Platform, running: Running): Promise<FastifyInstance> {
  const { config, logger, library, server: connection } = platform;
  const { maxConnections, statementTimeout, preparedStatements, openDatabases, defaultDatabase } = config;
  const settings = { maxConnections, statementTimeout, preparedStatements, logger };
  await checkWays(platform);
  const source = new ServerSource({
    server: connection,
    pooler: platform.pooler,
    replica: platform.replica,
    library,
    settings,
    filesFolder: join(config.dataFolder, "files"),
    historyDays: config.historyDays,
  });
  const tenants = new TenantDirectory(config, source, { mostOpen: openDatabases, idle: 5 * 60_000 });
  running.push(() => within(CLOSE_MS, tenants.close()));
  await openPatiently(tenants, defaultDatabase);
  const watch = new ScheduleWatch({ tenants, loadNextDue: (name) => source.nextDue(name), logger });
  running.push(() => within(CLOSE_MS, watch.stop()));
  const authenticator = new Authenticator({ secret: config.secret ?? (await loadSecret(config.dataFolder)), logger });
  const { masterKey } = config;
  const databases = masterKey === null ? undefined : { ...groundOf(platform), masterKey };
  const server = await buildServer({ tenants, authenticator, config, logger, databases });
  running.push(() => closeServer(server));
  await listen(server, config);
  return server;
}

/** Tries the ways to the server beside the straight one. A replica that is away may come later. */
async function checkWays({ server, pooler, replica, config, logger }: Platform): Promise<void> {
  if (pooler !== undefined) await checkPooler(server, pooler, config.statementTimeout);
  if (replica === undefined) return;
  await checkReplica(server, replica).catch((error: unknown) => {
    if (!(error instanceof ConnectionCheckError) || !error.mayRecover) throw error;
    logger.warn({ err: error }, "the replica is away: the primary answers for it meanwhile");
  });
}

/** Another process may be changing the database at this moment. */
async function openPatiently(tenants: TenantDirectory, name: string): Promise<void> {
  for (;;) {
    try {
      await tenants.find(name);
      return;
    } catch (error) {
      if (!(error instanceof MaintenanceError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, MAINTENANCE_PAUSE_MS));
  }
}

/** Whether the process is one of a person who tries and builds things. */
function isDevelopment(config: Config): boolean {
  return config.environment === "development";
}

function isPublic({ environment, host }: Config): boolean {
  return environment === "production" && !isLoopback(host);
}

/** A password that everybody knows must not be reachable from elsewhere. */
function checkPasswords(host: string, users: readonly string[]): void {
  if (users.length === 0) return;
  const [have, change] =
    users.length === 1 ? ["still has the password", "the password"] : ["still have the passwords", "their passwords"];
  throw new StartError(
    `${users.join(", ")} ${have} of development, so HOST must be 127.0.0.1, not ${host}: change ${change} first, or set active to false where nobody needs the user`,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<void> {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use by another program: stop that one, or set PORT to another number`,
    EACCES: `this account may not listen on port ${port}: set PORT to a number above 1023`,
    EADDRNOTAVAIL: `this machine has no address ${host}: set HOST to one that it has`,
    ENOTFOUND: `there is no host ${host}: set HOST to an address of this machine`,
  };
  try {
    await server.listen({ host, port });
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
    throw reason === undefined ? error : new StartError(reason);
  }
}

/** Says where the server is, and how to get in. */
export function announce(
  config: Config,
  { address, port }: Pick<AddressInfo, "address" | "port">,
  { adminPassword, knownPassword }: Prepared,
): void {
  const everywhere = isLoopback(address) || address === "0.0.0.0" || address === "::";
  const host = everywhere ? "localhost" : address.includes(":") ? `[${address}]` : address;
  if (!isDevelopment(config) && config.adminPassword === null && adminPassword !== null) {
    tell(`The administrator is ${ADMIN_EMAIL} with the password ${adminPassword}`);
    tell("Keep it now: it is not shown again.");
  }
  const hint = isDevelopment(config) && knownPassword ? `, sign in as ${ADMIN_EMAIL} / ${DEVELOPMENT_PASSWORD}` : "";
  tell(`Fullfinity is ready at http://${host}:${port} (API docs at /docs)${hint}`);
}

/** Waits until no client keeps a connection open, or a while. */
async function untilUnused({ server }: FastifyInstance, deadline: number): Promise<void> {
  for (;;) {
    const count = await new Promise<number>((resolve) => server.getConnections((_, open) => resolve(open ?? 0)));
    if (count === 0 || performance.now() > deadline) return;
    await new Promise((resolve) => setTimeout(resolve, PARTING_PAUSE_MS));
  }
}

/**
 * Turns readiness red, asks clients to open connections elsewhere, then takes no new ones, and lets requests under way
 * finish for a while.
 */
async function closeServer(server: FastifyInstance): Promise<void> {
  server.readiness.stop();
  await untilUnused(server, performance.now() + PARTING_MS);
  const closed = server.close();
  if (await within(GRACE_MS, closed)) return;
  server.server.closeAllConnections();
  await within(CLOSE_MS, closed);
}
