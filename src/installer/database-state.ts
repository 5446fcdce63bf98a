/** What a database says of itself: its modules, and the revision of its registry. Read in one statement. */
import { createHash } from "node:crypto";
import { DatabaseFault } from "../database/error-code.ts";
import type { Session } from "../database/session.ts";

/** A module as the database knows it. */
export interface ModuleState {
  readonly identifier: string;
  readonly version: string;
  readonly state: "installed" | "uninstalled";
  readonly fingerprint: string | null;
}

/** What every process that serves the database must agree with. */
export interface DatabaseState {
  readonly modules: readonly ModuleState[];
  /** Counts up with every change of modules, tables or data files. */
  readonly revision: number;
  /** Of the tables and data files that the database was brought to; null where that is not known. */
  readonly fingerprint: string | null;
}

/** Tells processes that the registry of the database is about to change. */
export const REGISTRY_CHANNEL = "fullfinity_registry";

/** The tables are not there, or not all of their columns: nothing has been installed, or by an older program. */
const NOT_THERE = new Set(["42P01", "42703"]);

const STATE = `SELECT
  (SELECT coalesce(json_agg(json_build_object('identifier', identifier, 'version', version, 'state', state,
    'fingerprint', fingerprint) ORDER BY id), '[]') FROM module) AS modules,
  coalesce((SELECT revision FROM registry_state LIMIT 1), 0) AS revision,
  (SELECT fingerprint FROM registry_state LIMIT 1) AS fingerprint`;
const MODULES = STATE.replace(/,\s+coalesce[\s\S]*/, ", 0 AS revision, NULL AS fingerprint");

/**
 * Reads the state.
 *
 * @param session must not be a transaction: it would not survive that there is nothing to read
 * @returns null for a database in which nothing has been installed
 */
export async function loadDatabaseState(session: Session): Promise<DatabaseState | null> {
  for (const text of [STATE, MODULES]) {
    try {
      const [state] = await session.rows<DatabaseState>({ text, values: [] });
      return state === undefined || state.modules.length === 0 ? null : state;
    } catch (error) {
      if (!(error instanceof DatabaseFault && NOT_THERE.has(error.code))) throw error;
    }
  }
  return null;
}

/** Only the revision. */
export async function loadRevision(session: Session): Promise<number> {
  const [row] = await session.rows<{ revision: number }>({ text: "SELECT revision FROM registry_state", values: [] });
  return row?.revision ?? 0;
}

/** Identifiers of the modules that are installed. */
export function installedModules(state: DatabaseState | null): string[] {
  return (state?.modules ?? []).filter((module) => module.state === "installed").map(({ identifier }) => identifier);
}

/** Counts the revision up, at the end of the transaction that has changed the database. */
export async function saveRevision(session: Session, fingerprint: string): Promise<void> {
  const values = [fingerprint];
  const updated = await session.run({
    text: "UPDATE registry_state SET revision = revision + 1, fingerprint = $1, updated_date = now()",
    values,
  });
  if (updated === 0) {
    await session.run({ text: "INSERT INTO registry_state (revision, fingerprint) VALUES (1, $1)", values });
  }
}

/** A digest of parts, in their order. */
export function digestOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
