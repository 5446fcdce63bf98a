/** Finds the records that hang on others, over any number of relations, in one statement, and holds what they are calculated from. */
import { repeated } from "../database/repeated.ts";
import type { Session } from "../database/session.ts";
import type { Source, WayStep } from "../models/dependency.ts";
import { identifier, type Sql, sql } from "../sql/fragment.ts";
import { lockRows } from "./lock.ts";

/**
 * Follows relations backwards.
 *
 * @param ids where the way starts
 * @returns the ids at its end, each once
 */
export async function findStale(
  session: Session,
  back: readonly WayStep[],
  ids: readonly number[],
): Promise<readonly number[]> {
  if (back.length === 0 || ids.length === 0) return ids;
  // Whoever moves a record on the way waits for these locks or has been waited for. All is sent at once, and done one after the other.
  const locks = back
    .slice(0, -1)
    .map(({ reached }, index) =>
      lockRows(session, reached, compileWay(back.slice(0, index + 1), ids), "no key update"),
    );
  const found = session.rows<{ id: number }>(repeated(sql`select distinct id from (${compileWay(back, ids)}) w`));
  const [rows] = await Promise.all([found, ...locks]);
  return rows.map(({ id }) => id);
}

/**
 * Holds the records that something is calculated from, so that they do not change meanwhile.
 *
 * Those that may be calculated next are held against others who calculate, at once: two writes that share a record, and then both want to
 * change it, would wait for each other.
 */
export async function lockSource(session: Session, { way, follows }: Source, ids: readonly number[]): Promise<void> {
  const reached = way.at(-1)?.reached;
  if (reached === undefined) return;
  await lockRows(session, reached, compileWay(way, ids), follows ? "no key update" : "share");
}

function compileWay(back: readonly WayStep[], ids: readonly number[]): Sql {
  return back.reduce(
    (inner, { table, from, to }) =>
      sql`select ${identifier(to)} as id from ${identifier(table)} where ${identifier(from)} in (${inner}) and ${identifier(to)} is not null`,
    sql`select unnest(${ids}::bigint[]) as id`,
  );
}
