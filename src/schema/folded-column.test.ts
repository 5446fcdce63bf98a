/** Folded columns on a real database: made where there are none yet, kept with their field, and gone with it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { unfoldedShape } from "../../test/support/unfolded.ts";
import { declareModel, declareModule } from "../../test/support/world.ts";
import { unrestrictedAccess } from "../access/access.ts";
import { type CharField, char, text } from "../fields/char.ts";
import type { Field } from "../fields/field.ts";
import { composeRegistry } from "../models/compose.ts";
import type { Registry } from "../models/model.ts";
import { Environment } from "../records/environment.ts";
import { searchNames } from "../records/name-search.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { queryRecords } from "../records/read.ts";
import { raw } from "../sql/fragment.ts";
import { applyPlan, planSchema } from "./apply.ts";
import { desiredShape } from "./desired.ts";
import { loadShape } from "./introspect.ts";
import type { LedgerStep } from "./ledger.ts";

const registryOf = (fields: Readonly<Record<string, Field>>, ignoreAccents = true): Registry =>
  composeRegistry([
    declareModule("test", declareModel("Thing", fields, { ignoreAccents, search: Object.keys(fields) })),
  ]);
const searched = (maxLength = 40): CharField => char({ index: "search", maxLength });

let made: TestDatabase;
beforeEach(async () => {
  made = await createTestDatabase();
});
afterEach(() => made.drop());

const run = (statement: string) => made.database.run(raw(statement));
const rows = (statement: string) => made.database.rows<Record<string, unknown>>(raw(statement));
const apply = (registry: Registry, ledger: readonly LedgerStep[] = []) =>
  applyPlan(made.database, desiredShape(registry), { ledger, allowDestructive: true });

/** The columns and indexes of the table; those of searches alone. */
async function parts(): Promise<{ columns: string[]; indexes: string[] }> {
  const table = (await loadShape(made.database)).tables.get("thing");
  const columns = [...(table?.columns.values() ?? [])].filter(({ generated }) => generated !== undefined);
  const indexes = [...(table?.indexes.keys() ?? [])].filter((name) => /__(prefix|infix)_idx$/.test(name));
  return { columns: columns.map(({ name }) => name).sort(), indexes: indexes.sort() };
}

/** Both ways of searching find the record that has the term, and nothing is left to do. */
async function expectFound(registry: Registry, field: string, term: string): Promise<void> {
  const env = new Environment({
    access: unrestrictedAccess(registry),
    database: made.database,
    plans: new PlanCache(),
  });
  const filter = `Q(${field}__icontains='${term}')`;
  expect(JSON.parse((await queryRecords(env, "Thing", { fields: ["id"], q_filter: filter })).data.toString())).toEqual([
    { id: 1 },
  ]);
  expect(JSON.parse(await searchNames(env, "Thing", { term }))).toMatchObject([{ id: 1 }]);
  expect(await planSchema(made.database, desiredShape(registry))).toMatchObject({
    operations: [],
    refusals: [],
    unused: [],
  });
}

const both = registryOf({ name: searched(), code: searched() });
const BOTH = {
  columns: ["code__folded", "name__folded"],
  indexes: ["thing__code__infix_idx", "thing__code__prefix_idx", "thing__name__infix_idx", "thing__name__prefix_idx"],
};

test("a database of the form before gets them, with its table written anew once and no index made twice", async () => {
  await applyPlan(made.database, unfoldedShape(both, desiredShape(both)));
  expect(await parts()).toEqual({ columns: [], indexes: BOTH.indexes });
  await run("insert into thing (name, code) values ('Zoé b', null), ('x', 'y')");
  const { operations, unused } = await apply(both);
  expect(unused).toEqual([]);
  expect(operations.map(({ kind }) => kind)).toEqual([
    "add folded columns",
    ...Array(4).fill("add index"),
    "gather statistics",
  ]);
  const [fold] = operations;
  expect(fold?.description).toBe("keep thing.name, thing.code without case, for searches");
  expect(fold?.statements.filter((each) => each.includes("ADD COLUMN"))).toHaveLength(1);
  expect(fold?.statements.slice(0, 4).every((each) => each.startsWith("DROP INDEX"))).toBe(true);
  expect(await rows("select name__folded, code__folded from thing order by id")).toEqual([
    { name__folded: "zoe b", code__folded: null },
    { name__folded: "x", code__folded: "y" },
  ]);
  expect(await parts()).toEqual(BOTH);
  const fine =
    "select attname from pg_attribute where attstattarget > 100 and attrelid::regclass::text like 'thing%' order by 1";
  expect((await rows(fine)).map(({ attname }) => attname)).toEqual([
    "code__folded",
    "name__folded",
    "translate",
    "translate",
  ]);
  const known =
    "select attname from pg_stats where tablename like 'thing%' and (attname = 'name__folded' or attname = 'translate')";
  expect(await rows(known)).toHaveLength(3);
  await expectFound(both, "name", "OE B");
});

