/** Totals are exact in the snapshot of their page, whoever writes, whether they were counted or remembered. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import contacts from "../../modules/contacts/module.ts";
import core from "../../modules/core/module.ts";
import products from "../../modules/products/module.ts";
import { unrestrictedAccess } from "../../src/access/access.ts";
import { withDatabase } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import { Environment } from "../../src/records/environment.ts";
import { PlanCache } from "../../src/records/plan-cache.ts";
import { queryRecords } from "../../src/records/read.ts";
import { applyPlan } from "../../src/schema/apply.ts";
import { foldChangeCounts } from "../../src/schema/change-count.ts";
import { desiredShape } from "../../src/schema/desired.ts";
import { sql } from "../../src/sql/fragment.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const registry = composeRegistry([
  { identifier: "core", ...core },
  { identifier: "contacts", ...contacts },
  { identifier: "products", ...products },
]);
let test_: TestDatabase;
let second: Database;

beforeAll(async () => {
  test_ = await createTestDatabase();
  second = new Database({ connection: test_.connection });
  await applyPlan(test_.database, desiredShape(registry));
});

afterAll(async () => {
  await second.close();
  await test_.drop();
});

/** A server process: its own connections, plans and remembered totals. */
function process(database: Database): Environment {
  return new Environment({ access: unrestrictedAccess(registry), database, plans: new PlanCache() });
}

interface Counter {
  readonly sequence: number;
}

/** One page whose only record says how many there are in its snapshot. */
async function readTotals(env: Environment): Promise<{ total: number | null; actual: number }> {
  const request = {
    fields: ["sequence"],
    q_filter: "Q(name__neq='x')",
    order_by: ["sequence DESC NULLS LAST"],
    limit: 1,
  };
  const page = await queryRecords(env, "Category", request);
  const [counter] = JSON.parse(page.data.toString()) as Counter[];
  return { total: page.total, actual: counter?.sequence ?? 0 };
}

/** Changes the number of records and the record that says it, in one transaction, and sometimes takes it all back. */
async function change(database: Database, round: number): Promise<void> {
  const work = database.transaction(async (session) => {
    await session.run(sql`select 1 from category where name = 'counter' for update`);
    const inserted = round % 3 === 0 ? 0 : await session.run(sql`insert into category (name) values ('row')`);
    const removed = await session.run(
      sql`delete from category where id in (select id from category where name = 'row' order by id limit ${round % 2}::int)`,
    );
    await session.run(sql`update category set sequence = sequence + ${inserted - removed}::int where name = 'counter'`);
    if (round % 5 === 0) throw new Error("taken back");
  });
  await work.catch((error: unknown) => {
    if ((error as Error).message !== "taken back") throw error;
  });
}

test("every answered total is the count of its own snapshot, under concurrent writers of two processes", async () => {
  const [first, other] = [process(test_.database), process(second)];
  await test_.database.run(sql`insert into category (name, sequence) values ('counter', 1)`);
  let writing = true;
  const writers = [test_.database, second, second].map(async (database, writer) => {
    for (let round = 1; round <= 60; round++) await change(database, round + writer);
  });
  const reads = { all: 0, wrong: [] as unknown[] };
  const readers = [first, other, first, other].map(async (env) => {
    while (writing) {
      const { total, actual } = await readTotals(env);
      reads.all += 1;
      if (total !== actual) reads.wrong.push({ total, actual });
    }
  });
  await Promise.all(writers);
  writing = false;
  await Promise.all(readers);
  expect(reads.wrong).toEqual([]);
  expect(reads.all).toBeGreaterThan(50);
});

