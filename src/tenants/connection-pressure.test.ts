/** A server with fewer connections than its databases want: those that nobody works with make room for those that are asked for. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase, type TestDatabase, templateDatabase } from "../../test/support/database.ts";
import type { ConnectionOptions } from "../database/connection-option.ts";
import { Database } from "../database/database.ts";
import { markDatabase } from "../database/mark.ts";
import { discoverModules } from "../installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../installer/load-modules.ts";
import { ModuleLibrary } from "../installer/module-library.ts";
import { prepareSet } from "../installer/open-database.ts";
import { raw } from "../sql/fragment.ts";
import { TenantDirectory } from "./tenant-directory.ts";
import { ServerSource } from "./tenant-source.ts";

/** Enough for two databases at a time, with the questions about the server. */
const CONNECTIONS = 8;
const DATABASES = 5;
const RULES = {
  hosts: new Map(),
  baseDomain: "localhost",
  defaultDatabase: null,
  foreignHosts: true,
  databaseSelector: false,
};

const role = `pressed_${randomBytes(6).toString("hex")}`;
let administrator: Database;
let databases: TestDatabase[];
let tenants: TenantDirectory;

beforeAll(async () => {
  administrator = new Database({ connection: inject("administrator"), maxConnections: 1 });
  const library = await ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
  const template = await templateDatabase("core alone, by the library", async (empty) => {
    const options = { demo: false, adminPassword: "admin", onProgress: () => {} };
    await prepareSet(empty, library.compose(["core"]), options);
  });
  databases = [];
  for (let n = 0; n < DATABASES; n += 1) databases.push(await createTestDatabase({ template }));
  for (const { database, name } of databases) await markDatabase(database, name);
  const [me] =
    (await databases[0]?.database.rows<{ name: string }>(raw("SELECT quote_ident(current_user) AS name"))) ?? [];
  await administrator.run(raw(`CREATE ROLE ${role} LOGIN PASSWORD '${role}' CONNECTION LIMIT ${CONNECTIONS}`));
  await administrator.run(raw(`GRANT ${me?.name ?? ""} TO ${role}`));
  const server: ConnectionOptions = { ...inject("connection"), user: role, password: role };
  const settings = { maxConnections: 2, waitTimeout: 1000 };
  tenants = new TenantDirectory(RULES, new ServerSource({ server, library, settings, filesFolder: "/nonexistent" }));
});

afterAll(async () => {
  await tenants?.close();
  await Promise.all((databases ?? []).map((database) => database.drop()));
  await administrator.run(raw(`DROP OWNED BY ${role}`));
  await administrator.run(raw(`DROP ROLE ${role}`));
  await administrator.close();
});

it("every database is served, one after the other, and again", async () => {
  const names = databases.map(({ name }) => name);
  for (const name of [...names, ...names]) {
    const live = await tenants.find(name);
    expect(await live.database.rows(raw("SELECT current_database()::text AS name"))).toEqual([{ name }]);
    expect(tenants.opened.map((each) => each.name)).toContain(name);
  }
  expect(tenants.opened.length).toBeLessThan(DATABASES);
});
