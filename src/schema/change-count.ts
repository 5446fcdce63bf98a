/**
 * Counts the changes of tables, so that what was read of them can be known to be still true.
 *
 * Each statement that changes a table counts up a row of its own session, in the same transaction; no two sessions touch the same
 * row, so nobody waits. The sum over all sessions, read in the snapshot of another statement, then says which committed
 * changes that statement sees: the snapshots of one server are nested, so equal sums are equal sets of changes.
 */
import type { Session } from "../database/session.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import type { Operation } from "./operation.ts";

/** The trigger that every counted table has. */
export const CHANGE_TRIGGER = "fullfinity_change_count";

/** The comment of the function that counts, which tells that it is this one: what it does is changed with a new number. */
export const CHANGE_COUNTING = "counts changes for remembered totals, in the way 2";

const EVENTS = "INSERT OR UPDATE OR DELETE OR TRUNCATE";

/**
 * Between two looks at a page its row is counted up again and again, and whoever counts next walks over all versions since the last
 * tidying up; a page that counts as full early is tidied up early.
 */
const FILL = "fillfactor = 10";

/**
 * Rights of the owner: whoever may change a table need not know of the counts. Every name says its schema, so that the function depends
 * on no search path of its callers: a path of its own would have to be set, and set back, for each statement.
 */
const COUNTING_FUNCTION = `CREATE OR REPLACE FUNCTION %1$I.${CHANGE_TRIGGER}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $count$
BEGIN
  INSERT INTO %1$I.${CHANGE_TABLE} AS c VALUES (TG_RELID, pg_catalog.pg_backend_pid(), 1)
  ON CONFLICT (table_id, session) DO UPDATE SET changes = c.changes OPERATOR(pg_catalog.+) 1;
  RETURN NULL;
END $count$`;

/** Makes the table of counts and the function that counts, or brings them up to date. */
export function prepareChangeCount(): Operation {
  return {
    kind: "prepare change count",
    table: CHANGE_TABLE,
    description: "prepare counting the changes of tables",
    statements: [
      `CREATE TABLE IF NOT EXISTS ${CHANGE_TABLE} (
  table_id oid NOT NULL, session integer NOT NULL, changes bigint NOT NULL, PRIMARY KEY (table_id, session)
) WITH (${FILL})`,
      `ALTER TABLE ${CHANGE_TABLE} SET (${FILL})`,
      `DO $do$ BEGIN EXECUTE format($create$${COUNTING_FUNCTION}$create$, current_schema()); END $do$`,
      `COMMENT ON FUNCTION ${CHANGE_TRIGGER}() IS ${quoteLiteral(CHANGE_COUNTING)}`,
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