test("it is compared by code point, and no row is given a value", async () => {
  await apply(both);
  await run("insert into thing (name) values ('a-b'), ('aB'), ('A b')");
  const sorted = await rows("select name from thing order by name__folded");
  expect(sorted.map(({ name }) => name)).toEqual(["A b", "a-b", "aB"]);
  await expect(run("insert into thing (name__folded) values ('x')")).rejects.toThrow();
});

describe("what becomes of a field", () => {
  beforeEach(async () => {
    await apply(both);
    await run("insert into thing (name, code) values ('Zoé b', 'C-1'), ('x', 'y')");
  });

  test.each<readonly [what: string, registry: Registry]>([
    ["it gets room for more", registryOf({ name: searched(80), code: searched() })],
    ["it gets room for any text", registryOf({ name: text({ index: "search" }), code: searched() })],
    ["accents count from now on", registryOf({ name: searched(), code: searched() }, false)],
  ])("%s", async (_what, registry) => {
    const { operations } = await apply(registry);
    expect(operations.map(({ kind }) => kind)).toContain("drop folded columns");
    await expectFound(registry, "name", registry.models.get("Thing")?.ignoreAccents === true ? "oe B" : "oÉ B");
  });

  test("nobody searches in it any more", async () => {
    const registry = registryOf({ name: searched(), code: char({ maxLength: 40 }) });
    const { operations } = await apply(registry);
    expect(operations.map(({ description }) => description)).toEqual(["keep thing.code without case no more"]);
    expect(await parts()).toEqual({ columns: ["name__folded"], indexes: BOTH.indexes.slice(2) });
    await expectFound(registry, "code", "c-1");
  });

  test("nothing declares it any more: its values stay", async () => {
    await apply(registryOf({ name: searched() }));
    expect(await rows("select code from thing order by id")).toEqual([{ code: "C-1" }, { code: "y" }]);
    expect((await parts()).columns).toEqual(["name__folded"]);
    await apply(both);
    await expectFound(both, "code", "c-1");
  });

  test("it gets another name: the table is not written anew", async () => {
    const file = () => rows("select pg_relation_filenode('thing') as file");
    const before = await file();
    const registry = registryOf({ title: searched(), code: searched() });
    await apply(registry, [{ kind: "rename field", table: "thing", from: "name", to: "title" }]);
    expect(await file()).toEqual(before);
    expect(await parts()).toEqual({
      columns: ["code__folded", "title__folded"],
      indexes: BOTH.indexes.map((name) => name.replace("name", "title")),
    });
    await expectFound(registry, "title", "oe B");
  });

  test("it gets another type", async () => {
    const registry = registryOf({ name: searched(20), code: searched() });
    const convert: LedgerStep = { kind: "convert field", table: "thing", field: "name", using: "left(name, 20)" };
    await apply(registry, [convert]);
    expect(await parts()).toEqual(BOTH);
    await expectFound(registry, "name", "oe B");
  });

  test("it is dropped", async () => {
    const registry = registryOf({ name: searched() });
    await apply(registry, [{ kind: "drop field", table: "thing", field: "code" }]);
    expect(await parts()).toEqual({ columns: ["name__folded"], indexes: BOTH.indexes.slice(2) });
    await expectFound(registry, "name", "oe B");
  });

  test("its table gets another name", async () => {
    const declared = declareModel("Object", { name: searched(), code: searched() }, { ignoreAccents: true });
    const registry = composeRegistry([declareModule("test", declared)]);
    await apply(registry, [{ kind: "rename table", from: "thing", to: "object" }]);
    expect(await rows("select name__folded from object order by id")).toEqual([
      { name__folded: "zoe b" },
      { name__folded: "x" },
    ]);
    expect(await planSchema(made.database, desiredShape(registry))).toMatchObject({ operations: [], unused: [] });
  });
});

test("a column that somebody has made under its name is not touched", async () => {
  await apply(registryOf({ name: char({ maxLength: 40 }) }));
  await run("alter table thing add column name__folded text");
  await expect(apply(registryOf({ name: searched() }))).rejects.toThrow(/thing\.name__folded.*is there already/);
});

test("a name of any length has one", async () => {
  const long = "a".repeat(60);
  const registry = registryOf({ [long]: searched(), [`${long.slice(1)}b`]: searched() });
  await apply(registry);
  expect(new Set((await parts()).columns).size).toBe(2);
  await run(`insert into thing ("${long}") values ('Zoé b')`);
  await expectFound(registry, long, "oe B");
});

test("a column that somebody has PostgreSQL calculate stays as it is", async () => {
  await apply(both);
  await run("alter table thing add column size bigint not null generated always as (coalesce(length(code), 0)) stored");
  const { operations, unused } = await planSchema(made.database, desiredShape(both));
  expect({ operations, unused }).toEqual({ operations: [], unused: ["thing.size"] });
});
