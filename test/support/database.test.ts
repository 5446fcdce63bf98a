/** The databases that tests get: apart from each other, copied from a template that is built once. */
import { expect, it } from "vitest";
import { createTestDatabase, templateDatabase } from "./database.ts";

const text = (sql: string) => ({ text: sql, values: [] });

it("builds a template once, also when several ask at the same time, and keeps copies apart", async () => {
  let built = 0;
  const ask = () =>
    templateDatabase("a table with one row", async (database) => {
      built += 1;
      await database.run(text("CREATE TABLE t AS SELECT 1 AS i"));
    });
  const names = await Promise.all([ask(), ask(), ask()]);
  expect(new Set(names).size).toBe(1);
  expect(built).toBe(1);
  const [first, second] = await Promise.all(names.slice(1).map((template) => createTestDatabase({ template })));
  await first?.database.run(text("DELETE FROM t"));
  expect(await second?.database.rows(text("SELECT i FROM t"))).toEqual([{ i: 1 }]);
  await Promise.all([first?.drop(), second?.drop()]);
});

it("a template that fails is built again by the next one to ask", async () => {
  await expect(
    templateDatabase("fails at first", async (database) => {
      await database.run(text("CREATE TABLE half (i int)"));
      throw new Error("broken module");
    }),
  ).rejects.toThrow("broken module");
  const template = await templateDatabase("fails at first", async (database) => {
    await database.run(text("CREATE TABLE whole (i int)"));
  });
  const test = await createTestDatabase({ template });
  expect(await test.database.rows(text("SELECT to_regclass('half') AS half FROM whole"))).toEqual([]);
  await test.drop();
});

it("records what is sent, transactions included", async () => {
  const test = await createTestDatabase();
  const { result, texts } = await test.statements.during(async () => {
    await test.database.rows(text("SELECT 1"));
    return test.database.transaction((session) => session.rows(text("SELECT 2 AS two")));
  });
  expect(texts).toEqual(["SELECT 1", "SELECT 2 AS two"]);
  expect(result).toEqual([{ two: 2 }]);
  await test.drop();
});