test("an unchanged table is counted once, and again after any change of it, from wherever", async () => {
  const env = process(test_.database);
  const counted = async () => {
    const request = { fields: ["name"], q_filter: "Q(category__parent__name='none')", limit: 0 };
    return (await queryRecords(env, "Product", request)).total;
  };
  const [{ id: parent }] = (await test_.database.rows<{ id: number }>(
    sql`insert into category (name) values ('none') returning id`,
  )) as [{ id: number }];
  const [{ id: child }] = (await test_.database.rows<{ id: number }>(
    sql`insert into category (name, parent_id) values ('child', ${parent}) returning id`,
  )) as [{ id: number }];
  expect(await counted()).toBe(0);
  const changes: [string, ReturnType<typeof sql>, number][] = [
    ["a row of the table itself", sql`insert into product (name, price, category_id) values ('a', 1, ${child})`, 1],
    ["a table that the filter passes through", sql`update category set parent_id = null where id = ${child}`, 0],
    ["back again", sql`update category set parent_id = ${parent} where id = ${child}`, 1],
    ["the text that the filter asks for", sql`update category set name = 'other' where id = ${parent}`, 0],
    ["a copy of many rows", sql`insert into product (name, price) select 'b', 1 from generate_series(1, 10)`, 0],
    ["back once more", sql`update category set name = 'none' where id = ${parent}`, 1],
    ["everything at once", sql`truncate product cascade`, 0],
  ];
  for (const [what, statement, expected] of changes) {
    await second.run(statement);
    // Once counted, once found to hold, and from then on without a count in the statement.
    const totals = [await counted(), await counted(), await counted(), await counted()];
    expect([what, ...totals]).toEqual([what, expected, expected, expected, expected]);
  }
});

test("a session that switches triggers off is counted all the same", async () => {
  const env = process(test_.database);
  const request = { fields: ["name"], limit: 1 };
  await queryRecords(env, "Category", request);
  const before = (await queryRecords(env, "Category", request)).total ?? 0;
  const administrator = new Database({ connection: withDatabase(inject("administrator"), test_.name) });
  await administrator.transaction(async (session) => {
    await session.run(sql`set local session_replication_role = replica`);
    await session.run(sql`insert into category (name) values ('loaded')`);
  });
  await administrator.close();
  expect((await queryRecords(env, "Category", request)).total).toBe(before + 1);
});

test("a session that looks for names elsewhere first is counted where all are", async () => {
  const env = process(test_.database);
  const request = { fields: ["name"], limit: 1 };
  await queryRecords(env, "Category", request);
  const before = (await queryRecords(env, "Category", request)).total ?? 0;
  for (const text of [
    "create schema elsewhere",
    "create table elsewhere.fullfinity_change_count (like public.fullfinity_change_count including all)",
    "create function elsewhere.pg_backend_pid() returns integer language sql return 1 / 0",
    "create function elsewhere.same(a bigint, b integer) returns bigint language sql return a",
    "create operator elsewhere.+ (leftarg = bigint, rightarg = integer, function = elsewhere.same)",
  ]) {
    await second.run({ text, values: [] });
  }
  for (const name of ["first", "second"]) {
    await second.transaction(async (session) => {
      await session.run(sql`set local search_path = elsewhere, pg_catalog, public`);
      await session.run(sql`insert into public.category (name) values (${name})`);
    });
    await queryRecords(env, "Category", request);
  }
  expect((await queryRecords(env, "Category", request)).total).toBe(before + 2);
  expect(await second.rows(sql`select * from elsewhere.fullfinity_change_count`)).toEqual([]);
  await second.run(sql`drop schema elsewhere cascade`);
});

test("a database in which changes were counted in another way gets the one of now, once", async () => {
  const way = sql`select proconfig, obj_description(oid, 'pg_proc') as comment from pg_proc where proname = 'fullfinity_change_count'`;
  const [now] = await test_.database.rows(way);
  for (const text of [
    `create or replace function fullfinity_change_count() returns trigger language plpgsql security definer set search_path = public as $$
       begin
         insert into fullfinity_change_count as c values (tg_relid, pg_backend_pid(), 1)
           on conflict (table_id, session) do update set changes = c.changes + 1;
         return null;
       end $$`,
    "comment on function fullfinity_change_count() is null",
    "alter table fullfinity_change_count set (fillfactor = 50)",
  ]) {
    await test_.database.run({ text, values: [] });
  }
  const { operations } = await applyPlan(test_.database, desiredShape(registry));
  expect(operations.map(({ description }) => description)).toContain("prepare counting the changes of tables");
  expect(await test_.database.rows(way)).toEqual([now]);
  expect(now).toMatchObject({ proconfig: null });
  expect((await applyPlan(test_.database, desiredShape(registry))).operations).toEqual([]);
});

