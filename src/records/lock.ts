/** Holds records until the end of a transaction. */
import { repeated } from "../database/repeated.ts";
import type { Session } from "../database/session.ts";
import type { LockStrength } from "../query/compile-write-many.ts";
import { identifier, raw, type Sql, sql } from "../sql/fragment.ts";

/** Holds records until the end of the transaction. */
export async function lockIds(
  session: Session,
  table: string,
  ids: readonly number[],
  strength: LockStrength,
): Promise<void> {
  await lockRows(session, table, sql`select unnest(${ids}::bigint[]) as id`, strength);
}

/** Holds all records of a table, and gives their ids. */
export function lockTable(session: Session, table: string): Promise<readonly number[]> {
  return lockRows(session, table, sql`select id from ${identifier(table)}`, "no key update");
}

/**
 * Holds the records that a statement gives the ids of.
 *
 * @returns those that there are
 */
export async function lockRows(
  session: Session,
  table: string,
  ids: Sql,
  strength: LockStrength,
): Promise<readonly number[]> {
  const rows = await session.rows<{ id: number }>(
    // In one order everywhere, so that two writes wait for each other and not in a circle.
    repeated(sql`select id from ${identifier(table)} where id in (${ids}) order by id for ${raw(strength)}`),
  );
  return rows.map(({ id }) => id);
}
