/** Statements that are sent again are parsed once, whatever their values; those of other texts have names of their own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { identifier, sql } from "../sql/fragment.ts";
import { repeated } from "./repeated.ts";

let place: TestDatabase;
beforeAll(async () => {
  place = await createTestDatabase();
  await place.database.run({ text: "create table thing (id bigint primary key, size integer)", values: [] });
});
afterAll(() => place?.drop());

const find = (id: number) => repeated(sql`select id, size from ${identifier("thing")} where id = ${id}`);

test("a text has one name", () => {
  expect(find(1).name).toBe(find(2).name);
  expect(find(2).values).toEqual([2]);
  expect(repeated(sql`select 1`).name).not.toBe(find(1).name);
  expect(find(1).text).toBe('select id, size from "thing" where id = $1');
});

test("a connection parses it once, and again after its table has changed", async () => {
  const { database } = place;
  const prepared = {
    text: "select count(*)::int as n from pg_prepared_statements where statement like '%thing%'",
    values: [],
  };
  await database.transaction(async (session) => {
    for (const id of [1, 2, 3]) await session.run(sql`insert into thing values (${id}, ${id * 10})`);
    for (const id of [1, 2, 3]) expect(await session.rows(find(id))).toEqual([{ id, size: id * 10 }]);
    expect(await session.rows(prepared)).toEqual([{ n: 1 }]);
  });
  await database.run({ text: "alter table thing alter size type numeric", values: [] });
  expect(await database.rows(find(2))).toEqual([{ id: 2, size: "20" }]);
});
