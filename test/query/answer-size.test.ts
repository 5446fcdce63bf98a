/** An answer that would fill the memory is refused, however it comes about; a smaller part of the same is given. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { createGroupDatabase, environmentFor } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
let env: Environment;
beforeAll(async () => {
  made = await createGroupDatabase();
  env = environmentFor(made);
  const text = `with p as (insert into product (id, name, active) overriding system value values (1, 'long', true))
insert into line (id, note, product_id) overriding system value select i, repeat('x', 1000000), 1 from generate_series(1, 70) i`;
  await made.database.run({ text, values: [] });
});
afterAll(() => made.drop());

test("as a page of many long records", async () => {
  const request = { fields: ["note"], limit: 1000 };
  await expect(queryRecords(env, "Line", request)).rejects.toThrow(/^the answer would have more than 64 MiB/);
  expect((await queryRecords(env, "Line", { ...request, limit: 10 })).data.length).toBeGreaterThan(10_000_000);
});

test("as a list within one record", async () => {
  await expect(fetchRecord(env, "Product", 1, { fields: ["lines.note"] })).rejects.toThrow(/more than 64 MiB/);
  await expect(queryRecords(env, "Product", { fields: ["lines.note"] })).rejects.toThrow(/more than 64 MiB/);
  expect(
    JSON.parse((await fetchRecord(env, "Product", 1, { fields: ["lines.quantity"] })).data.toString()).lines,
  ).toHaveLength(70);
});

test("as a long text that many records refer to, though it is sent once", async () => {
  await made.database.run({ text: "alter table category alter column name type text", values: [] });
  const text = `with c as (insert into category (id, name) overriding system value values (1, repeat('x', 1000000)))
insert into product (id, category_id) overriding system value select i, 1 from generate_series(2, 41) i`;
  await made.database.run({ text, values: [] });
  const request = { fields: ["category.name"], q_filter: "Q(id__gt=1)" };
  // Both the name of the record and the field.
  await expect(queryRecords(env, "Product", request)).rejects.toThrow(/more than 64 MiB/);
  expect((await queryRecords(env, "Product", { ...request, limit: 10 })).data.length).toBeGreaterThan(20_000_000);
  await expect(fetchRecord(env, "Category", 1, { fields: ["products.category.name"] })).rejects.toThrow(/64 MiB/);
});

test("but code reads it", async () => {
  const lines = await env.model("Line" as never).all("note" as never);
  expect(lines).toHaveLength(70);
});
