/** Opening databases with the shipped modules: the first time, the second time, several at once, and comparing only. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { StatementLog } from "../../test/support/statement-log.ts";
import { loadRights } from "../access/rights.ts";
import { dropDatabase } from "../database/catalog.ts";
import { Database } from "../database/database.ts";
import { raw } from "../sql/fragment.ts";
import { hasDevelopmentPassword, usersWithKnownPassword } from "./administrator.ts";
import { describePlan, loadSchemaPlan } from "./check-schema.ts";
import { discoverModules } from "./discover-modules.ts";
import { type LoadedModule, loadModules, modulesFolder } from "./load-modules.ts";
import { type OpenedDatabase, type OpenOptions, openDatabase } from "./open-database.ts";

let modules: readonly LoadedModule[];
const names: string[] = [];
const opened: OpenedDatabase[] = [];

beforeAll(async () => {
  modules = await loadModules(await discoverModules(modulesFolder));
});

afterAll(async () => {
  await Promise.all(opened.map(({ database }) => database.close()));
  const server = new Database({ connection: inject("connection") });
  for (const name of names) await dropDatabase(server, name);
  await server.close();
});

function newName(): string {
  const name = `${inject("databasePrefix")}_open_${randomBytes(4).toString("hex")}`;
  names.push(name);
  return name;
}

async function open(name: string, options: Partial<OpenOptions> = {}): Promise<OpenedDatabase> {
  const server = inject("connection");
  const given = { server, name, modules, demo: true, adminPassword: "admin", onProgress: () => {}, ...options };
  const database = await openDatabase(given);
  opened.push(database);
  return database;
}

async function value<Value>({ database }: OpenedDatabase, text: string): Promise<Value | undefined> {
  const [row] = await database.rows<{ value: Value }>(raw(`SELECT (${text}) AS value`));
  return row?.value;
}

describe("a database", () => {
  let name: string;
  let first: OpenedDatabase;
  const progress: string[] = [];

  beforeAll(async () => {
    name = newName();
    first = await open(name, { onProgress: (text) => progress.push(text) });
  });

  it("gets all modules, with what they bring", async () => {
    const order = modules.map(({ manifest }) => manifest.identifier);
    expect(first).toMatchObject({ installed: order, upgraded: [], adminPassword: "admin" });
    expect(progress).toEqual([`Installing ${order.join(", ")} ...`]);
    expect(await value(first, "SELECT count(*)::int FROM country")).toBe(249);
    expect(await value(first, "SELECT count(*)::int FROM product")).toBeGreaterThanOrEqual(60);
    expect(await value(first, "SELECT count(*)::int FROM contact")).toBeGreaterThanOrEqual(30);
    const currency =
      "SELECT c.code FROM company JOIN currency c ON c.id = currency_id WHERE company.name = 'My Company'";
    expect(await value(first, currency)).toBe("EUR");
    expect(await value(first, "SELECT version FROM module WHERE identifier = 'core'")).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("gets an administrator in all the groups that it needs", async () => {
    const id = await value<number>(first, `SELECT id FROM "user" WHERE email = 'admin@example.com'`);
    const rights = await loadRights(first.database, first.registry, id ?? 0);
    expect([...(rights?.groups ?? [])]).toEqual(expect.arrayContaining(["core_admin", "core_internal"]));
    expect(rights?.names.cid).toBe(await value(first, "SELECT id FROM company WHERE name = 'My Company'"));
    expect(await hasDevelopmentPassword(first.database)).toBe(true);
  });

  it("needs next to nothing the second time, and keeps the password that was set meanwhile", async () => {
    await first.database.run(raw(`UPDATE "user" SET password = NULL WHERE email = 'admin@example.com'`));
    const statements = new StatementLog();
    const second = await open(name, { settings: { onStatement: statements.record }, demo: true });
    expect(second).toMatchObject({ installed: [], upgraded: [], adminPassword: null, schema: { operations: [] } });
    expect(statements.count).toBeLessThanOrEqual(2);
    expect(await hasDevelopmentPassword(second.database)).toBe(false);
  });

  it("knows the users of demo data that everybody could sign in as", async () => {
    const known = () => usersWithKnownPassword(first.database);
    expect(await known()).toEqual(expect.arrayContaining(["demo@example.com", "sales@example.com"]));
    const demo = `email <> 'admin@example.com'`;
    await first.database.run(raw(`UPDATE "user" SET active = false WHERE ${demo} AND email <> 'demo@example.com'`));
    expect(await known()).toEqual(["demo@example.com"]);
    await first.database.run(raw(`UPDATE "user" SET password = NULL WHERE ${demo}`));
    expect(await known()).toEqual([]);
  });

  it("does not get its administrator again", async () => {
    await first.database.run(raw(`DELETE FROM "user" WHERE email = 'admin@example.com'`));
    await first.database.run(raw("UPDATE module SET fingerprint = 'old' WHERE identifier = 'core'"));
    const again = await open(name);
    expect(again).toMatchObject({ installed: [], upgraded: ["core"], adminPassword: null });
    expect(await value(again, `SELECT count(*)::int FROM "user" WHERE email = 'admin@example.com'`)).toBe(0);
    expect(await value(again, "SELECT sum(version)::int - count(*)::int FROM country")).toBe(0);
  });

  it("can be compared with the models", async () => {
    const server = inject("connection");
    const compare = async () => {
      const plan = await loadSchemaPlan(server, name, modules);
      return plan === null ? null : describePlan(plan);
    };
    expect(await compare()).toEqual([]);
    await first.database.run(raw("ALTER TABLE contact DROP COLUMN street"));
    await first.database.run(raw("ALTER TABLE contact ALTER COLUMN city TYPE integer USING NULL"));
    expect(await compare()).toEqual([
      expect.stringMatching(/street/),
      expect.stringMatching(/^not possible by itself: contact\.city /),
    ]);
    expect(await loadSchemaPlan(server, `${name}_not_there`, modules)).toBeNull();
  });
});

it("without demo records, several processes at once, and with a password that is made up", async () => {
  const name = newName();
  const all = await Promise.all([1, 2, 3].map(() => open(name, { demo: false, adminPassword: null })));
  const passwords = all.flatMap(({ adminPassword }) => adminPassword ?? []);
  expect(passwords).toEqual([expect.stringMatching(/^[\w-]{16}$/)]);
  const [one] = all;
  if (one === undefined) throw new Error("nothing was opened");
  expect(await value(one, "SELECT count(*)::int FROM product")).toBe(0);
  expect(await value(one, `SELECT count(*)::int FROM "user"`)).toBe(1);
  expect(await hasDevelopmentPassword(one.database)).toBe(false);
});
