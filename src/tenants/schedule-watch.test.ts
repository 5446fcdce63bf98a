/** Databases that nobody asks for are opened when something is due in them, and not before. */
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase, templateDatabase } from "../../test/support/database.ts";
import { markDatabase } from "../database/mark.ts";
import { discoverModules } from "../installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../installer/load-modules.ts";
import { ModuleLibrary } from "../installer/module-library.ts";
import { prepareSet } from "../installer/open-database.ts";
import { raw } from "../sql/fragment.ts";
import { ScheduleWatch } from "./schedule-watch.ts";
import { TenantDirectory } from "./tenant-directory.ts";
import { ServerSource } from "./tenant-source.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");
const MINUTE = 60_000;
const RULES = {
  hosts: new Map(),
  baseDomain: "localhost",
  defaultDatabase: null,
  foreignHosts: true,
  databaseSelector: false,
};

let busy: TestDatabase;
let quiet: TestDatabase;
let source: ServerSource;
let tenants: TenantDirectory;

beforeAll(async () => {
  const library = await ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
  const template = await templateDatabase("core alone, by the library", async (empty) => {
    const options = { demo: false, adminPassword: "admin", onProgress: () => {} };
    await prepareSet(empty, library.compose(["core"]), options);
  });
  [busy, quiet] = [await createTestDatabase({ template }), await createTestDatabase({ template })];
  for (const { database, name } of [busy, quiet]) await markDatabase(database, name);
  const settings = { maxConnections: 2 };
  source = new ServerSource({ server: inject("connection"), library, settings, filesFolder: "/nonexistent" });
  tenants = new TenantDirectory(RULES, source);
});
afterAll(async () => {
  await tenants.close();
  await Promise.all([busy.drop(), quiet.drop()]);
});

test("a database is opened when its time has come, and asked seldom until then", async () => {
  await busy.database.run(
    raw(`INSERT INTO cron_job (name, model, method, schedule, timezone, active, user_id, next_run)
      SELECT 'Tidy', 'User', 'nope', '0 * * * *', 'UTC', true, id, '2026-03-01T12:05:00Z' FROM "user" LIMIT 1`),
  );
  let now = NOON;
  const loadNextDue = vi.fn((name: string) => source.nextDue(name));
  const ours = new Set([busy.name, quiet.name]);
  const watched = {
    names: async () => (await tenants.names()).filter((name) => ours.has(name)),
    find: (name: string) => tenants.find(name),
    get opened() {
      return tenants.opened;
    },
  };
  const watch = new ScheduleWatch({ tenants: watched, loadNextDue, clock: () => now });
  const opened = () => tenants.opened.map(({ name }) => name);

  await watch.look();
  expect(loadNextDue.mock.calls.flat().sort()).toEqual([...ours].sort());
  now = NOON + 4 * MINUTE;
  await watch.look();
  expect(loadNextDue).toHaveBeenCalledTimes(2);
  expect(opened()).toEqual([]);
  now = NOON + 5 * MINUTE;
  await watch.look();
  expect(opened()).toEqual([busy.name]);
  expect(loadNextDue).toHaveBeenCalledTimes(3);
  // Its job begins without anybody asking for the database; what it comes to stands in the record.
  await vi.waitFor(async () => {
    const rows = await busy.database.rows(raw("SELECT last_error FROM cron_job WHERE last_run IS NOT NULL"));
    expect(rows).toEqual([{ last_error: 'User has no method "nope"' }]);
  }, 15_000);
  await watch.stop();
});
