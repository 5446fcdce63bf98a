/** Where tenants come from: the databases of one server that are ours. */
import { join } from "node:path";
import { type ConnectionOptions, withDatabase } from "../database/connection-option.ts";
import { Database, type DatabaseOptions } from "../database/database.ts";
import { DATABASE_NAME, isMarked, loadMarkedNames } from "../database/mark.ts";
import { Replica } from "../database/replica.ts";
import { FileStore } from "../files/file-store.ts";
import type { ModuleLibrary } from "../installer/module-library.ts";
import { loadNextDue } from "../jobs/cron-job.ts";
import { LiveTenant } from "./live-tenant.ts";

/** Gives tenants by their names. */
export interface TenantSource {
  /**
   * @param onLeave called when the database is to be let go for good
   * @returns null where there is no such database of ours
   */
  open(name: string, onLeave: () => void): Promise<LiveTenant | null>;
  /** The names of all databases of ours, in order. */
  names(): Promise<readonly string[]>;
  /** Fails where the server does not answer. */
  check(): Promise<unknown>;
  close(): Promise<void>;
}

/** What the source of a server's databases is made of. */
export interface ServerSourceOptions {
  /** Any database of the server. */
  readonly server: ConnectionOptions;
  /** A pooler in front of it, for the statements of requests. */
  readonly pooler?: ConnectionOptions | undefined;
  /** A streaming replica of it, for reads that ask for one. */
  readonly replica?: ConnectionOptions | undefined;
  readonly library: ModuleLibrary;
  /** Holds a folder with files for each database. */
  readonly filesFolder: string;
  /** Days that entries of the change history are kept; for ever unless given. */
  readonly historyDays?: number | null;
  /** Settings of the connections to each database. */
  readonly settings: Omit<DatabaseOptions, "connection" | "pooler">;
}

/** Connections for questions about the server, such as which databases there are. */
const QUESTIONS = 2;

/** The databases of a server. */
export class ServerSource implements TenantSource {
  readonly #options: ServerSourceOptions;
  readonly #server: Database;

  constructor(options: ServerSourceOptions) {
    this.#options = options;
    this.#server = new Database({ ...options.settings, connection: options.server, maxConnections: QUESTIONS });
  }

  async open(name: string, onLeave: () => void): Promise<LiveTenant | null> {
    if (!DATABASE_NAME.test(name) || !(await isMarked(this.#server, name))) return null;
    const { server, pooler, library, settings, filesFolder, historyDays } = this.#options;
    const { logger } = settings;
    const database = new Database({
      ...settings,
      connection: withDatabase(server, name),
      pooler: pooler === undefined ? undefined : withDatabase(pooler, name),
    });
    const files = new FileStore(join(filesFolder, name));
    const replica = this.#replicaOf(name, database);
    return LiveTenant.open({ name, database, replica, library, files, logger, historyDays, onLeave });
  }

  #replicaOf(name: string, primary: Database): Replica | undefined {
    const { replica, settings } = this.#options;
    if (replica === undefined) return undefined;
    return new Replica(
      primary,
      new Database({ ...settings, connection: withDatabase(replica, name) }),
      settings.logger,
    );
  }

  names(): Promise<readonly string[]> {
    return loadMarkedNames(this.#server);
  }

  /** When scheduled work is due in a database, which is not opened for that: one connection, for one question. */
  async nextDue(name: string): Promise<number | null> {
    const { server, settings } = this.#options;
    const database = new Database({ ...settings, connection: withDatabase(server, name), maxConnections: 1 });
    try {
      return await loadNextDue(database);
    } finally {
      await database.close();
    }
  }

  check(): Promise<unknown> {
    return this.#server.rows({ text: "SELECT 1", values: [] });
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
