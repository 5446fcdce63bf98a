/** Creates, finds, lists and removes whole databases of a server, over a connection to any other of its databases. */
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import type { Database } from "./database.ts";
import { DatabaseFault } from "./error-code.ts";
import type { Session } from "./session.ts";

/** SQLSTATE for "there is one of this name already". */
const DUPLICATE_DATABASE = "42P04";

/** SQLSTATE for "one of the connections to it is not yours to end". */
const NOT_YOURS = "42501";
/** SQLSTATE for "somebody is connected to it". */
const IN_USE = "55006";
const DROP_ATTEMPTS = 5;

/** SQLSTATE for "the operating system has no locale of this name". */
const NO_LOCALE = "42809";

/** Sorting follows the Unicode rules of ICU; filters compare bytewise by asking for COLLATE "C". */
const FRESH = "TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C'";

/**
 * What tells letters from other characters, which matters to trigrams alone: the first that the operating system of the server has. In the
 * last, which all have, letters are those of ASCII.
 */
const CHARACTER_CLASSES: readonly string[] = ["C.UTF-8", "en_US.UTF-8", "C"];

/**
 * Creates a database.
 *
 * @param server any other database of the server
 * @param options `template`: a database to copy, to which nobody may be connected; empty unless given
 * @returns false when there was one of this name already
 */
export async function createDatabase(
  server: Session,
  name: string,
  options: { readonly template?: string } = {},
): Promise<boolean> {
  if (options.template === undefined) return createFresh(server, name, CHARACTER_CLASSES);
  return createFrom(server, name, `TEMPLATE ${quoteIdentifier(options.template)} STRATEGY ${COPY_STRATEGY}`);
}

async function createFresh(
  server: Session,
  name: string,
  [first = "C", ...others]: readonly string[],
): Promise<boolean> {
  try {
    return await createFrom(server, name, `${FRESH} LC_CTYPE ${quoteLiteral(first)}`);
  } catch (error) {
    if (others.length === 0 || !isFault(error, NO_LOCALE)) throw error;
    return createFresh(server, name, others);
  }
}

async function createFrom(server: Session, name: string, source: string): Promise<boolean> {
  try {
    await server.run({ text: `CREATE DATABASE ${quoteIdentifier(name)} ${source}`, values: [] });
    return true;
  } catch (error) {
    if (isFault(error, DUPLICATE_DATABASE)) return false;
    throw error;
  }
}

/** Copying whole files is quicker than logging every page for databases of more than a few megabytes. */
const COPY_STRATEGY = "FILE_COPY";

/**
 * Removes a database with all of its data, and ends the connections to it.
 *
 * @returns false when there was none
 * @throws DatabaseFault where somebody else stays connected
 */
export async function dropDatabase(server: Database, name: string): Promise<boolean> {
  const existed = await existsDatabase(server, name);
  const drop = `DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await server.run({ text: `${drop} WITH (FORCE)`, values: [] });
      return existed;
    } catch (error) {
      if (!isFault(error, NOT_YOURS)) throw error;
    }
    // PostgreSQL's own work there, such as a vacuum, cannot be ended by us; without force it is asked to stop, and waited for.
    await endOwnConnections(server, name);
    try {
      await server.run({ text: drop, values: [] });
      return existed;
    } catch (error) {
      if (attempt === DROP_ATTEMPTS || !isFault(error, IN_USE)) throw error;
    }
  }
}

async function endOwnConnections(server: Database, name: string): Promise<void> {
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user`;
  await server.rows({ text, values: [name] });
}

function isFault(error: unknown, code: string): boolean {
  return error instanceof DatabaseFault && error.code === code;
}

export async function existsDatabase(server: Database, name: string): Promise<boolean> {
  const found = await server.rows({ text: "SELECT 1 FROM pg_database WHERE datname = $1", values: [name] });
  return found.length > 0;
}

/** @returns the names of all databases that can be connected to, without templates, in order */
export async function loadDatabaseNames(server: Database): Promise<string[]> {
  const found = await server.rows<{ name: string }>({
    text: `SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`,
    values: [],
  });
  return found.map(({ name }) => name);
}
