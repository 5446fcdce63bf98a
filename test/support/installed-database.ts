/** Test databases with the shipped modules and their demo records, copied from a template that is made once per run. */
import type { Database } from "../../src/database/database.ts";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { composeModules } from "../../src/installer/module-library.ts";
import { prepareDatabase } from "../../src/installer/open-database.ts";
import type { Registry } from "../../src/models/model.ts";
import { createTestDatabase, type TestDatabase, templateDatabase } from "./database.ts";

export interface InstalledDatabase extends TestDatabase {
  readonly registry: Registry;
}

/** The administrator of every such database is `admin@example.com` with this password. */
export const ADMIN_PASSWORD = "admin";

/** Makes a database for the calling test file. */
export async function createInstalledDatabase(
  settings: Parameters<typeof createTestDatabase>[0] = {},
): Promise<InstalledDatabase> {
  const modules = await loadModules(await discoverModules(modulesFolder));
  const options = { modules, demo: true, adminPassword: ADMIN_PASSWORD, onProgress: () => {} };
  const build = async (database: Database): Promise<void> => {
    await prepareDatabase(database, options);
  };
  const template = await templateDatabase("the shipped modules with demo records", build);
  return { ...(await createTestDatabase({ ...settings, template })), registry: composeModules(modules) };
}