test("a total that was remembered costs no count", async () => {
  const env = process(test_.database);
  const request = { fields: ["name"], limit: 1 };
  await queryRecords(env, "Category", request);
  const marked = await queryRecords(env, "Category", request);
  // Taking the trigger away makes the next change invisible: only a remembered total can still be the old one.
  await test_.database.run(sql`alter table category disable trigger fullfinity_change_count`);
  await test_.database.run(sql`insert into category (name) values ('unseen')`);
  expect((await queryRecords(env, "Category", request)).total).toBe(marked.total);
  const { operations } = await applyPlan(test_.database, desiredShape(registry));
  expect(operations.map(({ description }) => description)).toContain("count the changes of category");
  await test_.database.run(sql`insert into category (name) values ('seen')`);
  expect((await queryRecords(env, "Category", request)).total).toBe((marked.total ?? 0) + 2);
});

test("a total that has held is read without the count, until something changes", async () => {
  const env = process(test_.database);
  const request = { fields: ["name"], limit: 1 };
  const counts = async () => {
    const { texts } = await test_.statements.during(() => queryRecords(env, "Category", request));
    return texts.map((text) => text.includes('(select count(*) from "category"'));
  };
  expect([await counts(), await counts(), await counts(), await counts()]).toEqual([[true], [true], [false], [false]]);
  await second.run(sql`insert into category (name) values ('later')`);
  // What has changed once may change again: then one statement does both.
  expect([await counts(), await counts(), await counts()]).toEqual([[false, true], [true], [false]]);
});

test.each([
  ["shows the total", 10_000, /Aggregate \(never executed\)/],
  ["does not", 1, /^(?![\s\S]*never executed)[\s\S]*Aggregate/],
])("a page that %s: whether anything is counted", async (_name, limit, plan) => {
  await test_.database.run(sql`insert into category (name) values ('one'), ('two')`);
  const env = process(test_.database);
  const request = { fields: ["name"], limit };
  const { texts } = await test_.statements.during(() => queryRecords(env, "Category", request));
  // The only value is the mark under which a total is remembered; here there is none.
  const explained = `explain (analyze, costs off, timing off, summary off, buffers off) ${texts[0]}`;
  const lines = await test_.database.rows<{ "QUERY PLAN": string }>({ text: explained, values: [null] });
  expect(texts).toHaveLength(1);
  expect(lines.map((line) => line["QUERY PLAN"]).join("\n")).toMatch(plan);
});

test("a transaction never remembers what others may never see", async () => {
  const env = process(test_.database);
  const request = { fields: ["name"], limit: 1 };
  const before = (await queryRecords(env, "Category", request)).total ?? 0;
  const work = env.transaction(async (inner) => {
    await inner.model("Category").create({ name: "mine" });
    expect((await queryRecords(inner, "Category", request)).total).toBe(before + 1);
    throw new Error("taken back");
  });
  await expect(work).rejects.toThrow("taken back");
  await second.run(sql`update category set sequence = 0 where name = 'row'`);
  expect((await queryRecords(env, "Category", request)).total).toBe(before);
});

test("counts of sessions that have ended are folded together without changing the sum", async () => {
  const sum = sql`select sum(changes)::bigint as sum, count(*)::int as rows from fullfinity_change_count`;
  const closing = new Database({ connection: test_.connection });
  await closing.run(sql`insert into category (name) values ('closing')`);
  await closing.close();
  const [before] = await test_.database.rows<{ sum: number; rows: number }>(sum);
  await expect
    .poll(async () => {
      await foldChangeCounts(test_.database);
      return (
        await test_.database.rows<{ rows: number }>(sql`
        select count(*)::int as rows from fullfinity_change_count c
        where session <> 0 and not exists (select from pg_stat_activity where pid = c.session)`)
      )[0]?.rows;
    })
    .toBe(0);
  const [after] = await test_.database.rows<{ sum: number; rows: number }>(sum);
  expect(after?.sum).toBe(before?.sum);
});
