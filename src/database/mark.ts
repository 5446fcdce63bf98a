/** The mark of the databases that are ours: a comment on the database, which can be read without connecting to it. */
import { quoteIdentifier } from "../sql/fragment.ts";
import type { Database } from "./database.ts";

/** What names of databases look like; it fits into host names. */
export const DATABASE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

const MARK = "Fullfinity";

/** Marks a database as one of ours that is ready. @param server any database of the server */
export async function markDatabase(server: Database, name: string): Promise<void> {
  if (await isMarked(server, name)) return;
  await server.run({ text: `COMMENT ON DATABASE ${quoteIdentifier(name)} IS '${MARK}'`, values: [] });
}

/** Whether there is a database of ours with this name. */
export async function isMarked(server: Database, name: string): Promise<boolean> {
  const found = await server.rows({ text: `${MARKED} AND datname = $1`, values: [name] });
  return found.length > 0;
}

/** The names of all databases of ours, in order. */
export async function loadMarkedNames(server: Database): Promise<string[]> {
  const found = await server.rows<{ name: string }>({ text: `${MARKED} ORDER BY datname COLLATE "C"`, values: [] });
  return found.map(({ name }) => name);
}

const MARKED = `SELECT datname AS name FROM pg_database
  WHERE datallowconn AND NOT datistemplate AND shobj_description(oid, 'pg_database') = '${MARK}'`;
