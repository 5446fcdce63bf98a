/** A tenant on a real database: rights that change elsewhere hold for its next request. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createInstalledDatabase, type InstalledDatabase } from "../../test/support/installed-database.ts";
import { openLive } from "../../test/support/tenant-source.ts";
import { FileStore } from "../files/file-store.ts";
import { discoverModules } from "../installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../installer/load-modules.ts";
import { ModuleLibrary } from "../installer/module-library.ts";
import { raw } from "../sql/fragment.ts";
import type { Tenant } from "./tenant.ts";

let installed: InstalledDatabase;
let tenant: Tenant;

beforeAll(async () => {
  installed = await createInstalledDatabase();
  const library = await ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
  tenant = await (
    await openLive({ name: "main", database: installed.database, library, files: new FileStore("/nonexistent") })
  ).current();
});

afterAll(() => installed.drop());

it("forgets rights when another process says that they have changed, and after the line was down", async () => {
  const [user] = await installed.database.rows<{ id: number }>(
    raw(`SELECT id FROM "user" WHERE email = 'internal@example.com'`),
  );
  const id = user?.id ?? 0;
  const groups = async () => (await tenant.rights.get(id))?.rights.groups.has("core_admin");
  expect(await groups()).toBe(false);
  await installed.database.run(
    raw(`INSERT INTO user_groups_link SELECT ${id}, id FROM "group" WHERE identifier = 'core_admin'`),
  );
  expect(await groups()).toBe(false);
  await installed.database.run(raw("NOTIFY fullfinity_rights"));
  await vi.waitFor(async () => expect(await groups()).toBe(true));

  await installed.database.run(raw(`UPDATE "user" SET active = false WHERE id = ${id}`));
  await installed.database.run(
    raw(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'fullfinity notices' AND pid <> pg_backend_pid()`),
  );
  await vi.waitFor(async () => expect(await tenant.rights.get(id)).toBeNull(), { timeout: 5000 });
});
