/** The role that we use the built-in server with: it makes and owns databases, and can reach no file, program or network. */
import { quoteIdentifier } from "../../sql/fragment.ts";
import type { ConnectionOptions } from "../connection-option.ts";
import { withDatabase } from "../connection-option.ts";
import { Database } from "../database.ts";
import type { Session } from "../session.ts";

/** Owns every database of the built-in server but PostgreSQL's own templates. */
export const APPLICATION_ROLE = "fullfinity_app";

const RIGHTS = "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS";

/** Giving away the tables of a large database takes a lock on each; in milliseconds. */
const MOVE_TIMEOUT_MS = 300_000;

/**
 * Makes the role, and gives it what still belongs to the superuser, as it does in data folders of earlier versions.
 *
 * A database changes hands in one transaction and last of its contents, so a start that was cut off goes on where it was.
 *
 * @param superuser a connection of the role that made the cluster
 * @returns the same place for the new role
 */
export async function prepareApplicationRole<C extends ConnectionOptions>(
  superuser: C,
  onProgress: (text: string) => void,
): Promise<C & { readonly user: string }> {
  const owned = await withDatabaseOf(superuser, async (server) => {
    await makeRole(server);
    return server.rows<{ name: string }>({ text: OWNED_DATABASES, values: [] });
  });
  for (const { name } of owned) {
    if (name !== superuser.database) {
      onProgress(`Giving the database ${name} to an account without the rights of an administrator ...`);
    }
    await withDatabaseOf(withDatabase(superuser, name), (database) =>
      database.transaction((session) => giveAway(session, name)),
    );
  }
  return { ...superuser, user: APPLICATION_ROLE };
}

async function withDatabaseOf<T>(connection: ConnectionOptions, work: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database({ connection, maxConnections: 1, statementTimeout: MOVE_TIMEOUT_MS });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Makes the role where it is missing; one that somebody gave more rights loses them. */
async function makeRole(server: Database): Promise<void> {
  const [found] = await server.rows<{ asWanted: boolean }>({
    text: `SELECT rolcanlogin AND rolcreatedb AND NOT (rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls) AS "asWanted"
      FROM pg_roles WHERE rolname = $1`,
    values: [APPLICATION_ROLE],
  });
  if (found?.asWanted !== true) {
    const verb = found === undefined ? "CREATE" : "ALTER";
    await server.run({ text: `${verb} ROLE ${quoteIdentifier(APPLICATION_ROLE)} ${RIGHTS}`, values: [] });
  }
}

const OWNED_DATABASES = `SELECT datname AS name FROM pg_database
  WHERE pg_get_userbyid(datdba) = current_user AND datallowconn AND datname NOT IN ('template0', 'template1')
  ORDER BY datname COLLATE "C"`;

/** What the current user made itself in this database; parts (indexes, a column's sequence, row types) follow their whole. */
const OWNED_OBJECTS = `
  WITH owned (class, id, owner) AS (
    SELECT tableoid, oid, relowner FROM pg_class
      WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relpersistence <> 't'
    UNION ALL SELECT tableoid, oid, proowner FROM pg_proc
    UNION ALL SELECT t.tableoid, t.oid, t.typowner FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
      WHERE t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c'
    UNION ALL SELECT tableoid, oid, collowner FROM pg_collation
    UNION ALL SELECT tableoid, oid, nspowner FROM pg_namespace
  )
  SELECT (described).type AS kind, (described).identity AS identity
  FROM owned CROSS JOIN LATERAL (SELECT pg_identify_object(class, id, 0) AS described) AS d
  WHERE id >= 16384 AND pg_get_userbyid(owner) = current_user
    AND NOT EXISTS (
      SELECT FROM pg_depend p WHERE p.classid = class AND p.objid = id AND p.objsubid = 0
        AND (p.deptype IN ('i', 'e') OR p.deptype = 'a' AND EXISTS (SELECT FROM pg_sequence WHERE seqrelid = id))
    )`;

async function giveAway(session: Session, name: string): Promise<void> {
  const role = quoteIdentifier(APPLICATION_ROLE);
  const objects = await session.rows<{ kind: string; identity: string }>({ text: OWNED_OBJECTS, values: [] });
  for (const { kind, identity } of objects) {
    // PostgreSQL itself wrote and quoted both.
    await session.run({ text: `ALTER ${kind} ${identity} OWNER TO ${role}`, values: [] });
  }
  await session.run({ text: `ALTER DATABASE ${quoteIdentifier(name)} OWNER TO ${role}`, values: [] });
}
