/** Bounds how many exports are read by clients at a time: each holds a connection for as long as its client takes. */
import type { Database } from "../../database/database.ts";
import { DatabaseUnavailable } from "../../database/error-code.ts";

/** Exports under way, by the database that they read. */
const underWay = new WeakMap<Database, number>();

/**
 * Takes one of the places for exports: half of the connections, so that slow clients leave the other half to everybody else.
 *
 * @returns gives the place back
 * @throws DatabaseUnavailable where all are taken
 */
export function takeExportTurn(database: Database): () => void {
  const most = Math.max(1, Math.floor(database.maxConnections / 2));
  const count = underWay.get(database) ?? 0;
  if (count >= most) {
    const detail = `${most} exports are under way, as many as are sent at a time; try again, or export as a job`;
    throw new DatabaseUnavailable("pool_exhausted", detail);
  }
  underWay.set(database, count + 1);
  return () => {
    underWay.set(database, (underWay.get(database) ?? 1) - 1);
  };
}
