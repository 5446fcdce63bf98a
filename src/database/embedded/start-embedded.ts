/** Starts the built-in PostgreSQL on a data folder and keeps it running until it is stopped or this process ends. */
import { mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { DatabaseLogger } from "../database-logger.ts";
import { type Account, chooseAccount } from "./account.ts";
import { prepareApplicationRole } from "./application-role.ts";
import { type ClusterHome, locateCluster, makeSocketFolder, SYSTEM_FOLDER } from "./cluster-home.ts";
import { initialiseCluster, SUPERUSER } from "./initialise.ts";
import { awaitLeftoverServer } from "./leftover-server.ts";
import { takeOwnerLock } from "./owner-lock.ts";
import { findPlatformPackage } from "./platform-package.ts";
import { availableMemory, sharedBuffers } from "./server-memory.ts";
import { runServer, type ServerProcess } from "./server-process.ts";
import { prepareServerPrograms } from "./server-program.ts";

export interface EmbeddedOptions {
  /** Where the database lives; made when it is not there. */
  readonly dataFolder: string;
  /** Told, in one line each, about steps that take noticeable time. */
  readonly onProgress?: (text: string) => void;
  readonly logger?: DatabaseLogger;
  /** Server settings that differ from ours, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of the platform package; found by its name unless given. */
  readonly packageFolder?: string;
  /** Place for programs and clusters that would be out of reach where they are; `/var/lib/fullfinity` unless given. */
  readonly systemFolder?: string;
}

export interface EmbeddedServer {
  /** The maintenance database, over a Unix socket, without a password, as a role that is no superuser. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  /** Disconnects everybody, saves and stops; a second call does nothing more. */
  stop(): Promise<void>;
}

const PORT = 5432;

/** Fit for a developer's machine and for a small company; acknowledged means on disk. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: String(PORT),
  // Each open database has one to listen and a few to work with; an unused place costs some kilobytes.
  max_connections: "300",
  shared_buffers: sharedBuffers(availableMemory()),
  fsync: "on",
  synchronous_commit: "on",
  random_page_cost: "1.1",
  timezone: "UTC",
  log_timezone: "UTC",
  // Failed statements are reported where they were sent; here they would only put people's data into a log file.
  log_min_messages: "log",
};

/** A server whose predecessor was cut off may find its memory still in use for a moment. */
const START_ATTEMPTS = 5;
const START_PAUSE_MS = 300;
/** Milliseconds before a server that ended by itself is started again. */
const RESTART_PAUSE_MS = 1000;
/** A larger log is put aside at the next start, in bytes. */
const LOG_LIMIT = 5_000_000;

/**
 * Starts the built-in server, preparing it first where that is needed.
 *
 * @throws EmbeddedError in one readable line: no package for this machine, data folder in use, server does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const onProgress = options.onProgress ?? (() => undefined);
  const packageFolder = await realpath(options.packageFolder ?? findPlatformPackage());
  await mkdir(options.dataFolder, { recursive: true });
  const dataFolder = await realpath(options.dataFolder);
  const lock = await takeOwnerLock(dataFolder);
  try {
    const systemFolder = options.systemFolder ?? SYSTEM_FOLDER;
    const { home, account } = await locateCluster(dataFolder, systemFolder, chooseAccount);
    if (home.folder !== dataFolder) {
      onProgress(`Keeping the database in ${home.folder}: the account ${account?.name} cannot enter ${dataFolder}`);
    }
    await awaitLeftoverServer(home.cluster, onProgress);
    const copyFolder = account === undefined ? home.folder : systemFolder;
    const programs = await prepareServerPrograms(packageFolder, copyFolder, account, onProgress);
    const durable = options.settings?.fsync !== "off";
    await initialiseCluster(home, programs, account, durable, onProgress);
    const server = await keepRunning(programs.postgres, home, account, options);
    const superuser = { host: server.socketFolder, port: PORT, user: SUPERUSER, database: "postgres" };
    const connection = await prepareApplicationRole(superuser, onProgress).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return {
      connection,
      stop: async () => {
        await server.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Starts the server and starts it again whenever it ends without having been asked to. */
async function keepRunning(
  program: string,
  home: ClusterHome,
  account: Account | undefined,
  options: EmbeddedOptions,
): Promise<{ socketFolder: string; stop(): Promise<void> }> {
  const socketFolder = await makeSocketFolder(home, account);
  const settings = { ...SETTINGS, unix_socket_directories: socketFolder, ...options.settings };
  const args = ["-D", home.cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  await putLogAside(home.log);
  const start = () => startPatiently(() => runServer(program, args, { ...home, account }));
  let stopping = false;
  let current: Promise<ServerProcess> = start();
  const watch = (server: ServerProcess): void => {
    void server.ended.then(async () => {
      if (stopping) {
        return;
      }
      options.logger?.error({ log: home.log }, "the built-in PostgreSQL server has ended; starting it again");
      current = new Promise<void>((resolve) => setTimeout(resolve, RESTART_PAUSE_MS)).then(start);
      current.then(watch, (error: unknown) => options.logger?.error({ err: error }, "it did not start again"));
    });
  };
  watch(await current);
  return {
    socketFolder,
    stop: async () => {
      stopping = true;
      await current.then(
        (server) => server.stop(),
        () => undefined,
      );
      if (dirname(socketFolder) !== home.folder) {
        await rm(socketFolder, { recursive: true, force: true });
      }
    },
  };
}

async function startPatiently(start: () => Promise<ServerProcess>): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === START_ATTEMPTS) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS * attempt));
    }
  }
}

async function putLogAside(log: string): Promise<void> {
  const { size } = await stat(log).catch(() => ({ size: 0 }));
  if (size > LOG_LIMIT) {
    await rename(log, `${log}.old`);
  }
}
