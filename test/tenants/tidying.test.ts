/** What a database that is served gets rid of by itself: entries of the change history that are too old. */
import { afterEach, expect, test, vi } from "vitest";
import { FileStore } from "../../src/files/file-store.ts";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { ModuleLibrary } from "../../src/installer/module-library.ts";
import { sweepHistory } from "../../src/records/history.ts";
import { raw } from "../../src/sql/fragment.ts";
import { createInstalledDatabase, type InstalledDatabase } from "../support/installed-database.ts";
import { openLive } from "../support/tenant-source.ts";

let made: InstalledDatabase | undefined;
afterEach(() => made?.drop());

/** More than are looked at in one go are old, some are not. */
async function createWithHistory(): Promise<InstalledDatabase> {
  const database = await createInstalledDatabase();
  await database.database.run(
    raw(`insert into change_log (model, record, field, operation, transaction, created_date)
      select 'User', n, 'name', 'write', 'test', now() - make_interval(days => case when n <= 5100 then 31 else 29 end)
      from generate_series(1, 5200) n`),
  );
  await database.database.run(raw("delete from change_log where transaction <> 'test'"));
  return database;
}

const kept = async ({ database }: InstalledDatabase) =>
  (await database.rows<{ count: number }>(raw("select count(*)::integer as count from change_log")))[0]?.count;

test("entries go once they are older than the setting says, however many there are", async () => {
  made = await createWithHistory();
  await sweepHistory(made.database, 32);
  expect(await kept(made)).toBe(5200);
  await sweepHistory(made.database, 30);
  expect(await kept(made)).toBe(100);
});

test("a database that is opened is tidied, where the setting says how long entries are kept", async () => {
  made = await createWithHistory();
  const there = made;
  const library = await ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
  const options = { name: "main", database: made.database, library, files: new FileStore("/nonexistent") };
  const live = await openLive({ ...options, historyDays: 30 });
  await vi.waitFor(async () => expect(await kept(there)).toBe(100), { timeout: 30_000 });
  await live.close();
});
