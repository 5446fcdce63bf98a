/**
 * Counts the changes of tables, so that what was read of them can be known to be still true.
 *
 * Each statement that changes a table counts up a row of its own session, in the same transaction; no two sessions touch the same
 * row, so nobody waits. The sum over all sessions, read in the snapshot of another statement, then says which committed
 * changes that statement sees: the snapshots of one server are nested, so equal sums are equal sets of changes.
 */
import type { Session } from "../database/session.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { quoteIdentifier } from "../sql/fragment.ts";
import type { Operation } from "./operation.ts";

/** The trigger that every counted table has. */
export const CHANGE_TRIGGER = "fullfinity_change_count";

const EVENTS = "INSERT OR UPDATE OR DELETE OR TRUNCATE";

/** Makes the table of counts and the function that counts. */
export function prepareChangeCount(): Operation {
  return {
    kind: "prepare change count",
    table: CHANGE_TABLE,
    description: "prepare counting the changes of tables",
    statements: [
      `CREATE TABLE IF NOT EXISTS ${CHANGE_TABLE} (
  table_id oid NOT NULL, session integer NOT NULL, changes bigint NOT NULL, PRIMARY KEY (table_id, session)
) WITH (fillfactor = 50)`,
      // Rights of the owner: whoever may change a table need not know of the counts.
      `CREATE OR REPLACE FUNCTION ${CHANGE_TRIGGER}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $count$
BEGIN
  INSERT INTO ${CHANGE_TABLE} AS c VALUES (TG_RELID, pg_backend_pid(), 1)
  ON CONFLICT (table_id, session) DO UPDATE SET changes = c.changes + 1;
  RETURN NULL;
END $count$`,
    ],
  };
}

/** Starts counting the changes of a table. */
export function countChanges(table: string): Operation {
  const name = quoteIdentifier(table);
  return {
    kind: "count changes",
    table,
    description: `count the changes of ${table}`,
    statements: [
      `DROP TRIGGER IF EXISTS ${CHANGE_TRIGGER} ON ${name}`,
      `CREATE TRIGGER ${CHANGE_TRIGGER} AFTER ${EVENTS} ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION ${CHANGE_TRIGGER}()`,
      // Also for sessions that switch triggers off to load data quickly, as `session_replication_role = replica` does.
      `ALTER TABLE ${name} ENABLE ALWAYS TRIGGER ${CHANGE_TRIGGER}`,
    ],
  };
}

/**
 * Adds the counts of sessions that have ended to one row for each table, so that the table stays as small as the pool.
 *
 * The sums stay the same: it is one statement.
 */
export async function foldChangeCounts(session: Session): Promise<void> {
  await session.run({
    text: `WITH ended AS (
  DELETE FROM ${CHANGE_TABLE} WHERE session <> 0 AND session NOT IN (SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL)
  RETURNING table_id, changes
)
INSERT INTO ${CHANGE_TABLE} AS c SELECT table_id, 0, sum(changes) FROM ended GROUP BY table_id ORDER BY table_id
ON CONFLICT (table_id, session) DO UPDATE SET changes = c.changes + excluded.changes`,
    values: [],
  });
}
