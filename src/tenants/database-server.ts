/** The PostgreSQL server that the process works with: the built-in one, or one that is waited for. */
import { ConnectionCheckError, checkConnection, type ServerFacts } from "../database/check-connection.ts";
import type { ConnectionOptions } from "../database/connection-option.ts";
import type { DatabaseLogger } from "../database/database-logger.ts";
import { findRunningServer } from "../database/embedded/running-server.ts";
import { startEmbedded } from "../database/embedded/start-embedded.ts";

/** A server that can be connected to. */
export interface DatabaseServer {
  /** Any of its databases. */
  readonly connection: ConnectionOptions;
  /** Stops what this process has started; a server of somebody else's runs on. */
  stop(): Promise<void>;
}

/** Where the server is, and who hears about it. */
export interface DatabaseServerOptions {
  /** Null starts the built-in server. */
  readonly databaseUrl: string | null;
  readonly dataFolder: string;
  /** Told, in one line each, about steps that take noticeable time. */
  readonly onProgress: (text: string) => void;
  readonly logger?: DatabaseLogger;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Works with the built-in server that another process has started, where one has. */
  readonly beside?: boolean;
  /** Milliseconds to wait for a server that is not there yet; a minute unless given. */
  readonly patience?: number;
}

const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * Starts the built-in server, or waits until the configured one lets us in.
 *
 * @throws EmbeddedError or ConnectionCheckError in one readable line; at once where waiting could not help
 */
export async function startDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const { databaseUrl, dataFolder, onProgress, logger, beside = false } = options;
  const running = databaseUrl === null && beside ? await findRunningServer(dataFolder) : undefined;
  if (running !== undefined) return { connection: running, stop: async () => {} };
  if (databaseUrl === null)
    return startEmbedded({ dataFolder, onProgress, ...(logger === undefined ? {} : { logger }) });
  const connection = { url: databaseUrl };
  const { user, excess } = await awaitServer(connection, options);
  if (excess.length > 0) {
    logger?.warn(
      { user, rights: excess },
      "DATABASE_URL names an account with rights over the server's machine: use one without",
    );
  }
  return { connection, stop: async () => {} };
}

async function awaitServer(connection: ConnectionOptions, options: DatabaseServerOptions): Promise<ServerFacts> {
  const { patience = PATIENCE_MS, signal, onProgress } = options;
  const end = performance.now() + patience;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await checkConnection(connection);
    } catch (error) {
      const mayRecover = error instanceof ConnectionCheckError && error.mayRecover;
      if (!mayRecover || signal?.aborted === true || performance.now() + pause > end) throw error;
      if (pause === FIRST_PAUSE_MS) onProgress(`Waiting for the database server: ${error.message} ...`);
    }
    await sleep(pause, signal);
  }
}

/** Resolves after some milliseconds, or when the signal comes. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
