/** Keeps everybody out of a database while its modules change: by locks that end with the transaction, whatever happens. */
import type { ConnectionOptions } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { DatabaseUnavailable } from "../database/error-code.ts";
import type { Transaction } from "../database/transaction.ts";
import { MaintenanceError } from "../errors.ts";
import { raw } from "../sql/fragment.ts";
import { REGISTRY_CHANNEL } from "./database-state.ts";

/** Held by whoever changes modules; advisory locks are per database. */
export const INSTALL_LOCK = 0x66_66_69_6e;
/** Shared by all processes that serve the database, alone for the one that changes it. */
export const SERVING_LOCK = 0x66_66_73_76;

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For another process that changes modules. */
  readonly others: number;
  /** For requests that are under way. */
  readonly requests: number;
}

/** What processes are told, on the channel of the registry. */
export type RegistryNotice = "change" | "leave";

/**
 * Runs work in one transaction while no process serves the database.
 *
 * Every process that serves it hears of it, answers new requests with a 503, finishes those under way, and lets go. When the
 * transaction ends, also because its process was killed, they look at what the database is like now and serve again.
 *
 * @param database gives the transaction; it needs one connection
 * @throws MaintenanceError when another process is at it, or requests do not end in time; nothing has been changed then
 */
export function underMaintenance<Result>(
  database: Database,
  patience: Patience,
  work: (session: Transaction) => Promise<Result>,
): Promise<Result> {
  const locked = async (session: Transaction): Promise<Result> => {
    await lockOut(session, database.connection, patience, "change");
    return work(session);
  };
  return database.transaction(locked, { isolation: "read committed" });
}

/**
 * Takes the locks of maintenance for the rest of a transaction.
 *
 * @param notice whether processes come back afterwards, or close the database for good
 * @throws as {@link underMaintenance}
 */
export async function lockOut(
  session: Transaction,
  connection: ConnectionOptions,
  { others, requests }: Patience,
  notice: RegistryNotice,
): Promise<void> {
  await session.run(raw("SET LOCAL statement_timeout = 0"));
  await session.run(raw("SET LOCAL idle_in_transaction_session_timeout = 0"));
  await lock(session, INSTALL_LOCK, others, "another process is changing this database");
  await announce(connection, notice);
  await lock(session, SERVING_LOCK, requests, "requests under way did not end in time; nothing has been changed");
  await session.run(raw("SET LOCAL lock_timeout = 0"));
}

async function lock(session: Transaction, key: number, patience: number, refusal: string): Promise<void> {
  await session.run(raw(`SET LOCAL lock_timeout = ${Math.max(1, Math.ceil(patience))}`));
  try {
    await session.run(raw(`SELECT pg_advisory_xact_lock(${key})`));
  } catch (error) {
    if (error instanceof DatabaseUnavailable && error.code === "locked") {
      throw new MaintenanceError(refusal, { cause: error });
    }
    throw error;
  }
}

/** A notification goes out with its own commit, so that it needs a connection of its own. */
async function announce(connection: ConnectionOptions, notice: RegistryNotice): Promise<void> {
  const line = new Database({ connection, maxConnections: 1 });
  try {
    await line.rows({ text: "SELECT pg_notify($1, $2)", values: [REGISTRY_CHANNEL, notice] });
  } finally {
    await line.close();
  }
}
