/** Search support of a database: made where the account may, done without where it may not, and made up for later. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { declareModel, declareModule } from "../../test/support/world.ts";
import { unrestrictedAccess } from "../access/access.ts";
import { Database } from "../database/database.ts";
import { char } from "../fields/char.ts";
import { composeRegistry } from "../models/compose.ts";
import { Environment } from "../records/environment.ts";
import { searchNames } from "../records/name-search.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { queryRecords } from "../records/read.ts";
import { applyPlan, planSchema } from "./apply.ts";
import { desiredShape } from "./desired.ts";

const registry = composeRegistry([
  declareModule("test", declareModel("Thing", { name: char({ index: "search" }) }, { ignoreAccents: true })),
]);
const role = `test_${randomBytes(6).toString("hex")}`;
let made: TestDatabase;
/** The same database for an account that may make tables in it, but no extensions. */
let limited: Database;

const infixIndexes = () =>
  made.database.rows<{ name: string }>({
    text: "select indexname as name from pg_indexes where tablename = 'thing' and indexdef like '%gin%'",
    values: [],
  });

beforeAll(async () => {
  made = await createTestDatabase();
  await made.administer(`create role "${role}" login password '${role}'`);
  await made.administer(`grant usage, create on schema public to "${role}"`);
  const { connection } = made;
  limited = new Database({ connection: { ...connection, user: role, password: role } });
});
afterAll(async () => {
  await limited?.close();
  await made.administer(`drop owned by "${role}"`);
  await made.administer(`drop role "${role}"`);
  await made?.drop();
});

test("an account that may not make the extension goes without its indexes, and searches find the same", async () => {
  const { operations } = await applyPlan(limited, desiredShape(registry));
  expect(operations.map(({ statements }) => statements.join()).join()).not.toContain("EXTENSION");
  expect(await infixIndexes()).toEqual([]);
  const again = await planSchema(limited, desiredShape(registry));
  expect(again.operations).toEqual([]);
  const env = new Environment({ access: unrestrictedAccess(registry), database: limited, plans: new PlanCache() });
  await limited.run({ text: "insert into thing (name) values ('Café'), ('Decafé'), ('Tea')", values: [] });
  expect(JSON.parse(await searchNames(env, "Thing", { term: "CAFE" }))).toMatchObject([{ id: 1 }, { id: 2 }]);
  expect(await queryRecords(env, "Thing", { q_filter: "Q(name__icontains='cafe')" })).toMatchObject({ total: 2 });
});

test("once the extension is there, the next start makes the indexes", async () => {
  await made.administer("create extension pg_trgm schema public");
  await applyPlan(limited, desiredShape(registry));
  expect(await infixIndexes()).toEqual([{ name: "thing__name__infix_idx" }]);
  expect((await planSchema(limited, desiredShape(registry))).operations).toEqual([]);
});

test("an account that may makes all of it", async () => {
  const other = await createTestDatabase();
  try {
    await applyPlan(other.database, desiredShape(registry));
    const text = "select extname as name from pg_extension where extname = 'pg_trgm'";
    expect(await other.database.rows({ text, values: [] })).toEqual([{ name: "pg_trgm" }]);
    expect((await planSchema(other.database, desiredShape(registry))).operations).toEqual([]);
  } finally {
    await other.drop();
  }
});
