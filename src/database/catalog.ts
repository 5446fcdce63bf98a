/** Creates, finds, lists and removes whole databases of a server, over a connection to any other of its databases. */
import { quoteIdentifier } from "../sql/fragment.ts";
import type { Database } from "./database.ts";
import { DatabaseFault } from "./error-code.ts";

/** SQLSTATE for "there is one of this name already". */
const DUPLICATE_DATABASE = "42P04";

/** Sorting follows the Unicode rules of ICU; filters compare bytewise by asking for COLLATE "C". */
const FRESH = "TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C'";

/**
 * Creates a database.
 *
 * @param server any other database of the server
 * @param options `template`: a database to copy, to which nobody may be connected; empty unless given
 * @returns false when there was one of this name already
 */
export async function createDatabase(
  server: Database,
  name: string,
  options: { readonly template?: string } = {},
): Promise<boolean> {
  const source =
    options.template === undefined ? FRESH : `TEMPLATE ${quoteIdentifier(options.template)} STRATEGY ${COPY_STRATEGY}`;
  try {
    await server.run({ text: `CREATE DATABASE ${quoteIdentifier(name)} ${source}`, values: [] });
    return true;
  } catch (error) {
    if (error instanceof DatabaseFault && error.code === DUPLICATE_DATABASE) {
      return false;
    }
    throw error;
  }
}

/** Copying whole files is quicker than logging every page for databases of more than a few megabytes. */
const COPY_STRATEGY = "FILE_COPY";

/**
 * Removes a database with all of its data, and ends the connections to it.
 *
 * @returns false when there was none
 */
export async function dropDatabase(server: Database, name: string): Promise<boolean> {
  const existed = await existsDatabase(server, name);
  await server.run({ text: `DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`, values: [] });
  return existed;
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
