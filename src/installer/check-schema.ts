/** Compares a database with what the modules want, and changes nothing. */
import { existsDatabase } from "../database/catalog.ts";
import { type ConnectionOptions, withDatabase } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { planSchema } from "../schema/apply.ts";
import { desiredShape } from "../schema/desired.ts";
import type { Plan } from "../schema/diff.ts";
import type { LoadedModule } from "./load-modules.ts";
import { composeModules } from "./module-library.ts";

/**
 * Plans what opening a database would do to its tables.
 *
 * @param server any database of the server
 * @returns null where there is no such database
 */
export async function loadSchemaPlan(
  server: ConnectionOptions,
  name: string,
  modules: readonly LoadedModule[],
): Promise<Plan | null> {
  const registry = composeModules(modules);
  const maintenance = new Database({ connection: server, maxConnections: 1 });
  const database = new Database({ connection: withDatabase(server, name), maxConnections: 1 });
  try {
    if (!(await existsDatabase(maintenance, name))) return null;
    return await planSchema(database, desiredShape(registry));
  } finally {
    await Promise.all([maintenance.close(), database.close()]);
  }
}

/** A plan in lines for people; none where the tables are as they should be. */
export function describePlan({ operations, refusals }: Plan): string[] {
  return [
    ...operations.map(({ description }) => description),
    ...refusals.map(({ path, message }) => `not possible by itself: ${path} ${message}`),
  ];
}
